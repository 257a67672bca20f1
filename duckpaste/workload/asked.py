"""Asked: the questions that a synthetic table should answer well, before and after the view's tables are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckpaste.errors import Fault, UserError, nearest, raise_all
from duckpaste.schema.names import split as split_name
from duckpaste.schema.view import View
from duckpaste.workload import lists, statements
from duckpaste.workload.lists import Item
from duckpaste.workload.statements import Statement
from duckpaste.workload.tables import Tables

_LISTS = (".yml", ".yaml", ".json")
WHERE = "alg.workload"


@dataclass(frozen=True)
class Asked:
    """Queries and listed sets, as they are written."""

    queries: Sequence[Statement] = field(default=())
    items: Sequence[Item] = field(default=())

    def sets(self, tables: Tables) -> tuple[tuple[tuple[str, ...], float], ...]:
        """Names and weights, for models.workload.Workload. Raises Faults for everything that names no column.

        A query that needs several sets shares its weight out among them."""
        from duckpaste.workload.queries import Reader

        found: list[tuple[tuple[str, ...], float]] = []
        faults: list[Fault] = []
        for one in self.items:
            names, wrong = _named(one, tables)
            faults += wrong
            found += [(names, one.weight)] if names else []
        for query in self.queries:
            reader = Reader(tables, query.place)
            sets = reader.sets(query.tree)
            faults += reader.faults
            found += [(one, query.weight / len(sets)) for one in sets]
        raise_all(dict.fromkeys(faults))
        return tuple(found)


def _named(one: Item, tables: Tables) -> tuple[tuple[str, ...], list[Fault]]:
    """A listed set's names as a model calls them."""
    place = str(one.place) if one.place.file else WHERE
    names: dict[str, None] = {}
    faults: list[Fault] = []
    for written in one.names:
        table, column = split_name(written, tables.names)
        spelled = tables.table(table) if table else None
        if spelled is None:  # of any table; a name may hold a dot itself
            column = written
        homes = [spelled] if spelled is not None else list(tables.names)
        hits = {t: n for t in homes if (n := tables.column(t, column)) is not None}
        if not hits:
            known = [c for t in homes for c in tables.names[t]]
            faults.append(Fault(f"no column {written!r}", place, nearest(column, known)))
        elif len(hits) > 1:
            faults.append(
                Fault(
                    f"{written!r} may be of {' or '.join(hits)}", place, f"write {next(iter(hits))}.{written}"
                )
            )
        names.update(dict.fromkeys(name for name in hits.values() if name))
    if not names and not faults:
        faults.append(Fault("names no column that is modelled", place, "keys and public tables are not"))
    return tuple(names), faults


def served(model: Any, view: View) -> Any:
    """The model with its workload resolved by the view's tables; itself when it has none. Raises Faults."""
    wanted = getattr(model, "workload", ())
    if not wanted:
        return model
    asked = (
        wanted
        if isinstance(wanted, Asked)
        else Asked(items=[Item(names, weight) for names, weight in wanted])
    )
    return dataclasses.replace(model, workload=asked.sets(Tables.of(view)))


def read(path: str | Path) -> Asked:
    """A workload from a file of SQL (.sql) or of a list (.yml, .yaml, .json).

    Raises Faults for everything that can't be read, each with its file and line."""
    return _file(Path(path))


def _file(path: Path) -> Asked:
    suffix = path.suffix.lower()
    if suffix != ".sql" and suffix not in _LISTS:
        raise UserError(
            f"{str(path)!r} is no .sql, .yml or .json file", WHERE, "or list the sets: [[sex, age]]"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError("no such file", str(path), "the path counts from the current folder") from None
    except (OSError, UnicodeDecodeError):
        raise UserError("can't be read", str(path), "name a text file in UTF-8") from None
    if suffix == ".sql":
        queries, faults = statements.split(text, str(path))
        asked = Asked(queries=queries)
    else:
        items, faults = lists.parse(text, str(path))
        asked = Asked(items=items)
    raise_all(faults)
    if not asked.queries and not asked.items:
        raise UserError(
            "holds no query" if suffix == ".sql" else "holds no column set", str(path), "write one"
        )
    return asked
