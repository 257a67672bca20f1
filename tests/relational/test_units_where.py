"""sample --where of related tables: the units are those asked for, and what hangs on them is as it would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.model import Model
from duckpaste.output.writer import sample
from duckpaste.schema.view import Field, Table


@pytest.fixture(scope="module")
def related() -> Model:
    """Units of two kinds: of kind b they have two visits each in ward 'w', of kind a hardly any, in other wards."""
    with Db.open() as db:
        db.script_sql("related", """
            create table units (id integer primary key, kind enum ('a', 'b') not null, born date not null);
            create table visits (id integer primary key, unit integer not null references units (id),
                                 ward enum ('u', 'v', 'w') not null);
            insert into units select i, case when i % 4 = 0 then 'b' else 'a' end,
                date '1950-01-01' + (i * 37 % 20000)::int from range(4000) t(i);
            insert into visits select i * 4 + c, i, case when i % 4 = 0 then 'w' else ['u', 'v'][i % 2 + 1] end
            from range(4000) t(i), range(2) s(c) where i % 4 = 0 or (i % 3 = 0 and c = 0);
        """)  # fmt: skip
        born = {"min": "1950-01-01", "max": "2004-12-31"}
        fields = (Field("id", "id"), Field("kind", "categorical"), Field("born", "date", options=born))
        model, _ = fitted(db, (Table("units", fields), Table("visits", contributions=2)), {"epsilon": 50.0})
    return model


def test_units_given_a_predicate_with_all_that_hangs_on_them(related: Model, tmp_path: Path) -> None:
    with drawn(related, tmp_path / "all.duckdb", n=20_000) as everyone:
        counts = "count(*) filter (ward = 'w'), count(ward), count(distinct u.id)"
        joined = f"select {counts} from units u left join visits v on v.unit = u.id"
        (w, all_, units) = everyone.rows_sql("all", f"{joined} where kind = 'b' and born < '1980-05-06'")[0]
    asked = "kind = 'b' and born < '1980-05-06'"
    with drawn(related, tmp_path / "b.duckdb", n=5_000, where=asked) as given:
        assert given.rows_sql("u", f"select count(*), count(*) filter ({asked}) from units") == [
            (5_000, 5_000)
        ]
        assert given.rows_sql(
            "o", "select count(*) from visits where unit not in (select id from units)"
        ) == [(0,)]
        (w_given, all_given, _) = given.rows_sql("given", joined)[0]
        comment = given.rows_sql("c", "select comment from duckdb_tables() where table_name = 'visits'")[0][0]
    assert "only units of units where kind = 'b'" in comment
    # Visits a unit lie in 0..4, so the mean of n units has sd at most 2 / sqrt(n): 6.5 sd of the difference.
    assert abs(all_ / units - all_given / 5_000) < 6.5 * 2 * np.sqrt(1 / units + 1 / 5_000)
    assert w_given / all_given > 0.95 and w / all_ > 0.95


def test_columns_below_the_units_can_not_be_asked_for(related: Model, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no column 'ward' in 'units'"):
        sample(related, tmp_path / "s.duckdb", where="ward = 'w'")
    with pytest.raises(UserError, match="is about rows of 'units', not of 'visits'"):
        sample(related, tmp_path / "s.duckdb", where="visits.ward = 'w'")
