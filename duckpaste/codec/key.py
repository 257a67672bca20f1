"""Keys: made from row numbers or at random, never read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.base import Codec, CodeColumn, ColumnSql, column_sql
from duckpaste.codec.options import base_type, fault, single, where
from duckpaste.codec.pattern import COUNTED
from duckpaste.codec.presence import Presence
from duckpaste.codec.regex import parse
from duckpaste.codec.text import draw_strings
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

_BITS = {"TINYINT": 7, "UTINYINT": 8, "SMALLINT": 15, "USMALLINT": 16, "INTEGER": 31, "UINTEGER": 32}
_NUMBER = re.compile(r"(?P<before>(?:[^%]|%%)*)%(?P<zeros>0?)(?P<width>\d{0,2})d(?P<after>(?:[^%]|%%)*)")


class Key(Codec):
    """Row number + 1, as a number or as text; a random UUID where the column is one.

    Option `format`: a number format such as `P%06d`, or a regular expression whose texts are counted off in
    order (or drawn at random when it has more than 2^62). A foreign key of a single table is a fresh key.
    """

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.column = single(field)
        declared = field.option("format")
        self.number = _NUMBER.fullmatch(str(declared)) if declared is not None else None
        self.pattern = (
            parse(str(declared), where(field)) if declared is not None and self.number is None else None
        )

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """int64, or string."""
        import pyarrow as pa

        kind = base_type(self.field)
        if self.number is not None:
            found = _formatted(self.number, rows)
        elif self.pattern is not None:
            found = self._counted(rows, rng)
        elif kind == "UUID":
            found = uuids(len(rows), rng)
        else:
            if rows.stop >= 2 ** _BITS.get(kind, 63):
                raise fault(
                    self.field, f"there are more rows than keys of type {kind}", "widen the key's type"
                )
            found = pa.array(np.arange(rows.start + 1, rows.stop + 1, dtype=np.int64))
            found = found.cast(pa.string()) if kind in ("VARCHAR", "BLOB") else found
        return {self.column: found}

    def _counted(self, rows: range, rng: np.random.Generator) -> pa.Array:
        """The texts of the pattern that belong to `rows`."""
        import pyarrow as pa

        pattern = self.pattern
        if pattern is None or pattern.count > COUNTED:
            return draw_strings(pattern or parse(r"\d{20}"), len(rows), rng)
        if rows.stop > pattern.count:
            what = f"option 'format' makes only {pattern.count} different keys"
            raise fault(self.field, what, "lengthen the pattern, or sample fewer rows")
        return pa.array(pattern.nth(np.arange(rows.start, rows.stop)).tolist(), pa.string())


class Uuid(Codec):
    """A random UUID (version 4) a row; one code column (NULL or not) where the field is nullable."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.presence = Presence(field, modelled=field.nullable)

    def columns(self) -> Sequence[CodeColumn]:
        """NULL or not."""
        return self.presence.columns()

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """NULL or not."""
        return self.presence.encode(column)

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """string."""
        return {self.presence.column: uuids(len(rows), rng, self.presence.null(codes))}


def uuids(n: int, rng: np.random.Generator, null: np.ndarray | None = None) -> pa.Array:
    """`n` random UUIDs of version 4 (RFC 9562, 5.4) as text, NULL where `null` is true."""
    import pyarrow as pa

    raw = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.full((n, 36), ord("-"), dtype=np.uint8)
    places = [i for i in range(36) if i not in (8, 13, 18, 23)]
    text[:, places[0::2]] = digits[raw >> 4]
    text[:, places[1::2]] = digits[raw & 15]
    offsets = np.arange(n + 1, dtype=np.int32) * 36
    valid = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little").tobytes())
    buffers = [valid, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes())]
    return pa.Array.from_buffers(pa.string(), n, buffers)


def _formatted(number: re.Match[str], rows: range) -> pa.Array:
    """`before`, the row number + 1 padded to `width`, `after`; `%%` stands for `%`."""
    import pyarrow as pa

    before, after = (number[part].replace("%%", "%") for part in ("before", "after"))
    width = int(number["width"] or 0)
    fill = "0" if number["zeros"] else " "
    keys = (str(row + 1).rjust(width, fill) for row in rows)
    return pa.array([f"{before}{key}{after}" for key in keys], pa.string())
