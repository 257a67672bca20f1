"""Plot: what a drawing shows, as numbers; a drawing and a table are made of the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from duckpaste.report.words import share

REAL, SYNTHETIC, HELD = "real", "synthetic", "held-out"


@dataclass(frozen=True)
class Plot:
    """Shares of each side (real, synthetic, perhaps held-out) at each label.

    `kind` is "bars" (categories, one below the other) or "steps" (bins along an axis). `ticks` are (position in bins,
    text) of the axis of steps. `note` says in words what the drawing leaves out."""

    kind: str
    title: str
    labels: Sequence[str]
    shares: Mapping[str, Sequence[float]]
    ticks: Sequence[tuple[float, str]] = field(default_factory=tuple)
    note: str = ""

    @property
    def top(self) -> float:
        """The largest share."""
        return max((v for values in self.shares.values() for v in values), default=0.0)

    def header(self) -> list[str]:
        """The head of the table behind the drawing."""
        return [self.title, *self.shares]

    def rows(self) -> list[list[str]]:
        """The table behind the drawing."""
        return [
            [label, *(share(values[i]) for values in self.shares.values())]
            for i, label in enumerate(self.labels)
        ]

    def spoken(self, name: str) -> str:
        """What a screen reader says: the column, the drawing and where the sides differ most."""
        text = f"{name}, {self.title}: shares of {', '.join(self.shares)}"
        if REAL in self.shares and SYNTHETIC in self.shares and self.labels:
            gaps = [abs(a - b) for a, b in zip(self.shares[REAL], self.shares[SYNTHETIC], strict=True)]
            worst = max(range(len(gaps)), key=gaps.__getitem__)
            text += (
                f"; they differ most at {self.labels[worst]}: {share(self.shares[REAL][worst])} real, "
                f"{share(self.shares[SYNTHETIC][worst])} synthetic"
            )
        return text
