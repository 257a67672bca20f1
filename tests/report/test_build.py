"""From a database to its page, by the commands a person types: what the page says agrees with both databases."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from test_page import Reader

import duckpaste
from duckpaste.cli import cli
from duckpaste.evaluate.score import INTERNAL
from duckpaste.report.children import drawn
from duckpaste.report.words import share

VIEW = """
unit: people
tables:
  people:
    fields:
      person: id
      sex: {type: categorical, values: [f, m]}
      age: {type: numerical, min: 0, max: 100, bins: 10}
  visits:
    contributions: 4
    max_children: 6
    fields:
      visit: id
      person: id:people.person
      ward: id:wards.ward
      came: {type: datetime, min: 2020-01-01, max: 2020-12-31}
  wards: {public: true}
"""
TABLES = """
create table wards (ward integer primary key, name varchar not null);
insert into wards values (1, 'heart'), (2, 'bone');
create table people (person integer primary key, sex varchar not null, age integer not null);
insert into people select i, ['f', 'm'][1 + i % 2], i * 7 % 90 from range(400) r(i);
create table visits (visit integer primary key, person integer not null references people (person),
  ward integer not null references wards (ward), came timestamp not null);
insert into visits select i, (i * i) % 300, 1 + i % 2, timestamp '2020-01-01' + interval (i * 8) hour from range(700) r(i);
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private database, a view of it, and a synthetic database."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "v").mkdir()
    (folder / "v" / "fields.yml").write_text(VIEW)
    with duckdb.connect(str(folder / "private.duckdb")) as con:
        con.execute(TABLES)
    model = duckpaste.fit(folder / "private.duckdb", folder / "v", "mare", epsilon=20, hold_out=0.25)
    duckpaste.sample(model, folder / "synthetic.duckdb", seed=1)
    return folder


def run(home: Path, *words: str) -> str:
    done = CliRunner().invoke(
        cli, [*words, "--database", str(home / "private.duckdb")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_writes_a_page_that_agrees_with_both_databases(home: Path) -> None:
    out = home / "report.html"
    printed = run(
        home,
        "evaluate",
        str(home / "v"),
        str(home / "synthetic.duckdb"),
        "-o",
        str(out),
        "-o",
        str(home / "s.duckdb"),
    )
    assert INTERNAL in printed and f"wrote {out}" in printed
    text = Reader(out.read_text(encoding="utf-8")).words()
    with duckdb.connect(str(home / "s.duckdb"), read_only=True) as con:
        worst = con.sql(
            "select columns[1], value from scores where metric = 'tv1' and split = 'syn' and len(columns) = 1 order by value desc"
        ).fetchall()[0]
        split = con.sql("select count(*) from scores where split = 'ref'").fetchall()[0][0]
    assert split and f"Weakest {worst[0]} of" in text and f"{worst[1]:.4f}" in text
    for wanted in (
        "ε = 20",
        "each row of people with all that hangs on it",
        "at most 4 rows",
        "mare over mst",
        "wards: all rows",
        "visits per people",
        "held-out",
    ):
        assert wanted in text, wanted
    with duckdb.connect(str(home / "private.ledger.duckdb"), read_only=True) as con:
        stages = con.sql("select stage, mechanism, count(*) from releases group by 1, 2").fetchall()
    for stage, mechanism, releases in stages:
        assert re.search(rf"{re.escape(stage)} {re.escape(mechanism)} {releases:,} ", text), (
            stage,
            mechanism,
        )
    childless = "select count(*) filter (where n is null) / count(*) from people left join (select person, count(*) as n from visits group by 1) using (person)"
    told = []
    for name in ("private", "synthetic"):
        with duckdb.connect(str(home / f"{name}.duckdb"), read_only=True) as con:
            told.append(share(con.sql(childless).fetchall()[0][0]))
    assert f"none: real {told[0]} , synthetic {told[1]}" in text


def test_python_returns_what_shows_itself(home: Path) -> None:
    with duckdb.connect(str(home / "private.duckdb")) as con:
        found = duckpaste.evaluate(
            con, home / "v", home / "synthetic.duckdb", metrics="tv1"
        )  # one needs no list
    assert found.value("tv1", "people") is not None and found.worst("tv1")
    path = found.to_html(home / "python.html")
    assert "ε = 20" in path.read_text(encoding="utf-8")
    with pytest.raises(duckpaste.UserError, match="python.html: exists already"):
        found.to_html(path)
    assert found.to_html(path, overwrite=True) == path
    assert found._repr_html_().startswith("<iframe") and "internal" in repr(found)


def test_a_file_of_unknown_origin_has_a_page_too(home: Path) -> None:
    other = home / "other.duckdb"
    with duckdb.connect(str(other)) as con:
        con.execute(TABLES)
    out = home / "other.html"
    run(
        home,
        "evaluate",
        str(home / "v"),
        str(other),
        "-o",
        str(out),
        "--metrics",
        "tv1,tv2",
        "--hold-out",
        "0.25",
    )
    text = Reader(out.read_text(encoding="utf-8")).words()
    assert "Unknown" in text and "duckpaste did not make it" in text and "ε" not in text


def test_a_page_is_refused_where_it_can_not_be(home: Path) -> None:
    for out in ("x.txt", "gone/x.html"):
        words = [
            "evaluate",
            str(home / "v"),
            str(home / "synthetic.duckdb"),
            "-o",
            str(home / out),
            "--database",
            str(home / "private.duckdb"),
        ]
        done = CliRunner().invoke(cli, words)
        assert isinstance(done.exception, duckpaste.UserError)


def test_numbers_of_children_in_bins() -> None:
    few = drawn("a per b", {"real": {0: 2, 1: 1, 3: 1}, "synthetic": {1: 4}}).plot
    assert (
        few.labels == ["0", "1", "2", "3"]
        and few.shares["real"] == [0.5, 0.25, 0.0, 0.25]
        and few.shares["synthetic"][1] == 1
    )
    many = drawn("a per b", {"real": dict.fromkeys(range(100), 1), "synthetic": {5: 1, 900: 1}}).plot
    assert many.labels[-1].endswith("and more") and many.shares["synthetic"][-1] == 0.5
    assert sum(many.shares["real"]) == pytest.approx(1) and many.shares["real"][0] == pytest.approx(0.05)
    assert drawn("a per b", {"real": {}, "synthetic": {}}).plot.labels == ["0"]
