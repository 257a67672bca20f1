"""Dates, times and datetimes: exact round trips through DuckDB, NULLs, clamping, discovery, files."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from codec_tools import as_text, decoded, encoded, fresh, learned
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.codec.base import Histogram, WantBounds, WantHistogram
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.sql import literal

CENTURIES = "1900-01-01", "2100-12-31"
STAMPS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")


@pytest.fixture(scope="module")
def db():
    with Db.open() as opened:
        # The session's zone must not matter.
        opened.run_sql("zone", "set timezone = 'America/New_York'")
        days = f"range(date '{CENTURIES[1]}' - date '{CENTURIES[0]}' + 1) r(i)"
        opened.run_sql(
            "t", f"create table days as select i, date '{CENTURIES[0]}' + i::integer as x from {days}"
        )
        yield opened


def texts(db, query):
    return [r[0] for r in db.rows_sql("texts", query)]


def same(codec, db, table="t", refs=None):
    """Encode and decode every row of `table` and compare with the column itself."""
    kind = codec.field.sql_type
    expected = texts(db, f"select x::{kind}::varchar from {table} order by i")
    codes = encoded(codec, db, table)
    given_ = {}
    for name in refs or ():
        given_[name] = (
            db.arrow_sql("refs", f'select "{name}" from {table} order by i').column(0).combine_chunks()
        )
    assert as_text(decoded(codec, codes, len(expected), given_), kind, db) == expected


# -- exactness


@pytest.mark.parametrize(
    ("span", "low", "high", "bins"),
    [
        ("year", *CENTURIES, 210),
        ("year53", *CENTURIES, 210),
        ("week", *CENTURIES, 11_000),
        ("day", "1900-01-01", "2000-06-30", 40_000),
        ("day", "2000-07-01", "2100-12-31", 40_000),
    ],
)
def test_every_date_of_two_centuries_survives(db, span, low, high, bins):
    db.run_sql("t", f"create or replace table t as select * from days where x between '{low}' and '{high}'")
    codec = fresh("date", "DATE", span=span, min=low, max=high, bins=bins)
    assert codec.promises() == () and codec.wants() == ()
    same(codec, db)


@pytest.mark.parametrize("reference", ["1900-01-01", "1969-12-28", "2000-12-31", "2100-12-31"])
@pytest.mark.parametrize(("span", "reach"), [("year", 202), ("week", 10_500), ("day", 30_000)])
def test_dates_before_and_after_a_reference_survive(db, reference, span, reach):
    near = f"abs(x - date '{reference}') <= 29000"
    db.run_sql(
        "t",
        f"create or replace table t as select *, date '{reference}' as ref from days "
        f"where i % 7 < 3 and {near}",
    )
    options = {"span": span, "min_len": -reach, "max_len": reach, "bins": 2 * reach + 1}
    same(fresh("date", "DATE", ("ref",), **options), db, refs=["ref"])
    same(fresh("date", "DATE", reference=reference, **options), db)


@pytest.mark.parametrize("kind", STAMPS)
@pytest.mark.parametrize("span", ["year.minute", "week.halfhour", "day.hour"])
def test_timestamps_survive_to_the_span(db, kind, span):
    step = {"minute": 60, "halfhour": 1800, "hour": 3600}[span.split(".")[1]]
    # A step that is no divisor of a day, so that all times of day appear, also before 1970.
    db.run_sql(
        "t",
        f"""create or replace table t as
        select i, (make_timestamp((-2208988800 + i * 262657 // {step} * {step}) * 1000000)
          {"at time zone 'UTC'" if "ZONE" in kind else ""})::{kind} as x,
          make_timestamp((-2208988800 + i * 262000 // {step} * {step}) * 1000000) as ref
        from range(0, 24000) r(i)""",
    )
    codec = fresh("datetime", kind, ("ref",), span=span, min_len=-200, max_len=200, bins=401, time_bins=1440)
    same(codec, db, refs=["ref"])
    limits = {"min": CENTURIES[0], "max": dt.date(2100, 12, 31)}
    if not span.startswith("day"):
        same(fresh("datetime", kind, span=span, bins=11_000, time_bins=1440, **limits), db)


def test_a_finer_time_goes_to_the_start_of_its_step(db):
    db.run_sql(
        "t",
        "create or replace table t as select 0 as i, '1969-12-31 23:59:59.999999999'::timestamp_ns as x, "
        "date '1970-01-01' as ref",
    )
    codec = fresh("datetime", "TIMESTAMP_NS", ("ref",), span="day.second", min_len=-3, time_bins=24)
    learned(codec, db)
    made = decoded(codec, encoded(codec, db), 1, {"ref": pa.array([dt.date(1970, 1, 1)])})
    assert made.to_pylist() == [dt.datetime(1969, 12, 31, 23, 59, 59)]


@pytest.mark.parametrize("span", ["hour", "halfhour", "minute", "halfminute", "second"])
@pytest.mark.parametrize("kind", ["TIME", "TIMESTAMP"])
def test_times_survive_to_the_span(db, span, kind):
    steps = {"hour": 24, "halfhour": 48, "minute": 1440, "halfminute": 2880, "second": 86_400}[span]
    seconds = 86_400 // steps
    db.run_sql(
        "t",
        "create or replace table t as "
        f"select i, (timestamp '2000-01-01' + to_seconds((i * {seconds})::bigint))::{kind} as x "
        f"from range({steps}) r(i)",
    )
    codec = fresh("time", kind, span=span, bins=min(steps, 2880))
    learned(codec, db)
    if span == "second":  # half a minute a bin; inside it a second is drawn
        codes = encoded(codec, db)
        made = decoded(codec, codes, steps).cast(pa.int64()).to_numpy() % 86_400_000_000
        np.testing.assert_array_equal(made // 30_000_000, np.arange(steps) // 30)
        assert not (made % 1_000_000).any() and len(np.unique(made)) > steps / 2
    else:
        same(codec, db)


def test_midnight_at_the_end_of_the_day_is_in_the_last_step(db):
    db.run_sql("t", "create or replace table t as select 0 as i, time '24:00:00' as x")
    assert encoded(fresh("time", "TIME", span="hour"), db) == {"x.time": np.array([23])}


days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))
rows = st.lists(st.tuples(st.none() | days, st.none() | days), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(rows=rows, span=st.sampled_from(["year", "week", "day"]), stamped=st.booleans())
def test_any_dates_and_references_survive(rows, span, stamped):
    """NULL with a NULL reference, all codes 0 together, the reference a DATE or a TIMESTAMP."""
    with Db.open() as db:
        kind = "TIMESTAMP" if stamped else "DATE"
        listed = ", ".join(f"({i}, {literal(x)}, {literal(r)})" for i, (x, r) in enumerate(rows))
        db.run_sql(
            "t",
            f"create table t as select i, x::date as x, r::{kind} as ref from (values {listed}) v(i, x, r)",
        )
        reach = {"year": 202, "week": 10_600, "day": 32_000}[span]
        codec = fresh("date", "DATE", ("ref",), True, span=span, min_len=-reach, max_len=reach, bins=65_000)
        codes = encoded(codec, db)
        ref = db.arrow_sql("refs", "select ref from t order by i").column(0).combine_chunks()
        expected = [
            None if x is None or r is None else x if span != "day" else r + max(min(x - r, D), -D)
            for x, r in rows
        ]
        for column in codes.values():
            assert [c == 0 for c in column] == [e is None for e in expected]
        assert decoded(codec, codes, len(rows), {"ref": ref}).to_pylist() == expected


D = dt.timedelta(days=32_000)


# -- NULL


def test_the_first_part_decides_what_is_null_and_others_are_filled():
    codec = fresh("datetime", "TIMESTAMP", nullable=True, span="year.halfhour", min=2000, max=2009)
    for want in codec.wants():
        assert isinstance(want, WantHistogram) and want.label == "x.time"
        counts = np.zeros(48)
        counts[[20, 21]] = 5.0
        codec.learn(want, Histogram(counts, 0.0))
    assert [(c.name, c.size, c.null) for c in codec.columns()] == [
        ("x.years", 12, 0), ("x.week", 54, 0), ("x.weekday", 8, 0), ("x.time", 25, 0),
    ]  # fmt: skip
    n = 4000
    codes = {name: np.zeros(n, dtype=np.uint8) for name in ("x.week", "x.weekday", "x.time")}
    codes["x.years"] = np.arange(n) % 2 * 5
    codes["x.weekday"][3] = 2  # a NULL year wins against it; row 3 is not NULL
    made = decoded(codec, codes, n).to_pylist()
    assert [m is None for m in made] == [i % 2 == 0 for i in range(n)]
    present = made[1::2]
    assert made[3].isoweekday() == 2
    # ISO 2003: code 5 of 1999..2009, as 1 January 2000 lies in ISO 1999. The histogram gives the time.
    assert {m.isocalendar()[0] for m in present} == {2003}
    assert {m.isoweekday() for m in present} == set(range(1, 8))
    assert {(m.hour, m.minute) for m in present} == {(10, 0), (10, 30)}


def test_what_may_not_be_null_is_a_fault(db):
    db.run_sql(
        "t",
        """create or replace table t as select * from (values
        (0, date '2000-01-01', date '2000-01-01'), (1, null, date '2000-01-01'), (2, date '2000-01-01', null),
        (3, 'infinity'::date, date '2000-01-01'), (4, date '2900-01-01', date '2000-01-01')) v(i, x, ref)""",
    )
    faults = fresh("date", "DATE", ("ref",), outside="error").faults()
    rows = [texts(db, f"select i from t where {predicate} order by i") for _, predicate in faults]
    assert rows == [[1, 3], [2], [4]]
    assert "'ref'" in faults[1][0]
    assert fresh("date", "DATE", ("ref",), True).faults() == []
    codes = encoded(fresh("date", "DATE", ("ref",), True), db)
    assert [c == 0 for c in codes["x.years"]] == [False, True, True, True, False]


def test_a_nullable_reference_makes_a_nullable_field():
    codec = fresh("date", "DATE", ("ref",), reference_nullable=True, bins=64)
    assert all(c.null == 0 for c in codec.columns())
    codes = {c.name: np.array([1, 1]) for c in codec.columns()}
    assert decoded(codec, codes, 2, {"ref": pa.array([None, dt.date(2000, 1, 3)])}).to_pylist() == [
        None, dt.date(2000, 1, 3),
    ]  # fmt: skip


# -- range


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP"])
def test_dates_outside_are_clamped_or_null(db, kind):
    db.run_sql(
        "t",
        f"""create or replace table t as select i, x::{kind} as x from (values (0, date '1999-12-31'),
        (1, date '2000-01-15'), (2, date '2000-03-15'), (3, date '2000-03-16'), (4, null)) v(i, x)""",
    )
    limits = {"min": "2000-01-15", "max": "2000-03-15", "span": "week"}
    clamped = fresh("date", kind, nullable=True, **limits)
    first, last = dt.date(2000, 1, 15), dt.date(2000, 3, 15)
    made = decoded(clamped, encoded(clamped, db), 5)
    assert made.to_pylist() == [first, first, last, last, None]
    to_null = fresh("date", kind, outside="null", **limits)
    assert decoded(to_null, encoded(to_null, db), 5).to_pylist() == [None, first, last, None, None]
    strict = fresh("date", kind, nullable=True, outside="error", **limits).faults()
    assert texts(db, f"select i from t where {strict[0][1]} order by i") == [0, 3]


def test_distances_outside_are_clamped_or_null(db):
    db.run_sql(
        "t",
        "create or replace table t as select i, date '2000-01-05' + (i - 2)::integer * 10 as x, "
        "timestamp '2000-01-05 23:00:00' as ref from range(5) r(i)",
    )
    ref = {"ref": pa.array([dt.datetime(2000, 1, 5, 23)] * 5)}
    days = [dt.date(1999, 12, 26), *([dt.date(2000, 1, 5)] * 1), dt.date(2000, 1, 15)]
    options = {"span": "day", "min_len": -10, "max_len": 10}
    codec = fresh("date", "DATE", ("ref",), **options)
    assert decoded(codec, encoded(codec, db), 5, ref).to_pylist() == [days[0], *days, days[2]]
    codec = fresh("date", "DATE", ("ref",), outside="null", **options)
    assert decoded(codec, encoded(codec, db), 5, ref).to_pylist() == [None, *days, None]


def test_what_comes_out_lies_within_the_declared_instants():
    limits = {"min": "2000-01-03 10:20:00", "max": "2000-01-03 10:40:00"}
    codec = fresh("datetime", "TIMESTAMP", span="year.hour", **limits)
    codes = {c.name: np.arange(200) % c.size for c in codec.columns()}
    made = decoded(codec, codes, 200).to_pylist()
    assert min(made) == dt.datetime(2000, 1, 3, 10, 20) and max(made) == dt.datetime(2000, 1, 3, 10, 40)


def test_extreme_codes_never_leave_the_type():
    codec = fresh("date", "TIMESTAMP_NS", ("ref",), span="year", min_len=-4000, max_len=4000, bins=8001)
    codes = {c.name: np.array([0, c.size - 1]) for c in codec.columns()}
    with Db.open() as db:
        made = as_text(decoded(codec, codes, 2, {"ref": pa.array([1900, 2100])}), "TIMESTAMP_NS", db)
    assert [m[:4] for m in made] == ["1677", "2262"]


# -- discovery


def test_bounds_then_histogram(db):
    db.run_sql(
        "t",
        "create or replace table t as select i, x from days where x between '1990-05-05' and '2010-06-06'",
    )
    codec = fresh("date", "DATE", span="day")
    assert list(codec.promises()) == [WantBounds, WantHistogram]
    assert [(c.name, c.size) for c in codec.columns()] == [("x.days", 32)]
    (want,) = codec.wants()
    assert want.label == "x.bounds" and want.integer
    with pytest.raises(RuntimeError):
        codec.encode()
    codec.learn(want, (7000.4, 15_000.0))
    (want,) = codec.wants()
    assert want.label == "x.days" and want.cells <= 4096
    learned(codec, db)
    assert codec.columns()[0].size <= 32
    codes = encoded(codec, db)
    made = decoded(codec, codes, len(codes["x.days"]))
    real = np.array(texts(db, "select x - date '1970-01-01' from t order by i"))
    off = np.abs(made.cast(pa.int32()).to_numpy() - real)
    assert off.max() < len(real) / 20  # a bin holds about a 32nd of the days
    assert len(set(made.to_pylist())) > len(real) / 3  # and its days are drawn from the fine histogram


@pytest.mark.parametrize("bounds", [(10.0, -10.0), (-1e300, 1e300), (float("nan"), 5.0), (3, 3)])
@pytest.mark.parametrize("span", ["year", "week", "day"])
def test_any_noisy_bounds_will_do(db, bounds, span):
    db.run_sql("t", "create or replace table t as select * from days where i % 997 = 0")
    codec = learned(fresh("date", "DATE", span=span), db, bounds=bounds)
    codes = encoded(codec, db)
    assert decoded(codec, codes, len(codes["x." + span + "s"])).null_count == 0


def test_learned_bounds_make_no_fault():
    codec = fresh("date", "DATE", nullable=True, outside="error")
    codec.learn(codec.wants()[0], (0, 1000))
    assert codec.faults() == []


def test_a_half_declared_range_keeps_its_half(db):
    db.run_sql("t", "create or replace table t as select * from days where i % 997 = 0")
    codec = learned(fresh("date", "DATE", min="1980-01-01"), db, bounds=(-20_000, 9000))
    made = decoded(codec, encoded(codec, db), len(texts(db, "select i from t")))
    assert min(made.to_pylist()) == dt.date(1980, 1, 1)
    _, before = fresh("date", "DATE", min="1980-01-01", outside="error").faults()
    assert texts(db, f"select count(*) from t where {before[1]}") == [30]


def test_a_spike_in_time_stays_a_spike(db):
    db.run_sql(
        "t",
        "create or replace table t as "
        "select i, (case when i < 900 then '08:17:00' else '20:00:00' end)::time as x from range(1000) r(i)",
    )
    codec = fresh("time", "TIME")
    assert list(codec.promises()) == [WantHistogram] and codec.columns()[0].size == 24
    learned(codec, db)
    same(codec, db)


# -- references and files


@pytest.mark.parametrize(
    "reference",
    [
        pa.array([dt.date(2000, 1, 5)] * 2).cast(pa.date64()),
        pa.array([dt.datetime(2000, 1, 5, 23, 59)] * 2, pa.timestamp("s")),
        pa.array([dt.datetime(2000, 1, 5, 23, 59)] * 2, pa.timestamp("ns", tz="UTC")),
        pa.chunked_array([[dt.date(2000, 1, 5)], [dt.date(2000, 1, 5)]]),
        pa.array([dt.date(2000, 1, 5)] * 2).dictionary_encode(),
        pa.array(["2000-01-05", "2000-01-05 04:05:06"]),
    ],
)
def test_a_reference_may_have_any_type_of_date(reference):
    codec = fresh("date", "DATE", ("p.ref",), span="day", bins=64)
    made = decoded(codec, {"x.days": np.array([2, 0])}, 2, {"p.ref": reference}).to_pylist()
    assert made == [dt.date(2000, 1, 7), dt.date(2000, 1, 5)]


def test_a_reference_may_be_a_year(db):
    db.run_sql(
        "t", "create or replace table t as select i, x, 1950::smallint as ref from days where i % 97 = 0"
    )
    same(
        fresh("date", "DATE", ("ref",), reference_type="year", min_len=-60, max_len=160, bins=300),
        db,
        refs=["ref"],
    )


def test_text_columns_hold_dates_too(db):
    db.run_sql("t", "create or replace table t as select i, x::varchar as x from days where i % 97 = 0")
    same(fresh("date", "VARCHAR", min=CENTURIES[0], max=CENTURIES[1], bins=300), db)
    db.run_sql(
        "t",
        "create or replace table t as "
        "select i, (time '00:10:00' + to_hours(i))::varchar as x from range(24) r(i)",
    )
    codec = learned(fresh("time", "VARCHAR", span="minute"), db)
    made = decoded(codec, encoded(codec, db), 24)
    assert as_text(made, "TIME", db) == texts(db, "select x from t order by i")


@pytest.mark.parametrize(
    ("kind", "sql_type", "options", "word"),
    [
        ("date", "DATE", {"span": "month"}, "month"),
        ("datetime", "TIMESTAMP", {"span": "year"}, "<date>.<time>"),
        ("time", "TIME", {"span": "year"}, "halfminute"),
        ("date", "DATE", {"min": "soon"}, "'min'"),
        ("date", "DATE", {"min": 2001, "max": 2000}, "after"),
        ("date", "DATE", {"bins": 70_000}, "'bins'"),
        ("date", "DATE", {"bins": "many"}, "'bins'"),
        ("date", "DATE", {"reference": 2000, "min_len": 5, "max_len": 1}, "min_len"),
        ("date", "DATE", {"outside": "drop"}, "outside"),
        ("date", "INTEGER", {}, "INTEGER"),
        ("time", "DATE", {}, "DATE"),
    ],
)
def test_wrong_options_are_named(kind, sql_type, options, word):
    with pytest.raises(UserError, match=r"^x: .*") as error:
        fresh(kind, sql_type, **options)
    assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_two_references_are_one_too_many():
    with pytest.raises(UserError, match="one reference"):
        fresh("date", "DATE", ("a", "b"))
