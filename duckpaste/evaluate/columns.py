"""Columns: NULLs, moments, quantiles, ranges, values covered, numbers of different values; over decoded rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from duckpaste import sql
from duckpaste.domain import FloatArray
from duckpaste.evaluate.bins import family_of, finite_sql, number_sql
from duckpaste.evaluate.distances import by_size, spread
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import SAMPLE, Work

_NUMBERS = ("number", "date", "moment", "time")
DECILES = [i / 10 for i in range(1, 10)]
_OWN = (
    "null_diff",
    "mean_diff",
    "sd_diff",
    "quantile_diff",
    "range_outside",
    "range_covered",
    "distinct_ratio",
)
Facts = dict[str, dict[str, Any]]


def measure(work: Work, subject: Subject) -> None:
    """Score every compared column of a table; keeps what the columns hold in facts["values"]."""
    if work.asked(*_OWN):
        _numbers(work, subject)
    if work.asked("values_covered", "values_unseen"):
        _categories(work, subject)


def _numbers(work: Work, subject: Subject) -> None:
    real, fake, a, b = work.relations(subject)
    types = [subject.types, subject.fake_types, subject.types, subject.types]
    quantiles = work.asked("quantile_diff")
    found = [
        facts(work, subject, relation, kinds, quantiles=quantiles)
        for relation, kinds in zip((real, fake, a, b), types, strict=True)
    ]
    now, wanted = work.sizes(subject.name)
    factor, chance = by_size(now, wanted), spread(*wanted)
    for column in subject.compared:
        w, s, p, q = (f[column] for f in found)
        work.facts.setdefault("values", {}).setdefault(subject.name, {})[column] = {
            "wrk": w, "syn": s, **({"ref": q} if work.sides.held_out else {})}  # fmt: skip
        mine = (subject.name, (column,))
        honest = max(abs(p["nulls"] - q["nulls"]) * factor, math.sqrt(w["nulls"] * (1 - w["nulls"])) * chance)
        work.add("null_diff", *mine, abs(s["nulls"] - w["nulls"]), honest)
        if w["different"]:
            # Fewer rows hold fewer values: only of as many is the ratio of honest ones known, and it is 1.
            alike = 0.5 <= wanted[1] / max(wanted[0], 1) <= 2
            work.add("distinct_ratio", *mine, s["different"] / w["different"], 1.0 if alike else None)
        if w.get("sd") is None or s.get("mean") is None or p.get("sd") is None or q.get("mean") is None:
            continue
        _moments(work, mine, (w, s, p, q), factor, chance)
    if work.asked("range_outside"):
        w, p = found[0], found[2]
        outside = _outside(work, subject, fake, subject.fake_types, w)
        honest = _outside(work, subject, b, subject.types, p)
        for column, share in outside.items():
            work.add("range_outside", subject.name, (column,), share, honest.get(column))


def _outside(
    work: Work, subject: Subject, relation: str, types: Mapping[str, str], real: Facts
) -> dict[str, float]:
    """Share of rows beyond the real smallest or largest value, of each number."""
    tests = {}
    for c, known in real.items():
        family = family_of(types[c], subject.compared[c])
        if known.get("low") is not None and family in _NUMBERS:
            x = f"{number_sql(sql.ident(c), family)}::double"
            tests[c] = f"{x} < {sql.literal(known['low'])} or {x} > {sql.literal(known['high'])}"
    if not tests:
        return {}
    listed = ", ".join(f"count(*) filter (where {t})" for t in tests.values())
    n, *found = work.db.rows_sql("outside", f"select count(*), {listed} from {relation}")[0]
    return {c: k / max(n, 1) for c, k in zip(tests, found, strict=True)}


def _moments(
    work: Work, mine: tuple[str, tuple[str]], sides: Sequence[Mapping[str, Any]], factor: float, chance: float
) -> None:
    """Scores of a number on all sides: real, synthetic, both parts. Yardsticks are at least what chance makes."""
    w, s, p, q = sides
    scale = w["sd"] or 1.0
    honest = max(abs(p["mean"] - q["mean"]) / scale * factor, chance)
    work.add("mean_diff", *mine, abs(s["mean"] - w["mean"]) / scale, honest)
    honest = max(abs(p["sd"] - (q["sd"] or 0)) / scale * factor, chance / math.sqrt(2))
    work.add("sd_diff", *mine, abs((s["sd"] or 0) - w["sd"]) / scale, honest)
    if "quantiles" in w and s.get("quantiles") and p.get("quantiles") and q.get("quantiles"):
        work.add("quantile_diff", *mine, _apart(s, w) / scale, max(_apart(p, q) / scale * factor, chance))
    width = (w["high"] - w["low"]) or 1.0
    now, wanted = work.sizes(mine[0])
    honest = _covered(p, q, (p["high"] - p["low"]) or 1.0) if now[1] >= wanted[1] // 2 else math.nan
    work.add("range_covered", *mine, _covered(w, s, width), honest)


def _apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    return float(max(abs(x - y) for x, y in zip(a["quantiles"], b["quantiles"], strict=True)))


def _covered(real: Mapping[str, Any], other: Mapping[str, Any], width: float) -> float:
    if real["high"] == real["low"]:
        return float(other["low"] <= real["low"] <= other["high"])
    inside = min(real["high"], other["high"]) - max(real["low"], other["low"])
    return float(max(0.0, inside) / width)


def facts(
    work: Work, subject: Subject, relation: str, types: Mapping[str, str], *, quantiles: bool = True
) -> Facts:
    """What each compared column holds: nulls (share), different, and for numbers mean, sd, low, high, quantiles."""
    families = {c: family_of(types[c], kind) for c, kind in subject.compared.items()}
    real_families = {c: family_of(subject.types[c], kind) for c, kind in subject.compared.items()}
    number = {
        c: finite_sql(sql.ident(c), f, types[c]) if f in _NUMBERS and real_families[c] in _NUMBERS else None
        for c, f in families.items()
    }
    columns = [{"name": c, "number": n} for c, n in number.items()]
    found = work.db.numpy_sql("column_facts", sql.render("column_facts", relation=relation, columns=columns))
    n = int(found["n"][0])
    out: Facts = {}
    for i, c in enumerate(subject.compared):
        there = int(found[f"there_{i}"][0])
        out[c] = {"rows": n, "nulls": 1 - there / max(n, 1), "different": int(found[f"different_{i}"][0])}
        if number[c] is not None and there:
            for key in ("mean", "sd", "low", "high"):
                out[c][key] = _plain(found[f"{key}_{i}"])
    asked = [c for c in number if number[c] is not None and out[c].get("mean") is not None]
    if quantiles and asked:
        listed = ", ".join(f"quantile_cont({number[c]}::double, {sql.literal(DECILES)})" for c in asked)
        row = work.db.rows_sql(
            "quantiles", f"select {listed} from {work.sampled(relation, subject, n, SAMPLE)}"
        )[0]
        for c, values in zip(asked, row, strict=True):
            out[c]["quantiles"] = None if values is None else [float(v) for v in values]
    return out


def _plain(array: Any) -> float | None:
    value: FloatArray = np.ma.asarray(array).astype(np.float64)
    return None if np.ma.getmaskarray(value)[0] or not np.isfinite(value[0]) else float(value[0])


def _categories(work: Work, subject: Subject) -> None:
    columns = [c for c, kind in subject.compared.items() if family_of(subject.types[c], kind) == "category"]
    if not columns:
        return
    real, fake, a, b = work.relations(subject)
    now, wanted = work.sizes(subject.name)
    pairs = (_coverage(work, real, fake, columns), _coverage(work, a, b, columns))
    for c, (covered, unseen), (ref_covered, ref_unseen) in zip(columns, *pairs, strict=True):
        mine = (subject.name, (c,))
        work.add("values_covered", *mine, covered, ref_covered if now[1] >= wanted[1] // 2 else None)
        work.add("values_unseen", *mine, unseen, ref_unseen)


def _coverage(work: Work, real: str, other: str, columns: Sequence[str]) -> list[tuple[float, float]]:
    rows = work.db.rows("value_coverage", real=real, other=other, columns=columns)
    by_block = {block: (found / max(known, 1), unseen / max(n, 1)) for block, known, found, unseen, n in rows}
    return [by_block[i] for i in range(len(columns))]
