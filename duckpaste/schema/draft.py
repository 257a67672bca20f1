"""Draft: the text of a fields.yml made from the catalogue, with comments where a person must say more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from duckpaste.schema import derive
from duckpaste.schema.catalog import TableFacts
from duckpaste.schema.names import fold
from duckpaste.schema.view import Field, ForeignKey, Place

_HEAD = """\
# What this view declares about its tables, beyond the DDL in its SQL files. All of it is public knowledge.
# Written by duckpaste init from {origin}.
#
# Lines marked "declare" say what no catalogue knows. What you do not declare is found with a share of the
# privacy budget, which makes the result worse:
#   min, max   the range of a number or date:  age: {{type: numerical, min: 0, max: 120}}
#   values     all values of a category:       sex: {{type: categorical, values: [f, m]}}
#   unit       {unit}
# A DOUBLE or FLOAT gets some 15 decimals unless you say how many are usual:  {{type: numerical, decimals: 1}}
# A ? after the type allows NULL. Names, addresses and other free text: text (made up) or ignore (left NULL).
"""
_ALONE = "the column that says whose row it is; without it each row counts as a person of its own"
_RELATED = "the table whose rows are the people, at the top of this file:  unit: TABLE"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = ("y", "n", "yes", "no", "true", "false", "on", "off", "null")


def text(
    tables: Sequence[TableFacts],
    foreign: Mapping[str, Sequence[ForeignKey]],
    *,
    origin: str,
    database: str,
    typed: bool = True,
) -> str:
    """fields.yml for `tables`; `foreign` has all foreign keys by table, also those that the DDL cannot hold.

    `typed=False` says that no type is known.
    """
    unit = _RELATED if is_related(foreign) else _ALONE
    lines = [_HEAD.format(origin=_comment(origin), unit=unit), f"database: {quoted(database)}", "", "tables:"]
    for table in tables:
        whole = TableFacts(
            table.name, table.columns, table.primary_key, foreign_keys=tuple(foreign[table.name])
        )
        lines += _table(whole, table.comment, foreign, typed)
    return "\n".join(lines) + "\n"


def is_related(foreign: Mapping[str, Sequence[ForeignKey]]) -> bool:
    """Whether a table refers to another: then units are rows of a table, and mare fits them all."""
    return any(fold(k.table) != fold(name) for name, found in foreign.items() for k in found)


def quoted(name: str) -> str:
    """`name` as YAML reads it back, whatever is in it."""
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    import yaml

    return str(yaml.safe_dump(name, default_style='"', allow_unicode=True, width=10**9)).strip()


def _comment(words: str) -> str:
    """`words` on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:200]


def _table(
    table: TableFacts, comment: str, foreign: Mapping[str, Sequence[ForeignKey]], typed: bool
) -> Iterable[str]:
    yield ""
    if comment:
        yield f"  # {_comment(comment)}"
    yield f"  {quoted(table.name)}:"
    if table.primary_key:
        yield f"    primary_key: {_names(table.primary_key)}"
    parents = [k for k in table.foreign_keys if fold(k.table) != fold(table.name)]
    if parents:
        above = ", ".join(dict.fromkeys(_comment(k.table) for k in parents))
        yield f"    # its rows belong to those of {above}, by the keys below"
        yield "    # how many rows of one person weigh is chosen with noise, unless you declare it:  contributions: 10"
    elif is_related(foreign):
        yield "    # its rows are people, if you declare so above; if nothing in it is about people:  public: true"
    else:
        yield "    # each row counts as one person; if one may have several rows, declare:  unit: COLUMN"
        yield "    # if nothing in it is about people, declare:  public: true"
    several = [k for k in table.foreign_keys if len(k.columns) > 1]
    if several:
        yield "    foreign_keys:"
        for key in several:
            here, there = _names(key.columns), _names(key.referenced)
            yield f"      - {{columns: {here}, table: {quoted(key.table)}, referenced: {there}}}"
    yield "    fields:"
    for fact in table.columns:
        made = derive.field(fact, table, Place())
        if made.comment:
            yield f"      # {_comment(made.comment)}"
        yield f"      {quoted(fact.name)}: {_type(made, table)}{_remark(made, typed)}"


def _names(names: Sequence[str]) -> str:
    found = ", ".join(quoted(n) for n in names)
    return found if len(names) == 1 else f"[{found}]"


def _type(field: Field, table: TableFacts) -> str:
    """The short form; the long one where names would be misread."""
    keys = [k for k in table.foreign_keys if tuple(map(fold, k.columns)) == (fold(field.name),)]
    short = field.kind + ("?" if field.nullable else "")
    if not keys:
        return short
    if all(_PLAIN.fullmatch(part) for k in keys for part in (k.table, k.referenced[0])):
        return short + ":" + ",".join(f"{k.table}.{k.referenced[0]}" for k in keys)
    refs = ", ".join(f"{{table: {quoted(k.table)}, col: {quoted(k.referenced[0])}}}" for k in keys)
    return f"{{type: {field.kind}, nullable: {str(field.nullable).lower()}, refs: [{refs}]}}"


def missing(field: Field) -> str:
    """What a person should declare about a derived field; "" when the DDL says all."""
    if field.kind in ("categorical", "ordinal") and "values" not in field.options:
        return "values"
    if field.kind in ("numerical", "date", "datetime"):
        return ", ".join(name for name in ("min", "max") if name not in field.options)
    return ""


def _remark(field: Field, typed: bool) -> str:
    if not typed:
        return "  # type unknown: say integer, date, ... in the SQL file, and numerical, date, ... here"
    if field.kind == "ignore":
        return f"  # stays NULL: no field type fits {_comment(field.sql_type)[:60]}"
    needed = missing(field)
    return f"  # declare {needed}" if needed else ""
