"""Numbers: integers, decimals and reals, as bins over a grid whose fine histogram draws the value inside a bin."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import (
    Codec,
    CodeColumn,
    ColumnSql,
    Histogram,
    Want,
    WantBounds,
    WantHistogram,
    column_sql,
)  # fmt: skip
from duckpaste.codec.grid import FINE_CELLS, Binned, Grid
from duckpaste.codec.options import fault, whole
from duckpaste.domain import FloatArray, IntArray
from duckpaste.errors import UserError
from duckpaste.schema.view import Field
from duckpaste.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

_SIGNED_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_BITS = {**_SIGNED_BITS, **{f"U{kind}": bits for kind, bits in _SIGNED_BITS.items()}}
_INTEGERS = tuple(_BITS)
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\((\d+),\s*(\d+)\)")
_WIDER_THAN_INT64 = ("HUGEINT", "UBIGINT", "UHUGEINT")
_INT64 = (-(2**63), 2**63 - 1)
_FAR = "9.2e18"  # nearly 2^63, as a DOUBLE
MOST_DECIMALS = 15


class Numeric(Codec):
    """One bin column. Whole numbers are exact beyond 2^53; DECIMAL(p, s), and a real number of `decimals: s`, counts
    units of 10^-s."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        kind = field.sql_type.upper().split("(")[0]
        self.scale = _scale(field.sql_type)
        self.rounded = field.option("decimals") is not None
        if self.rounded:
            self.scale = _declared_scale(field, real=kind not in _INTEGERS and self.scale is None)
        self.integer = kind in _INTEGERS or self.scale is not None
        self.factor = 10 ** (self.scale or 0)
        self.wide = kind in _WIDER_THAN_INT64
        self.least, self.most = _INT64 if self.rounded else _range(field.sql_type)
        self.outside = str(field.option("outside", "clamp"))
        self.nullable = field.nullable or self.outside == "null"
        self.edges = [self._unit(e) for e in field.option("edges", ())]
        self.low = self._declared("min", 0)
        self.high = self._declared("max", -1)
        self.binned: Binned | None = None
        if self.low is not None and self.high is not None:
            self._build()

    def _unit(self, value: Any) -> int | float:
        """A declared number in the codec's own unit."""
        return math.floor(self._exact(value)) if self.integer else float(value)

    def _exact(self, value: Any) -> Fraction:
        scaled: Fraction = Fraction(str(value)) * self.factor
        return scaled

    def _declared(self, name: str, edge: int) -> int | float | None:
        value = self.field.option(name)
        if value is None:
            return self.edges[edge] if self.edges else None
        # No value of ours lies below a minimum that has more decimals than the column.
        return math.ceil(self._exact(value)) if name == "min" and self.integer else self._unit(value)

    def _build(self) -> None:
        low, high = self.low, self.high
        if low is None or high is None:
            return
        if self.rounded and low > high:
            what = f"no number of {self.scale} decimals lies between min and max"
            raise fault(self.field, what, "declare more decimals, or leave them out")
        if self.integer and (low < _INT64[0] or high > _INT64[1]):
            raise UserError(
                "min and max of whole numbers must fit 64 bits", self.field.name, "narrow min and max"
            )
        points = [self._unit(p) for p in self.field.option("spikes", (0,))]
        grid = Grid.over(
            low, high, integer=self.integer, points=points, limit=int(self.field.option("cells", FINE_CELLS))
        )
        bins = int(self.field.option("bins", 20))
        self.binned = Binned(self.field.name, grid, bins, nullable=self.nullable, edges=self.edges)

    # -- discovery

    def promises(self) -> Sequence[type[Want]]:
        """Bounds when min or max is not declared; a fine histogram unless every value is a bin of its own."""
        if self.binned is None:
            return (WantBounds, WantHistogram)
        return () if self.binned.plain else (WantHistogram,)

    def wants(self) -> Sequence[Want]:
        """Bounds first, then the fine histogram."""
        name = self.field.name
        if self.binned is None:
            return (WantBounds(f"{name}.bounds", self._x(column_sql), self.integer),)
        if self.binned.mass is None:
            grid = self.binned.grid
            return (self.binned.want(grid.cell_sql(self._x(column_sql))),)
        return ()

    def learn(self, want: Want, answer: Any) -> None:
        """Bounds (low, high) or a `Histogram`."""
        if isinstance(want, WantBounds):
            # Bounds are powers of two: the column's type may hold less.
            low, high = (min(max(edge, self.least), self.most) for edge in answer)
            self.low = low if self.low is None else self.low
            self.high = max(high, self.low) if self.high is None else self.high
            self.low = min(self.low, self.high)
            self._build()
        elif self.binned is not None and isinstance(answer, Histogram):
            self.binned.learn(answer, equal_width=self.field.option("binning") == "width")

    # -- SQL

    def _x(self, column: ColumnSql) -> str:
        """The number in the codec's unit: BIGINT or DOUBLE; NaN is NULL."""
        x = column(self.field.name)
        if self.rounded:
            # Beyond all that may be declared; infinity too. NULL passes through neither least nor greatest.
            units = f"least(greatest(round({x}::DOUBLE * {self.factor}), -{_FAR}), {_FAR})::BIGINT"
            x = f"(CASE WHEN {x} IS NULL OR isnan({x}::DOUBLE) THEN NULL ELSE {units} END)"
        elif not self.integer:
            x = f"(CASE WHEN isnan({x}::DOUBLE) THEN NULL ELSE {x}::DOUBLE END)"
        elif self.scale is not None:
            digits = self.scale + 1
            x = f"({x}::DECIMAL({38 - digits}, {self.scale}) * {self.factor}::DECIMAL({digits}, 0))::BIGINT"
        elif self.wide:
            x = f"least(greatest({x}::HUGEINT, {literal(_INT64[0])}), {literal(_INT64[1])})::BIGINT"
        else:
            x = f"{x}::BIGINT"
        if self.outside == "null" and self.low is not None and self.high is not None:
            x = f"(CASE WHEN {x} BETWEEN {literal(self.low)} AND {literal(self.high)} THEN {x} END)"
        return x

    def columns(self) -> Sequence[CodeColumn]:
        """One column."""
        size = (
            self.binned.size if self.binned else int(self.field.option("bins", 20)) + 1 + int(self.nullable)
        )
        return (CodeColumn(self.field.name, size, True, 0 if self.nullable else None),)

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """The bin's code."""
        if self.binned is None:
            raise RuntimeError(f"{self.field.name}: bounds are not known yet")
        return {self.field.name: self.binned.code_sql(self._x(column))}

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """NULL (or NaN) where none is declared; values outside min..max when `outside: error`."""
        found = []
        x = self._x(column)
        if not self.nullable:
            found.append(("holds NULL but is declared without '?'", f"{x} IS NULL"))
        if self.outside == "error" and self.low is not None and self.high is not None:
            span = f"{literal(self.low)} AND {literal(self.high)}"
            found.append(("holds values outside its declared min and max", f"{x} NOT BETWEEN {span}"))
        return found

    # -- Arrow

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """int64, decimal128(38, s) or double (the one nearest to its decimals where these are declared)."""
        if self.binned is None:
            raise RuntimeError(f"{self.field.name}: bounds are not known yet")
        return {self.field.name: self.arrow(*self.binned.draw(codes[self.field.name], rng))}

    def arrow(self, values: IntArray | FloatArray, null: np.ndarray) -> pa.Array:
        """Numbers in the codec's own unit as Arrow, NULL where `null` is true."""
        import pyarrow as pa

        if self.rounded:
            return pa.array(values / float(self.factor), mask=null if self.nullable else None)
        if self.scale is not None:
            return _decimals(values.astype(np.int64), null, self.scale)
        return pa.array(values, mask=null if self.nullable else None)

    # -- file

    def spec(self) -> dict[str, Any]:
        """Range and first cells of the bins."""
        starts = list(self.binned.starts) if self.binned else []
        return {"low": self.low, "high": self.high, "starts": starts}

    def arrays(self) -> Mapping[str, FloatArray]:
        """The denoised fine histogram, when there is one."""
        if self.binned is None or self.binned.mass is None or self.binned.plain:
            return {}
        return {self.field.name: self.binned.mass}

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
    ) -> None:
        """Range, bins and fine histogram as they were."""
        self.low, self.high = spec["low"], spec["high"]
        self._build()
        if self.binned is not None and self.field.name in arrays:
            self.binned.starts = [int(s) for s in spec["starts"]]
            self.binned.mass = np.asarray(arrays[self.field.name], dtype=np.float64)


def _range(sql_type: str) -> tuple[int | float, int | float]:
    """The least and greatest number of a type, in the codec's unit, and within 64 bits for whole numbers."""
    kind = sql_type.upper().split("(")[0]
    if kind in _BITS:
        signed = int(not kind.startswith("U"))
        half = 2 ** (_BITS[kind] - signed)
        return max(-half * signed, _INT64[0]), min(half - 1, _INT64[1])
    decimal = _DECIMAL.fullmatch(sql_type.strip().upper())
    if decimal:
        precision, scale = int(decimal[1]), int(decimal[2])
        if _scale(sql_type) is None:  # counted as a real number
            most = 10.0 ** (precision - scale) * (1 - 1e-12)
            return -most, most
        return max(1 - 10**precision, _INT64[0]), min(10**precision - 1, _INT64[1])
    return (-3.4e38, 3.4e38) if kind in ("FLOAT", "REAL") else (-math.inf, math.inf)


def _scale(sql_type: str) -> int | None:
    """The scale of a DECIMAL that fits 64-bit units, or None."""
    match = _DECIMAL.fullmatch(sql_type.strip().upper())
    if not match:
        return None
    precision, scale = int(match.group(1)), int(match.group(2))
    return scale if precision <= 18 or precision + scale + 1 <= 38 else None


def _declared_scale(field: Field, *, real: bool) -> int:
    """The option `decimals`. Raises UserError for a column whose type tells how many it has."""
    if not real:
        what = f"option 'decimals' is for real numbers, and {field.sql_type} tells its own"
        raise fault(field, what, "leave it out, or cast the column in the view's SQL")
    return whole(field, "decimals", 0, 0, MOST_DECIMALS)


def _decimals(units: IntArray, null: np.ndarray, scale: int) -> pa.Array:
    """An Arrow decimal array from int64 units: 128-bit little-endian words, sign extended."""
    import pyarrow as pa

    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63
    bitmap = np.packbits(~null, bitorder="little")
    buffers = [pa.py_buffer(bitmap.tobytes()), pa.py_buffer(words.tobytes())]
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(units), buffers)
