"""Views: tables from a dataset, from an attached database, and from files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ingest_help import dataset, one

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.ingest import ingest_dataset, ingest_view, is_ingested
from duckpaste.schema.view import View


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as opened:
        yield opened


def view(
    folder: Path, script: str | None, *, dataset: str | None = None, database: str | None = None
) -> View:
    """The view `v` with one script."""
    folder = folder / "v"
    folder.mkdir(exist_ok=True)
    paths: tuple[Path, ...] = ()
    if script is not None:
        (folder / "v.sql").write_text(script)
        paths = (folder / "v.sql",)
    return View("v", folder, (), dataset=dataset, database=database, sql=paths)


def private(path: Path) -> Path:
    """A database file with one table."""
    with duckdb.connect(str(path)) as con:
        con.execute("create table person as select 1 as id, 'x' as name").fetchall()
    return path


def test_view_of_a_dataset(db: Db, tmp_path: Path) -> None:
    ingest_dataset(db, dataset(tmp_path, "raw data", a="create table t as select 7 as i"))
    made = view(tmp_path, "create table u as select i + 1 as j from {{ dataset }}.t", dataset="raw data")
    assert ingest_view(db, made) == ["u"]
    assert one(db, "from v.u") == 8
    assert is_ingested(db, "v")


def test_dataset_that_is_not_ingested(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        ingest_view(db, view(tmp_path, "select 1", dataset="adult"))
    assert str(caught.value) == (
        "view v: its dataset adult is not ingested; run: duckpaste ingest-dataset adult --raw DIR"
    )
    with pytest.raises(UserError, match=r"run: duckpaste ingest-dataset clinic_data$"):
        ingest_view(db, view(tmp_path, "select 1", dataset="clinic_data"))


def test_view_named_like_its_dataset(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="same name"):
        ingest_view(db, view(tmp_path, "select 1", dataset="V"))


def test_view_without_sql(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \*.sql file"):
        ingest_view(db, view(tmp_path, None))


def test_view_of_a_database_file(db: Db, tmp_path: Path) -> None:
    path = private(tmp_path / "it's private.duckdb")
    made = view(tmp_path, "create table p as from {{ source }}.person", database=str(path))
    assert ingest_view(db, made) == ["p"]
    assert db.rows_sql("t", "from v.p") == [(1, "x")]
    assert one(db, "select count(*) from duckdb_databases() where database_name like 'duckpaste%'") == 0


def test_attached_database_cannot_be_written(db: Db, tmp_path: Path) -> None:
    path = private(tmp_path / "p.duckdb")
    with pytest.raises(UserError, match="the database is open for reading only"):
        ingest_view(db, view(tmp_path, "delete from {{ source }}.person", database=str(path)))
    assert one(db, "select count(*) from duckdb_databases() where database_name like 'duckpaste%'") == 0
    with duckdb.connect(str(path)) as con:
        assert con.sql("select count(*) from person").fetchall() == [(1,)]


def test_database_that_is_the_working_one(tmp_path: Path) -> None:
    path = private(tmp_path / "p.duckdb")
    with Db.open(path) as db:
        made = view(tmp_path, "create table p as from {{ source }}.main.person", database=str(path))
        assert ingest_view(db, made) == ["p"]
        assert one(db, "select current_schema()") == "main"
        assert one(db, "select count(*) from main.person") == 1


def test_files_beside_the_view(db: Db, tmp_path: Path) -> None:
    made = view(tmp_path, "create table p as from {{ source }}", database="p.csv")
    with pytest.raises(UserError, match=r"view v: no such file: .*p.csv; correct 'database'"):
        ingest_view(db, made)
    (made.path / "p.csv").write_text("id,name\n1,x\n")
    assert ingest_view(db, made) == ["p"]
    db.run_sql("t", f"copy v.p to '{made.path}/a.parquet'")
    db.run_sql("t", f"copy v.p to '{made.path}/b.parquet'")
    ingest_view(db, view(tmp_path, "create table p as from {{ source }}", database="*.parquet"))
    assert one(db, "select count(*) from v.p") == 2


def test_database_that_is_not_there_or_is_none(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such database: .*gone.duckdb"):
        ingest_view(db, view(tmp_path, "select 1", database="gone.duckdb"))
    (tmp_path / "text.duckdb").write_text("this is no database at all")
    with pytest.raises(UserError, match="cannot attach the database"):
        ingest_view(db, view(tmp_path, "select 1", database=str(tmp_path / "text.duckdb")))


def test_password_of_a_connection_is_not_shown(db: Db, tmp_path: Path) -> None:
    db.run_sql("t", "set autoinstall_known_extensions = false")
    made = view(tmp_path, "select 1", database="postgres:host=localhost port=1 password=hunter2 dbname=x")
    with pytest.raises(UserError) as caught:
        ingest_view(db, made)
    assert "hunter2" not in str(caught.value)
    assert "install postgres" in str(caught.value)
    assert caught.value.__suppress_context__
