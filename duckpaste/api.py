"""What the public functions of `duckpaste` do, with everything heavy imported here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from duckpaste.db import Db
from duckpaste import route
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.privacy.ledger import Ledger
from duckpaste.workspace import Workspace


def fit_view(
    con: duckdb.DuckDBPyConnection | str | Path, view: str | Path, algorithm: str, ledger: Path | None,
    options: Mapping[str, Any],
) -> Model:  # fmt: skip
    """See `duckpaste.fit`."""
    wanted = request(algorithm, options)
    db = Db.open(Path(con)) if isinstance(con, str | Path) else Db.over(con)
    with db:
        space = Workspace(db, ledger=ledger)
        declared = space.load(str(view))
        space.ingest(declared)
        ready = route.ready(space, declared, wanted)
        book = Ledger(space.ledger_path)
        try:
            return route.fit(db, ready, wanted, book)
        finally:
            book.close()
