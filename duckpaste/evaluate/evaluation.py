"""Evaluation: all scores of one synthetic database, with the facts that a reader needs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckpaste.evaluate.score import SYN, About, Score


@dataclass
class Evaluation:
    """Scores of one synthetic database. `facts` are plain values (JSON-able):

    stamp: who may read it; view, synthetic (file name), created; provenance: what the synthetic file tells of itself
    (key -> text); yardstick: "held-out", "halves" (random halves of the real units) or "none"; tables: table ->
    {"wrk", "ref", "syn": numbers of rows}; metrics: metric -> {"family", "good", "text"};
    columns: table -> column -> {"kind", "type", "labels", "wrk", "ref", "syn"}: the counts behind 1-way scores, the
    last of `labels` being NULL where the column has any; children: "child per parent" -> the same without kind and
    type; notes: sentences on what was left out or sampled.
    """

    run: str
    scores: list[Score] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Append the scores to the table `scores(run, metric, table, columns, split, value)` of a DuckDB file."""
        from duckpaste.evaluate.store import save

        save(self, Path(path))

    def worst(self, metric: str, n: int = 10) -> list[Score]:
        """The `n` worst synthetic scores of a metric, worst first."""
        about = self.facts.get("metrics", {}).get(metric, {})
        sign = 1 if about.get("good") == "high" else -1
        mine = [s for s in self.scores if s.metric == metric and s.split == SYN and s.value == s.value]
        return sorted(mine, key=lambda s: (sign * s.value, s.table, s.columns))[:n]

    def value(
        self, metric: str, table: str = "", columns: Sequence[str] = (), split: str = SYN
    ) -> float | None:
        """One score's value, or None when there is none."""
        key = (metric, table, tuple(columns), split)
        return next((s.value for s in self.scores if (s.metric, s.table, s.columns, s.split) == key), None)


__all__ = ["About", "Evaluation", "Score"]
