"""duckpaste: turn a private database into a synthetic one that may be shared.

    import duckdb, duckpaste
    con = duckdb.connect("clinic.duckdb")
    model = duckpaste.fit(con, view="views/clinic", algorithm="mst", epsilon=1.0)
    model.save("clinic.model.duckdb")
    duckpaste.sample(model, "synthetic.duckdb", seed=7)

Everything heavy is imported when it is used: `import duckpaste` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from duckpaste.errors import BudgetError, DuckpasteError, Faults, UserError

if TYPE_CHECKING:
    import duckdb

    from duckpaste.model import Model
    from duckpaste.output.writer import Sample
    from duckpaste.report.build import Report

__version__ = "0.1.0"
__all__ = [
    "BudgetError", "DuckpasteError", "Faults", "UserError", "__version__", "evaluate", "fit", "load", "sample",
]  # fmt: skip


class _Package(ModuleType):
    """Keeps `duckpaste.fit` and `duckpaste.sample` functions: an import of the modules of the same names would replace
    them. `from duckpaste.fit import request` works as ever."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def fit(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, algorithm: str = "mst", *,
    ledger: str | Path | None = None, hold_out: float = 0.0, **options: Any,
) -> Model:  # fmt: skip
    """Fit a model of a view's private table under differential privacy.

    `con` is a DuckDB connection or a database file; `view` a folder with fields.yml, or the name of one that ships.
    A view with SQL is ingested if it is not yet. `options` are epsilon (default 1), delta (default 1e-9; 0 means pure
    epsilon) and those of the algorithm. The ledger stands beside the database file unless `ledger` names another;
    data in memory has a ledger in memory. `hold_out` is a share of the units that the model shall not see, as a
    yardstick for `evaluate`. Raises UserError for what a user can mend, before anything is spent.
    """
    from duckpaste.api import fit_view

    return fit_view(con, view, algorithm, None if ledger is None else Path(ledger), options, hold_out)


def evaluate(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, synthetic: str | Path, *,
    held_out: float | None = None, metrics: Collection[str] | None = None, queries: str | Path | None = None,
    targets: Sequence[str] = (), seed: int = 0,
) -> Report:  # fmt: skip
    """Compare a synthetic file with the view's private tables, over all rows: its scores, each beside a yardstick.

    What it returns is internal: it contains exact statistics of the private data. It shows itself in a notebook, and
    `to_html("report.html")` writes the page; `save` and `scores` are for queries. `held_out` is the share of units
    that the model did not see (default: what the file tells); without any, two random halves of the real units are the
    yardstick. `metrics` keeps only those metrics or families of them ("fidelity", "relations", "workload", "utility",
    "privacy"); `queries` is a file of SQL to ask of both; `targets` are columns ("table.column") to predict; `seed` is
    of samples and attacks. Raises UserError.
    """
    from duckpaste.api import evaluate_view

    return evaluate_view(con, view, synthetic, held_out=held_out, metrics=metrics, seed=seed, targets=targets,
                         queries=None if queries is None else Path(queries))  # fmt: skip


def load(path: str | Path) -> Model:
    """Open a model file. Raises UserError when it is not one, or was made by a newer duckpaste."""
    from duckpaste.model_file import load as load_file

    return load_file(Path(path))


def sample(
    model: Model | str | Path, path: str | Path, *, n: int | None = None, seed: int | None = None,
    where: str | None = None, overwrite: bool = False,
) -> Sample:  # fmt: skip
    """Write `n` synthetic rows (default: the noisy number that was fitted) to the new DuckDB file `path`; with
    `overwrite` a synthetic file of duckpaste's is replaced.

    The same model and seed give the same tables. Returns the path, the seed used and the number of rows.
    With `where`, a predicate in DuckDB's SQL such as "sex = 'Female' and age between 30 and 40", all rows are such
    that it is true (of related tables: the rows of the top table, with all that hangs on them). They are drawn from
    the model given the predicate, so rare rows are as quick as common ones. It costs no budget: the model is public.
    """
    from duckpaste.output.writer import sample as write

    loaded = load(model) if isinstance(model, str | Path) else model
    return write(loaded, path, n=n, seed=seed, where=where, overwrite=overwrite)
