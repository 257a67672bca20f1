"""Adult from raw files to a synthetic database, through the command, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

DATA = os.environ.get("DUCKPASTE_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="DUCKPASTE_TEST_DATA is not set: no raw Adult files")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, at epsilon 1 and 10, in an empty folder; the second finds the view ingested."""
    folder = tmp_path_factory.mktemp("adult")
    for epsilon, more in ((1, ["--all"]), (10, [])):
        command = [
            sys.executable, "-m", "duckpaste", "p", "tab_adult.mst", "--raw", str(Path(str(DATA)) / "adult"),
            f"alg.epsilon={epsilon}", "alg.delta=1e-9", "--out", f"out{epsilon}/", "--seed", "7", *more,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "internal: contains exact statistics" in done.stdout
        (folder / f"out{epsilon}.txt").write_text(done.stdout)
    return folder


def query(path: Path, text: str) -> list[tuple]:  # type: ignore[type-arg]
    """Rows of a query on a file."""
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(text).fetchall()


def real(folder: Path, text: str) -> list[tuple]:  # type: ignore[type-arg]
    """Rows of a query on the private view."""
    return query(folder / "duckpaste.duckdb", text)


def test_fifteen_typed_columns(made: Path) -> None:
    """Types come from the view's DDL."""
    columns = dict(query(made / "out1/synthetic.duckdb", "select column_name, data_type from duckdb_columns() "
                         "where table_name = 'adult' and schema_name = 'main'"))  # fmt: skip
    assert len(columns) == 15
    assert columns["age"] == "UTINYINT" and columns["workclass"].startswith("ENUM(")
    rows = query(made / "out1/synthetic.duckdb", "select count(*) from adult")[0][0]
    assert abs(rows - 48_842) < 500  # the noisy total has a standard deviation below 50


def test_a_spike_stays_a_spike(made: Path) -> None:
    """The share of capital-gain = 0 is within two points of the real one; noise alone moves it by a tenth of that."""
    text = 'select avg(("capital-gain" = 0)::int) from {}'
    share = real(made, text.format("duckpaste.tab_adult.adult"))[0][0]
    for epsilon in (1, 10):
        assert abs(query(made / f"out{epsilon}/synthetic.duckdb", text.format("adult"))[0][0] - share) < 0.02


def test_ages_are_integers_within_the_declared_range(made: Path) -> None:
    """17 to 90, as declared."""
    low, high = query(made / "out1/synthetic.duckdb", "select min(age), max(age) from adult")[0]
    assert low >= 17 and high <= 90


def test_education_and_its_number_agree(made: Path) -> None:
    """At epsilon 10 at most 1 % of rows contradict the code book."""
    book = dict(
        real(
            made,
            'select education::varchar, any_value("education-num") from duckpaste.tab_adult.adult group by 1',
        )
    )
    found = query(
        made / "out10/synthetic.duckdb",
        'select education::varchar, "education-num", count(*) from adult group by all',
    )
    wrong = sum(n for name, number, n in found if book[name] != number)
    assert wrong <= 0.01 * sum(n for *_, n in found)


def test_the_ledger_sums_to_at_most_the_budget(made: Path) -> None:
    """rho of epsilon 1 and 10 at delta 1e-9, to the digit."""
    spent = query(made / "duckpaste.ledger.duckdb", "select sum(rho) from ledger group by run order by 1")
    assert spent[0][0] <= 0.014973057673588528 and spent[1][0] <= 1.0907857043970155
    assert spent[0][0] > 0.0149 and spent[1][0] > 1.09
    states = query(made / "duckpaste.ledger.duckdb", "select distinct state from ledger")
    assert states == [("released",)]


def test_the_private_file_is_not_needed_to_sample(made: Path, tmp_path: Path) -> None:
    """The same model and seed give the same rows from another folder, with nothing private in reach."""
    import duckpaste

    duckpaste.sample(made / "out1/model.duckdb", tmp_path / "again.duckdb", seed=7)
    text = "select md5(string_agg(t::varchar, '|' order by rowid)) from adult t"
    assert query(tmp_path / "again.duckdb", text) == query(made / "out1/synthetic.duckdb", text)
