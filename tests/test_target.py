"""What stands somewhere stays: files are replaced when a user says so, when duckpaste made them, and never private data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from testkit import WIDE, fitted, wide

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.model import Model
from duckpaste.output.writer import sample
from duckpaste.privacy.ledger import Ledger


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with Db.open() as db:
        wide(db)
        yield fitted(db, WIDE)


def changed(path: Path, *statements: str) -> None:
    """Run statements in a database file."""
    con = duckdb.connect(str(path))
    for statement in statements:
        con.execute(statement).fetchall()
    con.close()


def beside(path: Path) -> None:
    """A ledger beside the file: it is somebody's working database."""
    Ledger.beside(path).close()


INGESTED = "create table duckpaste.ingested as select 'v' as name"
MINE = "create table mine as select 1 as precious"
SCHEMA = ("create schema hospital", "create table hospital.patients as select 1 as id")
# What may happen to a synthetic database until it is no longer one to replace, and what is said of it then.
SYNTHETIC: dict[str, tuple[Callable[[Path], None], str]] = {
    "used as a working database": (lambda p: changed(p, INGESTED, *SCHEMA), "is private data, or its ledger"),
    "a ledger beside it": (beside, "is private data, or its ledger"),
    "a table of the user's in it": (lambda p: changed(p, MINE), "is not a synthetic database"),
    "a schema of the user's in it": (lambda p: changed(p, *SCHEMA), "is not a synthetic database"),
    "another table in its place": (
        lambda p: changed(p, "create or replace table wide as select 1 as x"), "is not a synthetic database"),
    "no origin": (lambda p: changed(p, "drop table duckpaste.provenance"), "is not a synthetic database"),
    "an origin of something else": (
        lambda p: changed(p, "delete from duckpaste.provenance where key = 'seed'"), "is not a synthetic database"),
    "no database": (lambda p: p.write_text("notes") and None, "is not a synthetic database"),
}  # fmt: skip


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_synthetic_database_that_is_more_than_that_is_never_replaced(
    model: Model, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "s.duckdb"
    sample(model, path, n=5)
    change, said = SYNTHETIC[name]
    change(path)
    before = path.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(UserError, match=said):
            sample(model, path, n=6, overwrite=overwrite)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("statements", "said"), [
    ((MINE,), "is not a model file"),
    (SCHEMA, "is not a model file"),
    (("create schema duckpaste", INGESTED), "is private data, or its ledger"),
    (("create or replace table info as select 1 as patient",), "is not a model file"),
    (("drop table steps",), "is not a model file"),
])  # fmt: skip
def test_a_model_file_that_is_more_than_that_is_never_replaced(
    model: Model, tmp_path: Path, statements: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "m.duckdb"
    model.save(path)
    changed(path, *statements)
    before = path.read_bytes()
    with pytest.raises(UserError, match=said):
        model.save(path, overwrite=True)
    assert path.read_bytes() == before


def test_private_databases_are_never_replaced(model: Model, tmp_path: Path) -> None:
    raw, link = tmp_path / "raw.duckdb", tmp_path / "link.duckdb"
    changed(raw, "create table info (key varchar, value varchar)", "create table steps as select 1 as x",
            "create table factors as select 1 as x", "create table patients as select 1 as id")  # fmt: skip
    link.symlink_to(raw)
    before = raw.read_bytes()
    for path in (raw, link):
        for write in (
            lambda p=path: model.save(p, overwrite=True),
            lambda p=path: sample(model, p, n=5, overwrite=True),
        ):
            with pytest.raises(UserError, match="exists and is not"):
                write()
    assert raw.read_bytes() == before and link.is_symlink()


def test_a_file_that_a_notebook_has_open_is_told_as_such(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    sample(model, path, n=5)
    con = duckdb.connect(str(path))
    with pytest.raises(UserError, match="is open in this process already.*; close that connection first"):
        sample(model, path, n=6, overwrite=True)
    con.close()
    sample(model, path, n=6, overwrite=True)


def test_a_file_of_ours_is_replaced_when_told(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    sample(model, path, n=5)
    before = path.read_bytes()
    with pytest.raises(UserError) as error:
        sample(model, path, n=6)
    assert (
        str(error.value) == f"{path}: exists already; name another with --out, or replace it with --overwrite"
    )
    assert path.read_bytes() == before
    assert sample(model, path, n=6, overwrite=True).rows == {"wide": 6}
