"""Made-up material for pages: scores of every family, odd names, any number of tables and columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import REF, SYN, Score
from duckpaste.report.columns import ColumnPlots
from duckpaste.report.content import Children, Material, TablePlots
from duckpaste.report.family import Box, Link
from duckpaste.report.origin import Origin, Spent, Stage
from duckpaste.report.plot import HELD, REAL, SYNTHETIC, Plot

METRICS = {
    "tv1": {"family": "fidelity", "good": "low", "text": "total variation of single columns"},
    "tv2": {"family": "fidelity", "good": "low", "text": "total variation of pairs of columns"},
    "tv3": {"family": "fidelity", "good": "low", "text": "total variation of sets of three columns"},
    "kl_norm1": {"family": "fidelity", "good": "high", "text": "1 / (1 + KL)"},
    "children_tv": {
        "family": "relations",
        "good": "low",
        "text": "total variation of the number of children",
    },
    "tstr": {"family": "utility", "good": "high", "text": "accuracy"},
    "copies": {"family": "privacy", "good": "ref", "text": "share of synthetic rows that equal a real row"},
    "dcr": {"family": "privacy", "good": "ref-low", "text": "median distance to the closest real row"},
}
TOLD = {
    "run": "0123456789ab", "view": "clinic", "algorithm": "mare", "unit": "patients", "contributions": "40",
    "epsilon": "2.0", "delta": "1e-09", "loss": "0.0539", "measure": "rho", "private": "true", "seed": "7",
    "created": "2026-01-02T03:04:05+00:00", "alg.model": "mst", "duckpaste": "0.1.0", "duckdb": "2.0.0",
}  # fmt: skip


def origin(**told: str) -> Origin:
    """An origin with a ledger of three stages."""
    stages = [Stage("discover", "discrete gaussian", 5, 10_765, 0.0015, 9.0, 9.0), Stage("one-way", "discrete gaussian", 15, 216, 0.006, 6.0, 7.0),
              Stage("select", "noisy max", 14, 14, 0.002, 4.0, 4.0)]  # fmt: skip
    return Origin({**TOLD, **told}, stages, Spent(2, 2.9, 1e-9))


def column(name: str, kind: str = "numerical") -> ColumnPlots:
    """A column with one or two drawings."""
    if kind == "categorical":
        labels = [f"{name} value {i}" for i in range(12)] + ["30 others"]
        shares = [1 / 13] * 13
        return ColumnPlots(
            name,
            kind,
            "VARCHAR",
            [Plot("bars", "value", labels, {REAL: shares, SYNTHETIC: shares})],
            {REAL: 0.1, SYNTHETIC: 0.2},
        )
    shares = [(1 + math.sin(i)) / 24 for i in range(24)]
    ticks = [(float(i), f"{i * 100}") for i in range(0, 25, 5)]
    plot = Plot(
        "steps",
        "values",
        [f"{i * 100}–{i * 100 + 99}" for i in range(24)],
        {REAL: shares, HELD: shares, SYNTHETIC: shares[::-1]},
        ticks,
    )
    plots = [plot, plot] if kind == "datetime" else [plot]
    facts = [("least", {REAL: "0", SYNTHETIC: "0"}), ("largest", {REAL: "2,399", SYNTHETIC: "2,399"})]
    return ColumnPlots(name, kind, "INTEGER", plots, {REAL: 0.0, SYNTHETIC: 0.0}, facts)


def scores(tables: dict[str, Sequence[str]]) -> list[Score]:
    """Scores of every column and pair, each worse than the one before; the last column and pair are the worst."""
    found = []
    for table, names in tables.items():
        for i, name in enumerate(names):
            found += [
                Score("tv1", table, (name,), SYN, 0.01 + 0.001 * i),
                Score("tv1", table, (name,), REF, 0.01),
            ]
        for i, pair in enumerate(itertools.combinations(names, 2)):
            found += [Score("tv2", table, pair, SYN, 0.02 + 0.001 * i), Score("tv2", table, pair, REF, 0.02)]
        for metric, value in (("tv1", 0.011), ("tv2", 0.033), ("tv3", 0.066), ("kl_norm1", 0.9)):
            found += [Score(metric, table, (), SYN, value), Score(metric, table, (), REF, 0.02)]
        found += [Score("copies", table, (), SYN, 0.001), Score("copies", table, (), REF, 0.002)]
        found += [Score("dcr", table, (), SYN, 0.5), Score("dcr", table, (), REF, 0.4)]
    return found


def material(
    names_of: dict[str, Sequence[str]] | None = None, more: Sequence[Score] = (), **changes: object
) -> Material:
    """What a page is made of; `names_of` are table -> names of columns."""
    tables = names_of or {"clinic": [f"column {i}" for i in range(15)]}
    evaluation = Evaluation(
        "0123456789ab",
        [*scores(tables), *more],
        {"metrics": METRICS, "yardstick": "halves", "notes": ["Pairs of large tables are sampled."]},
    )
    kinds = ("numerical", "categorical", "datetime")
    plotted = [
        TablePlots(t, {REAL: 1000, SYNTHETIC: 1010}, [column(n, kinds[i % 3]) for i, n in enumerate(names)])
        for t, names in tables.items()
    ]
    names = list(tables)
    boxes = [
        Box(
            n,
            1000,
            1010,
            ("id",),
            [Link(("parent",), names[i - 1], ("id",), owner=True)] if i else [],
            "private" if i else "unit",
        )
        for i, n in enumerate(names)
    ]
    counts = Plot(
        "steps",
        "rows",
        ["0", "1", "2"],
        {REAL: [0.2, 0.5, 0.3], SYNTHETIC: [0.1, 0.6, 0.3]},
        [(0.5, "0"), (1.5, "1"), (2.5, "2")],
    )
    children = [Children(f"{b.name} per {b.links[0].table}", counts) for b in boxes if b.links]
    made: dict[str, object] = {"view": "clinic", "synthetic": "synthetic.duckdb", "created": "2026-01-02", "evaluation": evaluation, "origin": origin(),
            "tables": plotted, "boxes": boxes, "children": children, "public": ["age: min 0, max 120"], "undeclared": ["ward: values of categories"]}  # fmt: skip
    return Material(**{**made, **changes})  # type: ignore[arg-type]
