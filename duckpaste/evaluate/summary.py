"""Summary: what a person reads first of an evaluation: headline scores with the yardstick, then the worst."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import REF, SYN

_WORST = ("tv1", "tv2", "parent_tv2", "lag_tv2", "query_error")


@dataclass(frozen=True)
class Line:
    """A score beside its yardstick; `ratio` is their quotient (None without a yardstick, or where it is 0)."""

    metric: str
    table: str
    columns: tuple[str, ...]
    value: float
    ref: float | None
    good: str = ""

    @property
    def ratio(self) -> float | None:
        """The score as a multiple of the yardstick."""
        return self.value / self.ref if self.ref else None


def lines(found: Evaluation) -> list[Line]:
    """Every synthetic score with its yardstick, in order."""
    refs = {(s.metric, s.table, s.columns): s.value for s in found.scores if s.split == REF}
    about = found.facts.get("metrics", {})
    return [
        Line(s.metric, s.table, s.columns, s.value, refs.get((s.metric, s.table, s.columns)),
             about.get(s.metric, {}).get("good", ""))
        for s in found.scores if s.split == SYN
    ]  # fmt: skip


def headline(found: Evaluation) -> list[Line]:
    """Scores of whole tables; of metrics that have none, the worst column's (as `worst` orders them)."""
    every = lines(found)
    out: list[Line] = [x for x in every if not x.columns]
    known = {(x.metric, x.table) for x in out}
    rest: dict[tuple[str, str], list[Line]] = {}
    for line in every:
        if (line.metric, line.table) not in known:
            rest.setdefault((line.metric, line.table), []).append(line)
    out += [max(mine, key=badness) for mine in rest.values()]
    order = list(dict.fromkeys((x.table, x.metric) for x in every))
    return sorted(out, key=lambda x: order.index((x.table, x.metric)))


def worst(found: Evaluation, n: int = 5) -> Iterator[Line]:
    """The worst columns and pairs of the distances that say most."""
    every = lines(found)
    for metric in _WORST:
        mine = [x for x in every if x.metric == metric and x.columns]
        yield from sorted(mine, key=lambda x: (-x.value, x.table, x.columns))[:n]


def badness(line: Line) -> float:
    """How far a score is on the wrong side: of 0, of 1, or of the yardstick."""
    if line.good == "high":
        return -line.value
    if line.good == "ref":
        return abs(line.value - (line.ref or 0.0))
    if line.good == "ref-low":
        return (line.ref or 0.0) - line.value
    return line.value
