"""Views: a folder with fields.yml, whose SQL makes typed tables out of a dataset or a database."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.ingest.dataset import describe
from duckpaste.ingest.rebuild import data_sql, digest, is_ingested, rebuild, render_scripts
from duckpaste.ingest.source import opened
from duckpaste.resources import folder
from duckpaste.schema.view import View


def ingest_view(db: Db, view: View) -> list[str]:
    """Make the tables of `view` anew in the schema named like it; return their names.

    Its SQL may use `dataset` (the quoted schema of its dataset), `source` (the quoted name of its database,
    attached read-only, or a path literal) and `data_sql(name)`. Raises UserError when the dataset is not
    ingested, or when the database cannot be read; a fault of the SQL leaves the old tables.
    """
    where = f"view {view.name}"
    if not view.sql:
        raise UserError("has no *.sql file", where, "write one that creates its tables")
    context: dict[str, Any] = {}
    with ExitStack() as stack:
        if view.dataset is not None:
            _check_dataset(db, view, view.dataset)
            context["dataset"] = sql.ident(db.database, view.dataset)
        if view.database is not None:
            context["source"] = stack.enter_context(opened(db, view.database, view.path, where))
        context["data_sql"] = data_sql(dict(context))
        return rebuild(db, view.name, "view", render_scripts(view.sql, context), made_from(view))


def made_from(view: View) -> str:
    """A digest of the view's SQL and of where it reads; it changes when the view must be ingested anew."""
    return digest(view.sql, view.dataset, view.database)


def _check_dataset(db: Db, view: View, dataset: str) -> None:
    where = f"view {view.name}"
    if dataset.lower() == view.name.lower():
        raise UserError("the view and its dataset have the same name", where, "rename one of them")
    if not is_ingested(db, dataset):
        command = f"duckpaste ingest-dataset {dataset}" + (" --raw DIR" if _needs_files(dataset) else "")
        raise UserError(f"its dataset {dataset} is not ingested", where, f"run: {command}")


def _needs_files(dataset: str) -> bool:
    """Whether the dataset wants raw files; True for one that does not ship with duckpaste."""
    path = folder("views") / dataset
    return not (path / "dataset.yml").is_file() or bool(describe(path).files)
