"""Datasets: what dataset.yml may say, raw files, parameters, and faults of the text inside."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingest_help import dataset, one

from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError
from duckpaste.ingest import Parameter, describe, ingest_dataset, is_ingested
from duckpaste.resources import folder

READ = (
    "create table t as select name, age::utinyint as age "
    "from read_csv({{ raw_file('people.csv') | literal }}, header = true, all_varchar = true)"
)
TABLE = "create table t as select {{ parameters.rows | literal }} as n"


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as opened:
        yield opened


def test_describe(tmp_path: Path) -> None:
    yaml = "files: [a.csv]\nparameters: {rows: 5, n: {default: 2, min: 1}}"
    path = dataset(tmp_path, "shop", yaml, b="b", a="a")
    info = describe(path)
    assert (info.name, info.licence, info.source, info.files) == ("shop", "none", "made up", ("a.csv",))
    assert info.parameters == {"rows": Parameter(5), "n": Parameter(2, 1)}
    assert [p.name for p in info.sql] == ["a.sql", "b.sql"]
    assert info.missing(None) == info.missing(tmp_path) == ["a.csv"]


def test_files_may_be_packed(db: Db, tmp_path: Path) -> None:
    """a.csv is found as a.csv.gz; where both are there, as it is."""
    path = dataset(
        tmp_path,
        "shop",
        "files: [in/a.csv]",
        a="create table a as from read_csv({{ raw_file('in/a.csv') | literal }})",
    )
    raw = tmp_path / "raw" / "in"
    raw.mkdir(parents=True)
    with pytest.raises(UserError, match="no file in/a.csv"):
        ingest_dataset(db, path, raw.parent)
    (raw / "a.csv.gz").write_bytes(gzip.compress(b"x\n1\n2\n"))
    ingest_dataset(db, path, raw.parent)
    assert one(db, "select count(*) from shop.a") == 2
    (raw / "a.csv").write_bytes(b"x\n1\n")
    ingest_dataset(db, path, raw.parent)
    assert one(db, "select count(*) from shop.a") == 1


def test_every_shipped_dataset_can_be_described() -> None:
    shipped = sorted(path.parent for path in folder("views").glob("*/dataset.yml"))
    assert {p.name for p in shipped} >= {"adult", "clinic_data"}
    for path in shipped:
        info = describe(path)
        assert info.licence and info.source


def test_all_faults_of_the_yaml_at_once(tmp_path: Path) -> None:
    path = tmp_path / "shop"
    path.mkdir()
    (path / "dataset.yml").write_text("licens: x\nfiles: a.csv\nparameters: {n: {min: 2}}\n")
    with pytest.raises(UserError) as caught:
        describe(path)
    said = [str(fault) for fault in caught.value.faults]
    assert said[0] == "shop/dataset.yml:1: unknown key 'licens'; did you mean 'licence'?"
    expected = ("no 'licence'", "no 'source'", "dataset.yml:2", "dataset.yml:3", "no *.sql")
    assert [part for part in expected if part not in " ".join(said)] == []
    assert len(said) == 6


def test_folder_without_yaml(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        describe(tmp_path)


def test_missing_raw_files_are_all_named_before_anything_happens(db: Db, tmp_path: Path) -> None:
    path = dataset(tmp_path, "shop", "files: [a.csv, b.csv]", a="create table t (i int)")
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(UserError) as caught:
        ingest_dataset(db, path)
    assert [str(f) for f in caught.value.faults] == [
        f"dataset shop: needs the raw file {name}; name its folder with --raw DIR (source: made up)"
        for name in ("a.csv", "b.csv")
    ]
    with pytest.raises(UserError, match=r"^dataset shop: no file b.csv in .*--raw DIR \(source: made up\)$"):
        ingest_dataset(db, path, tmp_path)
    assert not is_ingested(db, "shop")


def test_raw_file_that_only_the_template_names(db: Db, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs the raw file people.csv"):
        ingest_dataset(db, dataset(tmp_path, "shop", a=READ))


def test_raw_folder_is_relative_and_has_a_quote(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "it's raw"
    raw.mkdir()
    (raw / "people.csv").write_text("name,age\nAnna,39\n")
    monkeypatch.chdir(tmp_path)
    ingest_dataset(db, dataset(tmp_path, "shop", a=READ), Path("it's raw"))
    assert db.rows_sql("t", "from shop.t") == [("Anna", 39)]


def test_text_in_a_number_column_shows_the_column_and_no_value(db: Db, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,age\nAnna,39\nBob,secret to DATE\n")
    with pytest.raises(EngineError) as caught:
        ingest_dataset(db, dataset(tmp_path, "shop", a=READ), tmp_path)
    text = str(caught.value)
    assert "\n" not in text
    # DuckDB 2.0 moves the conversion into the reader and then calls the type by its other name.
    assert re.match(
        r"a.sql \(statement 1\): a value in column age could not be converted to (UINT8|UTINYINT) ", text
    )
    assert not any(word in text for word in ("Bob", "secret", "DATE", "Anna"))


def test_text_below_an_expression_shows_the_line_of_the_template(db: Db, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,age\nAnna,39\nBob,secret\n")
    script = READ.replace("age::utinyint as age", "\n  trim(age)::utinyint as age\n")
    with pytest.raises(EngineError, match=r"a value in `trim\(age\)::utinyint as age` could") as caught:
        ingest_dataset(db, dataset(tmp_path, "shop", a=script), tmp_path)
    assert "secret" not in str(caught.value)


def test_parameters(db: Db, tmp_path: Path) -> None:
    path = dataset(tmp_path, "shop", "parameters: {rows: {default: 5, min: 1, max: 9}}", a=TABLE)
    ingest_dataset(db, path)
    assert one(db, "from shop.t") == 5
    ingest_dataset(db, path, parameters={"rows": 9})
    assert one(db, "from shop.t") == 9
    for given, said in (
        ({"rows": 10}, "outside its limits; give 1 to 9"),
        ({"rows": 0}, "outside its limits"),
        ({"rows": "7"}, "not of type int"),
        ({"rows": True}, "not of type int"),
        ({"row": 7}, r"unknown parameter 'row'; did you mean 'rows'\?"),
    ):
        with pytest.raises(UserError, match=said):
            ingest_dataset(db, path, parameters=given)
    assert one(db, "from shop.t") == 9


def test_parameter_named_like_a_method(db: Db, tmp_path: Path) -> None:
    script = "create table t as select {{ parameters.items }} as a, {{ parameters['keys'] }} as b"
    ingest_dataset(db, dataset(tmp_path, "shop", "parameters: {items: 3, keys: 4}", a=script))
    assert db.rows_sql("t", "from shop.t") == [(3, 4)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("select {{ nothing }}", "a view's SQL may use data_sql, parameters, raw_file"),
        ("select {{", "template syntax"),
        ("select {{ parameters.none }}", "has no attribute 'none'"),
        ("{{ raw_file() }}", "template: "),
        ("{{ {} | literal }}", "template: no SQL literal for dict"),
        ("{{ data_sql('none.sql') }}", "no such file"),
        ("create tabel t", "a.sql: Parser Error"),
    ],
)
def test_broken_templates(db: Db, tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        ingest_dataset(db, dataset(tmp_path, "shop", a=script))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_name_of_the_yaml_wins_over_the_folder(db: Db, tmp_path: Path) -> None:
    path = dataset(tmp_path, "folder", "name: 'odd \"name'", a="create table t (i int)")
    ingest_dataset(db, path)
    assert is_ingested(db, 'odd "name')
    assert one(db, 'select count(*) from "odd ""name".t') == 0
