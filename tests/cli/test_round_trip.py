"""init, then pipe: what init writes runs as it is, and with the edits that its notes ask for."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from cli_help import fine, rows

TABLE = """
create table visits (
    visit integer primary key, person integer not null, seen timestamp not null, ward varchar not null, "odd, name" varchar,
    cost decimal(9, 2) not null check (cost >= 0), note blob, tags varchar[]
);
comment on table visits is 'seen: "things" # here';
insert into visits select i, i // 2, timestamp '2020-01-01' + i * interval 1 hour, 'w' || (i % 4), if(i % 3 = 0, null, 'x'),
    i % 50, 'b', ['t'] from range(300) t(i);
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a new folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def source() -> Path:
    """A private DuckDB file."""
    con = duckdb.connect("hospital.duckdb")
    con.execute(TABLE).fetchall()
    con.execute("create view v as from visits").fetchall()
    con.execute("copy (select * exclude (note) from visits) to 'visits.parquet'").fetchall()
    con.execute("copy (select * exclude (note, tags) from visits) to 'visits.csv' (header)").fetchall()
    con.close()
    return Path("hospital.duckdb")


def edit(path: Path, **changes: str) -> None:
    """Replace a column's line in fields.yml."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, text in changes.items():
        found = [i for i, line in enumerate(lines) if line.strip().startswith(f"{name}:")]
        assert len(found) == 1, name
        lines[found[0]] = f"      {name}: {text}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_database(source: Path) -> None:
    told = fine("init", source)
    assert (
        "note: views are not copied: v" in told
        and "note: declare min, max of visits.person, visits.seen" in told
    )
    assert "note: declare values of visits.ward, visits.odd_ name" in told
    folder = Path("views/hospital")
    assert told.splitlines()[-1] == (
        f"next: read and complete {folder / 'fields.yml'}, then: duckpaste plan {folder}.mst"
    )
    assert "no fault" in fine("check", folder)
    assert "to be discovered with noise" in fine("plan", f"{folder}.mst")
    fine("pipe", f"{folder}.mst", "-n", 40)
    made = "select column_name, data_type, is_nullable from duckdb_columns() where table_name = 'visits' order by all"
    real = [("odd_ name" if n == "odd, name" else n, t, null) for n, t, null in rows(source, made)]
    assert rows(Path("out/synthetic.duckdb"), made) == sorted(real)
    # With everything declared that the notes name, nothing is left to discover.
    edit(folder / "fields.yml", person="id", seen="{type: datetime, min: 2020-01-01, max: 2020-12-31}",
         ward="{type: categorical, values: [w0, w1, w2, w3]}", cost="{type: numerical, min: 0, max: 50}",
         **{'"odd_ name"': "{type: categorical?, values: [x]}"})  # fmt: skip
    path = folder / "fields.yml"
    path.write_text(
        path.read_text().replace("    primary_key: visit\n", "    primary_key: visit\n    unit: person\n")
    )
    told = fine("plan", f"{folder}.mst")
    assert told.rstrip().endswith("nothing") and "for each value of person (at most 1 row weighs)" in told
    fine("pipe", f"{folder}.mst", "-n", 40, "--overwrite")
    # The view moves with its database, and is found by its name.
    Path("elsewhere/views").mkdir(parents=True)
    folder.rename("elsewhere/views/hospital")
    source.rename("elsewhere/hospital.duckdb")
    fine(
        "pipe",
        "hospital.independent",
        "--views",
        "elsewhere/views",
        "--database",
        "new.duckdb",
        "-n",
        40,
        "--overwrite",
    )


def test_a_working_database_and_a_synthetic_one(source: Path) -> None:
    """What duckpaste notes in a file of its own is no data."""
    fine("init", source)
    fine("pipe", "views/hospital.independent", "-n", 40)
    for path in ("duckpaste.duckdb", "out/synthetic.duckdb"):
        folder = Path("views", f"of_{Path(path).stem}")
        fine("init", path, "--out", folder)
        assert [p.name.split("_")[0] for p in sorted(folder.iterdir())] == ["01", "fields.yml"]
        fine("check", folder, "--database", f"{folder.name}.duckdb")


@pytest.mark.parametrize(("name", "words"), [("visits.csv", ["--sniff"]), ("visits.parquet", [])])
def test_a_file_with_types(source: Path, name: str, words: list[str]) -> None:
    told = fine("init", name, "--out", "mine/v", *words)
    assert "note: declare primary_key of visits if a column tells its rows apart" in told
    fine("pipe", "mine/v.mst", "-n", 40)
    types = dict(rows(Path("out/synthetic.duckdb"), "select column_name, data_type from duckdb_columns() "
                                                     "where table_name = 'visits'"))  # fmt: skip
    assert types["seen"] == "TIMESTAMP" and types["ward"] == "VARCHAR"
    edit(Path("mine/v/fields.yml"), visit="id", person="id")
    fine("pipe", "mine/v.mst", "-n", 40, "--overwrite")


def test_a_csv_file_without_types(source: Path) -> None:
    told = fine("init", "visits.csv")
    assert "declare the types of all columns, in the SQL file and in fields.yml" in told
    folder = Path("views/visits")
    fine("pipe", f"{folder}.mst", "-n", 40)  # every column a category
    script = folder / "01_visits.sql"
    text = script.read_text()
    for column, kind in (
        ("visit", "integer"),
        ("person", "integer"),
        ("seen", "timestamp"),
        ("cost", "decimal(9, 2)"),
    ):
        assert f'"{column}" VARCHAR' in text
        text = text.replace(f'"{column}" VARCHAR', f'"{column}" {kind}')
    script.write_text(text)
    edit(
        folder / "fields.yml",
        visit="id",
        person="numerical?",
        seen="datetime?",
        cost="{type: numerical?, min: 0, max: 50}",
    )
    fine("pipe", f"{folder}.mst", "-n", 40, "--overwrite")  # the view is made anew by itself
    assert rows(Path("out/synthetic.duckdb"), "select distinct typeof(cost) from visits") == [
        ("DECIMAL(9,2)",)
    ]


def test_chinook() -> None:
    root = os.environ.get("DUCKPASTE_TEST_DATA")
    if not root:
        pytest.skip("DUCKPASTE_TEST_DATA is not set")
    con = duckdb.connect("shop.duckdb")
    con.execute(
        "create table invoice (InvoiceId integer primary key, CustomerId integer not null, InvoiceDate timestamp not null, "
        "BillingCity varchar, BillingState varchar, BillingCountry varchar not null, Total decimal(10, 2) not null)"
    ).fetchall()
    con.execute("insert into invoice select InvoiceId, CustomerId, InvoiceDate, BillingCity, BillingState, BillingCountry, "
                f"Total from read_csv('{root}/chinook/invoice.csv')").fetchall()  # fmt: skip
    con.close()
    fine("init", "shop.duckdb", "--out", "shop")
    fine("pipe", "./shop.mst", "alg.epsilon=3")
    made = rows(
        Path("out/synthetic.duckdb"),
        "select count(*), count(distinct InvoiceId), min(typeof(Total)) from invoice",
    )
    assert 350 < made[0][0] < 480 and made[0][0] == made[0][1] and made[0][2] == "DECIMAL(10,2)"


def test_related_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What init drafts of tables with keys is what mare takes, as it stands."""
    monkeypatch.chdir(tmp_path)
    con = duckdb.connect("shop.duckdb")
    con.execute("create table people (id integer primary key, age integer check (age between 0 and 99))")
    con.execute(
        "create table orders (id integer primary key, person integer not null references people (id))"
    )
    con.execute("insert into people select i, i from range(1, 60) t(i)")
    con.execute("insert into orders select i, 1 + i // 2 from range(90) t(i)")
    con.close()
    told = fine("init", "shop.duckdb").splitlines()
    assert told[-1].endswith(f"then: duckpaste plan {Path('views/shop')}.mare")
    assert "note: declare `unit`, the table whose rows are the people, and" in told[-2]
    assert fine("check", "views/shop").endswith("each row of people with all that hangs on it\n")
    assert "for each row of people" in fine("plan", "views/shop.mare")
