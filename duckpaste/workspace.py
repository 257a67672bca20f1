"""Workspace: the working database, the folders of views, and the ledger beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.files import is_same
from duckpaste.prepare import Prepared, prepare, resolve
from duckpaste.schema.view import View

DATABASE = "duckpaste.duckdb"


class Workspace:
    """Holds private data: raw tables and views live in `db`, the ledger in a file beside it.

    `views` are folders of a user's own views, looked up before those that ship. `new` tells that the database file
    was made for this workspace: when the block of `with` fails before anything stands in it, the file goes."""

    def __init__(
        self, db: Db, views: Sequence[Path] = (), ledger: Path | None = None, *, new: bool = False
    ) -> None:
        self.db = db
        self.views = tuple(views)
        self._ledger = ledger
        self._new = new

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        unused = self._new and kind is not None and self._is_empty()
        self.db.close()
        if unused and self.db.path is not None:
            for path in (self.db.path, self.db.path.with_name(f"{self.db.path.name}.wal")):
                path.unlink(missing_ok=True)

    def _is_empty(self) -> bool:
        try:
            return not self.db.rows_sql("tables", "select 1 from duckdb_tables() where not temporary limit 1")
        except UserError:
            return False

    @property
    def ledger_path(self) -> Path | None:
        """The ledger's file; None when the data is in memory and no file was named."""
        if self._ledger is not None or self.db.path is None:
            return self._ledger
        return self.db.path.with_name(f"{self.db.path.stem}.ledger.duckdb")

    def load(self, name: str) -> View:
        """The view called `name` (or in the folder `name`), as declared; its tables need not exist yet."""
        from duckpaste.schema import fields, folders

        path = fields.find(name, self.views)
        if (path / folders.DATASET).is_file() and not (path / folders.VIEW).is_file():
            views = ", ".join(n for n, kind in fields.available(self.views) if kind == "view")
            raise UserError("is a dataset, not a view", name, f"name a view (known: {views})")
        return fields.load(path)

    def refuse_private(self, target: Path, view: View | None = None) -> None:
        """Raise UserError when `target` is the working database, its ledger, or the file that `view` reads."""
        private = [self.db.path, self.ledger_path]
        if view is not None and view.database:
            private.append(Path(view.database.removeprefix("sqlite:")))
        for path in private:
            if path is not None and is_same(path, target):
                raise UserError(
                    "is the private data, or its ledger", str(target), "name another file with -o"
                )

    def ingest_dataset(
        self, name: str, raw: Path | None, parameters: Mapping[str, Any], beside: Sequence[Path] = ()
    ) -> list[str]:
        """Make the tables of a dataset anew. It is looked up in `beside` too."""
        from duckpaste import ingest
        from duckpaste.schema import fields, folders

        _check_raw(raw)
        path = fields.find(name, (*self.views, *beside))
        if (path / folders.VIEW).is_file() and not (path / folders.DATASET).is_file():
            raise UserError("is a view, not a dataset", name, f"run: duckpaste ingest-view {name}")
        return ingest.ingest_dataset(self.db, path, raw, parameters)

    def ingest(
        self,
        view: View,
        *,
        raw: Path | None = None,
        parameters: Mapping[str, Any] | None = None,
        anew: bool = False,
    ) -> list[str]:
        """Make what is missing of the view and its dataset (`anew`: everything); return what was made.

        A view whose SQL was changed since counts as missing."""
        from duckpaste import ingest

        _check_raw(raw)
        if parameters and not view.dataset:
            raise UserError(
                f"has no dataset that could take data.{next(iter(parameters))}", view.name, "leave it out"
            )
        made: list[str] = []
        if view.dataset and (anew or parameters or not ingest.is_ingested(self.db, view.dataset)):
            made += [f"{view.dataset}.{t}" for t in self.ingest_dataset(
                view.dataset, raw, parameters or {}, [view.path.resolve().parent])]  # fmt: skip
        if view.sql and (anew or made or not ingest.is_ingested(self.db, view.name, ingest.made_from(view))):
            made += [f"{view.name}.{t}" for t in ingest.ingest_view(self.db, view)]
        return made

    def resolved(self, view: View) -> tuple[View, tuple[str, ...]]:
        """The view with what its DDL declares, and the schema of its tables (database and schema).

        A view without SQL reads the current schema's own tables."""
        schema = view.name
        if not view.sql:
            schema = str(self.db.rows_sql("current_schema", "select current_schema()")[0][0])
            self._check_tables(view, schema)
        return resolve(self.db, view, schema), (self.db.database, schema)

    def _check_tables(self, view: View, schema: str) -> None:
        """Raise UserError when no table of a view without SQL stands in `schema`."""
        from duckpaste.schema.names import fold

        names = {fold(str(name)) for (name,) in self.db.rows("schema_tables", name=schema)}
        if not names & {fold(t.name) for t in view.tables}:
            where = str(self.db.path or "the connection")
            remedy = "write one that makes its tables, or name the database that holds them"
            raise UserError(
                f"none of its tables is in {where}, and it has no *.sql file", f"view {view.name}", remedy
            )

    def ready(self, view: View) -> Prepared:
        """The view's one private table, ready to fit."""
        found, schema = self.resolved(view)
        return prepare(self.db, found, schema[-1])


def open_workspace(
    database: Path,
    views: Sequence[Path] = (),
    settings: Mapping[str, Any] | None = None,
    *,
    ledger: Path | None = None,
) -> Workspace:
    """Open (or make) a working database. Raises UserError."""
    if not database.resolve().parent.is_dir():
        raise UserError("no such folder", str(database.resolve().parent), "make it first")
    for folder in views:
        if not folder.is_dir():
            raise UserError("no such folder", str(folder), "name a folder of views with --views")
    new = not database.exists()
    return Workspace(Db.open(database, settings=settings), views, ledger, new=new)


def _check_raw(raw: Path | None) -> None:
    if raw is not None and not raw.is_dir():
        raise UserError("no such folder", str(raw), "name the folder of the raw files with --raw")
