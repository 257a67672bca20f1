"""Categories: declared, of an ENUM, BOOLEAN, or discovered through the door; the rest becomes one "other" code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import Codec, CodeColumn, ColumnSql, Want, WantValues, column_sql
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field
from duckpaste.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 16
UNDISCOVERED = 64  # assumed number of values before discovery, for the plan only


class Categorical(Codec):
    """One column: code 0 is NULL when nullable, then the values, then "other" when there is one."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.ordered = field.kind == "ordinal"
        declared = field.option("values")
        if declared is None and field.kind == "boolean":
            declared = (False, True)
        self.values: list[str] | None = None if declared is None else [_text(v) for v in declared]
        unknown = field.option("unknown")
        self.other = unknown is not None or declared is None or field.option("outside") == "other"
        self.other_label = _text(unknown) if unknown is not None else str(field.option("other", "other"))
        self.to_null = field.option("outside") == "null"
        self.nullable = field.nullable or self.to_null
        if self.values is not None and unknown is not None and self.other_label in self.values:
            self.values.remove(self.other_label)

    # -- discovery

    def promises(self) -> Sequence[type[Want]]:
        """Values, unless they are declared."""
        return () if self.values is not None else (WantValues,)

    def wants(self) -> Sequence[Want]:
        """Values, unless they are known."""
        if self.values is not None:
            return ()
        return (WantValues(f"{self.field.name}.values", self._x(column_sql)),)

    def learn(self, want: Want, answer: Any) -> None:
        """A list of text values; they are put in order (numbers by size)."""
        found = {str(v) for v in answer}
        found.discard(self.other_label)
        self.values = sorted(found, key=_order)

    # -- SQL

    def _x(self, column: ColumnSql) -> str:
        return f"{column(self.field.name)}::VARCHAR"

    def _code(self, column: ColumnSql) -> str:
        """Position of the value, NULL when it is NULL or unknown.

        Few values: a CASE. Many: a cast to ENUM (one hash lookup a row), guarded because a cast that fails is a
        hundred times dearer than one that does not."""
        x, values = self._x(column), self.values or ()
        if not values:
            return "NULL::INTEGER"
        if len(values) <= FEW:
            whens = " ".join(f"WHEN {literal(v)} THEN {i}" for i, v in enumerate(values))
            return f"(CASE {x} {whens} END)::INTEGER"
        names = ", ".join(literal(v) for v in values)
        return f"(CASE WHEN {x} IN ({names}) THEN enum_code({x}::ENUM({names}))::INTEGER END)"

    @property
    def size(self) -> int:
        """Number of codes; an upper estimate before discovery."""
        known = UNDISCOVERED if self.values is None else len(self.values)
        return max(1, known + int(self.nullable) + int(self.other))

    def columns(self) -> Sequence[CodeColumn]:
        """One column."""
        return (CodeColumn(self.field.name, self.size, self.ordered, 0 if self.nullable else None),)

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """Code of the value."""
        shift = int(self.nullable)
        code = f"{self._code(column)} + {shift}" if shift else self._code(column)
        if self.other:
            rest = str(self.size - 1)
            if self.nullable:
                rest = f"CASE WHEN {column(self.field.name)} IS NULL THEN 0 ELSE {rest} END"
        else:
            rest = "0"
        return {self.field.name: f"coalesce({code}, {rest})"}

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """NULL where none is declared; values that are not declared, unless they have an "other" code."""
        x = column(self.field.name)
        found = []
        if not self.nullable:
            found.append(("holds NULL but is declared without '?'", f"{x} IS NULL"))
        if self.values is not None and not self.other and not self.to_null:
            what = "holds values that are not declared"
            names = ", ".join(literal(v) for v in self.values)
            found.append((what, f"{self._x(column)} NOT IN ({names})" if names else f"{x} IS NOT NULL"))
        return found

    # -- Arrow

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """A dictionary array of text. "other" is its label; where the type has no room for it, a known value."""
        import pyarrow as pa

        code = codes[self.field.name].astype(np.int32)
        values = self.values or []
        null = code == 0 if self.nullable else None
        index = code - int(self.nullable)
        labels = list(values)
        if self.other:
            rest = index == len(values)
            if self.has_room() or not values:
                labels.append(self.other_label)
            else:
                index = np.where(rest, rng.integers(0, len(values), len(index)), index).astype(np.int32)
        if null is not None:
            index = np.where(null, 0, index).astype(np.int32)
        if not labels:
            return {self.field.name: pa.nulls(len(code), pa.string())}
        indices = pa.array(index.astype(np.int32), mask=null)
        return {self.field.name: pa.DictionaryArray.from_arrays(indices, pa.array(labels, pa.string()))}

    def has_room(self) -> bool:
        """Whether the column can hold the label of "other"."""
        if self.field.option("unknown") is not None:
            return True
        return self.field.sql_type.upper().split("(")[0] in ("VARCHAR", "TEXT", "STRING", "")

    # -- file

    def labels(self) -> Sequence[str | None]:
        """NULL, the values, the label of "other": one a code."""
        head: list[str | None] = [None] if self.nullable else []
        return [*head, *(self.values or ()), *([self.other_label] if self.other else [])]

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, Any], labels: Sequence[str | None]
    ) -> None:
        """The values as they were."""
        first, last = int(self.nullable), len(labels) - int(self.other)
        self.values = [str(v) for v in labels[first:last]]


def _text(value: Any) -> str:
    """A declared value as DuckDB casts it to VARCHAR."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _order(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)
