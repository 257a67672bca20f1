"""What is drawn of a column, against counts by hand: every row stands in one bin, on both sides."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from testkit import put

from duckpaste.db import Db
from duckpaste.report.columns import ColumnPlots, family_of, plots_of
from duckpaste.schema.view import Field, ForeignKey, Table


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as made:
        yield made


def plotted(db: Db, real: list[Any], fake: list[Any], kind: str, sql_type: str, **more: Any) -> ColumnPlots:
    name = 'a "b'
    sides = {
        "real": put(db, "real", {name: real}, {name: sql_type}),
        "synthetic": put(db, "made", {name: fake}, {name: sql_type}),
    }
    return plots_of(db, Table("t", (Field(name, kind, sql_type=sql_type, **more),)), sides)[0]


def sums(found: ColumnPlots) -> list[float]:
    return [sum(values) for plot in found.plots for values in plot.shares.values()]


def test_categories_are_counted_by_value_and_the_rest_together(db: Db) -> None:
    real = [f"v{i % 20:02d}" for i in range(200)] + ["<script>"] * 100 + [None] * 100
    fake = ["<script>"] * 30 + ["only made"] * 70
    found = plotted(db, real, fake, "categorical", "VARCHAR")
    plot = found.plots[0]
    shares = {
        label: (plot.shares["real"][i], plot.shares["synthetic"][i]) for i, label in enumerate(plot.labels)
    }
    assert shares["<script>"] == (100 / 300, 0.3) and shares["only made"] == (0.0, 0.7)
    assert plot.labels[-1] == "10 others" and shares["10 others"] == (
        pytest.approx(100 / 300),
        pytest.approx(0),
    )
    assert found.nulls == {"real": 0.25, "synthetic": 0.0}
    assert sums(found) == pytest.approx([1, 1])


def test_ordinals_keep_their_order(db: Db) -> None:
    found = plotted(
        db,
        ["low"] * 2 + ["high"] * 9,
        ["mid"],
        "ordinal",
        "VARCHAR",
        options={"values": ["low", "mid", "high"]},
    )
    assert found.plots[0].labels == ["low", "mid", "high"]


def test_numbers_fall_into_bins_that_both_sides_share(db: Db) -> None:
    real = [i % 97 for i in range(970)]
    fake = [i % 50 for i in range(100)] + [-500, 10_000, None]
    found = plotted(db, real, fake, "numerical", "INTEGER")
    plot = found.plots[0]
    assert plot.labels[0].startswith("below") and plot.labels[-1].endswith("above")
    assert plot.shares["synthetic"][0] == plot.shares["synthetic"][-1] == pytest.approx(1 / 102)
    for label, share in list(zip(plot.labels, plot.shares["real"], strict=True))[1:-1]:
        first, last = map(int, label.split("–"))
        assert share == pytest.approx(sum(first <= v <= last for v in real) / len(real)), label
    assert dict(found.facts)["largest"] == {"real": "96", "synthetic": "10,000"}


def test_a_spike_is_told_apart(db: Db) -> None:
    real = [0.0] * 900 + [100 + i / 7 for i in range(100)]
    found = plotted(db, real, [0.0] * 50 + [110.0] * 50, "numerical", "DOUBLE")
    assert dict(found.facts)["exactly 0"] == {"real": "90.0 %", "synthetic": "50.0 %"}
    plot = found.plots[0]
    assert plot.title == "all but 0" and sum(plot.shares["real"]) == pytest.approx(1)
    assert max(plot.shares["real"]) < 0.5, "the rest is spread over bins"


def test_a_few_far_values_do_not_squeeze_the_axis(db: Db) -> None:
    real = [float(i % 100) for i in range(10_000)] + [1e9]
    plot = plotted(db, real, real, "numerical", "DOUBLE").plots[0]
    assert len(plot.labels) > 10 and sum(s > 0.01 for s in plot.shares["real"]) > 10
    assert "beyond the axis" in plot.note


@pytest.mark.parametrize("sql_type", ["DOUBLE", "FLOAT", "DECIMAL(18,4)", "HUGEINT", "UBIGINT", "TINYINT"])
def test_every_type_of_number_is_drawn(db: Db, sql_type: str) -> None:
    found = plotted(db, [1, 2, 3, 3], [2, 2, None, 3], "numerical", sql_type)
    assert sums(found) == pytest.approx([1, 1])


def test_nan_and_infinity_have_no_bin_of_their_own(db: Db) -> None:
    values = [1.0, 2.0, math.nan, math.inf, -math.inf]
    found = plotted(db, values, values, "numerical", "DOUBLE")
    assert sums(found) == pytest.approx([1, 1])
    assert dict(found.facts)["largest"]["real"] == "2"


def test_a_column_that_is_mostly_nan_is_drawn(db: Db) -> None:
    found = plotted(
        db, [math.nan] * 500 + [float(i) for i in range(100)], [1e300, -1e300], "numerical", "DOUBLE"
    )
    assert sums(found) == pytest.approx([1, 1]) and "exactly" not in str(found.facts)
    found = plotted(db, [1e-300] * 500 + [i / 1e290 for i in range(100)], [0.0], "numerical", "DOUBLE")
    assert found.plots or found.facts


def test_dates_and_hours(db: Db) -> None:
    start = dt.datetime(2023, 11, 20, 22, 30)
    real = [start + dt.timedelta(hours=7 * i) for i in range(400)]
    found = plotted(db, real, real[:100], "datetime", "TIMESTAMP")
    by_date, by_hour = found.plots
    hours = Counter(v.hour for v in real)
    assert by_hour.shares["real"] == pytest.approx([hours[h] / 400 for h in range(24)])
    weeks = Counter((v.date() - dt.timedelta(days=v.weekday())).isoformat() for v in real)
    shown = {
        label.split("–")[0]: s for label, s in zip(by_date.labels, by_date.shares["real"], strict=True) if s
    }
    assert {label[:10]: s for label, s in shown.items()} == pytest.approx(
        {k: n / 400 for k, n in weeks.items()}
    )


@pytest.mark.parametrize(
    ("sql_type", "kind", "values"),
    [
        ("DATE", "date", [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2000, 1, 1)]),
        ("DATE", "date", [dt.date(2000, 1, 1)] * 3),
        ("TIMESTAMPTZ", "datetime", [dt.datetime(2000, 1, 1, 12)] * 3),
        ("TIMESTAMP_NS", "datetime", [dt.datetime(2000, 1, 1, 12)] * 3),
        ("TIME", "time", [dt.time(23, 59, 59), dt.time(0), dt.time(12)]),
        ("BOOLEAN", "boolean", [True, False, True]),
        ("ENUM('a','b')", "categorical", ["a", "b", "a"]),
        ("BIGINT", "categorical", [1, 2, 3]),
    ],
)  # fmt: skip
def test_every_type_is_drawn_whole(db: Db, sql_type: str, kind: str, values: list[Any]) -> None:
    found = plotted(db, values, values[:1], kind, sql_type)
    assert sums(found) == pytest.approx([1] * 2 * len(found.plots)) and found.plots


def test_columns_of_nothing_but_null_and_empty_sides(db: Db) -> None:
    for sql_type, kind in (
        ("INTEGER", "numerical"),
        ("DATE", "date"),
        ("VARCHAR", "categorical"),
        ("TIME", "time"),
    ):
        assert plotted(db, [None, None], [], kind, sql_type).nulls == {"real": 1.0, "synthetic": 0.0}
        plotted(db, [], [], kind, sql_type)


def test_keys_and_made_up_text_are_not_drawn(db: Db) -> None:
    assert family_of("VARCHAR", "text") == family_of("BIGINT", "id") == family_of("UUID", "uuid") == "none"
    fields = (
        Field("id", "id", sql_type="BIGINT"),
        Field("ward", "id", sql_type="BIGINT"),
        Field("name", "text", True, sql_type="VARCHAR"),
    )
    table = Table("t", fields, ("id",), foreign_keys=(ForeignKey(("ward",), "wards", ("id",)),))
    made = put(db, "t", {"id": [1, 2], "ward": [1, 1], "name": ["Secret Name", None]}, {"name": "varchar"})
    found = plots_of(db, table, {"real": made, "synthetic": made})
    assert [c.plots for c in found] == [[], [], []] and found[2].nulls == {"real": 0.5, "synthetic": 0.5}
    assert "Secret Name" not in repr(found)


def test_held_out_rows_are_a_third_side(db: Db) -> None:
    sides = {
        side: put(db, side, {"v": [1, 2, n]}, {"v": "integer"})
        for side, n in (("real", 1), ("held-out", 2), ("synthetic", 3))
    }
    plot = plots_of(db, Table("t", (Field("v", "numerical", sql_type="INTEGER"),)), sides)[0].plots[0]
    assert list(plot.shares) == ["real", "held-out", "synthetic"] and plot.shares[
        "held-out"
    ] == pytest.approx([1 / 3, 2 / 3, 0])
