"""Released: the page of scores that were released with noise. It may be published: nothing on it is exact.

It is made from the evaluation alone, which holds noisy scores, public bins and what the synthetic file tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from duckpaste.errors import UserError
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.report import figure
from duckpaste.report import findings as told
from duckpaste.report.figure import Figure
from duckpaste.report.findings import Finding
from duckpaste.report.limits import lines
from duckpaste.report.origin import Origin
from duckpaste.report.pages import Page, render
from duckpaste.report.words import many, number

_SHOWN = ("fidelity", "relations")


def page(evaluation: Evaluation) -> Page:
    """The page. Raises UserError for an evaluation that was not released: it would publish exact statistics."""
    facts = evaluation.facts
    if not facts.get("released"):
        raise UserError(
            "the scores were not released with noise", "", "use: duckpaste evaluate ... --release"
        )
    origin = Origin(facts.get("provenance", {}))
    tables: Mapping[str, Mapping[str, int]] = facts.get("tables", {})
    fidelity = told.findings(evaluation, "fidelity")
    found = [f for family in _SHOWN for f in told.findings(evaluation, family)]
    columns, pairs = told.weakest(fidelity, 1), told.weakest(fidelity, 2)
    head = told.headline(fidelity)
    private = math.isfinite(float(facts.get("epsilon", math.inf)))
    context: dict[str, Any] = {
        "view": facts.get("view", ""), "synthetic": facts.get("synthetic", ""), "several": len(tables) > 1,
        "origin": origin, "promise": origin.in_words(), "each": origin.unit.whole,
        "own": {"epsilon": float(facts.get("epsilon", math.inf)), "delta": float(facts.get("delta", 0.0)),
                "run": facts.get("run", "")},
        "together": _together(origin, facts), "headline": head, "top": told.top_of([head] if head else []),
        "columns": columns, "pairs": pairs, "column_top": told.top_of(columns), "pair_top": told.top_of(pairs),
        "whole": told.by_metric(f for f in found if not f.columns or f.metric == "children_tv"),
        "heats": [h for t in tables if (h := _heat(t, fidelity)) is not None],
        "sizes": [(t, n.get("wrk"), n.get("syn")) for t, n in tables.items()],
        "limits": lines(origin), "notes": facts.get("notes", ()), "created": str(facts.get("created", ""))[:10],
    }  # fmt: skip
    return Page(
        render("released.html", stamp=str(facts.get("stamp", "")), open=private, c=context, anchors={})
    )


def _together(origin: Origin, facts: Mapping[str, Any]) -> str:
    """The loss of the synthetic data and of these scores in one: epsilons and deltas add up (basic composition)."""
    if not origin.private:
        return ""
    epsilon = origin.epsilon + float(facts.get("epsilon", math.inf))
    delta = origin.delta + float(facts.get("delta", 0.0))
    if not math.isfinite(epsilon):
        return ""
    return f"Who has both the synthetic data and this page faces at most epsilon {number(epsilon)} at delta {delta:g}."


def _heat(table: str, found: list[Finding]) -> Figure | None:
    pairs = [f for f in found if f.metric == "tv2" and f.table == table and len(f.columns) == 2]
    names = list(dict.fromkeys(c for f in pairs for c in f.columns))
    caption = (
        f"{table}: {many(len(pairs), 'pair')} of columns, with noise; stronger colours are further apart."
    )
    return figure.of_pairs(table, names, pairs, caption)
