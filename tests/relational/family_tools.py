"""Views of related tables made in memory, and the whole path over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from duckpaste import route
from duckpaste.db import Db
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.output.writer import sample
from duckpaste.privacy.ledger import Ledger
from duckpaste.schema.view import Table, View
from duckpaste.workspace import Workspace


def fitted(
    db: Db, tables: tuple[Table, ...], options: dict[str, Any], unit: str | None = None
) -> tuple[Model, Ledger]:
    """A MARE model of the current schema's tables, and its ledger."""
    view = View("family", Path("family"), tables, unit=unit)
    wanted = request("mare", options)
    ledger = Ledger(None)
    ready = route.ready(Workspace(db), view, wanted)
    return route.fit(db, ready, wanted, ledger), ledger


def drawn(model: Model, path: Path, **options: Any) -> Db:
    """The synthetic database, opened."""
    sample(model, path, **{"seed": 1, **options})
    return Db.open(path, read_only=True)
