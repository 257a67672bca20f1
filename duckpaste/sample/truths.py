"""Truths: what DuckDB says of a predicate on values, as the synthetic table would hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste import sql
from duckpaste.codec.options import base_type
from duckpaste.errors import UserError
from duckpaste.model import TableModel
from duckpaste.sample.predicate import WHERE, Predicate, Term
from duckpaste.sample.scratch import Scratch
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

_EXACT = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
    "DECIMAL", "FLOAT", "DOUBLE",
)  # fmt: skip
_ENDLESS = ("inf", "infinity", "nan")  # no number lies beyond them


class Judge:
    """Evaluates predicates on one table's values in `scratch`."""

    def __init__(self, scratch: Scratch, table: TableModel) -> None:
        self._scratch = scratch
        self._table = table
        self._types = {c.name: c.sql_type for c in table.columns}
        self._nth = sql.free("_nth", self._types)

    def check(self, predicate: Predicate) -> None:
        """Raise UserError when DuckDB refuses the predicate, or it is not the same each time."""
        import pyarrow as pa
        import sqlglot

        self.truths({c: pa.nulls(0) for c in predicate.columns}, [predicate.text], 0)
        called = "select distinct lower(function_name) from duckdb_functions() where stability = 'VOLATILE'"
        fickle = {str(r[0]) for r in self._scratch.rows_sql(WHERE, called)}
        tokens = sqlglot.tokenize(predicate.text, read="duckdb")
        for name, bracket in pairwise(tokens):
            if bracket.text == "(" and name.text.lower() in fickle:
                what = f"{name.text.lower()}() gives another value each time"
                raise UserError(what, WHERE, "leave it out: --seed makes rows the same")

    def truths(self, values: Mapping[str, pa.Array], expressions: Sequence[str], rows: int) -> list[Any]:
        """For each expression an int8 array: 1 true, 0 NULL, -1 false; `values` are columns of `rows` rows."""
        import pyarrow as pa

        columns = [{"name": n, "sql_type": self._types[n]} for n in values]
        data = pa.table(
            [pa.array(np.arange(rows)), *values.values()], ["nth", *(f"c{i}" for i in range(len(values)))]
        )
        source = sql.free("_values", [self._table.name])
        text = sql.render(
            "predicate_truths", source=sql.ident(source), table=self._table.name, columns=columns, nth=self._nth,
            expressions=expressions,
        )  # fmt: skip
        try:
            found = self._scratch.arrow_over(WHERE, text, {source: data})
        except UserError as error:
            raise _refused(error) from None
        return [found[f"t{i}"].to_numpy() for i in range(len(expressions))]

    def holds(self, values: Mapping[str, pa.Array], predicate: Predicate, rows: int) -> np.ndarray:
        """The rows for which the predicate is true."""
        return np.flatnonzero(self.truths(values, [predicate.text], rows)[0] == 1)

    def cuts(self, term: Term, field: Field) -> list[Fraction] | None:
        """Where the truth of a comparison with constants may change: numbers, or microseconds since 1970.

        None when this can't be told: the term is no such comparison, or the column's type has another order."""
        if term.constants is None or len(term.columns) != 1:
            return None
        kind, sql_type = base_type(field), self._types[term.columns[0]]
        if kind.startswith("TIMESTAMP"):
            wanted = [f"epoch_us(({c})::{sql_type})" for c in term.constants]
        elif kind in _EXACT:
            # A constant may be cast to the column's type or not: 5.5 is compared as it is, '5.5' is 6 for INTEGER.
            wanted = [x for c in term.constants for x in (f"try_cast(({c}) as {sql_type})", f"({c})")]
        else:
            return None
        if not wanted:
            return []
        listed = ",\n".join(f"({x})::varchar" for x in wanted)
        try:
            found = [str(x) for x in self._scratch.rows_sql(WHERE, f"select {listed}")[0] if x is not None]
        except UserError as error:
            raise _refused(error) from None
        try:
            return [Fraction(x) for x in found if x.strip("-+").lower() not in _ENDLESS]
        except ValueError:
            return None


def _refused(error: UserError) -> UserError:
    """DuckDB's own words, without the remark that a value may be private: here none is."""
    what = re.sub(r" \([^()]*withheld[^()]*\)", "", error.faults[0].what).rstrip(".")
    return UserError(f"DuckDB can't evaluate it: {what}", WHERE, "try it in a SELECT first")
