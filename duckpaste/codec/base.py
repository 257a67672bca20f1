"""Codec: one field's translation between SQL values and code columns.

Life of a codec: made from a declared field (`codec.make`), it may want facts that the view does not declare
(`wants`); the privacy source answers them with noise (`learn`), after which the codec is ready: `columns`, `encode`
and `faults` give SQL for the private side, `decode` gives Arrow for the synthetic side. `spec`, `arrays` and
`labels` are all that a model file stores of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste import sql
from duckpaste.domain import FloatArray, IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

# Gives the SQL expression of a column ("age") or of another table's column ("patients.birth_date").
ColumnSql = Callable[[str], str]


def column_sql(name: str) -> str:
    """The default ColumnSql: the quoted name (a joined column of another table is called "table.column")."""
    return sql.ident(name)


@dataclass(frozen=True)
class CodeColumn:
    """A column of codes 0..size-1; `null` is the code of NULL, or None; `ordered` when neighbours are alike."""

    name: str
    size: int
    ordered: bool = False
    null: int | None = None


@dataclass(frozen=True)
class Want:
    """A fact about private data that the view does not declare. `label` is unique within the table."""

    label: str


@dataclass(frozen=True)
class WantBounds(Want):
    """The range of `expression` (a number, NULL ignored). `integer` tells whole numbers from reals.

    Answer: a tuple (low, high)."""

    expression: str
    integer: bool


@dataclass(frozen=True)
class WantValues(Want):
    """The distinct values of `expression` (text, NULL ignored) that enough units share. Answer: a list of str."""

    expression: str


LEVEL = 0.3  # share of a histogram's loss for each of its coarser levels


@dataclass(frozen=True)
class WantHistogram(Want):
    """Counts of `expression` (cell numbers 0..cells-1, NULL ignored). Answer: a `Histogram`.

    `blocks` ask for coarser counts of the first `leading` cells as well, so many cells in one; LEVEL of the loss goes
    to each. Many cells together are then known better than by the sum of their noisy counts (Hay et al. 2010)."""

    expression: str
    cells: int
    blocks: tuple[int, ...] = ()
    leading: int = 0

    @property
    def fine(self) -> float:
        """The share of the loss that goes to the cells themselves."""
        return 1.0 - LEVEL * len(self.blocks)


@dataclass(frozen=True)
class Level:
    """Noisy counts of blocks of so many cells, the last one shorter, and the standard deviation of their noise."""

    block: int
    counts: FloatArray
    sigma: float


@dataclass(frozen=True)
class Histogram:
    """Noisy counts, float64 of shape (cells,), and the standard deviation of their noise (0 at epsilon inf)."""

    counts: FloatArray
    sigma: float
    coarser: Sequence[Level] = ()


class Codec(ABC):
    """See the module's text. Subclasses are made by `codec.make` and `codec.load` only."""

    def __init__(self, field: Field) -> None:
        self.field = field

    # -- discovery ----------------------------------------------------------------------------------------------

    def promises(self) -> Sequence[type[Want]]:
        """The types of all wants that will come, known before any data is read (the plan's budget needs them)."""
        return ()

    def wants(self) -> Sequence[Want]:
        """What must be learned next; empty when the codec is ready."""
        return ()

    def learn(self, want: Want, answer: Any) -> None:
        """Take the answer to a want."""
        raise NotImplementedError(f"{type(self).__name__} wants nothing")

    # -- the private side: SQL ----------------------------------------------------------------------------------

    def columns(self) -> Sequence[CodeColumn]:
        """The code columns (none for keys, constants and ignored fields). Sizes before discovery are upper bounds."""
        return ()

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """Code column name -> DuckDB expression over the table, never NULL, of 0..size-1."""
        return {}

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """Pairs (what is wrong, predicate that is true on a row with that fault), checked before anything is spent."""
        return ()

    # -- the synthetic side: Arrow ------------------------------------------------------------------------------

    @abstractmethod
    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """Values for rows `rows` (their global numbers): SQL column -> Arrow array of len(rows).

        `codes` has this codec's code columns; `decoded` has the fields decoded before (those in `field.refs` are
        there). Arrow types need only be castable to the column's SQL type without loss."""

    # -- the model file -----------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        """Small JSON-able facts that `restore` needs beyond the field itself."""
        return {}

    def arrays(self) -> Mapping[str, FloatArray]:
        """Named one-dimensional float64 arrays (noisy histograms)."""
        return {}

    def labels(self) -> Sequence[str | None]:
        """The value of each code of the (only) categorical code column, NULL as None."""
        return ()

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
    ) -> None:
        """Become the codec that wrote these; called on a codec fresh from `make`."""
