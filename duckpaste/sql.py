"""SQL text: loads the templates of sql/, renders them with Jinja, and quotes.

`ident` and `literal` are the only functions of duckpaste that quote. Templates decide structure only; every name
passes through `ident` and every value through `literal` (or a bound parameter).
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from duckpaste.errors import UserError
from duckpaste.resources import folder


def ident(*parts: str) -> str:
    """Quote a name, or a path of names, for DuckDB: `a "b` becomes `"a ""b"`.

    Raises UserError for an empty name or one with a NUL character, which DuckDB cannot hold.
    """
    for part in parts:
        if not part or "\0" in part:
            raise UserError("a name is empty or holds a NUL character", remedy="rename the table or column")
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def free(name: str, taken: Iterable[str]) -> str:
    """`name`, with underscores before it until none of `taken` is the same name (DuckDB ignores case)."""
    known = {t.casefold() for t in taken}
    while name.casefold() in known:
        name = f"_{name}"
    return name


def literal(value: Any) -> str:
    """Write a Python value as a DuckDB literal. Unknown types raise TypeError."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"'{value!r}'::DOUBLE"
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        return f"{kind} '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, dt.time):
        return f"TIME '{value.isoformat()}'"
    if isinstance(value, str | Path):
        return "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    raise TypeError(f"no SQL literal for {type(value).__name__}")


def _ident_filter(value: str | list[str] | tuple[str, ...]) -> str:
    return ident(value) if isinstance(value, str) else ident(*value)


@cache
def _environment() -> jinja2.Environment:
    env = jinja2.Environment(  # noqa: S701 - this is SQL, not HTML; ident and literal quote
        loader=jinja2.FileSystemLoader(folder("sql")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
    )
    env.filters["ident"] = _ident_filter
    env.filters["literal"] = literal
    return env


def render(name: str, /, **context: Any) -> str:
    """Render the template `sql/<name>.sql`."""
    return _environment().get_template(f"{name}.sql").render(context).strip()


def render_file(path: Path, context: Mapping[str, Any]) -> str:
    """Render a file of a user's view. Faults of the template become a UserError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        return _environment().from_string(text).render(dict(context)).strip()
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"template syntax: {error.message}", f"{path.name}:{error.lineno}") from None
    except jinja2.UndefinedError as error:
        known = ", ".join(sorted(context))
        raise UserError(f"template: {error.message}", path.name, f"a view's SQL may use {known}") from None
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", str(path), "save the file as UTF-8") from None
