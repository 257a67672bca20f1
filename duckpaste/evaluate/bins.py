"""Bins: common codes of decoded values, made from the real rows, so that real and synthetic tables can be counted
alike. Codes never come from a model: what a model decoded wrongly shows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.domain import FloatArray
from duckpaste.schema.sqltypes import enum_values

MOST_LABELS = 60  # values of a category that are told apart; the rest is one more
INTERVALS = 16  # of numbers and times, by quantiles, besides spikes
SPIKE = 0.03  # a value with at least this share has a bin of its own
FEW_VALUES = 24  # so many different numbers are told apart one by one
SAMPLE = 200_000  # rows from which quantiles are taken
OTHER, NULL = "(other)", "(NULL)"
_FEW = 16  # up to so many texts a CASE is quicker than a look-up
_DAY = 86_400_000_000
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Bin:
    """Codes of a column: `labels` of each code, NULL's last. `codes` is SQL over the column of the real rows, `fakes`
    over that of the synthetic ones. `part` tells what of a date it is ("year", "hour", ...; "" for the whole value),
    `span` the smallest and the largest real number."""

    name: str
    kind: str
    labels: tuple[str, ...]
    codes: str
    fakes: str
    ordered: bool = False
    part: str = ""
    columns: tuple[str, ...] = ()
    span: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> int:
        """Number of codes, NULL's included."""
        return len(self.labels)

    def expression(self, synthetic: bool) -> str:
        """SQL of the code."""
        return self.fakes if synthetic else self.codes


def family_of(sql_type: str, kind: str = "") -> str:
    """What a column is for a metric: "number", "date", "moment" (with time of day), "time", "boolean", "category"."""
    base = sql_type.upper().split("(")[0]
    if base == "BOOLEAN":
        return "boolean"
    if base == "DATE":
        return "date"
    if base.startswith("TIMESTAMP"):
        return "moment"
    if base.startswith("TIME"):
        return "time"
    numbers = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "REAL", "NUMERIC")
    if (
        kind not in ("categorical", "ordinal")
        and not base.startswith("ENUM")
        and any(n in base for n in numbers)
    ):
        return "number"
    return "category"


def number_sql(x: str, family: str) -> str:
    """SQL of a value as a number: days for dates, microseconds for moments and times."""
    if family == "date":
        return f"({x} - date '1970-01-01')"
    if family == "moment":
        return f"epoch_us({x})"
    if family == "time":
        return f"epoch_us({x}::time)"
    return f"{x}::double"


def finite_sql(x: str, family: str, sql_type: str) -> str:
    """The same as a DOUBLE that can be squared and summed: NULL for infinities, NaN and what is nearly infinite."""
    number = number_sql(x, family)
    if family == "number" and sql_type.upper() in ("DOUBLE", "FLOAT", "REAL"):
        return f"(case when abs({number}) < 1e150 then {number} end)"
    return f"{number}::double"


def bins_of(
    db: Db, relation: str, kinds: Mapping[str, str], types: Mapping[str, str], fake_types: Mapping[str, str],
    sample: str, prefix: str = "",
) -> list[Bin]:  # fmt: skip
    """The bins of a table's columns (`kinds`: column -> declared kind), in their order.

    `sample` is SQL of some rows of `relation`, for quantiles; `prefix` stands before names (ancestors: "table.")."""
    families = {c: family_of(types[c], kind) for c, kind in kinds.items()}
    categories = [
        c for c, f in families.items() if f == "category" and not _same_enum(types[c], fake_types[c])
    ]
    labels: dict[str, list[str]] = {c: [] for c in categories}
    if categories:
        rows = db.rows("label_counts", relation=relation, columns=categories, limit=MOST_LABELS + 1)
        for block, label, _ in sorted(rows, key=lambda r: (r[0], -r[2], r[1])):
            labels[categories[block]].append(str(label))
    numeric = [c for c, f in families.items() if f in ("number", "date", "moment", "time")]
    values = _values(db, sample, {c: number_sql(sql.ident(c), families[c]) for c in numeric})
    found = []
    for c, family in families.items():
        name = f"{prefix}{c}"
        x = sql.ident(name)
        if family == "boolean":
            code = f"coalesce(({x}::boolean)::utinyint, 2)"
            found.append(Bin(name, family, ("false", "true", NULL), code, code, columns=(name,)))
        elif family == "category":
            found.append(_category(name, types[c], fake_types[c], labels.get(c, []), kinds[c] == "ordinal"))
        else:
            # The synthetic column's own type decides how it is read: a decode fault may have changed it.
            other = family_of(fake_types[c], kinds[c])
            found.append(_number(name, family, other, values[c], types[c]))
    return found


def _same_enum(real: str, fake: str) -> bool:
    return real == fake and real.upper().startswith("ENUM")


def _values(db: Db, sample: str, expressions: Mapping[str, str]) -> dict[str, FloatArray]:
    """Finite values of each numeric column of the sampled rows, sorted."""
    if not expressions:
        return {}
    listed = ", ".join(f"({e})::double as c{i}" for i, e in enumerate(expressions.values()))
    found = db.numpy_sql("sampled_values", f"select {listed} from {sample}")
    out = {}
    for i, name in enumerate(expressions):
        data = np.ma.masked_invalid(np.ma.asarray(found[f"c{i}"]))
        out[name] = np.sort(np.asarray(data.compressed(), dtype=np.float64))
    return out


def _category(name: str, real: str, fake: str, labels: Sequence[str], ordered: bool) -> Bin:
    x = sql.ident(name)
    if _same_enum(real, fake):
        values = [str(v) for v in enum_values(real) or ()]
        if len(values) <= MOST_LABELS:
            code = f"coalesce(enum_code({x})::utinyint, {len(values)}::utinyint)"
            return Bin(name, "category", (*values, NULL), code, code, ordered, columns=(name,))
        labels = values[:MOST_LABELS]
    kept = sorted(labels[:MOST_LABELS], key=_order) if ordered else list(labels[:MOST_LABELS])
    rest, null = len(kept), len(kept) + 1
    t = f"{x}::varchar"
    if not kept:
        code = f"(case when {x} is null then {null} else {rest} end)"
    elif len(kept) <= _FEW:
        whens = " ".join(f"when {sql.literal(v)} then {i}::utinyint" for i, v in enumerate(kept))
        missing = f"case when {x} is null then {null}::utinyint else {rest}::utinyint end"
        code = f"(case {t} {whens} else {missing} end)"
    else:
        names = ", ".join(sql.literal(v) for v in kept)
        code = (
            f"(case when {x} is null then {null} when {t} in ({names}) "
            f"then enum_code({t}::enum({names}))::integer else {rest} end)"
        )
    return Bin(name, "category", (*kept, OTHER, NULL), code, code, ordered, columns=(name,))


def _order(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)


def edges_of(values: FloatArray, intervals: int = INTERVALS) -> list[float]:
    """Where bins begin, from sorted values: every value when there are few; else quantiles, and around spikes."""
    if not len(values):
        return []
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= FEW_VALUES:
        return [float(v) for v in different[1:]]
    spikes = different[counts >= SPIKE * len(values)]
    rest = values[~np.isin(values, spikes)]
    cuts = rest[(np.arange(1, intervals) * len(rest)) // intervals] if len(rest) else np.zeros(0)
    found = (
        {float(v) for v in cuts} | {float(s) for s in spikes} | {math.nextafter(s, math.inf) for s in spikes}
    )
    return sorted(e for e in found if e > values[0])


def _number(name: str, family: str, other: str, values: FloatArray, sql_type: str) -> Bin:
    x = sql.ident(name)
    edges = bounded(edges_of(values), values)
    null = len(edges) + 1
    low, high = (float(values[0]), float(values[-1])) if len(values) else (0.0, 0.0)
    whole = family in ("date", "moment", "time") or "INT" in sql_type.upper()
    labels = labels_of(edges, low, high, family, whole)
    made = []
    for f in (family, other):
        v = number_sql(x, f) if f in ("number", "date", "moment", "time") else f"try_cast({x} as double)"
        made.append(tree(v, edges, f, null))
    return Bin(name, family, (*labels, NULL), made[0], made[1], True, columns=(name,), span=(low, high))


def bounded(edges: Sequence[float], values: FloatArray) -> list[float]:
    """The edges, with one before the smallest value and one after the largest: what lies beyond shows."""
    if not len(values):
        return []
    return [float(values[0]), *edges, math.nextafter(float(values[-1]), math.inf)]


def labels_of(edges: Sequence[float], low: float, high: float, family: str, whole: bool) -> list[str]:
    """The bins that `bounded` edges make, in words."""
    if not edges:
        return ["any"]
    inner = [_label(a, b, last, family, whole) for a, b, last in _spans([*edges[:-1], high])]
    return [f"below {told(low, family, whole)}", *inner, f"above {told(high, family, whole)}"]


def _spans(bounds: Sequence[float]) -> list[tuple[float, float, bool]]:
    last = len(bounds) - 2
    return [(bounds[i], bounds[i + 1], i == last) for i in range(last + 1)]


def tree(x: str, edges: Sequence[float], family: str, null: int) -> str:
    """SQL of the number of edges that are at most x, in log2 comparisons; `null` for NULL.

    NULL fails every comparison, so that only rows below the first edge need be asked for it."""
    texts = [sql.literal(e) if family == "number" else sql.literal(math.ceil(e)) for e in edges]

    def below(lo: int, hi: int) -> str:
        if lo == hi:
            code = f"{lo}::utinyint"
            return code if lo else f"case when ({x}) is null then {null}::utinyint else {code} end"
        middle = (lo + hi) // 2
        return f"case when {x} >= {texts[middle]} then {below(middle + 1, hi)} else {below(lo, middle)} end"

    return f"({below(0, len(edges))})"


def _label(a: float, b: float, last: bool, family: str, whole: bool) -> str:
    """A bin's values in words: one value, or from (included) to (left out, but for the last)."""
    if b == math.nextafter(a, math.inf) or a == b or (whole and not last and b - a == 1):
        return told(a, family, whole)
    if whole and not last:
        b = math.ceil(b) - 1
    return f"{told(a, family, whole)} to {told(b, family, whole)}"


def told(value: float, family: str, whole: bool = False) -> str:
    """A number as people write it: dates and times as such."""
    try:
        if family == "date":
            return str((_EPOCH + dt.timedelta(days=math.floor(value))).date())
        if family == "moment":
            return (_EPOCH + dt.timedelta(microseconds=int(value))).isoformat(sep=" ", timespec="minutes")
        if family == "time":
            return (_EPOCH + dt.timedelta(microseconds=int(value))).time().isoformat(timespec="minutes")
    except OverflowError:
        return f"{value:g}"
    return f"{math.ceil(value)}" if whole else f"{value:.6g}"


def calendar(b: Bin, years: tuple[int, int]) -> list[Bin]:
    """Parts of a date or time that have a histogram of their own: year, month, day of the week, hour."""
    x = sql.ident(b.name)
    parts: list[tuple[str, str, list[str]]] = []
    if b.kind in ("date", "moment"):
        first, last = years
        shown = [f"before {first}", *(str(y) for y in range(first, last + 1)), f"after {last}"]
        parts.append(("year", f"greatest(least(year({x}), {last + 1}), {first - 1}) - {first - 1}", shown))
        parts.append(("month", f"month({x}) - 1", [str(m) for m in range(1, 13)]))
        parts.append(("weekday", f"isodow({x}) - 1", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]))
    if b.kind in ("moment", "time"):
        parts.append(("hour", f"hour({x})", [str(h) for h in range(24)]))
    return [
        replace(b, name=f"{b.name}.{part}", labels=(*labels, NULL), part=part,
                codes=(code := f"coalesce(({e})::integer, {len(labels)})"), fakes=code)
        for part, e, labels in parts
    ]  # fmt: skip
