"""Names as DuckDB compares them: A and a are one name, É and é are two."""

from __future__ import annotations

from collections.abc import Iterable

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(name: str) -> str:
    """The form that is equal for names that DuckDB takes for one."""
    return name.translate(_LOWER)


def lookup(name: str, known: Iterable[str]) -> str | None:
    """The spelling of `name` among `known`, or None: exactly so, else without regard to case."""
    choices = list(known)
    if name in choices:
        return name
    return next((k for k in choices if fold(k) == fold(name)), None)


def split(reference: str, tables: Iterable[str]) -> tuple[str | None, str]:
    """`reference` ("column" or "table.column") as table and column; the table None when there is no dot.

    Names may hold dots themselves: a table of `tables` decides, else the first dot.
    """
    known = list(tables)
    dots = [i for i, letter in enumerate(reference) if letter == "."]
    for dot in dots:
        table = lookup(reference[:dot], known)
        if table is not None:
            return table, reference[dot + 1 :]
    if not dots:
        return None, reference
    return reference[: dots[0]], reference[dots[0] + 1 :]


def plain(names: Iterable[str]) -> dict[str, str]:
    """Each name with the one it gets in a view, without commas and outer spaces, all distinct."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda n: n != _tidy(n)):  # those that keep their name come first
        new, number = _tidy(name), 1
        while fold(new) in taken:
            number += 1
            new = f"{_tidy(name)}_{number}"
        taken.add(fold(new))
        found[name] = new
    return found


def _tidy(name: str) -> str:
    return name.replace(",", "_").strip() or "column"
