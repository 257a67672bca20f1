"""Statements: a file of SQL taken apart, each query with its tree, its line and its weight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckpaste.errors import Fault
from duckpaste.schema.view import Place

_WEIGHT = re.compile(r"\bweight\s*[:=]\s*(\S*)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?")
MOST = 1e9  # a weight
_ABOVE = "write `-- weight: 3` on a line of its own above the query"


@dataclass(frozen=True)
class Statement:
    """A query: sqlglot's tree, where it begins, and how much it counts."""

    tree: Any
    place: Place
    weight: float = 1.0


def split(text: str, file: str) -> tuple[list[Statement], list[Fault]]:
    """The queries of a file, and a fault for each one that can't be read. Comments and empty statements are nothing."""
    import sqlglot

    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return [], [Fault("can't be read as SQL", file, "look for a quote or a comment that is not closed")]
    found: list[Statement] = []
    faults: list[Fault] = []
    part: list[Any] = []
    end = 0  # of the statement before
    for token in [*tokens, None]:
        if token is not None and token.token_type.name != "SEMICOLON":
            part.append(token)
            continue
        if part:
            place = Place(file, part[0].line)
            weight, wrong = _weight(text[end : part[0].start], part, end == 0)
            tree, broken = _parsed(part, text)
            faults += [Fault(what, str(Place(file, line or place.line)), remedy) for what, line, remedy in
                       (*wrong, *broken)]  # fmt: skip
            if tree is not None and not wrong:
                found.append(Statement(tree, place, weight))
        part = []
        end = end if token is None else token.end + 1
    return found, faults


def _parsed(tokens: Sequence[Any], text: str) -> tuple[Any, list[tuple[str, int, str]]]:
    """The tree, or what is wrong, in which line (0: unknown), and the remedy."""
    import sqlglot
    from sqlglot import exp

    try:
        trees = sqlglot.Dialect.get_or_raise("duckdb").parser().parse(list(tokens), text)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        line = next((int(e["line"]) for e in getattr(error, "errors", ()) if e.get("line")), 0)
        return None, [("can't be read as SQL", line, "write it in DuckDB's dialect")]
    if len(trees) == 1 and isinstance(trees[0], exp.Query):
        return trees[0], []
    return None, [("is no query", 0, "keep SELECT statements only")]


def _weight(gap: str, tokens: Sequence[Any], first: bool) -> tuple[float, list[tuple[str, int, str]]]:
    """The weight that a comment above or inside a query gives it; `gap` is the text before it."""
    if not first:
        beside, _, gap = gap.partition("\n")
        if _WEIGHT.search(beside):
            return 1.0, [("a weight stands behind the query before", 0, _ABOVE)]
    said = _WEIGHT.findall(gap)
    said += [w for t in tokens[1:] for comment in t.comments for w in _WEIGHT.findall(comment)]
    if not said:
        return 1.0, []
    if len(said) > 1:
        return 1.0, [("has more than one weight", 0, _ABOVE)]
    if not _NUMBER.fullmatch(said[0]) or not 0 < float(said[0]) <= MOST:
        return 1.0, [(f"the weight {said[0]!r} is no number above 0 and up to 1e9", 0, _ABOVE)]
    return float(said[0]), []
