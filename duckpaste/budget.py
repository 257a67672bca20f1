"""How a run's loss is shared out: discovery of what the view does not declare, and the model. Public input only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.codec.base import Codec, Want, WantBounds, WantHistogram, WantValues
from duckpaste.errors import UserError
from duckpaste.privacy.accountant import Guarantee

# Share of the loss for each kind of want that a table has at all. Measured on Adult at epsilon 1 and 10: fine
# histograms at a tenth keep spikes within a point, and the model loses less than a hundredth of its accuracy.
SHARES: dict[type[Want], float] = {WantHistogram: 0.10, WantValues: 0.05, WantBounds: 0.05}
DELTA_SHARE = 0.1  # of delta, for all discovered values together


@dataclass(frozen=True)
class Split:
    """Losses (rho, or epsilon when pure): `total`, one want of each type, the model; `delta` a discovered column."""

    total: float
    wants: dict[type[Want], float]
    model: float
    delta: float

    def loss_of(self, want: Want) -> float:
        """The loss of one want."""
        return self.wants[type(want)]


def split(guarantee: Guarantee, codecs: Sequence[Codec], discover: float | None = None) -> Split:
    """Share the loss out. `discover` scales discovery to that share of the total in all (default: SHARES)."""
    promised = [kind for codec in codecs for kind in codec.promises()]
    count = {kind: promised.count(kind) for kind in SHARES}
    values = count[WantValues]
    if values and guarantee.pure:
        names = [c.field.name for c in codecs if WantValues in c.promises()]
        raise UserError(
            "values can't be discovered at delta 0",
            ", ".join(names),
            "declare values, or set alg.delta above 0",
        )
    elsewhere = guarantee.delta * DELTA_SHARE if values and guarantee.private else 0.0
    return portion(guarantee.loss(elsewhere), codecs, discover, elsewhere / values if values else 0.0)


def portion(total: float, codecs: Sequence[Codec], discover: float | None, delta: float) -> Split:
    """Share `total` out among the wants of `codecs` and their model; `delta` is that of one discovered column."""
    promised = [kind for codec in codecs for kind in codec.promises()]
    count = {kind: promised.count(kind) for kind in SHARES}
    if math.isinf(total):
        return Split(total, dict.fromkeys(SHARES, math.inf), math.inf, delta)
    shares = {kind: SHARES[kind] if count[kind] else 0.0 for kind in SHARES}
    asked = sum(shares.values())
    if discover is not None and asked:
        if not 0 < discover < 1:
            raise UserError("alg.discover must lie between 0 and 1", remedy="for example alg.discover=0.1")
        shares = {kind: share * discover / asked for kind, share in shares.items()}
        asked = discover
    wants = {kind: total * share / count[kind] if count[kind] else 0.0 for kind, share in shares.items()}
    return Split(total, wants, total * (1 - asked), delta)
