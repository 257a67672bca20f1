"""Relations: what a SELECT may read from, each of which tells the table columns behind one of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from duckpaste.schema.names import fold
from duckpaste.workload.tables import Tables

Names = dict[str, None]


class Giving(Protocol):
    """A SELECT, as those see it who read from it (see queries.Block)."""

    def output(self, name: str) -> Names | None:
        """The columns behind an output column, by name."""

    def output_at(self, number: int) -> Names | None:
        """The same by position."""

    def output_names(self) -> list[str]:
        """Names of output columns, for messages."""

    def shape(self) -> Names:
        """All that it groups by and filters by."""


@dataclass(frozen=True)
class Base:
    """A table of the view; `columns` rename its first ones."""

    tables: Tables
    table: str
    columns: Sequence[str] = ()

    def column(self, name: str) -> Names | None:
        """What a model calls the column; None when there is none."""
        place = _place(name, self.columns)
        known = list(self.tables.names[self.table])
        if place is not None and place < len(known):
            name = known[place]
        found = self.tables.column(self.table, name)
        return None if found is None else {found: None}

    def columns_known(self) -> list[str]:
        """Names for messages."""
        return list(self.tables.names[self.table])


@dataclass(frozen=True)
class Result:
    """A CTE or a sub-query: one SELECT or the branches of a set operation; `columns` rename its first outputs."""

    blocks: Sequence[Giving]
    columns: Sequence[str] = ()

    def column(self, name: str) -> Names | None:
        """The columns behind an output, of all branches."""
        place = _place(name, self.columns)
        if place is None and self.blocks:
            place = _place(name, self.blocks[0].output_names()) if len(self.blocks) > 1 else None
        found = [
            b.output(name) if place is None else b.output_at(place) or b.output(name) for b in self.blocks
        ]
        known = [names for names in found if names is not None]
        return {n: None for names in known for n in names} if known else None

    def columns_known(self) -> list[str]:
        """Names for messages, and behind a star."""
        return list(self.columns) or (self.blocks[0].output_names() if self.blocks else [])


@dataclass(frozen=True)
class Opaque:
    """Something that holds no table: a series, VALUES, or what a fault was told of. `columns` None: any name."""

    columns: Sequence[str] | None = None
    names: Names = field(default_factory=dict)

    def column(self, name: str) -> Names | None:
        """What it was made of."""
        return (
            dict(self.names) if self.columns is not None and _place(name, self.columns) is not None else None
        )

    def columns_known(self) -> list[str]:
        """Names for messages."""
        return list(self.columns or ())


Relation = Base | Result | Opaque


@dataclass(frozen=True)
class Env:
    """CTEs in reach, by name."""

    known: Mapping[str, Relation] = field(default_factory=dict)

    def plus(self, name: str, relation: Relation) -> Env:
        """With one more, which hides an earlier one of its name."""
        return Env({**self.known, fold(name): relation})

    def get(self, name: str) -> Relation | None:
        """The CTE called `name`."""
        return self.known.get(fold(name))


def _place(name: str, columns: Sequence[str]) -> int | None:
    return next((i for i, c in enumerate(columns) if fold(c) == fold(name)), None)
