"""Rules on synthetic rows: DuckDB says which rows break them, of values in the types that their columns have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste import sql
from duckpaste.codec.public import tells
from duckpaste.domain import IntArray
from duckpaste.errors import UserError
from duckpaste.model import Model, TableModel
from duckpaste.sample.relational import Rows, above, climb
from duckpaste.sample.scratch import Scratch
from duckpaste.schema import rules
from duckpaste.schema.rules import Mend, Rule, Scope
from duckpaste.schema.view import ForeignKey

if TYPE_CHECKING:
    import pyarrow as pa

Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass
class Count:
    """How many rows broke a rule as they were first drawn, and how many do in the end, of all rows written."""

    table: str
    rule: str
    rows: int = 0
    before: int = 0
    after: int = 0


class Rulebook:
    """The rules of a model's tables, and the counts of broken ones."""

    def __init__(self, scratch: Scratch, model: Model) -> None:
        self.model = model
        self._scratch = scratch
        self._scopes = scopes(model)
        self._lookups = {k.name: k for k in model.lookups}
        self.rules: dict[str, list[Rule]] = {t.name: rules_of(t, self._scopes[t.name]) for t in model.tables}
        self.counts = {(t, r.text): Count(t, r.text) for t, mine in self.rules.items() for r in mine}

    def __bool__(self) -> bool:
        return bool(self.counts)

    def forget(self) -> None:
        """Count anew."""
        for count in self.counts.values():
            count.rows = count.before = count.after = 0

    def of(self, table: str, *, totals: bool) -> list[Rule]:
        """The rules of a table that speak of rows below, or those that do not."""
        return [r for r in self.rules[table] if bool(r.totals) == totals]

    def broken(
        self, table: str, asked: Sequence[Rule], rows: Rows, drawn: Mapping[str, Rows]
    ) -> tuple[Bools, list[pa.Array]]:
        """(rules, rows): true where a rule is false."""
        return self._ask(table, asked, [], rows, drawn)

    def mended(
        self, table: str, rule: Rule, mend: Mend, rows: Rows, drawn: Mapping[str, Rows]
    ) -> tuple[Bools, pa.Array]:
        """The rows that break a rule, and the value of the column that would mend each."""
        value = {"expression": mend.expression, "sql_type": self._scopes[table].own[mend.column]}
        bad, found = self._ask(table, [rule], [value], rows, drawn)
        return bad[0], found[0]

    def note(self, table: str, asked: Sequence[Rule], bad: Bools, *, first: bool) -> None:
        """Add up rows that break rules: as `first` drawn, or in the end."""
        for rule, mine in zip(asked, bad, strict=True):
            count = self.counts[table, rule.text]
            if first:
                count.before += int(mine.sum())
            else:
                count.after += int(mine.sum())
                count.rows += mine.size

    def _ask(
        self, table: str, asked: Sequence[Rule], values: list[dict[str, str]], rows: Rows, drawn: Mapping[str, Rows]
    ) -> tuple[Bools, list[pa.Array]]:  # fmt: skip
        import pyarrow as pa

        if not asked or rows.n == 0:
            return np.zeros((len(asked), rows.n), dtype=bool), [pa.nulls(0) for _ in values]
        scope = self._scopes[table]
        wanted, publics = self._columns(asked, scope)
        seen = above(self.model, self.model[table], rows, drawn)
        registered = {"rules_rows": _table(seen, list(wanted), np.arange(rows.n))}
        registered |= {p["source"]: self._lookups[p["table"]].rows for p in publics}
        totals: list[dict[str, Any]] = []
        for number, below in enumerate(dict.fromkeys(t.table for r in asked for t in r.totals)):
            mine = list(dict.fromkeys(t for r in asked for t in r.totals if t.table == below))
            names = list(dict.fromkeys(c for t in mine for c in t.columns))
            at = climb(self.model, self.model[below], drawn[below], drawn, table)
            source = f"rules_rows_{number}"
            registered[source] = _table(drawn[below].values, names, at)
            columns = [{"name": n, "sql_type": scope.below[below][n]} for n in names]
            totals.append({"source": source, "columns": columns, "values": [vars(t) for t in mine]})
        taken = [*wanted, *(c["name"] for t in totals for c in t["columns"])]
        taken += [c["label"] for p in publics for c in p["columns"]]
        text = sql.render(
            "rule_truths", source="rules_rows", columns=[{"name": n, "sql_type": k} for n, k in wanted.items()],
            totals=totals, publics=publics, nth=sql.free("_nth", taken), rules=[r.sql for r in asked], values=values,
        )  # fmt: skip
        try:
            found = self._scratch.arrow_over("rule_truths", text, registered)
        except UserError as error:
            which = "; ".join(r.text for r in asked)
            raise UserError(
                f"rules can't be evaluated: {error.faults[0].what}", f"{table}: {which}"
            ) from None
        if found.num_rows != rows.n:
            raise UserError(
                "two rows of a public table have the same key", ", ".join(p["table"] for p in publics)
            )
        bad = [np.asarray(found[f"b{i}"].to_numpy(), dtype=bool) for i in range(len(asked))]
        return np.stack(bad), [found[f"v{i}"].combine_chunks() for i in range(len(values))]

    @staticmethod
    def _columns(asked: Sequence[Rule], scope: Scope) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """Columns of the row and of those above it, with their types, and public tables to join by them."""
        wanted: dict[str, str] = {}
        read: dict[str, dict[str, None]] = {}
        for rule in asked:
            labels = {f"{t}.{c}" for t, c in rule.public}
            wanted |= {n: kind for n, kind in rules.types(rule, scope).items() if n not in labels}
            for table, column in rule.public:
                read.setdefault(table, {})[column] = None
        publics: list[dict[str, Any]] = []
        for number, (table, columns) in enumerate(read.items()):
            public = scope.public[table]
            wanted |= {label: kind for label, kind, _ in public.keys[0]}
            places = {label: i for i, label in enumerate(wanted)}
            publics.append({
                "source": f"rules_public_{number}", "table": table,
                "on": [[places[label], own] for label, _, own in public.keys[0]],
                "columns": [{"name": c, "label": f"{table}.{c}", "sql_type": public.columns[c]} for c in columns],
            })  # fmt: skip
        return wanted, publics


def rules_of(table: TableModel, scope: Scope) -> list[Rule]:
    """The rules of a table, and its CHECKs of several columns, which are rules too. Those that can't be read as such
    stay CHECKs alone. Raises UserError for a rule that can't be read."""
    found = [rules.parse(text, scope) for text in table.rules]
    for check in table.checks:
        try:
            rule = rules.parse(rules.bare(check), scope)
        except UserError:
            continue
        if len(rule.own) > 1 and rule.sql not in [r.sql for r in found]:
            found.append(rule)
    return found


def any_of(model: Model) -> bool:
    """Whether the model has rules at all."""
    known = scopes(model)
    return any(rules_of(t, known[t.name]) for t in model.tables)


def _table(values: Mapping[str, Any], names: Sequence[str], nth: IntArray) -> pa.Table:
    """An Arrow table of nth, c0, c1, ...; columns that have no values are NULL."""
    import pyarrow as pa

    arrays = []
    for name in names:
        try:
            arrays.append(values[name])
        except KeyError:
            arrays.append(pa.nulls(len(nth)))
    return pa.table([pa.array(nth), *arrays], ["nth", *(f"c{i}" for i in range(len(names)))])


def scopes(model: Model) -> dict[str, Scope]:
    """What the rules of each table may speak of."""
    found = []
    for table in model.tables:
        path, here = [], table
        while here.lineage is not None:
            path.append(here.lineage.parent)
            here = model[here.lineage.parent]
        found.append((table.name, {c.name: c.sql_type for c in table.columns}, path))
    public = {k.name: {c.name: c.sql_type for c in k.columns} for k in model.lookups}
    keys = {
        t.name: [
            ForeignKey(tuple(k.columns), k.table, tuple(k.referenced))
            for k in t.links
            if k.table in public and tells(t.codecs, k.columns)
        ]
        for t in model.tables
    }
    return rules.scopes(found, public=public, keys=keys)
