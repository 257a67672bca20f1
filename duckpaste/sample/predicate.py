"""Predicate: the text of a WHERE, taken apart into terms below AND, OR and NOT.

sqlglot only tells which terms there are and which columns each of them is about. What a term means, DuckDB says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from duckpaste.errors import UserError, nearest
from duckpaste.model import TableModel
from duckpaste.schema.names import fold, lookup

WHERE = "where"  # how messages call the predicate
EXAMPLE = "write it as after WHERE in SQL, for example: sex = 'Female' and age between 30 and 40"
_DAY_WORDS = frozenset(
    ["date", "year", "isoyear", "quarter", "month", "monthname", "week", "weekofyear", "yearweek", "day", "dayofmonth",
     "dayofyear", "doy", "dayofweek", "dayofweekiso", "isodow", "dow", "weekday", "dayname", "lastday", "decade"]
)  # fmt: skip
_TIME_WORDS = frozenset(["time", "hour", "minute", "second", "millisecond", "microsecond"])
Truth = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]
"""Bounds on the truth of a tree, cell by cell: -1 false, 0 NULL, 1 true. Equal where the truth is known."""


@dataclass(frozen=True)
class Term:
    """A part without AND, OR and NOT: its SQL and the columns it reads, under the table's own spelling.

    `constants`: the SQL of what one bare column is compared with, or None when the term is not just that.
    `null_test`: IS NULL of one bare column. `parts`: for each column "day" or "time" where the term looks at that part
    of an instant only."""

    sql: str
    columns: tuple[str, ...]
    constants: tuple[str, ...] | None = None
    null_test: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """AND or OR of `parts`, NOT of the only one, or just the only one ("is")."""

    op: str
    parts: tuple[Tree | Term, ...]

    def terms(self) -> Iterator[Term]:
        """All terms, repeats included."""
        for part in self.parts:
            if isinstance(part, Term):
                yield part
            else:
                yield from part.terms()

    def truth(self, of: Callable[[Term], Truth]) -> Truth:
        """Kleene's three-valued logic, as SQL has it, on bounds: AND is the least, OR the largest, NOT the negative."""
        found = [of(p) if isinstance(p, Term) else p.truth(of) for p in self.parts]
        low, high = found[0]
        if self.op == "not":
            return -high, -low
        join = np.minimum if self.op == "and" else np.maximum
        for other_low, other_high in found[1:]:
            low, high = join(low, other_low), join(high, other_high)
        return low, high


@dataclass(frozen=True)
class Predicate:
    """The text, and the trees that must all be true, each with its SQL."""

    text: str
    conjuncts: tuple[Tree, ...]
    texts: tuple[str, ...]

    @property
    def whole(self) -> Tree:
        """All in one."""
        return Tree("and", self.conjuncts)

    @property
    def terms(self) -> list[Term]:
        """Every term once."""
        return list(dict.fromkeys(self.whole.terms()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return tuple(dict.fromkeys(c for t in self.terms for c in t.columns))


def parse(text: str, table: TableModel) -> Predicate:
    """Read a predicate on `table`. Raises UserError for syntax, unknown columns, and what only a query may hold."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        said = error.errors[0] if error.errors else {}
        near = f"{said.get('start_context') or ''}{said.get('highlight') or ''}".strip()[-40:]
        raise UserError(f"syntax error near {near!r}" if near else "is empty", WHERE, EXAMPLE) from None
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise UserError("can't be read as SQL", WHERE, EXAMPLE) from None
    if tree is None or not isinstance(tree, exp.Condition) or isinstance(tree, exp.Query | exp.Star):
        raise UserError("is no condition", WHERE, EXAMPLE)
    for node in tree.walk():
        if isinstance(node, exp.Query):
            raise UserError("holds a query in brackets", WHERE, "put its result in its place")
        if isinstance(node, exp.Placeholder | exp.Parameter):
            raise UserError("holds a parameter", WHERE, "write the value itself")
        if isinstance(node, exp.AggFunc | exp.Window):
            raise UserError("holds a function of many rows", WHERE, "put its result in its place")
        if isinstance(node, exp.Columns | exp.Star):
            raise UserError("holds * or COLUMNS", WHERE, "name the columns")
    names = {id(c): _column(c, text, table) for c in tree.find_all(exp.Column)}
    parts = _conjuncts(tree)
    texts = tuple(_shown(p) for p in parts)
    return Predicate(text, tuple(_tree(p, names) for p in parts), texts)


def _shown(node: Any) -> str:
    """A part's SQL, as a person would write it."""
    return re.sub(r"^NOT (.*) IS NULL$", r"\1 IS NOT NULL", node.sql(dialect="duckdb", comments=False))


def _conjuncts(tree: Any) -> list[Any]:
    """The parts of the outermost AND, left to right."""
    from sqlglot import exp

    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And):
            stack += [node.expression, node.this]
        elif isinstance(node, exp.Paren):
            stack.append(node.this)
        else:
            found.append(node)
    return found


def _tree(node: Any, names: dict[int, str]) -> Tree:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return _tree(node.this, names)
    if isinstance(node, exp.Not):
        return Tree("not", (_tree(node.this, names),))
    if isinstance(node, exp.And | exp.Or):
        parts: list[Any] = []
        stack = [node]
        while stack:  # a chain of a thousand ORs nests a thousand deep
            one = stack.pop()
            if type(one) is type(node):
                stack += [one.expression, one.this]
            else:
                parts.append(one)
        return Tree("and" if isinstance(node, exp.And) else "or", tuple(_tree(p, names) for p in parts))
    return Tree("is", (_term(node, names),))


def _term(node: Any, names: dict[int, str]) -> Term:
    from sqlglot import exp

    columns = tuple(dict.fromkeys(names[id(c)] for c in node.find_all(exp.Column)))
    null_test = (
        isinstance(node, exp.Is)
        and isinstance(node.expression, exp.Null)
        and isinstance(node.this, exp.Column)
    )
    others = _compared(node)
    constants = None
    if len(columns) == 1 and others is not None and not any(o.find(exp.Column) for o in others):
        constants = tuple(o.sql(dialect="duckdb", comments=False) for o in others)
    parts = [{_part(c) for c in node.find_all(exp.Column) if names[id(c)] == name} for name in columns]
    only = tuple(p.pop() if len(p) == 1 else "" for p in parts)
    return Term(node.sql(dialect="duckdb", comments=False), columns, constants, null_test, only)


def _part(column: Any) -> str:
    """ "day" or "time" where a function around the column looks at that part only, else ""."""
    from sqlglot import exp

    around = column.parent
    if isinstance(around, exp.Cast):
        word = str(around.to.this.value)
    elif isinstance(around, exp.Extract):
        word = around.this.name
    elif isinstance(around, exp.TimestampTrunc | exp.DateTrunc):
        word = str(around.args["unit"].name)
        return "day" if word.lower() in _DAY_WORDS else ""  # what is cut off to hours still has its day
    elif isinstance(around, exp.Anonymous):
        first = around.expressions[0]
        dated = around.name.lower() in ("date_part", "datepart") and isinstance(first, exp.Literal)
        word = first.name if dated else around.name
    else:
        word = around.key if isinstance(around, exp.Func) else ""
    return "day" if word.lower() in _DAY_WORDS else "time" if word.lower() in _TIME_WORDS else ""


def _compared(node: Any) -> list[Any] | None:
    """What a bare column is compared with by order or equality; None when the term is anything else."""
    from sqlglot import exp

    pairs = exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.NullSafeEQ | exp.NullSafeNEQ
    if isinstance(node, pairs):
        if isinstance(node.this, exp.Column):
            return [node.expression]
        return [node.this] if isinstance(node.expression, exp.Column) else None
    if not isinstance(node.this, exp.Column):
        return None
    if isinstance(node, exp.Between):
        return [node.args["low"], node.args["high"]]
    if (
        isinstance(node, exp.In)
        and node.expressions
        and not (node.args.get("query") or node.args.get("unnest"))
    ):
        return list(node.expressions)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return []
    return None


def _column(node: Any, text: str, table: TableModel) -> str:
    """The table's spelling of a column. Raises UserError when it has none of that name."""
    names = [c.name for c in table.columns]
    owner, name = node.table, node.name
    if owner and (fold(owner) != fold(table.name) or node.args.get("db")):
        raise UserError(f"is about rows of {table.name!r}, not of {owner!r}", WHERE, "name its columns only")
    found = lookup(name, names)
    if found is not None:
        return found
    raise UserError(
        f"no column {name!r} in {table.name!r}",
        WHERE,
        _remedy(name, bool(node.this.args.get("quoted")), text, table, names),
    )


def _remedy(name: str, quoted: bool, text: str, table: TableModel, names: Sequence[str]) -> str:
    """Text in double quotes or none, a name without them, or a misspelt name."""
    if any(name == label for codec in table.codecs for label in codec.labels()):
        return f"text stands in single quotes: '{name}'"
    odd = [
        n
        for n in names
        if not n.isidentifier() and fold(n) in fold(text) and f'"{fold(n)}"' not in fold(text)
    ]
    if odd and not quoted:
        return f'this name needs double quotes: "{odd[0]}"'
    return nearest(name, names)
