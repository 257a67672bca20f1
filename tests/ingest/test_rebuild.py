"""One ingest is all or nothing, whatever ends it, and touches no schema but its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ingest_help import dataset, one

from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError
from duckpaste.ingest import ingest_dataset, is_ingested
from duckpaste.sql import ident

SHOP = """
create type colour as enum ('red', 'blue');
create table item (id bigint primary key, colour colour not null);
create table sale (id bigint primary key, item_id bigint not null references item (id));
insert into item select i, 'red' from range({n}) as r(i);
insert into sale select i, i // 2 from range(2 * {n}) as r(i);
"""

# Arguments: the database, the dataset, the statement before which the process kills itself (-1: after all).
KILLED = """
import os, signal, sys
from pathlib import Path
from duckpaste.db import Db
from duckpaste.ingest import ingest_dataset
db = Db.open(sys.argv[1])
last, count, run = int(sys.argv[3]), 0, Db.run_sql
def counted(self, name, text, params=None):
    global count
    if count == last:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    run(self, name, text, params)
Db.run_sql = counted
ingest_dataset(db, Path(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL) if last < 0 else print(count)
"""


def killed(database: Path, folder: Path, statement: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(database), str(folder), str(statement)]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)


@pytest.fixture
def db() -> Db:
    with Db.open() as opened:
        yield opened


def test_second_ingest_replaces_the_first(db: Db, tmp_path: Path) -> None:
    folder = dataset(tmp_path, "shop", a=SHOP.format(n=10), b="create table gone (i int)")
    assert ingest_dataset(db, folder) == ["gone", "item", "sale"]
    (folder / "b.sql").unlink()
    assert ingest_dataset(db, dataset(tmp_path, "shop", a=SHOP.format(n=5))) == ["item", "sale"]
    assert one(db, "select count(*) from shop.sale") == 10
    assert one(db, "select count(*) from duckpaste.ingested") == 1


def test_scripts_run_in_order_and_the_current_schema_comes_back(db: Db, tmp_path: Path) -> None:
    db.run_sql("t", "create schema mine; use mine")
    first, second = "create table t1 as select 1 as i", "create table t2 as from t1"
    ingest_dataset(db, dataset(tmp_path, "two", b=second, a=first))
    assert one(db, "select current_schema()") == "mine"
    assert one(db, "select i from two.t2") == 1
    with pytest.raises(EngineError):
        ingest_dataset(db, dataset(tmp_path, "two", a="create table t1 as select 1 as i; select nothing"))
    assert one(db, "select current_schema()") == "mine"


def test_failure_leaves_the_old_tables(db: Db, tmp_path: Path) -> None:
    ingest_dataset(db, dataset(tmp_path, "shop", a=SHOP.format(n=10)))
    broken = SHOP.format(n=99) + "insert into sale values (1000000, 5000);"
    with pytest.raises(EngineError, match=r"^a.sql \(statement 6\): a row breaks a foreign key") as caught:
        ingest_dataset(db, dataset(tmp_path, "shop", a=broken))
    assert "5000" not in str(caught.value)
    assert one(db, "select count(*) from shop.sale") == 20
    assert is_ingested(db, "shop")


def test_failed_first_ingest_leaves_nothing(db: Db, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        ingest_dataset(db, dataset(tmp_path, "shop", a="create table t (i int); select * from nowhere"))
    assert not is_ingested(db, "shop")
    assert one(db, "select count(*) from duckdb_schemas() where schema_name in ('shop', 'duckpaste')") == 0


@pytest.mark.parametrize("script", ["create table t (i int); commit;", "begin; select 1", "rollback"])
def test_script_cannot_end_the_transaction(db: Db, tmp_path: Path, script: str) -> None:
    with pytest.raises(UserError, match="may not begin or end a transaction"):
        ingest_dataset(db, dataset(tmp_path, "shop", a=script))
    assert one(db, "select count(*) from duckdb_schemas() where schema_name = 'shop'") == 0


def test_script_without_tables_is_refused(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="makes no table"):
        ingest_dataset(db, dataset(tmp_path, "shop", a="select 1"))


def test_schema_of_the_user_is_never_dropped(db: Db, tmp_path: Path) -> None:
    db.run_sql("t", "create schema Shop; create table shop.precious as select 1 as i")
    folder = dataset(tmp_path, "shop", a="create table t (i int)")
    with pytest.raises(UserError, match="schema 'shop' that duckpaste did not make"):
        ingest_dataset(db, folder)
    assert one(db, "select i from shop.precious") == 1
    # Nor one that took the place of an ingested one.
    db.run_sql("t", "drop schema shop cascade")
    ingest_dataset(db, folder)
    db.run_sql("t", "drop schema shop cascade; create schema shop")
    db.run_sql("t", "create table shop.precious as select 2 as i")
    assert not is_ingested(db, "shop")
    with pytest.raises(UserError, match="did not make"):
        ingest_dataset(db, folder)
    assert one(db, "select i from shop.precious") == 2


def test_empty_schema_of_that_name_is_taken(db: Db, tmp_path: Path) -> None:
    db.run_sql("t", "create schema shop")
    assert ingest_dataset(db, dataset(tmp_path, "shop", a="create table t (i int)")) == ["t"]


@pytest.mark.parametrize("name", ["main", "duckpaste", "Main", "pg_catalog"])
def test_reserved_names(db: Db, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="is taken"):
        ingest_dataset(db, dataset(tmp_path, name, a="create table t (i int)"))


def test_rebuilding_a_dataset_leaves_another_schema_with_its_types(db: Db, tmp_path: Path) -> None:
    folder = dataset(tmp_path, "shop", a=SHOP.format(n=3))
    ingest_dataset(db, folder)
    db.run_sql("t", "create schema v; create table v.copy as from shop.item")
    ingest_dataset(db, folder)
    assert one(db, "select count(*) from v.copy where colour = 'red'") == 3


def test_database_file_named_like_the_dataset(tmp_path: Path) -> None:
    folder = dataset(tmp_path, "shop", a=SHOP.format(n=3))
    for name in ("shop.duckdb", "Shop.duckdb", "duckpaste.duckdb"):
        with Db.open(tmp_path / name) as db:
            ingest_dataset(db, folder)
            ingest_dataset(db, folder)
            assert is_ingested(db, "shop")
            assert one(db, f"select count(*) from {ident(db.database, 'shop', 'item')}") == 3


def test_users_connection_keeps_its_schema(tmp_path: Path) -> None:
    import duckdb

    con = duckdb.connect()
    con.execute("create schema mine").fetchall()
    con.execute("use mine").fetchall()
    with Db.over(con) as db:
        ingest_dataset(db, dataset(tmp_path, "shop", a="create table t (i int)"))
    assert con.sql("select current_schema()").fetchall() == [("mine",)]
    assert con.sql("select count(*) from shop.t").fetchall() == [(0,)]


def test_kill_at_any_statement_leaves_old_or_new(tmp_path: Path) -> None:
    """SIGKILL before each statement in turn, and after the last, leaves the old state or the new one."""
    database = tmp_path / "work.duckdb"
    with Db.open(database) as db:
        ingest_dataset(db, dataset(tmp_path, "shop", a=SHOP.format(n=10)))
    # `pad` has rows enough that DuckDB writes some to the file before the commit.
    pad = "create table pad as from range(300_000)"
    folder = dataset(tmp_path, "shop", a=SHOP.format(n=1000), b=pad)
    states = []
    for statement in [*range(13), -1]:
        ended = killed(database, folder, statement)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with Db.open(database) as db:
            assert is_ingested(db, "shop")
            items, sales = (one(db, f"select count(*) from shop.{table}") for table in ("item", "sale"))
            states.append((items, sales))
            assert one(db, "select count(*) from shop.sale anti join shop.item on item_id = item.id") == 0
            if states[-1] != (10, 20):
                break
    assert states[:-1] == [(10, 20)] * (len(states) - 1)
    assert states[-1] == (1000, 2000)
    assert len(states) >= 12
