"""How a loss is divided among marginals."""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste.domain import Clique, Domain


def divided(loss: float, domain: Domain, cliques: Sequence[Clique], balance: float) -> list[float]:
    """A part of `loss` for each clique, in proportion to cells ** balance; the sum is `loss` up to rounding.

    0 gives all the same noise. Under zCDP the sum over marginals of the L1 error is least at 2/3 while noise covers
    all cells; sparse marginals want less, so defaults stand at 1/2. At `loss` inf every part is inf.
    """
    sizes = [float(domain.cells(c)) ** balance for c in cliques]
    whole = sum(sizes)
    return [loss * size / whole for size in sizes]
