"""Workspace: the working database, the folders of views, and the ledger beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.prepare import Prepared, prepare, resolve
from duckpaste.schema.view import View

DATABASE = "duckpaste.duckdb"


class Workspace:
    """Holds private data: raw tables and views live in `db`, the ledger in a file beside it.

    `views` are folders of a user's own views, looked up before those that ship."""

    def __init__(self, db: Db, views: Sequence[Path] = (), ledger: Path | None = None) -> None:
        self.db = db
        self.views = tuple(views)
        self._ledger = ledger

    @property
    def ledger_path(self) -> Path | None:
        """The ledger's file; None when the data is in memory and no file was named."""
        if self._ledger is not None or self.db.path is None:
            return self._ledger
        return self.db.path.with_name(f"{self.db.path.stem}.ledger.duckdb")

    def load(self, name: str) -> View:
        """The view called `name` (or in the folder `name`), as declared; its tables need not exist yet."""
        from duckpaste.schema import fields

        return fields.load(fields.find(name, self.views))

    def ingest_dataset(
        self, name: str, raw: Path | None, parameters: Mapping[str, Any], beside: Sequence[Path] = ()
    ) -> list[str]:
        """Make the tables of a dataset anew. It is looked up in `beside` too."""
        from duckpaste import ingest
        from duckpaste.schema import fields

        return ingest.ingest_dataset(self.db, fields.find(name, (*self.views, *beside)), raw, parameters)

    def ingest(
        self, view: View, *, raw: Path | None = None, parameters: Mapping[str, Any] | None = None, anew: bool = False
    ) -> list[str]:
        """Make what is missing of the view and its dataset (`anew`: everything); return what was made."""
        from duckpaste import ingest

        made: list[str] = []
        if view.dataset and (anew or parameters or not ingest.is_ingested(self.db, view.dataset)):
            made += [f"{view.dataset}.{t}" for t in self.ingest_dataset(
                view.dataset, raw, parameters or {}, [view.path.resolve().parent])]  # fmt: skip
        if view.sql and (anew or made or not ingest.is_ingested(self.db, view.name)):
            made += [f"{view.name}.{t}" for t in ingest.ingest_view(self.db, view)]
        return made

    def ready(self, view: View) -> Prepared:
        """The view's private table, ready to fit. A view without SQL reads the current schema's own tables."""
        schema = view.name
        if not view.sql:
            schema = str(self.db.rows_sql("current_schema", "select current_schema()")[0][0])
        resolved = resolve(self.db, view, schema)
        return prepare(self.db, resolved, schema)


def open_workspace(
    database: Path, views: Sequence[Path] = (), settings: Mapping[str, Any] | None = None, *, must_exist: bool = False
) -> Workspace:
    """Open (or make) a working database. Raises UserError."""
    if must_exist and not database.is_file():
        raise UserError("no such database", str(database), "run ingest-view first, or name it with --database")
    if not database.resolve().parent.is_dir():
        raise UserError("no such folder", str(database.resolve().parent), "make it first")
    for folder in views:
        if not folder.is_dir():
            raise UserError("no such folder", str(folder), "name a folder of views with --views")
    return Workspace(Db.open(database, settings=settings), views)
