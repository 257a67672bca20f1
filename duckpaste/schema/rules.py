"""Rules: conditions in SQL that synthetic rows shall meet, as fields.yml declares them; read without any data.

A rule of a table sees the table's columns, those of the tables above it as `table.column`, those of a public table to
which a key of these leads, likewise, and what lies below it through sum, min, max, avg and count:
`total = sum(lines.amount)`, `count(lines) > 0`. As a CHECK it holds unless it is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from duckpaste import sql
from duckpaste.errors import Fault, UserError, nearest
from duckpaste.schema.names import fold, lookup

if TYPE_CHECKING:
    from duckpaste.db import Db
    from duckpaste.schema.view import ForeignKey, Table

EXAMPLE = "write it as a CHECK in SQL, for example: discharged >= admitted"

# Functions that give the same for the same values and reach nothing else. Words of SQL that a bracket may follow too.
_FUNCTIONS = frozenset((
    "abs", "ceil", "ceiling", "floor", "round", "trunc", "sign", "sqrt", "power", "pow", "exp", "ln", "log",
    "log2", "log10", "mod", "greatest", "least", "coalesce", "ifnull", "nullif", "if", "iff", "cast",
    "try_cast", "length", "strlen", "lower", "upper", "trim", "ltrim", "rtrim", "left", "right", "substring",
    "substr", "replace", "concat", "contains", "starts_with", "ends_with", "prefix", "suffix", "regexp_matches",
    "regexp_full_match", "date_diff", "datediff", "date_sub", "datesub", "date_trunc", "datetrunc", "date_part",
    "datepart", "date_add", "extract", "year", "quarter", "month", "week", "day", "dayofweek", "isodow",
    "dayofyear", "hour", "minute", "second", "epoch", "epoch_ms", "epoch_us", "last_day", "make_date", "age",
    "to_days", "to_hours", "to_minutes", "to_seconds", "to_months", "to_years", "to_weeks", "isnan", "isfinite",
    "isinf", "sum", "min", "max", "avg", "count",
))  # fmt: skip
_WORDS = frozenset((
    "and", "or", "not", "in", "is", "like", "ilike", "between", "case", "when", "then", "else", "end", "as",
    "decimal", "numeric", "varchar", "char", "distinct", "from", "interval", "escape",
))  # fmt: skip
_TOTALS = ("sum", "min", "max", "avg", "count")


# A key of the row, or of one above it, to a public table: (the row's column "column" or "table.column", its SQL type,
# the public table's column) for each column of the key.
Key = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Public:
    """A public table that rules of a table may speak of: its columns with their SQL types, and the keys that lead to
    it. Where several do, a rule would not say whose row it means."""

    columns: Mapping[str, str]
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Scope:
    """What rules of `table` may speak of: its own columns, those `above` (nearest first) and `below` by table, each
    with its SQL type, and `public` tables. `made` are columns whose values are made up (keys): a rule about them would
    say nothing."""

    table: str
    own: Mapping[str, str]
    above: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    below: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    made: frozenset[tuple[str, str]] = frozenset()
    public: Mapping[str, Public] = field(default_factory=dict)


@dataclass(frozen=True)
class Total:
    """An aggregate over the rows of `table` below a row: its SQL over that table's columns; `label` stands for its
    result. `counts` is 0 where there are no rows."""

    label: str
    table: str
    expression: str
    columns: tuple[str, ...]
    counts: bool


@dataclass(frozen=True)
class Mend:
    """What would make a comparison hold: `column` gets the value of `expression` (SQL over the rule's labels; empty
    where none would do), or changes places with the column `swap` of the row."""

    column: str
    expression: str
    swap: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule of `table` as it was written, and its SQL over columns "column", "table.column" (above, or public) and
    totals."""

    table: str
    text: str
    sql: str
    own: tuple[str, ...] = ()
    above: tuple[tuple[str, str], ...] = ()
    totals: tuple[Total, ...] = ()
    mends: tuple[Mend, ...] = ()
    public: tuple[tuple[str, str], ...] = ()


def parse(text: str, scope: Scope) -> Rule:
    """Read a rule. Raises UserError (without a place) for syntax, unknown columns, and what a rule may not hold."""
    import sqlglot
    from sqlglot import exp

    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise UserError(f"the rule {text!r} can't be read as SQL", "", EXAMPLE) from None
    tree = trees[0] if len(trees) == 1 else None
    if tree is None or not isinstance(tree, exp.Condition) or isinstance(tree, exp.Query | exp.Star):
        raise UserError(f"the rule {text!r} is no condition", "", EXAMPLE)
    _refuse(text, tree)
    reader = _Reader(text, scope)
    tree = tree.transform(reader.labelled)
    made = tree.sql(dialect="duckdb", comments=False)
    _check_calls(text, [made, *(t.expression for t in reader.totals)])
    return Rule(scope.table, text, made, tuple(reader.own), tuple(reader.above), tuple(reader.totals),
                tuple(_mends(tree, reader.own)), tuple(reader.public))  # fmt: skip


def _refuse(text: str, tree: Any) -> None:
    """Raise UserError for what is more than a condition on one row."""
    from sqlglot import exp

    for node in tree.walk():
        what = ""
        if isinstance(node, exp.Query):
            what = "holds a query"
        elif isinstance(node, exp.Placeholder | exp.Parameter):
            what = "holds a parameter"
        elif isinstance(node, exp.Window):
            what = "holds a window function"
        elif isinstance(node, exp.Columns | exp.Lambda | exp.Comprehension | exp.PositionalColumn):
            what = "holds COLUMNS, a lambda or the number of a column"
        elif isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            what = "holds *"
        elif type(node).__name__.startswith(("Current", "Localtime", "Session")):
            what = "asks for the time or the session, which is another each time"
        if what:
            raise UserError(f"the rule {text!r} {what}", "", EXAMPLE)


def _check_calls(text: str, rendered: Iterable[str]) -> None:
    """Raise UserError for a function that is not known to be harmless."""
    import sqlglot

    for one in rendered:
        for name, bracket in pairwise(sqlglot.tokenize(one, read="duckdb")):
            word = name.text.lower()
            called = bracket.text == "(" and (word[:1].isalpha() or word[:1] == "_")
            if called and word not in _FUNCTIONS and word not in _WORDS:
                remedy = "rules may call arithmetic, text and date functions, and sum, min, max, avg, count"
                raise UserError(f"the rule {text!r} calls {word}()", "", remedy)


class _Reader:
    """Puts labels in the place of columns and totals, and notes which."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.own: dict[str, None] = {}
        self.above: dict[tuple[str, str], None] = {}
        self.public: dict[tuple[str, str], None] = {}
        self.totals: list[Total] = []

    def labelled(self, node: Any) -> Any:
        """`node`, or the column that stands for it."""
        from sqlglot import exp

        if isinstance(node, exp.AggFunc):
            total = self._total(node, node.sql(dialect="duckdb", comments=False))
            if total not in self.totals:
                self.totals.append(total)
            return exp.column(exp.to_identifier(total.label, quoted=True))
        if isinstance(node, exp.Column):
            return exp.column(exp.to_identifier(self._label(node), quoted=True))
        return node

    def _total(self, node: Any, label: str) -> Total:
        """An aggregate over one table below."""
        from sqlglot import exp

        remedy = "write it over a table below, for example sum(lines.amount), or count(lines)"
        if node.key not in _TOTALS:
            raise UserError(f"the rule {self.text!r} calls {node.key}()", "", remedy)
        columns = list(node.find_all(exp.Column))
        whole = isinstance(node, exp.Count) and columns == [node.this] and not node.this.table
        if whole:
            name = lookup(columns[0].name, self.scope.below)
            if name is not None:
                return Total(label, name, "count(*)", (), True)
        owners = {lookup(c.table, self.scope.below) for c in columns}
        owner = owners.pop() if len(owners) == 1 else None
        if owner is None:
            what = f"the rule {self.text!r} takes {label} of no table below {self.scope.table!r}"
            known = ", ".join(self.scope.below)
            raise UserError(what, "", f"{remedy}; tables below: {known}" if known else "there are none below")
        names: dict[str, None] = {}

        def labelled(inside: Any) -> Any:
            if not isinstance(inside, exp.Column):
                return inside
            name = self._known(inside, owner, self.scope.below[owner])
            names[name] = None
            return exp.column(exp.to_identifier(name, quoted=True))

        text = node.copy().transform(labelled).sql(dialect="duckdb", comments=False)
        return Total(label, owner, text, tuple(names), isinstance(node, exp.Count))

    def _label(self, node: Any) -> str:
        scope = self.scope
        if not node.table or fold(node.table) == fold(scope.table):
            name = self._known(node, scope.table, scope.own)
            self.own[name] = None
            return name
        owner = lookup(node.table, scope.above)
        public = lookup(node.table, scope.public) if owner is None else None
        if public is not None:
            return self._of_public(node, public)
        if owner is None:
            below = lookup(node.table, scope.below)
            what = f"the rule {self.text!r} speaks of {node.table!r}, which is no table above {scope.table!r}"
            what += "" if below else ", and no public one that a key leads to"
            remedy = f"take sum, min, max, avg or count of what lies below: sum({below}.{node.name})"
            known = [*scope.above, *scope.below, *scope.public]
            raise UserError(what, "", remedy if below else nearest(node.table, known))
        name = self._known(node, owner, scope.above[owner])
        self.above[owner, name] = None
        return f"{owner}.{name}"

    def _of_public(self, node: Any, owner: str) -> str:
        """The label of a public table's column, when one key leads there."""
        public = self.scope.public[owner]
        if len(public.keys) > 1:
            keys = " and ".join(", ".join(label for label, _, _ in key) for key in public.keys)
            what = (
                f"the rule {self.text!r} speaks of {owner!r}, to which {keys} lead: of which row is not said"
            )
            raise UserError(what, "", "give each key a public table of its own in the view's SQL")
        name = self._known(node, owner, public.columns)
        self.public[owner, name] = None
        return f"{owner}.{name}"

    def _known(self, node: Any, owner: str, columns: Mapping[str, str]) -> str:
        name = lookup(node.name, columns)
        if name is None:
            what = f"the rule {self.text!r} speaks of no column {node.name!r} of {owner!r}"
            raise UserError(what, "", nearest(node.name, columns))
        if (owner, name) in self.scope.made:
            what = f"the rule {self.text!r} is about {owner}.{name}, whose values are made up"
            raise UserError(what, "", "keys hold by themselves; leave the rule out")
        return name


def _mends(tree: Any, own: Mapping[str, None]) -> Iterator[Mend]:
    """Obvious repairs of a comparison one of whose sides is a column of the row; `tree` has labels."""
    from sqlglot import exp

    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, exp.EQ | exp.LT | exp.LTE | exp.GT | exp.GTE):
        return
    names = [
        s.name if isinstance(s, exp.Column) and s.name in own else "" for s in (tree.this, tree.expression)
    ]
    for mine, other, far in ((names[1], tree.this, names[0]), (names[0], tree.expression, names[1])):
        if not mine or any(c.name == mine for c in other.find_all(exp.Column)):
            continue
        equal, strict = isinstance(tree, exp.EQ), isinstance(tree, exp.LT | exp.GT)
        value = "" if strict else other.sql(dialect="duckdb", comments=False)
        if value or far:
            yield Mend(mine, value, "" if equal else far)


def bare(text: str) -> str:
    """A condition without brackets around all of it, as DuckDB's catalogue writes CHECKs."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return text
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree.sql(dialect="duckdb")


def declared(table: Table) -> tuple[str, ...]:
    """The rules of a table as they are written."""
    return tuple(str(text) for text in table.options.get("rules") or ())


def faults(db: Db, table: Table, scope: Scope) -> list[Fault]:
    """Faults of a table's rules: of the text, and what DuckDB says of it for columns of these types."""
    found: list[Fault] = []
    places = [*table.rule_places, *[table.place] * len(declared(table))]
    for text, place in zip(declared(table), places, strict=False):
        where = f"{place} {table.name}".strip()
        try:
            rule = parse(text, scope)
            _bind(db, rule, scope)
        except UserError as error:
            found += [Fault(f.what, where, f.remedy) for f in error.faults]
    return found


def _bind(db: Db, rule: Rule, scope: Scope) -> None:
    """Raise UserError when DuckDB refuses the rule on columns of these types, or it is not true or false."""
    try:
        total: dict[str, str] = {}
        for t in rule.totals:
            text = typed(f"typeof({t.expression})", {c: scope.below[t.table][c] for c in t.columns})
            total[t.label] = str(db.rows_sql("rule", text)[0][0])
        text = typed(f"typeof({rule.sql}), {rule.sql}", types(rule, scope) | total)
        kind = db.rows_sql("rule", text)[0][0]
    except UserError as error:
        what = error.faults[0].what.removeprefix("Binder Error: ").split(" Candidate functions")[0]
        what = what.replace(" (the value is withheld: it may be private)", "")
        raise UserError(f"the rule {rule.text!r} can't be evaluated: {what}", "", EXAMPLE) from None
    if kind != "BOOLEAN":
        raise UserError(f"the rule {rule.text!r} is no condition but a value", "", EXAMPLE)


def types(rule: Rule, scope: Scope) -> dict[str, str]:
    """The SQL type of each column that the rule reads, by label; totals aside."""
    found = {n: scope.own[n] for n in rule.own} | {f"{t}.{c}": scope.above[t][c] for t, c in rule.above}
    return found | {f"{t}.{c}": scope.public[t].columns[c] for t, c in rule.public}


def typed(expression: str, columns: Mapping[str, str]) -> str:
    """SQL of `expression` over one row with a value of each of the given types, so that literals are converted too."""
    listed = "".join(
        f", coalesce(try_cast('1' as {kind}), try_cast('2000-01-01' as {kind})) as {sql.ident(name)}"
        for name, kind in columns.items()
    )
    return f"select {expression} from (select 1 as one{listed})"


def scopes(
    tables: Sequence[tuple[str, Mapping[str, str], Sequence[str]]], made: frozenset[tuple[str, str]] = frozenset(),
    public: Mapping[str, Mapping[str, str]] | None = None, keys: Mapping[str, Sequence[ForeignKey]] | None = None,
) -> dict[str, Scope]:  # fmt: skip
    """The scope of every table, from (name, columns with types, the tables above it, nearest first); `public` tables
    with their columns, and the `keys` of each table that lead to them."""
    columns = {name: mine for name, mine, _ in tables}
    leading: dict[str, dict[str, list[Key]]] = {}
    for name, _, path in tables:
        leading[name] = {}
        for owner in (name, *path):
            for key in (keys or {}).get(owner, ()):
                mine = "" if owner == name else f"{owner}."
                columns_of = zip(key.columns, key.referenced, strict=True)
                found = tuple((f"{mine}{c}", columns[owner][c], r) for c, r in columns_of)
                leading[name].setdefault(key.table, []).append(found)
    return {
        name: Scope(
            name, mine, {a: columns[a] for a in path},
            {n: c for n, c, above in tables if name in above}, made,
            {t: Public((public or {})[t], tuple(found)) for t, found in leading[name].items()},
        )
        for name, mine, path in tables
    }  # fmt: skip
