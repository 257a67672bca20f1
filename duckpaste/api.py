"""What the public functions of `duckpaste` do, with everything heavy imported here."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from duckpaste import holdout, route
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate.run import measure
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.privacy.ledger import Ledger
from duckpaste.report.build import Report, report
from duckpaste.workspace import Workspace, open_workspace


def fit_view(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, algorithm: str, ledger: Path | None,
    options: Mapping[str, Any], hold_out: float = 0.0,
) -> Model:  # fmt: skip
    """See `duckpaste.fit`."""
    wanted = request(algorithm, options)
    share = holdout.check(hold_out)
    with _workspace(con, ledger) as space:
        declared = space.load(str(view))
        space.ingest(declared)
        ready = holdout.fitted(route.ready(space, declared, wanted), share)
        with contextlib.closing(Ledger(space.ledger_path)) as book:
            return holdout.stamped(route.fit(space.db, ready, wanted, book), share)


def evaluate_view(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, synthetic: str | Path, *,
    held_out: float | None, metrics: Collection[str] | None, queries: Path | None, targets: Sequence[str], seed: int,
) -> Report:  # fmt: skip
    """See `duckpaste.evaluate`. One metric or target needs no list."""
    metrics = [metrics] if isinstance(metrics, str) else metrics
    targets = [targets] if isinstance(targets, str) else targets
    with _workspace(con, None) as space:
        declared = space.load(str(view))
        space.ingest(declared)
        resolved, schema = space.resolved(declared)
        found = measure(space.db, resolved, schema, Path(synthetic), held_out=held_out, metrics=metrics,
                       workload=queries, targets=targets, seed=seed)  # fmt: skip
        return report(space, declared, Path(synthetic), found)


def _workspace(con: duckdb.DuckDBPyConnection | str | Path, ledger: Path | None) -> Workspace:
    """A workspace over a user's connection, or over a database file."""
    if isinstance(con, str | Path):
        return open_workspace(Path(con), ledger=ledger)
    if isinstance(con, duckdb.DuckDBPyConnection):
        return Workspace(Db.over(con), ledger=ledger)
    raise UserError(
        f"neither a DuckDB connection nor the path of a file: {type(con).__name__}", "duckpaste.fit"
    )
