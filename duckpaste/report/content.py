"""Content: what the report page tells, put in order. Pure: all numbers are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.model import LEFT_OUT
from duckpaste.report import figure, limits
from duckpaste.report import findings as told
from duckpaste.report.columns import ColumnPlots
from duckpaste.report.family import Box
from duckpaste.report.findings import Finding
from duckpaste.report.origin import Origin
from duckpaste.report.pages import Page, render
from duckpaste.report.plot import HELD, Plot
from duckpaste.report.words import many, number, share

_MORE = ". Keep it with the private data; what may be shared is the synthetic data."
_MOST_TIPS = 100  # drawings; a page with more of them has no tooltips, so that it stays small
_OTHERS = (("workload", "Queries"), ("utility", "Machine learning"))


@dataclass(frozen=True)
class TablePlots:
    """A table: its rows on each side, and its columns' drawings."""

    name: str
    rows: Mapping[str, int]
    columns: Sequence[ColumnPlots]


@dataclass(frozen=True)
class Children:
    """How many rows stand below a parent's: the drawing, with (what, text of each side)."""

    name: str
    plot: Plot
    facts: Sequence[tuple[str, Mapping[str, str]]] = ()


@dataclass(frozen=True)
class Material:
    """All that a report is made of."""

    view: str
    synthetic: str
    created: str
    evaluation: Evaluation
    origin: Origin
    tables: Sequence[TablePlots]
    boxes: Sequence[Box] = ()
    children: Sequence[Children] = ()
    public: Sequence[str] = ()
    undeclared: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def page(m: Material) -> Page:
    """The report as a page."""
    content = _content(m)
    content["several"] = len(m.tables) > 1
    anchors = {
        (t["name"], (c["name"],)): c["id"] for t in content["tables"] for c in t["columns"] if c["figures"]
    }
    return Page(
        render("report.html", c=content, anchors=anchors, sections=_sections(content), stamp_more=_MORE)
    )


def _content(m: Material) -> dict[str, Any]:
    fidelity = told.findings(m.evaluation, "fidelity")
    privacy = told.findings(m.evaluation, "privacy")
    relations = told.findings(m.evaluation, "relations")
    head = told.headline(fidelity)
    columns, pairs = told.weakest(fidelity, 1), told.weakest(fidelity, 2)
    whole = [f for f in fidelity if not f.columns]
    others = [
        (name, title, told.by_metric(told.worst_first(told.findings(m.evaluation, name))))
        for name, title in _OTHERS
    ]
    return {
        "view": m.view, "made": _made(m), "origin": m.origin, "unit": m.origin.unit.whole,
        "promise": m.origin.in_words(), "algorithm": _algorithm(m.origin), "contributions": _bound(m.origin),
        "headline": head, "top": told.top_of([head] if head else []), "worst_columns": columns, "worst_pairs": pairs,
        "column_top": told.top_of(columns), "pair_top": told.top_of(pairs), "leaks": told.leaks(privacy),
        "privacy": privacy, "privacy_groups": told.by_metric(told.worst_first(privacy)), "facts": _facts(m),
        "shares": _shares(m.origin), "spent": _spent(m.origin), "yardstick": _yardstick(m.evaluation),
        "headlines": _headlines(whole, main=True),
        "other_scores": _headlines(whole, main=False), "tables": _tables(m, fidelity),
        "schema": figure.of_schema(m.boxes) if len(m.boxes) > 1 else None,
        "held": any(HELD in p.shares for t in m.tables for c in t.columns for p in c.plots),
        "children": [
            {"name": c.name, "facts": c.facts, "figure": figure.of_plot(c.plot, c.name)} for c in m.children
        ],
        "relations": told.by_metric(told.worst_first(relations)),
        "others": [o for o in others if o[2]], "public": m.public, "undeclared": m.undeclared,
        "limits": limits.lines(m.origin), "notes": [*m.evaluation.facts.get("notes", ()), *m.notes],
        "footer": _footer(m),
    }  # fmt: skip


def _sections(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [("guarantee", "Guarantee"), ("close", "How close"), ("weakest", "Weakest"),
             ("tables", "Tables" if len(content["tables"]) > 1 else "Columns")]  # fmt: skip
    if content["children"] or content["relations"]:
        found.append(("relations", "Relations"))
    found += [(name, title) for name, title, _ in content["others"]]
    if content["privacy"]:
        found.append(("privacy", "Tests for leaks"))
    return [*found, ("public", "Public by declaration"), ("limits", "Limits")]


def _made(m: Material) -> str:
    """What was made, from what, in a sentence."""
    synthetic = sum(t.rows.get("synthetic", 0) for t in m.tables)
    real = sum(t.rows.get("real", 0) + t.rows.get(HELD, 0) for t in m.tables)
    told_of = m.origin.told
    when = f" on {told_of['created'][:10]}" if told_of.get("created") else ""
    how = f" from a model fitted{when}" if m.origin.known else ""
    return (
        f"{m.synthetic} holds {many(len(m.tables), 'table')} with {many(synthetic, 'synthetic row')}, drawn{how}. "
        f"It is compared here with the {many(real, 'private row')} of the view {m.view}, all rows on both sides."
    )


def _headlines(whole: Sequence[Finding], *, main: bool) -> list[dict[str, Any]]:
    """Scores of whole tables by metric: the main ones, or the others."""
    rows = [f for f in whole if (f.metric in told.HEAD) == main]
    return told.by_metric(rows)


def _bound(origin: Origin) -> str:
    k = origin.unit.k
    return "" if k == 1 else f"of one unit at most {k} rows of a table weigh"


def _algorithm(origin: Origin) -> str:
    model = origin.told.get("alg.model")
    return origin.told.get("algorithm", "unknown algorithm") + (f" over {model}" if model else "")


def _facts(m: Material) -> list[tuple[str, str]]:
    """Rows of the table beside the ledger."""
    o = m.origin
    if not o.known:
        return [("file", m.synthetic), ("view", m.view)]
    rows = [
        (
            "privacy unit",
            "; ".join(text for text in (o.unit.whole, _bound(o)) if text),
        ),
        (
            "left out",
            "; ".join(
                f"{k.removeprefix(LEFT_OUT)}: {v}" for k, v in o.told.items() if k.startswith(LEFT_OUT)
            ),
        ),
        ("epsilon", number(o.epsilon)),
        ("delta", f"{o.delta:g}" + ("" if o.delta else " (pure)")),
        (f"{o.measure} spent", number(float(o.told["loss"])) if o.told.get("loss") else ""),
        ("algorithm", _algorithm(o)),
        ("options", ", ".join(f"{k[4:]}={v}" for k, v in o.told.items() if k.startswith("alg."))),
        ("only rows where", o.told.get("where", "")),
        ("run", o.told.get("run", "")),
        ("fitted", o.told.get("created", "")),
        ("seed of the sample", o.told.get("seed", "")),
        (
            "versions",
            ", ".join(f"{n} {o.told[n]}" for n in ("duckpaste", "duckdb", "numpy", "opendp") if n in o.told),
        ),
    ]
    return [(name, value) for name, value in rows if value]


def _shares(origin: Origin) -> list[str]:
    total = sum(s.loss for s in origin.stages)
    return [share(s.loss / total) if 0 < total < float("inf") else "–" for s in origin.stages]


def _spent(origin: Origin) -> str:
    s = origin.spent
    if s is None:
        return ""
    return (
        f"Losses add up over everything that was ever released of the same private data: the ledger has "
        f"{many(s.runs, 'run')}, together epsilon {number(s.epsilon)} at delta {s.delta:g}."
    )


def _yardstick(evaluation: Evaluation) -> str:
    kind = evaluation.facts.get("yardstick", "none")
    text = {
        "held-out": "what real rows that the model has not seen score against the others",
        "halves": "what one random half of the real units scores against the other",
    }.get(kind)
    if text is None:
        return "There is no yardstick: no real rows were set aside, so scores can only be compared with one another."
    return (
        f"A score alone says little: even a second honest sample of the same people would not be equal. So beside each "
        f"score stands its yardstick, {text}, corrected for size. It is drawn as a tick across the bar. A score at its "
        "yardstick is as good as can be told."
    )


def _tables(m: Material, fidelity: Sequence[Finding]) -> list[dict[str, Any]]:
    one, two = told.main_metric(fidelity, 1), told.main_metric(fidelity, 2)
    single = {(f.table, f.columns[0]): f for f in fidelity if f.metric == one and len(f.columns) == 1}
    tips = sum(len(c.plots) for t in m.tables for c in t.columns) <= _MOST_TIPS
    found = []
    for i, table in enumerate(m.tables):
        names = [c.name for c in table.columns]
        mine = [
            f
            for f in fidelity
            if f.metric == two
            and f.table == table.name
            and len(f.columns) == 2
            and set(f.columns) <= set(names)
        ]
        columns = [
            {
                "id": f"c-{i}-{j}", "name": c.name, "kind": c.kind, "sql_type": c.sql_type,
                "score": single.get((table.name, c.name)), "facts": [*_nulls(c), *c.facts],
                "figures": [figure.of_plot(p, c.name, tips=tips, alone=len(c.plots) == 1) for p in c.plots],
            }
            for j, c in enumerate(table.columns) if c.plots or not c.note
        ]  # fmt: skip
        left_out = [f"{c.name} ({c.kind})" for c in table.columns if not c.plots and c.note]
        sizes = ", ".join(f"{n:,} {side}" for side, n in table.rows.items())
        found.append(
            {
                "name": table.name,
                "sizes": f"{sizes} rows",
                "columns": columns,
                "left_out": left_out,
                "heat": figure.of_pairs(table.name, names, mine, _heat_caption(mine)),
            }
        )
    return found


def _nulls(column: ColumnPlots) -> list[tuple[str, Mapping[str, str]]]:
    if not any(column.nulls.values()):
        return []
    return [("NULL", {side: share(v) for side, v in column.nulls.items()})]


def _heat_caption(pairs: Sequence[Finding]) -> str:
    metric = pairs[0].metric if pairs else ""
    return f"{metric} of each pair of columns: the stronger the colour, the further apart are the two."


def _footer(m: Material) -> str:
    version = m.origin.told.get("duckpaste")
    model = f"; the model by duckpaste {version}" if version else ""
    return f"Made {m.created} by duckpaste{model}. This file needs no network."
