"""Synthetic files: typed, commented, the same for a seed, whole or not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from testkit import INF, WIDE, category, fitted, wide

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.errors import UserError
from duckpaste.model import Column, Model, TableModel
from duckpaste.models.network import Network, Step
from duckpaste.output.writer import sample
from duckpaste.sample import tabular
from duckpaste.schema.view import Field

INFO = {"epsilon": "1.0", "delta": "0.0", "run": "r", "algorithm": "x", "unit": "row", "contributions": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of the wide table, saved; the private data is gone."""
    made = tmp_path_factory.mktemp("model")
    with Db.open() as db:
        wide(db)
        fitted(db, WIDE, epsilon=INF).save(made / "m.duckdb")
    yield made


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    from duckpaste.model_file import load

    return load(folder / "m.duckdb")


def one(values: list[str], kind: str = "VARCHAR", **more: Any) -> Model:
    """A table `t` of one category."""
    network = Network(Domain({"c": len(values)}), (), [Step("c", (), np.ones(len(values)))], total=10.0)
    key = Column("id", more.pop("key", "BIGINT"), True)
    codecs = [make(Field("id", "id", sql_type=key.sql_type)), make(category("c", values))]
    return Model([TableModel("t", [key, Column("c", kind)], codecs, network, **more)], INFO)


def digest(path: Path, table: str = "wide") -> str:
    with Db.open(path, read_only=True) as db:
        text = f"select md5(string_agg(t::varchar, chr(10) order by rowid)) from {table} t"
        return str(db.rows_sql("t", text)[0][0])


def rows(path: Path, text: str) -> list[tuple[Any, ...]]:
    with Db.open(path, read_only=True) as db:
        return db.rows_sql("t", text)


# -- what a seed means


def test_the_same_at_any_number_of_threads(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "CHUNK", 700)  # several batches, so that threads could mix them
    found = set()
    for threads in (1, 2, 8):
        path = tmp_path / f"{threads}.duckdb"
        sample(model, path, n=5000, seed=11, settings={"threads": threads})
        found.add(digest(path))
        assert rows(path, "select id from wide order by rowid limit 3 offset 2000") == [
            (2001,),
            (2002,),
            (2003,),
        ]
    assert len(found) == 1
    sample(model, tmp_path / "other.duckdb", n=5000, seed=12)
    assert digest(tmp_path / "other.duckdb") not in found


@pytest.mark.skipif(
    "DUCKPASTE_OTHER_PYTHON" not in os.environ, reason="DUCKPASTE_OTHER_PYTHON names no interpreter"
)
def test_the_same_with_another_duckdb(folder: Path, model: Model, tmp_path: Path) -> None:
    """An interpreter with another version of DuckDB."""
    code = (
        "import sys, duckdb, duckpaste; duckpaste.sample(sys.argv[1], sys.argv[2], n=2000, seed=11)\n"
        "print(duckdb.__version__)"
    )
    other = subprocess.run(
        [os.environ["DUCKPASTE_OTHER_PYTHON"], "-c", code, str(folder / "m.duckdb"), str(tmp_path / "o.duckdb")],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(tabular.__file__).parents[2])},
    )  # fmt: skip
    assert other.stdout.strip() != duckdb.__version__
    sample(model, tmp_path / "here.duckdb", n=2000, seed=11)
    assert digest(tmp_path / "here.duckdb") == digest(tmp_path / "o.duckdb")


def test_a_seed_is_drawn_and_told(model: Model, tmp_path: Path) -> None:
    first, second = (sample(model, tmp_path / name, n=200) for name in ("a.duckdb", "b.duckdb"))
    assert first.seed != second.seed and digest(first.path) != digest(second.path)
    again = sample(model, tmp_path / "c.duckdb", n=200, seed=first.seed)
    assert digest(again.path) == digest(first.path)
    assert rows(first.path, "select value from duckpaste.provenance where key = 'seed'") == [
        (str(first.seed),)
    ]


# -- what is written


def test_types_survive(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    sample(model, path, n=2000, seed=1)
    types = dict(rows(path, "select column_name, data_type from duckdb_columns() where table_name = 'wide'"))
    assert types == {
        "id": "BIGINT", "kind": "ENUM('a', 'b', 'it''s')", "cost": "DECIMAL(9,2)", "seen": "TIMESTAMP WITH TIME ZONE",
        "alive": "BOOLEAN", "token": "UUID", "account": "BIGINT", "born": "DATE", "name": "VARCHAR", "ratio": "DOUBLE",
        "note": "VARCHAR",
    }  # fmt: skip
    (found,) = rows(path, """select count(*), count(distinct id), count(distinct token), min(account), max(account),
        count(distinct account), bool_or(account % 2 = 1), min(cost), max(cost), min(born), max(born),
        count(note), count(cost) / count(*), count(alive) / count(*), count(distinct seen)
        from wide""")  # fmt: skip
    n, ids, tokens, low, high, accounts, odd, cheap, dear, first, last, notes, costs, alives, times = found
    assert n == ids == tokens == 2000 and notes == 0
    # Beyond 2^53 whole numbers are not rounded to even ones.
    assert 9_007_199_254_740_993 <= low < high <= 9_007_199_254_741_700 and accounts > 300 and odd
    assert cheap >= 0 and dear <= 75 and str(cheap.as_tuple().exponent) == "-2"
    assert str(first) >= "1950-01-01" and str(last) <= "2010-12-31" and times > 100
    assert costs == pytest.approx(6 / 7, abs=0.01) and alives == pytest.approx(0.8, abs=0.01)
    keys = rows(path, "select constraint_type from duckdb_constraints() where table_name = 'wide'")
    assert [k for (k,) in keys].count("PRIMARY KEY") == 1 and [k for (k,) in keys].count("CHECK") == 2


def test_comments_and_provenance(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    sample(model, path, n=10, seed=77)
    ((comment,),) = rows(path, "select comment from duckdb_tables() where table_name = 'wide'")
    for part in (
        "synthetic; NOT PRIVATE (epsilon inf)",
        "for each row",
        "independent",
        "seed 77",
        "it's wide",
    ):
        assert part in comment
    assert rows(path, "select comment from duckdb_columns() where column_name = 'cost'") == [("in euros",)]
    told = dict(rows(path, "from duckpaste.provenance"))
    assert told["guarantee"] == "NOT PRIVATE (epsilon inf)" and told["run"] == model.info["run"]
    assert not any("600" in v for k, v in told.items() if k not in ("run", "created", "seed")), (
        "nor the number of rows"
    )


def test_checks_that_synthetic_rows_break_are_left_out(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    model = one(["a", "b"], checks=["(c = 'a')"])
    sample(model, tmp_path / "s.duckdb", n=50, seed=1, progress=lambda done, all_: seen.append((done, all_)))
    assert rows(tmp_path / "s.duckdb", "select count(*), count(distinct c) from t") == [(50, 2)]
    assert "CHECK" not in {
        k for (k,) in rows(tmp_path / "s.duckdb", "select constraint_type from duckdb_constraints()")
    }
    assert seen[-1] == (50, 50)
    sample(one(["a"], checks=["(c = 'a')"]), tmp_path / "kept.duckdb", n=50, seed=1)
    assert ("CHECK",) in rows(tmp_path / "kept.duckdb", "select constraint_type from duckdb_constraints()")


# -- numbers of rows


def test_the_number_of_rows(model: Model, tmp_path: Path) -> None:
    assert sample(model, tmp_path / "a.duckdb", seed=1).rows == {"wide": model["wide"].rows} == {"wide": 600}
    assert sample(model, tmp_path / "a.duckdb", n=1, seed=1, overwrite=True).rows == {"wide": 1}
    for options in ({"n": 0}, {"n": -5}, {"seed": -1}):
        with pytest.raises(UserError):
            sample(model, tmp_path / "b.duckdb", **options)
    assert not (tmp_path / "b.duckdb").exists()


def test_more_rows_than_keys_is_told_as_such(tmp_path: Path) -> None:
    """The fault of a codec in mid-stream reaches the user, not the engine's wrapping of it."""
    with pytest.raises(UserError, match="more rows than keys of type TINYINT"):
        sample(one(["a"], key="TINYINT"), tmp_path / "s.duckdb", n=1000, seed=1)
    assert list(tmp_path.iterdir()) == []


# -- the target


def test_what_duckpaste_did_not_make_is_not_replaced(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    con = duckdb.connect(str(path))
    con.execute("create table precious as select 1 as x")
    con.close()
    text = tmp_path / "mine.txt"
    text.write_text("precious")
    for target in (path, text):
        before = target.read_bytes()
        for overwrite in (False, True):
            with pytest.raises(UserError, match="exists and is not a synthetic database that duckpaste made"):
                sample(model, target, n=5, overwrite=overwrite)
        assert target.read_bytes() == before
    with pytest.raises(UserError, match="is a folder"):
        sample(model, tmp_path, n=5)
    with pytest.raises(UserError, match="no such folder"):
        sample(model, tmp_path / "no" / "s.duckdb", n=5)
    made = tmp_path / "s.duckdb"
    sample(model, made, n=5)
    with pytest.raises(UserError, match="s.duckdb: exists already; name another with --out, or replace it"):
        sample(model, made, n=6)
    assert rows(made, "select count(*) from wide") == [(5,)]
    sample(model, made, n=6, overwrite=True)
    assert rows(made, "select count(*) from wide") == [(6,)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.duckdb", "mine.txt", "s.duckdb"]


KILLED = """
import os, signal, sys
from pathlib import Path
from duckpaste.model_file import load
from duckpaste.sample import tabular
from duckpaste.output.writer import sample
tabular.CHUNK = 1000
def progress(done, rows):
    if done >= 3000:
        os.kill(os.getpid(), signal.SIGKILL)
sample(load(Path(sys.argv[1])), sys.argv[2], n=10_000, seed=1, progress=progress, overwrite=True)
"""


@pytest.mark.parametrize("existing", [False, True])
def test_killed_while_writing(folder: Path, model: Model, tmp_path: Path, existing: bool) -> None:
    target = tmp_path / "s.duckdb"
    if existing:
        sample(model, target, n=20, seed=1)
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder / "m.duckdb"), str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.exists() == existing
    if existing:
        assert rows(target, "select count(*) from wide") == [(20,)]
    sample(model, target, n=30, seed=1, overwrite=existing)
    assert rows(target, "select count(*) from wide") == [(30,)]


def test_an_error_in_mid_stream_leaves_nothing(tmp_path: Path, model: Model) -> None:
    def progress(done: int, total: int) -> None:
        raise RuntimeError("stopped by hand")

    with pytest.raises(RuntimeError, match="stopped by hand"):
        sample(model, tmp_path / "s.duckdb", n=100, seed=1, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_nothing_private_is_imported_to_sample(folder: Path, tmp_path: Path) -> None:
    """Loading and sampling never load the privacy line's doors or the counting room."""
    code = (
        "import json, sys, duckpaste; duckpaste.sample(sys.argv[1], sys.argv[2], n=5, seed=1);"
        "print(json.dumps([m for m in sys.modules if m.startswith('duckpaste.')]))"
    )
    words = [sys.executable, "-c", code, str(folder / "m.duckdb"), str(tmp_path / "s.duckdb")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "duckpaste.output.writer" in loaded
    assert not loaded & {
        "duckpaste.privacy.source",
        "duckpaste.privacy.noise",
        "duckpaste.count.marginals",
        "duckpaste.fit",
    }


def test_memory_is_constant_and_time_linear(model: Model, tmp_path: Path) -> None:
    """A generator of batches feeds the insert: no more than a chunk is held."""
    held: list[int] = []
    start = time.perf_counter()
    sample(
        one(["a", "b"]), tmp_path / "s.duckdb", n=300_000, seed=1, progress=lambda done, _: held.append(done)
    )
    assert held == [131_072, 262_144, 300_000]
    assert time.perf_counter() - start < 30


def test_spilling_is_allowed_in_the_sandbox(tmp_path: Path) -> None:
    spill = tmp_path / "tmp"
    limits = {"memory_limit": "30MB", "temp_directory": str(spill), "threads": 1}
    with Db.open(tmp_path / "s.duckdb", sandbox=True, settings=limits) as db:
        text = "select sum(n) from (select row_number() over (order by hash(i)::varchar) as n from range(400_000) r(i))"
        assert db.rows_sql("t", text) == [(400_000 * 400_001 // 2,)]
        assert spill.exists(), "it had to spill"
        with pytest.raises(UserError):
            db.run_sql("t", f"copy (select 1) to '{tmp_path / 'x.csv'}'")
