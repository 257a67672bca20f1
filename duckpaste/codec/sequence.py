"""Sequences: a field whose first row is told from the parent and whose later rows are told from the row before.

`ctx` declares the first row's type, `seq` the later rows'. Each has code columns of its own, which hold the code of
NULL where the other one speaks. Without `ctx` the first row has the type of `seq`, told from the field's reference;
without either the field is the row's number, from 1.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import Codec, CodeColumn, ColumnSql, Want, column_sql
from duckpaste.codec.options import fault
from duckpaste.codec.spread import LEFT, SPREAD
from duckpaste.domain import FloatArray, IntArray
from duckpaste.schema.grammar import inner
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

POSITION = "@position"  # the column that holds a row's position below its parent
_DATES = ("date", "datetime")


def lagged(name: str, back: int) -> str:
    """The column `name` of the sibling `back` rows before."""
    return f"@{back}.{name}"


class Sequel(Codec):
    """Decoded by `turn`, position by position, for a row needs the value of the row before."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        if len(field.columns) > 1:
            raise fault(field, "a sequence has one column", "declare one field a column")
        first, later = inner(field, "ctx"), inner(field, "seq")
        if first is not None and later is None:
            raise fault(
                field, "has ctx but no seq", "declare seq: {type: ...} for the second and further rows"
            )
        self.fields: dict[str, Field] = {}
        if later is not None:
            first = replace(first or later, refs=field.refs)
            later = replace(later, refs=(lagged(field.name, 1),) if later.kind in _DATES else ())
            self.fields["ctx"] = _spreading(first, first.option("max"))
            self.fields["seq"] = _spreading(later, later.option("max", first.option("max")))
        self.parts = {part: _make(replace(f, nullable=True)) for part, f in self.fields.items()}

    @property
    def spread(self) -> bool:
        """Whether codes are made of the number of rows to come (the column LEFT)."""
        return any(f.option(SPREAD) for f in self.fields.values())

    def _outer(self, part: str, name: str) -> str:
        """The name of an inner code column, histogram or want among those of the field."""
        return f"{self.field.name}.{part}{name[len(self.field.name) :]}"

    @staticmethod
    def _when(part: str, column: ColumnSql) -> str:
        return f"{column(POSITION)} {'=' if part == 'ctx' else '>'} 0"

    # -- discovery

    def promises(self) -> Sequence[type[Want]]:
        """Those of both parts."""
        return [p for codec in self.parts.values() for p in codec.promises()]

    def wants(self) -> Sequence[Want]:
        """Those of both parts, each about its own rows."""
        found: list[Want] = []
        for part, codec in self.parts.items():
            for want in codec.wants():
                expression = f"(CASE WHEN {self._when(part, column_sql)} THEN {want.expression} END)"  # type: ignore[attr-defined]
                found.append(replace(want, label=self._outer(part, want.label), expression=expression))  # type: ignore[call-arg]
        return found

    def learn(self, want: Want, answer: Any) -> None:
        """Hand the answer to the part that asked."""
        for part, codec in self.parts.items():
            for asked in codec.wants():
                if self._outer(part, asked.label) == want.label:
                    codec.learn(asked, answer)
                    return

    # -- SQL

    def columns(self) -> Sequence[CodeColumn]:
        """The first row's, then the later rows'."""
        return [
            replace(c, name=self._outer(part, c.name))
            for part, codec in self.parts.items()
            for c in codec.columns()
        ]

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """The code of NULL where the other part speaks."""
        found = {}
        for part, codec in self.parts.items():
            expressions = codec.encode(column)
            when = self._when(part, column)
            for c in codec.columns():
                code = expressions[c.name]
                found[self._outer(part, c.name)] = f"(CASE WHEN {when} THEN {code} ELSE {c.null or 0} END)"
        return found

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """Those of both parts, each on its own rows."""
        found = []
        for part, field in self.fields.items():
            strict = _make(replace(field, nullable=self.field.nullable))
            found += [(what, f"{self._when(part, column)} AND ({p})") for what, p in strict.faults(column)]
        return found

    # -- Arrow

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """Not all rows at once: see `turn`."""
        raise RuntimeError(f"{self.field.name}: rows of a sequence are decoded position by position")

    def turn(
        self, codes: Mapping[str, IntArray], position: int, rng: np.random.Generator,
        decoded: Mapping[str, Any], previous: pa.Array | None, n: int, left: IntArray | None = None,
    ) -> pa.Array:  # fmt: skip
        """Values of n rows at `position`; `previous` are those of the rows before (None at position 0); `left`: how
        many rows of their parents come from these on, where rows spread."""
        import pyarrow as pa

        if not self.parts:
            return pa.array(np.full(n, position + 1, dtype=np.int64))
        part = "ctx" if position == 0 else "seq"
        codec = self.parts[part]
        mine = {c.name: np.asarray(codes[self._outer(part, c.name)]) for c in codec.columns()}
        if not self.field.nullable:
            mine = _present(codec, mine, rng)
        back = {} if previous is None else {lagged(self.field.name, 1): previous}
        if left is not None:
            back[LEFT] = pa.array(left)
        return codec.decode(mine, range(n), rng, ChainMap(back, decoded))[self.field.name]  # type: ignore[arg-type]

    # -- file

    def spec(self) -> dict[str, Any]:
        """Those of both parts, with their labels."""
        return {part: {"spec": c.spec(), "labels": list(c.labels())} for part, c in self.parts.items()}

    def arrays(self) -> Mapping[str, FloatArray]:
        """Those of both parts."""
        return {
            self._outer(part, name): a for part, c in self.parts.items() for name, a in c.arrays().items()
        }

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
    ) -> None:
        """Both parts as they were."""
        for part, codec in self.parts.items():
            head = f"{self.field.name}.{part}"
            mine = {self.field.name + n[len(head) :]: a for n, a in arrays.items() if n.startswith(head)}
            codec.restore(spec[part]["spec"], mine, spec[part]["labels"])


def _present(codec: Codec, codes: dict[str, IntArray], rng: np.random.Generator) -> dict[str, IntArray]:
    """`codes` with those of another row where a row has the code of NULL, for the field is NOT NULL.

    A model knows only through noise that a part speaks at its own positions. Where no row has a value, any will do."""
    null = np.zeros(0, dtype=bool)
    for c in codec.columns():
        null = codes[c.name] == (c.null or 0)
        break
    if not null.any():
        return codes
    there, absent = np.flatnonzero(~null), np.flatnonzero(null)
    source = rng.choice(there, absent.size) if there.size else None
    out = {}
    for c in codec.columns():
        known = np.array([i for i in range(c.size) if i != (c.null or 0)] or [0])
        out[c.name] = codes[c.name].copy()
        out[c.name][absent] = codes[c.name][source] if source is not None else rng.choice(known, absent.size)
    return out


def _spreading(part: Field, end: Any) -> Field:
    """Rows end where the column's declared range does, that of the first row. They are told beside the time that is
    left until then, unless the view says otherwise."""
    options = {k: v for k, v in part.options.items() if k != "spread"}
    if part.kind in _DATES and end is not None:
        options["max"] = end
    least = part.option("min_len", 0)
    able = "max" in options and bool(part.refs) and isinstance(least, int) and least >= 0
    asked = part.option("spread", able)
    if not isinstance(asked, bool):
        raise fault(part, f"option 'spread' is {asked!r}", "write true or false")
    if asked and not able:
        remedy = "declare `max`, and let min_len be 0 or more"
        raise fault(part, "option 'spread' is about the time between a row and an end", remedy)
    return replace(part, options={**options, SPREAD: True} if asked else options)


def _make(field: Field) -> Codec:
    from duckpaste.codec import make

    return make(field)
