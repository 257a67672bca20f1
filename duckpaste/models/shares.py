"""How a loss is divided among stages and marginals, and what noise it buys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain
from duckpaste.models.base import Sigma

ABSOLUTE = math.sqrt(2 / math.pi)  # mean absolute value of a standard normal


@dataclass(frozen=True)
class Stages:
    """Losses of an algorithm's stages: the 1-ways, the choice of what else to measure, and that."""

    one_way: float
    select: float = 0.0
    joint: float = 0.0

    @staticmethod
    def of(loss: float, one_way: float, select: float, joint: float) -> Stages:
        """`loss` in proportion to these shares. A share of 0 gets nothing, of a loss of inf either."""
        whole = one_way + select + joint
        return Stages(*(loss * (share / whole) if share else 0.0 for share in (one_way, select, joint)))


def divided(loss: float, domain: Domain, cliques: Sequence[Clique], balance: float) -> list[float]:
    """A part of `loss` for each clique, in proportion to cells ** balance; the sum is `loss` up to rounding.

    0 gives all the same noise. Under zCDP the sum over marginals of the L1 error is least at 2/3 while noise covers
    all cells; sparse marginals want less, so defaults stand at 1/2. At `loss` inf every part is inf.
    """
    sizes = [float(domain.cells(c)) ** balance for c in cliques]
    whole = sum(sizes)
    return [loss * size / whole for size in sizes]


def one_way_share(ratio: float, usual: float, power: float) -> float:
    """Share of a loss for the 1-ways before other marginals are chosen: between .1 and .6, and the more the larger the
    noise is, for then little else can be learnt. `ratio` compares the noise with that at which the share is `usual`."""
    share: float = usual * ratio**power
    return min(max(share, 0.1), 0.6)


def fall(doors_sigma: Sigma) -> float:
    """The power of the loss by which noise falls: 1/2 under zCDP, 1 under pure epsilon. Told by the noise alone."""
    one, four = doors_sigma(1.0), doors_sigma(4.0)
    return math.log(one / four, 4) if one > 0 and four > 0 else 0.5


def is_pure(doors_sigma: Sigma) -> bool:
    """Whether the noise is that of pure epsilon."""
    return fall(doors_sigma) > 0.75
