"""What the public functions of `duckpaste` do, with everything heavy imported here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.privacy.ledger import Ledger
from duckpaste.workspace import Workspace, open_workspace


def fit_view(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, algorithm: str, ledger: Path | None,
    options: Mapping[str, Any],
) -> Model:  # fmt: skip
    """See `duckpaste.fit`."""
    wanted = request(algorithm, options)
    with _workspace(con, ledger) as space:
        declared = space.load(str(view))
        space.ingest(declared)
        ready = route.ready(space, declared, wanted)
        with contextlib.closing(Ledger(space.ledger_path)) as book:
            return route.fit(space.db, ready, wanted, book)


def _workspace(con: duckdb.DuckDBPyConnection | str | Path, ledger: Path | None) -> Workspace:
    """A workspace over a user's connection, or over a database file."""
    if isinstance(con, str | Path):
        return open_workspace(Path(con), ledger=ledger)
    if isinstance(con, duckdb.DuckDBPyConnection):
        return Workspace(Db.over(con), ledger=ledger)
    raise UserError(
        f"neither a DuckDB connection nor the path of a file: {type(con).__name__}", "duckpaste.fit"
    )
