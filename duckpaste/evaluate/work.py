"""Work: what metrics are given, and where their scores go."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from duckpaste.db import Db
from duckpaste.evaluate.catalogue import METRICS
from duckpaste.evaluate.score import REF, SYN, About, Score
from duckpaste.evaluate.sides import Sides, Subject

SAMPLE = 500_000  # rows above which quantiles and correlations are of a sample


@dataclass
class Work:
    """One evaluation: the rows, which metrics are wanted (None: all), the scores so far, and facts for the page."""

    sides: Sides
    wanted: frozenset[str] | None = None
    scores: list[Score] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    known: dict[str, About] = field(default_factory=lambda: dict(METRICS))
    rows: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # parts 0 and 1, synthetic
    targets: tuple[str, ...] = ()  # columns to predict, "table.column" or "column"

    @property
    def db(self) -> Db:
        """The connection to the private data."""
        return self.sides.db

    @property
    def seed(self) -> int:
        """Of samples and attacks."""
        return self.sides.seed

    def asked(self, *metrics: str) -> bool:
        """Whether any of these metrics, or its family, is wanted."""
        if self.wanted is None:
            return True
        return any(
            m in self.wanted or (m in self.known and self.known[m].family in self.wanted) for m in metrics
        )

    def add(
        self, metric: str, table: str, columns: Collection[str], value: float | None, ref: float | None = None
    ) -> None:
        """A score and its yardstick. Values that are not there, or no numbers, are left out."""
        if not self.asked(metric):
            return
        for split, v in ((SYN, value), (REF, ref)):
            if v is not None and math.isfinite(v):
                self.scores.append(Score(metric, table, tuple(columns), split, float(v)))

    def note(self, text: str) -> None:
        """A sentence on what was left out or sampled."""
        notes = self.facts.setdefault("notes", [])
        if text not in notes:
            notes.append(text)

    def relations(self, subject: Subject) -> tuple[str, str, str, str]:
        """Rows (SQL) of a table: real (as the model saw them), synthetic, part 0, part 1."""
        real, fake = (self.sides.rows(subject, synthetic=s) for s in (False, True))
        parts = [f"(select * from ({real}) where _part = {i})" for i in (0, 1)]
        return parts[0] if self.sides.held_out else f"({real})", f"({fake})", parts[0], parts[1]

    def sampled(self, relation: str, subject: Subject, rows: int, most: int) -> str:
        """About `most` of the rows of a relation, the same every time: by a hash of their key."""
        if rows <= most:
            return relation
        self.note(f"{subject.name}: quantiles and correlations are of about {most:,} rows")
        return f"(select * from {relation} where (_row >> 20) % {-(-rows // most)} = 0)"

    def targets_of(self, subject: Subject) -> list[str]:
        """The columns of a table that are to be predicted."""
        return [c for c in subject.compared if c in self.targets or f"{subject.name}.{c}" in self.targets]

    def sizes(self, table: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Sizes of the two parts, and of what is compared: (part 0, part 1), (real, synthetic)."""
        a, b, fake = self.rows[table]
        return (a, b), (a if self.sides.held_out else a + b, fake)
