"""Tables: the columns that a query may name, and how a model calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duckpaste.schema.names import lookup
from duckpaste.schema.view import View

# Their values are made up or constant: no model has them.
_NEVER_MODELLED = frozenset(["id", "uuid", "ignore", "fixed"])


@dataclass(frozen=True)
class Tables:
    """Table -> column -> its name in a workload, "" for one that no model has (keys, and all of a public table)."""

    names: Mapping[str, Mapping[str, str]]

    @staticmethod
    def of(view: View) -> Tables:
        """Those of a view whose DDL is known. With several private tables a name is "table.column"."""
        several = sum(not t.public for t in view.tables) > 1
        found: dict[str, dict[str, str]] = {}
        for table in view.tables:
            columns = found.setdefault(table.name, {})
            for field in table.fields:
                modelled = not table.public and field.kind not in _NEVER_MODELLED
                name = f"{table.name}.{field.name}" if several else field.name
                columns.update(dict.fromkeys(field.columns, name if modelled else ""))
        return Tables(found)

    def table(self, name: str) -> str | None:
        """The table's own spelling, or None."""
        return lookup(name, self.names)

    def column(self, table: str, name: str) -> str | None:
        """The workload's name of a column of `table` (as `table` gives it), "" when not modelled; None for no such."""
        found = lookup(name, self.names[table])
        return None if found is None else self.names[table][found]
