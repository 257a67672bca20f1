"""Model: everything that sampling needs, and nothing exact. Made by `fit`, stored by `model_file`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckpaste.codec.base import Codec
from duckpaste.models.base import Measurement
from duckpaste.models.network import Network
from duckpaste.privacy.ledger import Release
from duckpaste.privacy.unit import Unit

LEFT_OUT = "left_out."  # in `Model.info`, before a table's name: how many of its rows belong to no unit

MARK = "synthetic;"  # how the comment of every synthetic table begins


@dataclass(frozen=True)
class Column:
    """A column of the synthetic table, as the view's own DDL declares it."""

    name: str
    sql_type: str
    not_null: bool = False
    comment: str = ""


@dataclass(frozen=True)
class TableModel:
    """One table: its columns in order, keys and checks, its codecs in decoding order, the network of its codes,
    the rules that its rows shall meet, and which algorithm `auto` chose (until it is saved)."""

    name: str
    columns: Sequence[Column]
    codecs: Sequence[Codec]
    network: Network
    measurements: Sequence[Measurement] = ()
    primary_key: Sequence[str] = ()
    checks: Sequence[str] = ()
    comment: str = ""
    lineage: Lineage | None = None
    links: Sequence[Link] = ()
    siblings: Siblings | None = None
    rules: Sequence[str] = ()
    chosen: str = ""

    @property
    def rows(self) -> int:
        """The noisy number of rows, at least 1: the default size of a sample."""
        return max(1, round(self.network.total))


@dataclass(frozen=True)
class Lineage:
    """Where a table stands below another: its parent, `owner` (own columns) -> `referenced` (the parent's), and how
    many rows it has per parent row: the codec of that number and its network given the parent's and ancestors' codes.

    Evidence columns are called "table.code column". `over`: the table whose rows the network is about, where it is not
    the parent (an unrolled table whose set is the same along a sequence)."""

    parent: str
    owner: Sequence[str]
    referenced: Sequence[str]
    codec: Codec
    network: Network
    measurements: Sequence[Measurement] = ()
    over: str = ""


@dataclass(frozen=True)
class Siblings:
    """How the rows of a sequence follow one another below a parent row: the columns that order them (`sequencer`),
    how many rows back a row looks (`order`), and the first position of each position code (`starts`).

    Evidence columns are called "table@position" and "table@2.code column" (two rows back)."""

    sequencer: Sequence[str]
    order: int
    starts: Sequence[int]


@dataclass(frozen=True)
class Link:
    """A foreign key besides the owner key: columns -> referenced columns of `table`; `kind` as in schema.graph.

    `degrees`, where targets may be another unit's: how many rows are referred to so often, by cells of codec.tally."""

    columns: Sequence[str]
    table: str
    referenced: Sequence[str]
    kind: str
    nullable: bool = False
    degrees: Sequence[float] = ()


@dataclass(frozen=True)
class Lookup:
    """A public table that is copied: its columns, keys, and rows as an Arrow table."""

    name: str
    columns: Sequence[Column]
    primary_key: Sequence[str]
    rows: Any


@dataclass(frozen=True)
class Model:
    """A fitted model of a view. `info` tells run, view, algorithm, unit, k, epsilon, delta, created and versions."""

    tables: Sequence[TableModel]
    info: Mapping[str, str]
    releases: Sequence[Release] = field(default_factory=tuple)
    lookups: Sequence[Lookup] = field(default_factory=tuple)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write one DuckDB file of plain tables (built under a temporary name, then renamed).

        A model file that exists is only replaced with `overwrite`; a file of another kind never is: UserError."""
        from duckpaste.model_file import save

        save(self, Path(path), overwrite=overwrite)

    @property
    def related(self) -> bool:
        """Whether tables stand below one another, or public tables are copied."""
        return bool(self.lookups) or any(t.lineage is not None or t.links for t in self.tables)

    @property
    def guarantee(self) -> str:
        """The guarantee in words."""
        from duckpaste.privacy.accountant import Guarantee

        return str(Guarantee(float(self.info["epsilon"]), float(self.info["delta"])))

    def describe(self) -> str:
        """One line for comments on synthetic tables and for people."""
        per = Unit.told(self.info).bounded
        return f"{MARK} {self.guarantee} for {per}; run {self.info['run']}; {self.info['algorithm']}"

    def shapes(self) -> list[str]:
        """A line for people on how large the model of each table is."""
        from duckpaste.models.outlook import shape_of

        name = [f" of {t.name}" if len(self.tables) > 1 else "" for t in self.tables]
        return [
            f"model{n}: {shape_of(t.network)}{t.chosen and f'; auto took {t.chosen}'}"
            for n, t in zip(name, self.tables, strict=True)
        ]

    def bounds(self) -> list[str]:
        """A line for each related table whose k was chosen: k, and the noisy facts that it was chosen by; and for each
        whose keys may be NULL: how many rows belong to no unit."""
        begin = "contributions."
        lines = [
            f"k of {key.removeprefix(begin)}: {text}"
            for key, text in self.info.items() if key.startswith(begin) and "chosen" in text
        ]  # fmt: skip
        return lines + [
            f"{key.removeprefix(LEFT_OUT)}: {text}"
            for key, text in self.info.items()
            if key.startswith(LEFT_OUT)
        ]

    def __getitem__(self, name: str) -> TableModel:
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


def as_text(values: Mapping[str, Any]) -> dict[str, str]:
    """Facts as text, for `Model.info`."""
    return {k: str(v) for k, v in values.items()}
