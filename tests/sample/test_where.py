"""Rows given a predicate: against rejection from a large sample, and against brute force cell by cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wherekit import put_batches, random_codec, random_table

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.domain import FloatArray
from duckpaste.errors import UserError
from duckpaste.model import TableModel
from duckpaste.models.conditioning import conditional
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.sample import classes, picker
from duckpaste.sample import where as rooms
from duckpaste.sample.picker import Picker
from duckpaste.sample.tabular import batches
from duckpaste.sample.where import Where, where

ROWS, DRAWN = 80_000, 10_000
CODECS = [
    random_codec("id", "id", "BIGINT"),
    random_codec("sex", "categorical", "ENUM('m','f')", values=("m", "f")),
    random_codec("job", "categorical", "VARCHAR", True, values=tuple("abcdefgh"), unknown="?"),
    random_codec("age", "numerical", "UTINYINT", min=17, max=90, bins=10),
    random_codec("Capital-Gain", "numerical", "INTEGER", True, min=0, max=99_999, bins=12, cells=500),
    random_codec("pay", "numerical", "DECIMAL(8,2)", min=-5, max=2000, bins=7, cells=100),
    random_codec("x", "numerical", "DOUBLE", True, min=-2, max=120, bins=5, cells=37),
    random_codec("f", "numerical", "FLOAT", min=0, max=1, bins=4, cells=10),
    random_codec("ok", "boolean", "BOOLEAN", True),
    random_codec("born", "date", "DATE", True, min="1950-02-03", max="2009-10-11", bins=8),
    random_codec("died", "date", "DATE", True, max_len=80, reference="1950-01-01", span="week"),
    random_codec("later", "date", "DATE", True, refs=("died",), span="day", max_len=40),
    random_codec("day", "fixed", "DATE", value="2000-01-01"),
    random_codec("due", "date", "DATE", True, refs=("day",), span="day", max_len=40),
    random_codec(
        "seen", "datetime", "TIMESTAMP", True, span="year.minute", min="2015-03-04", max="2020-05-06"
    ),
    random_codec("clock", "time", "TIME", span="minute"),
    random_codec("note", "text", "VARCHAR", True, regex="[a-z]{3}"),
    random_codec("tag", "uuid", "UUID", True),
    random_codec("zero", "fixed", "INTEGER", value=0),
    random_codec("nothing", "ignore", "INTEGER"),
]
# Ten codes of `job` in five groups: two alone, two compressed, of which the second without any mass.
JOBS = Expansion(np.array([0, 1, 2, 2, 2, 3, 3, 4, 4, 4]), np.array([1, 1, 3, 0, 1, 0, 0, 2, 5, 1.0]))


@pytest.fixture(scope="module")
def table() -> TableModel:
    return random_table(CODECS, 1, expansions={"job": JOBS}, primary_key=["id"])


@pytest.fixture(scope="module")
def db(table: TableModel) -> Iterator[Db]:
    """A large sample of the unconditioned model, as the table `everything`."""
    with Db.open(settings={"threads": 2}) as opened:
        put_batches(opened, table, "everything", list(batches(table, ROWS, 5)))
        yield opened


@pytest.fixture(scope="module")
def scratch() -> Iterator[Db]:
    with Db.open(sandbox=True) as opened:
        yield opened


def count(db: Db, name: str, condition: str = "true") -> int:
    return int(db.rows_sql("count", f"select count(*) from {name} where ({condition})")[0][0])


def codes(db: Db, table: TableModel, condition: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every column in at most six groups: (those of the rows of `everything` that fit, those of `drawn`)."""
    numbers: dict[str, str] = {}
    for column in table.columns:
        name = sql.ident(column.name)
        if column.sql_type in ("DATE", "TIMESTAMP", "TIME"):
            numbers[column.name] = f"epoch_us({name})"
        elif column.sql_type not in ("VARCHAR", "BOOLEAN", "UUID", "ENUM('m','f')") and column.name != "id":
            numbers[column.name] = f"{name}::double"
    listed = ", ".join(f"quantile_cont({x}, [0.2, 0.4, 0.6, 0.8])" for x in numbers.values())
    edges = dict(
        zip(numbers, db.rows_sql("e", f"select {listed} from everything where ({condition})")[0], strict=True)
    )
    groups = []
    for column in table.columns:
        name = sql.ident(column.name)
        if column.name in numbers:
            steps = " + ".join(f"({numbers[column.name]} > {e})::integer" for e in edges[column.name] or [0])
            groups.append(f"coalesce(1 + {steps}, 0)")
        elif column.name in ("id", "tag", "note"):
            groups.append(f"({name} is null)::integer")
        else:
            groups.append(f"coalesce(hash({name}::varchar) % 6, 0)::integer")
    select = "select " + ", ".join(f"{g} as c{i}" for i, g in enumerate(groups))
    sides = [db.numpy_sql("c", f"{select} from {r}") for r in (f"everything where ({condition})", "drawn")]
    theirs, mine = ([np.asarray(side[f"c{i}"]) for i in range(len(groups))] for side in sides)
    return theirs, mine


# Predicates that evidence says all of; the last ones need cuts inside cells, many classes, or several fields at once.
EXACT = [
    "sex = 'f' and age between 30 and 40",
    "job in ('a', 'd') or job is null",
    "job = 'e' or job = '?'",
    "T.job <> 'b' and SEX = 'm'",
    "job like '%a%' or job similar to '[f-h]'",
    '"capital-gain" > 50000.5 and x < 3.3',
    '"Capital-Gain" = 0',
    "pay = 0",
    "pay between 10.05 and 1000.004",
    "x is null or x between 10 and 10.5",
    "x = 0",
    "f < 0.5",
    "not (x > 3 and x <= 40.25)",
    "ok",
    "not ok and note is null and tag is not null",
    "not (ok or sex = 'm')",
    "ok is not true",
    "born between '1980-05-05' and '1981-07-01'",
    "born >= date '1999-12-31' and died is null",
    "year(born) = 1999 and month(born) <> 2",
    "born = '1999-05-06'",
    "extract(dow from born) in (0, 6) and died > '1950-06-01'",
    "seen > '2019-12-30 12:30' and seen < '2020-01-02 03:00:00'",
    "seen in ('2019-12-30 12:30:00', '2016-02-29 00:00:00')",
    "seen is null or seen <= timestamp '2015-03-06'",
    "hour(seen) = 3 and year(seen) = 2018 and seen <> '2018-05-06 03:04:00' and sex = 'f'",
    "seen::date = '2018-05-06' or extract(minute from seen) in (7, 8) or date_trunc('month', seen) < '2015-05-01'",
    "clock between '08:00' and '09:15' or minute(clock) = 1",
    "age % 7 = 0 and born is not null",
    "(age > 80 and sex = 'm') or (age < 20 and sex = 'f')",
    "age > 30 and (x > 60 or \"Capital-Gain\" > 90000 or born > '2000-01-01')",
    "case when sex = 'f' then age > 80 else age < 20 end",
    "age::integer > date_diff('year', date '1950-01-01', born) and sex = 'f'",
    "due is not null and sex = 'f'",
    "due is null or ok",
    "zero = 0 and nothing is null",
    "1 = 1",
    "age > 20 -- with a remark",
]
# Predicates that are left to rejection in part or in whole.
TRIED = [
    "note like 'a%' and sex = 'm'",
    '"Capital-Gain" > pay and age > 50',
    "seen - interval 20 year > born and seen > '2019-06-01'",
    "seen - to_days(age) < '2015-12-20' and sex = 'f'",
    "tag::varchar < '8' or age = 40",
    "later is null and died is not null",
    "due > '2000-01-15' and ok",
    "later is not null and sex = 'm'",
    "round(x) % 2 = 0 and f > 0.3",
]


@pytest.mark.parametrize("condition", EXACT + TRIED)
def test_rows_are_those_that_rejection_would_keep(
    condition: str, table: TableModel, db: Db, scratch: Db
) -> None:
    conditioned = where(table, condition, scratch)
    drawing = Picker(conditioned)
    n = DRAWN if condition in EXACT else 3_000
    put_batches(db, table, "drawn", list(drawing.batches(n, 7)))
    text = condition.replace("T.", "") + "\n"
    assert count(db, "drawn") == n
    assert count(db, "drawn", text) == n
    assert [r[0] for r in db.rows_sql("ids", "select id from drawn order by id")] == list(range(1, n + 1))
    fits = count(db, "everything", text)
    if condition in EXACT:
        assert conditioned.left == ()
        # FLOAT rounds a few values over a border; nothing else may be dropped.
        assert drawing.drawn - drawing.kept <= 1
        share = conditioned.share
        # A share's sd is sqrt(p (1 - p) / n), and rounding counts makes it smaller: 6.5 sd, false alarm 1e-10.
        assert abs(share - fits / ROWS) < 6.5 * np.sqrt(share * (1 - share) / ROWS) + 3 / ROWS
    else:
        assert conditioned.left
        assert drawing.drawn > drawing.kept
    theirs, mine = codes(db, table, text)
    for a, b in itertools.combinations(range(len(mine)), 2):
        found, wanted = (np.bincount(6 * s[a] + s[b], minlength=36) for s in (mine, theirs))
        p = np.maximum(wanted + found, 1) / (fits + n)
        sd = np.sqrt(p * (1 / max(fits, 1) + 1 / n))
        # Two counts, Poisson at worst: 7 sd and two rows more; 36 cells of 136 pairs of 40 predicates: 1e-6.
        assert np.all(np.abs(found / n - wanted / max(fits, 1)) < 7 * sd + 2 / max(min(fits, n), 1))


def test_a_table_of_evidence_that_is_too_large_is_left_to_rejection(
    table: TableModel, db: Db, scratch: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "fits", lambda network, scopes: len(list(scopes)) < 2)
    conditioned = where(table, "sex = 'f' and age > 60 and job in ('a', 'b')", scratch)
    assert len(conditioned.left) == 2
    drawing = Picker(conditioned)
    put_batches(db, table, "drawn", list(drawing.batches(5_000, 1)))
    assert count(db, "drawn", "sex = 'f' and age > 60 and job in ('a', 'b')") == 5_000
    assert drawing.drawn > 5_000
    assert "was tried out" in drawing.note


def test_many_classes_are_given_up_and_tried_out(
    table: TableModel, scratch: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = "age::integer > date_diff('year', date '1950-01-01', born) and sex = 'f'"
    assert where(table, condition, scratch).left == ()
    monkeypatch.setattr(classes, "TABLE", 50_000)
    conditioned = where(table, condition, scratch)
    assert len(conditioned.left) == 1
    assert "sex" in conditioned.restricted and "born" not in conditioned.restricted
    monkeypatch.setattr(classes, "PRODUCT", 10)
    assert len(where(table, condition, scratch).left) == 1


def test_text_that_is_read_otherwise_than_duckdb_reads_it_is_tried_out(
    table: TableModel, scratch: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = rooms.parse

    def wrong(text: str, table: TableModel) -> Any:
        from dataclasses import replace

        return replace(right("age > 50", table), text=text)

    monkeypatch.setattr(rooms, "parse", wrong)
    conditioned = where(table, "age < 50", scratch)
    assert conditioned.left and conditioned.share == 1
    assert len(Picker(conditioned).pick(range(100), [1]).values["age"]) == 100


# -- brute force

LABELS = {"a": ("u", "v", "w"), "b": ("u", "x"), "c": ("1", "2", "3", "4")}
TERMS = (
    "a = 'u'", "a <> 'v'", "a in ('u', 'w')", "a is null", "a is not null", "a like '%w'", "b = 'x'", "b > 'u'",
    "c = '3'", "c::integer % 2 = 0", "c between '2' and '3'", "a || b = 'vx'", "b is null", "c <> b", "null", "d",
    "not d", "a = b",
)  # fmt: skip
predicates = st.recursive(
    st.sampled_from(TERMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from((" and ", " or ")), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        inner.map(lambda t: f"not ({t})"),
    ),
    max_leaves=6,
)


def small(seed: int) -> TableModel:
    """Four columns, two of them compressed, one with NULL and "other", and tables with zeros."""
    rng = np.random.default_rng(seed)
    codecs = [
        random_codec("a", "categorical", "VARCHAR", True, values=LABELS["a"], unknown="?"),
        random_codec("b", "categorical", "VARCHAR", True, values=LABELS["b"]),
        random_codec("c", "categorical", "VARCHAR", values=LABELS["c"]),
        random_codec("d", "boolean", "BOOLEAN", True),
    ]
    expansions = {
        "a": Expansion(np.array([0, 1, 1, 2, 2]), np.array([1, 2, 1, 0, 0.0])),
        "c": Expansion(np.array([0, 0, 1, 1]), np.array([1, 0, 2, 1.0])),
    }
    made = random_table(codecs, seed, expansions=expansions, near=3)
    steps = []
    for s in made.network.steps:
        steps.append(Step(s.column, s.parents, s.counts * (rng.random(s.counts.shape) < 0.8)))
    return random_table(codecs, seed, expansions=expansions, near=3) if seed % 5 == 0 else _with(made, steps)


def _with(table: TableModel, steps: list[Step]) -> TableModel:
    from dataclasses import replace

    network = table.network
    return replace(table, network=Network(network.domain, (), steps, network.expansions, 1000.0))


def fine_joint(table: TableModel, conditioned: Where | None = None) -> FloatArray:
    """P(fine codes of a, b, c, d), of the model or of the conditioned table, multiplied out."""
    network = table.network if conditioned is None else conditioned.network
    axes = {n: i for i, n in enumerate(network.domain)}
    operands: list[Any] = []
    for step in network.steps:
        operands += [conditional(step, network.domain), [axes[n] for n in (*step.parents, step.column)]]
    for number, codec in enumerate(table.codecs):
        (column,) = codec.columns()
        restricted = None if conditioned is None else conditioned.restricted.get(codec.field.name)
        size, out = network.domain[column.name], len(axes) + number
        if restricted is not None:  # P(fine code | code, class)
            (group,), (alive,) = restricted.groups, restricted.alive
            share = np.zeros((size * group.classes, column.size))
            np.add.at(share, (group.group[alive], group.axis.codes[0][alive]), group.share[alive])
            share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
            operands += [share.reshape(size, group.classes, -1), [axes[column.name], axes[group.label], out]]
        elif column.name in network.expansions:
            expansion = network.expansions[column.name]
            share = (expansion.coarse == np.arange(size)[:, None]) * expansion.weights
            share[share.sum(axis=1) == 0] = (expansion.coarse == np.arange(size)[:, None])[
                share.sum(axis=1) == 0
            ]
            operands += [share / share.sum(axis=1, keepdims=True), [axes[column.name], out]]
        else:
            operands += [np.eye(size), [axes[column.name], out]]
    wanted = [len(axes) + number for number in range(len(table.codecs))]
    return np.asarray(np.einsum(*operands, wanted, optimize="greedy"))


def truth(db: Db, table: TableModel, text: str) -> FloatArray:
    """1 where the predicate is true of the labels of a cell."""
    labels = [codec.labels() for codec in table.codecs]
    rows = ", ".join(
        f"({i}, {', '.join(sql.literal(v) for v in values)})"
        for i, values in enumerate(itertools.product(*labels))
    )
    listed = (
        f"select i from (values {rows}) as t(i, a, b, c, e), lateral (select e::boolean as d) where ({text})"
    )
    out = np.zeros(np.prod([len(v) for v in labels]))
    out[[r[0] for r in db.rows_sql("truth", listed)]] = 1
    return out.reshape([len(v) for v in labels])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), predicates)
def test_the_joint_is_the_conditional_joint(scratch: Db, seed: int, text: str) -> None:
    table = small(seed)
    wanted = fine_joint(table) * truth(scratch, table, text)
    if wanted.sum() < 1e-15:
        with pytest.raises(UserError, match="can't be true of any row"):
            where(table, text, scratch)
        return
    found = where(table, text, scratch)
    assert found.left == ()
    assert np.isclose(found.share, wanted.sum(), rtol=1e-9)
    assert np.allclose(fine_joint(table, found), wanted / wanted.sum(), atol=1e-12)


def test_what_is_one_in_a_billion_billion_is_drawn_at_once(scratch: Db) -> None:
    codecs = [random_codec(n, "categorical", "VARCHAR", values=("common", "rare")) for n in "abcd"]
    made = random_table(codecs, 0)
    steps = [Step(n, (), np.array([1.0, 1e-6])) for n in "abcd"]
    table = _with(made, steps)
    conditioned = where(table, " and ".join(f"{n} = 'rare'" for n in "abcd"), scratch)
    assert conditioned.share == pytest.approx(1e-24, rel=1e-3)
    assert Picker(conditioned).pick(range(50), [3]).values["d"].to_pylist() == ["rare"] * 50


# -- names

NAMES = (
    'a "b',
    "select",
    "{{ n }}",
    "{% x %}",
    "nth",
    "_nth",
    "c0",
    "t0",
    "名前",
    "new\nline",
    "_values",
    "T",
    "?",
    "it's",
)


def test_columns_and_tables_of_any_name(scratch: Db) -> None:
    codecs = [random_codec(n, "categorical", "VARCHAR", values=("{{ x }}", "o'b", "--", "y")) for n in NAMES]
    table = random_table(codecs, 3, name="x'; drop table t; --")
    pairs = [
        f"({sql.ident(n)} = 'o''b' and {sql.ident(m)} = '{{{{ x }}}}')"
        for n, m in itertools.pairwise(NAMES[:4])
    ]
    others = [f"({sql.ident(n)} <> 'y' -- or so\n)" for n in NAMES[4:]]
    text = " and ".join([f"({' or '.join(pairs)})", *others])
    conditioned = where(table, text, scratch)
    assert conditioned.left == ()
    assert len(Picker(conditioned).pick(range(100), [1]).values["T"]) == 100


# -- seeds, codes, keys


def rows_of(table: TableModel, condition: str, seed: int, n: int, threads: int) -> list[dict[str, Any]]:
    with Db.open(sandbox=True, settings={"threads": threads}) as scratch:
        made = Picker(where(table, condition, scratch)).batches(n, seed)
        return [row for batch in made for row in batch.to_pylist()]


@pytest.mark.parametrize("condition", ["age > 60 and job = 'd'", "note like '%q%' and sex = 'f'"])
def test_a_seed_gives_the_same_rows_at_any_number_of_threads(condition: str, table: TableModel) -> None:
    one = rows_of(table, condition, 3, 2_000, 1)
    assert one == rows_of(table, condition, 3, 2_000, 4)
    assert one != rows_of(table, condition, 4, 2_000, 1)


def test_fewer_rows_of_a_chunk_are_not_a_prefix_but_as_many_as_asked(table: TableModel, scratch: Db) -> None:
    conditioned = where(table, "f > 0.3 and note < 'm'", scratch)
    for n in (1, 7, 1_023, 3_000):
        assert sum(b.num_rows for b in Picker(conditioned).batches(n, 1)) == n


def test_codes_of_picked_rows_are_fine_codes(table: TableModel, scratch: Db) -> None:
    """Other tables may hang on them: they are those that an unconditioned network gives."""
    rows = Picker(where(table, "job in ('a', 'd', 'h') and seen > '2018-01-01'", scratch)).pick(
        range(2_000), [1]
    )
    sizes = {c.name: c.size for codec in table.codecs for c in codec.columns()}
    assert set(rows.codes) == set(sizes)
    assert all(rows.codes[n].max() < s for n, s in sizes.items())
    labels = table.codecs[2].labels()
    assert [labels[c] for c in rows.codes["job"]] == rows.values["job"].to_pylist()


def test_chunks_are_joined_into_one_table(
    table: TableModel, scratch: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picker, "CHUNK", 500)
    made = list(Picker(where(table, "sex = 'f'", scratch)).batches(1_200, 1))
    assert [b.num_rows for b in made] == [500, 500, 200]
    assert [i for b in made for i in b.column("id").to_pylist()] == list(range(1, 1_201))
    schema = Picker(where(table, "sex = 'f'", scratch)).example().schema
    assert all(b.schema == schema for b in made)


# -- faults


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("age >", "syntax error near 'age >'"),
        ("age = = 3", "syntax error"),
        ("sex = 'f", "can't be read as SQL"),
        ("select 1", "is no condition"),
        ("age > 1; drop table t", "is no condition"),
        ("age > 1) or (1 = 1", "syntax error"),
        ("age > (select 1)", "holds a query in brackets"),
        ("exists (from x)", "holds a query"),
        ("age > ?", "holds a parameter"),
        ("columns('a.*') > 1", r"holds \* or COLUMNS"),
        ("count(*) > 1", "holds a function of many rows"),
        ("sum(age) over () > 1", "holds a function of many rows"),
        ("agee > 3", "no column 'agee' in 'T'; did you mean 'age'?"),
        ('sex = "m"', "text stands in single quotes: 'm'"),
        ("sex = m", "text stands in single quotes: 'm'"),
        ("capital-gain > 3", 'this name needs double quotes: "Capital-Gain"'),
        ("other.age > 3", "is about rows of 'T', not of 'other'"),
        ("age + > 3", "syntax error"),
        ("nofunction(age) = 3", "nofunction does not exist"),
        ("seen > 'old'", "could not be converted"),
        ("random() < 0.5", r"random\(\) gives another value each time"),
        ("tag <> gen_random_uuid() ", r"gen_random_uuid\(\) gives another value"),
        ("id < 10", "'id' is a key"),
        ("age > 300", "can't be true of any row of the model"),
        ("sex = 'f' and sex = 'm'", "can't be true of any row"),
        ("x = 10", "can't be true of any row"),
        ("zero = 1", "can't be true of any row"),
        ("nothing = 1", "can't be true of any row"),
        ("null", "can't be true of any row"),
    ],
)
def test_faults_are_one_line(text: str, said: str, table: TableModel, scratch: Db) -> None:
    with pytest.raises(UserError, match=f"^where: .*{said}") as caught:
        where(table, text, scratch)
    assert "\n" not in str(caught.value)


def test_values_that_hardly_ever_come_are_given_up(
    table: TableModel, scratch: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picker, "PATIENCE", 20_000)
    conditioned = where(table, "note = 'abc' and job is not null", scratch)
    with pytest.raises(
        UserError, match=r"where: is true of \d+ of [\d,]+ rows drawn; note = 'abc' has to be tried out"
    ):
        Picker(conditioned).pick(range(1_000), [1])
    with pytest.raises(UserError, match="is true of 0 of"):
        Picker(where(table, "note = 'ABC'", scratch)).pick(range(1), [1])
