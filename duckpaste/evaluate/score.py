"""Score: one number of an evaluation, and what each metric means.

Scores are rows of one table, (run, metric, table, columns, split, value), that a person can query.
"""

from __future__ import annotations

from dataclasses import dataclass

INTERNAL = "internal: contains exact statistics of the private data"
SYN, REF = "syn", "ref"


@dataclass(frozen=True)
class Score:
    """A value of a metric, of a table's columns (none: of the whole table; table "": of the whole view).

    `split` is "syn" for the synthetic rows, "ref" for the yardstick (what honest rows that no model has seen would
    score, at the synthetic table's size), and "" where neither fits. Related columns are written "table.column"."""

    metric: str
    table: str
    columns: tuple[str, ...]
    split: str
    value: float


@dataclass(frozen=True)
class About:
    """What a metric is: its family ("fidelity", "relations", "workload", "utility", "privacy"), which values are good
    ("low", "high", or "ref": near the yardstick; privacy metrics with "ref" leak when they are above it), and a
    sentence for people."""

    family: str
    good: str
    text: str
