"""Tables and columns of any name go through every template, and are counted right.

Names of columns are those that templates use for their own purposes, those that need quotes, and long ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from testkit import INF, begin, category, fitted, number, put, ready

from duckpaste import sql
from duckpaste.codec import make
from duckpaste.codec.base import WantBounds, WantHistogram, WantValues
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.errors import Faults
from duckpaste.evaluate.fidelity import compare
from duckpaste.model import Column, Model, TableModel
from duckpaste.models.network import Network, Step
from duckpaste.output.writer import sample
from duckpaste.prepare import check_rows
from duckpaste.privacy import source as module
from duckpaste.privacy.source import Source, protect
from duckpaste.schema.view import Field, Table

NAMES = [
    'a "b', "select", "x'; drop table t; --", "名前", "L" * 200, "cell", "n", "block", "_weight", "value", "unit_key",
    "_rank", "_key_0", "_key_1", "__weight", "nth", "u", "t", "s", "low_0", "high_1", "null_0", "fault_0", "has_rows",
    "{{ n }}", "{% x %}", "$1", "?", "%s", "new\nline", "_batches", "made_", "rows_", "duckpaste", "main", "v", "*", ".",
]  # fmt: skip
ROWS, UNITS = 240, 40
RNG = np.random.default_rng(5)
CODES = {name: RNG.integers(0, 3, ROWS) for name in NAMES}


def private(db: Db, table: str, unit: str) -> str:
    """Every name is a column of 0, 1, 2, but for `unit`, which has 40 values."""
    columns = dict(CODES) | {unit: RNG.permutation(ROWS) % UNITS}
    return put(db, table, columns, dict.fromkeys(columns, "utinyint"))


@pytest.fixture
def db() -> Db:
    with Db.open() as made:
        yield made


@pytest.mark.parametrize(
    ("table", "unit", "bound"),
    [
        ("x'; drop table t; --", None, "weights"), ("_batches", 'a "b', "weights"), ("L" * 200, "n", "rows"),
        ("select", None, "rows"),
    ],
)  # fmt: skip
def test_fit_sample_and_compare(db: Db, tmp_path: Path, table: str, unit: str | None, bound: str) -> None:
    private(db, table, unit or "L" * 200)
    names = [n for n in NAMES if n != unit]
    fields = [category(n, range(UNITS if n == (unit or "L" * 200) else 3)) for n in NAMES]
    declared = Table(table, tuple(fields), unit=unit, contributions=6, bound=bound)
    model = fitted(db, declared, epsilon=INF)
    counts = {m.clique[0]: m.values for m in model[table].measurements}
    assert all(
        counts[n].tolist() == np.bincount(CODES[n], minlength=3).tolist()
        for n in names
        if len(counts[n]) == 3
    )
    model.save(tmp_path / "m.duckdb")
    done = sample(model, tmp_path / "s.duckdb", seed=1)
    assert done.rows == {table: ROWS}
    found = compare(db, ready(db, declared), model[table], tmp_path / "s.duckdb")
    assert found.tv1 < 0.02
    # The synthetic table again, as a private one.
    with Db.open(tmp_path / "s.duckdb", read_only=True) as made:
        for name in names[::7]:
            rows = made.rows_sql(
                "t", f"select {sql.ident(name)}, count(*) from {sql.ident(table)} group by 1"
            )
            assert {int(v): n for v, n in rows} == dict(Counter(CODES[name].tolist())) or len(
                counts[name]
            ) > 3


@pytest.mark.parametrize("bound", ["weights", "rows"])
@pytest.mark.parametrize("unit", ["_weight", "unit_key", "n", "_rank", "名前", "u", "t", "*"])
def test_bounded_rows(db: Db, unit: str, bound: str) -> None:
    """Every unit weighs at most k under a name of the weight that no column has, and no column is lost."""
    relation = private(db, "t", unit)
    protected = protect(db, relation, "v.t", unit=unit, k=4, bound=bound, order_by=NAMES)
    found = db.rows_sql("t", f"describe select * from {protected.relation}")
    assert [r[0] for r in found] == [*NAMES, protected.weight] and protected.weight not in NAMES
    weight, quoted = sql.ident(str(protected.weight)), sql.ident(unit)
    sums = db.rows_sql("t", f"select count(*), sum({weight}) from {protected.relation} group by {quoted}")
    assert len(sums) == UNITS
    for rows, total in sums:
        assert rows == (ROWS // UNITS if bound == "weights" else 4)
        assert 4 * 2**20 - rows < total <= 4 * 2**20


def wants(name: str) -> list[Any]:
    x = sql.ident(name)
    return [
        WantValues("v", f"{x}::VARCHAR"),
        WantHistogram("h", f"{x}::INTEGER", 3),
        WantBounds("b", f"{x}::BIGINT", True),
    ]


@pytest.mark.parametrize("unit", [None, "unit_key", "value", "nth"])
def test_discovery(db: Db, unit: str | None) -> None:
    relation = private(db, "select", unit or "名前")
    source = Source(db, protect(db, relation, "v.t", unit=unit, k=ROWS), begin(INF))
    asked = [n for n in NAMES if n not in (unit, "名前")]
    everything = [want for n in asked for want in wants(n)]
    answers = iter(source.discover(everything, [INF] * len(everything), [0.0] * len(everything), "discover"))
    for name in asked:
        assert next(answers) == ["0", "1", "2"]
        assert next(answers).counts.tolist() == np.bincount(CODES[name]).tolist()
        assert next(answers) == (0, 3)


@pytest.mark.parametrize("stored", [False, True])
def test_encoded_and_stored_keys(db: Db, stored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns whose names are those of the weight and of stored keys are counted as themselves."""
    monkeypatch.setattr(module, "_STORE_KEYS_ABOVE", 0 if stored else 10**9)
    relation = private(db, "t", "名前")
    codecs = [make(category(n, range(3))) for n in NAMES if n != "名前"]
    source = Source(db, protect(db, relation, "v.t", unit="名前", k=ROWS), begin(INF))
    encoded = source.encode(codecs)
    names = list(encoded.domain)
    asked = [(a, b) for i, a in enumerate(names) for b in names[i + 1 : i + 4]]
    coarse = encoded.recoded({n: np.array([0, 0, 1]) for n in names[::3]}, asked)
    assert coarse._counter.keys if stored else not coarse._counter.keys
    db.trace.clear()
    for m in coarse.measure(asked, [INF] * len(asked), "pairs"):
        expected = np.zeros(m.values.shape, dtype=np.int64)
        codes = [np.array([0, 0, 1])[CODES[n]] if n in names[::3] else CODES[n] for n in m.clique]
        np.add.at(expected, tuple(codes), 1)
        assert np.array_equal(m.values, expected), m.clique
    text = " ".join(s.sql for s in db.trace if s.name == "marginals")
    assert all(sql.ident(key) in text for key in coarse._counter.keys.values()), "the stored keys are read"


def test_faults_and_null_shares(db: Db) -> None:
    columns: dict[str, list[Any]] = {n: [None] * (i % 4) + [7] * (8 - i % 4) for i, n in enumerate(NAMES)}
    put(db, "faults", columns, dict.fromkeys(NAMES, "integer"))
    table = Table("faults", tuple(number(n, 0, 9) for n in NAMES))
    found = check_rows(db, ready(db, table), exact=True)
    told = {f.where.removeprefix("v.faults."): f.what for f in found}
    assert list(told) == [n for i, n in enumerate(NAMES) if i % 4]
    for i, name in enumerate(NAMES):
        assert i % 4 == 0 or f"({i % 4} row" in told[name]
    shares = db.rows("null_shares", relation='"faults"', columns=NAMES)[0]
    assert list(shares) == [8, *(i % 4 for i in range(len(NAMES)))]


def test_names_that_differ_from_a_reserved_one_by_case(db: Db) -> None:
    relation = put(db, "t", {"_Weight": [1, 1, 2], "_RANK": [0, 1, 1], "P": [1, 1, 2]})
    for bound in ("weights", "rows"):
        protected = protect(db, relation, "t", unit="P", k=1, bound=bound, order_by=["_RANK"])
        total = db.rows_sql("t", f"select sum({protected.weight}) from {protected.relation}")[0][0]
        assert total == 2 * 2**20


def test_a_synthetic_table_whose_name_is_that_of_its_file_or_schema(tmp_path: Path) -> None:
    codec = make(category("duckpaste", ["a"]))
    step = Step("duckpaste", (), np.array([3.0]))
    for name in ("s", "duckpaste", "main", "temp", "information_schema"):
        network = Network(Domain({"duckpaste": 1}), (), [step], total=3.0)
        table = TableModel(name, [Column("duckpaste", "VARCHAR", True, "it's a comment")], [codec], network)
        model = Model([table], {"epsilon": "1.0", "delta": "0.0", "run": "r", "algorithm": "x"})
        sample(model, tmp_path / "s.duckdb", seed=1, overwrite=True)
        with Db.open(tmp_path / "s.duckdb", read_only=True) as db:
            found = db.rows_sql(
                "t",
                "select table_name, column_name, comment from duckdb_columns() where not internal and schema_name = 'main'",
            )
            assert found == [(name, "duckpaste", "it's a comment")]


def test_fields_whose_codes_have_the_same_name_are_refused(db: Db) -> None:
    put(db, "t", {"born": ["2020-01-01"], "born.years": [1]}, {"born": "date"})
    table = Table(
        "t",
        (
            Field("born", "date", options={"min": "2000-01-01", "max": "2030-01-01"}),
            category("born.years", [1]),
        ),
    )
    made = [c.name for f in table.fields for c in make(f).columns()]
    if len(set(made)) == len(made):
        pytest.skip(f"a date makes {made}")
    with pytest.raises(Faults, match="have the name of codes of 'born'"):
        ready(db, table)
