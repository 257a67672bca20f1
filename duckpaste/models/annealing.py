"""Annealing: how the loss of an adaptive algorithm is shared out among rounds whose number nobody knows beforehand.

A privacy filter: whatever the rounds find, the parts given out never sum to more than the loss (aim_mst_spec,
sections 0 and 3). Rounds start small; one that told nothing new makes the following ones larger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from duckpaste.models.base import Sigma
from duckpaste.models.shares import fall


@dataclass(frozen=True)
class Part:
    """What one pick may spend on being chosen and on being measured."""

    select: float
    measure: float


class Schedule:
    """Gives out `loss` in picks of about loss / `picks` each. `share` of a pick is for the choice.

    At `loss` inf every part is inf, and after `picks` picks it is over."""

    def __init__(self, loss: float, picks: int, share: float) -> None:
        self._picks = max(1, picks)
        self._share = share
        self._loss = loss
        self._left = 1.0  # share of the loss that is left; exact at the end, whatever was rounded
        self._each = 1 / self._picks

    @property
    def over(self) -> bool:
        """Whether everything is given out."""
        return self._left <= 0

    @property
    def each(self) -> float:
        """The loss of the next pick, when it is not one of the last."""
        return self._loss * min(self._each, self._left)

    def after(self, most: int) -> float:
        """Share of the loss given out after the next `take`."""
        picks, each = self._next(most)
        return 1 - max(0.0, self._left - picks * each)

    def take(self, most: int) -> list[Part]:
        """Parts of the next picks: at most `most`, at least one. The last ones share what is left."""
        picks, each = self._next(most)
        ends = self._left - picks * each < self._each / 2
        self._left = 0.0 if ends else self._left - picks * each
        if math.isinf(self._loss):
            return [Part(math.inf, math.inf)] * picks
        whole = self._loss * each
        return [Part(whole * self._share, whole * (1 - self._share))] * picks

    def rest(self) -> float:
        """All that is left, in one part."""
        left, self._left = self._left, 0.0
        return self._loss if math.isinf(self._loss) else self._loss * left

    def grow(self, factor: float) -> None:
        """Make the following picks larger."""
        self._each *= factor

    def _next(self, most: int) -> tuple[int, float]:
        """How many picks come next, and the share of each."""
        # Half a pick of tolerance: sums of floats are never exact.
        picks = max(1, min(most, int(self._left / self._each + 1e-6)))
        if self._left - picks * self._each < self._each * (1 - 1e-6):
            return picks, self._left / picks
        return picks, self._each


def growth(doors_sigma: Sigma) -> float:
    """The factor of the loss that halves the noise: 4 under zCDP, 2 under pure epsilon."""
    return float(2 ** (1 / fall(doors_sigma)))
