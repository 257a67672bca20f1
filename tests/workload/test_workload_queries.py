"""Queries give the columns that they group by, filter by and aggregate; what can't be read is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste.errors import Faults, UserError
from duckpaste.schema.view import Field, Table, View
from duckpaste.workload import Asked, Tables, read
from duckpaste.workload.statements import split

PATIENTS = {
    "patient_id": "id",
    "sex": "categorical",
    "age": "numerical",
    "born": "date",
    "region": "categorical",
}
STAYS = {"stay_id": "id", "patient_id": "id", "ward": "categorical", "cost": "numerical", "since": "datetime",
         "item": "categorical", "age": "numerical"}  # fmt: skip
ITEMS = {"item": "categorical", "label": "categorical"}
VIEW = View("clinic", Path("clinic"), (
    Table("patients", tuple(Field(n, k) for n, k in PATIENTS.items())),
    Table("stays", tuple(Field(n, k) for n, k in STAYS.items())),
    Table("items", tuple(Field(n, k) for n, k in ITEMS.items()), public=True),
))  # fmt: skip
TABLES = Tables.of(VIEW)


def sets(query: str) -> list[set[str]]:
    """The sets of one query, names without their table where it is stays."""
    queries, faults = split(query, "q.sql")
    assert faults == []
    found = Asked(queries=queries).sets(TABLES)
    assert sum(weight for _, weight in found) == pytest.approx(len(queries))
    return [{name.removeprefix("stays.") for name in names} for names, _ in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select ward, count(*) from stays group by ward", [{"ward"}]),
        ("select ward, count(*) from stays group by 1", [{"ward"}]),
        ("select ward, item, count(*) from stays group by all", [{"ward", "item"}]),
        ("select WARD, count(*) from Stays S where s.Cost > 5 group by s.ward", [{"ward", "cost"}]),
        ("select count(*) from clinic.stays where cost between 1 and 2 or item in ('a', 'b')", [{"cost", "item"}]),
        ("select count(*) from db.clinic.stays where stays.ward = 'x'", [{"ward"}]),
        ("from stays select count(*) where ward = 'x'", [{"ward"}]),
        ("select count(*) filter (where cost > 3), count(*) filter (where item = 'x') from stays group by ward",
         [{"ward", "cost"}, {"ward", "item"}]),
        ("select ward, avg(cost), max(since) from stays group by ward", [{"ward", "cost"}, {"ward", "since"}]),
        ("select ward, sum(cost) / count(*) as mean from stays group by ward order by mean", [{"ward", "cost"}]),
        ("select ward, my_aggregate(cost) from stays group by ward", [{"ward", "cost"}]),
        ("select ward, count(*) from stays group by ward having avg(cost) > 3", [{"ward", "cost"}]),
        ("select ward, count(distinct item) from stays group by ward", [{"ward", "item"}]),
        ("select date_trunc('month', since) as month, count(*) from stays group by month", [{"since"}]),
        ("select case when cost < 10 then 'low' else 'high' end as bin, ward from stays group by bin, ward",
         [{"cost", "ward"}]),
        ("select cost // 10 * 10 as bin, count(*) from stays group by all", [{"cost"}]),
        ("select extract(year from since) as y, count(*) as item from stays group by y order by item", [{"since"}]),
        ("select distinct ward, item from stays", [{"ward", "item"}]),
        ("select distinct on (ward) ward, item from stays", [{"ward"}]),
        ("select ward, item, count(*) from stays group by rollup (ward, item)", [{"ward", "item"}]),
        ("select ward, item, count(*) from stays group by grouping sets ((ward), (1, item), ())", [{"ward", "item"}]),
        ("select ward, count(*) from stays group by cube (ward, item)", [{"ward", "item"}]),
        ("select p.sex, s.ward, count(*) from patients p join stays s on p.patient_id = s.patient_id group by all",
         [{"patients.sex", "ward"}]),
        ("select sex, ward, count(*) from patients join stays using (patient_id) group by all",
         [{"patients.sex", "ward"}]),
        ("select count(*) from patients p join stays s on s.patient_id = p.patient_id and s.age > p.age",
         [{"patients.age", "age"}]),
        ("select ward, count(*) from stays join items using (item) where label = 'x' group by ward", [{"ward", "item"}]),
        ("with old as (select * from stays where cost > 9) select ward, count(*) from old group by ward",
         [{"ward", "cost"}]),
        ("with s(w, c) as (select ward, cost from stays) select w, sum(c) from s group by w", [{"ward", "cost"}]),
        ("with a as (select ward as w from stays), b as (select w as v from a) select v, count(*) from b group by v",
         [{"ward"}]),
        ("with unused as (select * from stays where cost > 9) select ward, count(*) from stays group by ward",
         [{"ward"}]),
        ("select bin, count(*) from (select *, cost // 10 as bin from stays where item = 'x') group by bin",
         [{"cost", "item"}]),
        ("select n, count(*) from (select ward, count(*) as n from stays group by ward) group by n", [{"ward"}]),
        ("select count(*) from patients p where exists (from stays s where s.patient_id = p.patient_id and ward = 'x')",
         [{"ward"}]),
        ("select ward, count(*) from stays where cost > (select avg(cost) from stays where item = 'x') group by ward",
         [{"ward", "cost", "item"}]),
        ("select count(*) from stays where (ward, item) in (select sex, region from patients)",
         [{"ward", "item", "patients.sex", "patients.region"}]),
        ("select ward, count(*) from stays group by 1 union all select region, count(*) from patients group by 1",
         [{"ward"}, {"patients.region"}]),
        ("select w, count(*) from (select ward from stays union select sex from patients) t(w) group by w",
         [{"ward", "patients.sex"}]),
        ("select ward, rank() over (partition by item order by cost) from stays", [{"item", "cost"}]),
        ("select ward from stays qualify row_number() over (partition by item) = 1", [{"item"}]),
        ("select sum(cost) over w from stays window w as (partition by ward)", [{"cost", "ward"}]),
        ("select ward, count(*) from stays, range(3) r(i) where cost > i group by ward", [{"ward", "cost"}]),
        ("select s.ward, x.n from stays s, lateral (select count(*) n from patients p where p.age > s.cost) x",
         [{"patients.age", "cost"}]),
        ("with recursive r as (select 1 as i union all select i + 1 from r where i < 5) "
         "select count(*) from stays, r where cost = r.i", [{"cost"}]),
        ("select list_filter([1], ward -> ward > 1), item from stays group by all", [{"item"}]),
        ("select ward, count(*) from stays where cost > $low and item = ? group by ward", [{"ward", "cost", "item"}]),
    ],
)  # fmt: skip
def test_columns(query: str, expected: list[set[str]]) -> None:
    found = sets(query)
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select count(*)\nfrom stays\nwhere wadr = 1", "q.sql:3: no column 'wadr'; did you mean 'ward'?"),
        ("select s.sex, count(*)\nfrom stays s group by 1", "q.sql:1: no column 'sex' in 's'"),
        (
            "select count(*)\nfrom stay where ward = 1",
            "q.sql:2: no table 'stay' in the view; did you mean 'stays'?",
        ),
        (
            "select age, count(*) from stays, patients group by 1",
            "'age' may be of stays or patients; write stays.age",
        ),
        (
            "select count(*) from read_csv('x.csv') where a = 1",
            "reads read_csv, which is no table of the view",
        ),
        ("select count(*) from 'x.parquet' where a = 1", "no table 'x.parquet' in the view"),
        ("select * from stays pivot (sum(cost) for ward in ('a'))", "PIVOT can't be read"),
        ("select ward, count(*) from stays group by 3", "no output column 3"),
        ("with s as (select ward as w from stays) select cost from s group by 1", "no column 'cost'"),
        ("select count(*) from stays", "groups by, filters by and aggregates no column"),
        (
            "select patient_id, count(*) from stays group by 1",
            "groups by, filters by and aggregates no column",
        ),
        ("select label, count(*) from items group by 1", "groups by, filters by and aggregates no column"),
    ],
)
def test_what_is_not_there(query: str, message: str) -> None:
    with pytest.raises(Faults) as caught:
        sets(query)
    assert message in str(caught.value)


FILE = """-- The yearly report.

-- weight: 3
select ward, count(*) from stays group by ward;
;
select item, count(*) from stays -- weight = .5
group by item;

/* Weight: 1e1
   for the ministry */
select 'a; -- weight: 9' as x, cost, ward from stays group by all
"""


def test_weights_stand_above_their_query(tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_text(FILE)
    asked = read(path)
    assert [(q.weight, q.place.line) for q in asked.queries] == [(3.0, 4), (0.5, 6), (10.0, 11)]
    assert asked.sets(TABLES) == (
        (("stays.ward",), 3.0), (("stays.item",), 0.5), (("stays.cost", "stays.ward"), 10.0),
    )  # fmt: skip


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_text(
        "select from where;\n"
        "select ward from stays group by 1; -- weight: 2\n"
        "select item from stays group by 1;\n"
        "-- weight: many\nselect 1;\n"
        "-- weight: 0\nselect 1;\n"
        "-- weight: 1\n-- weight: 2\nselect 1;\n"
        "insert into stays values (1);\n"
        "select (ward\nfrom stays"
    )
    with pytest.raises(Faults) as caught:
        read(str(path))
    told = str(caught.value).replace(f"{path}:", "line ").splitlines()
    assert [line.partition(";")[0] for line in told] == [
        "line 1: can't be read as SQL",
        "line 3: a weight stands behind the query before",
        "line 5: the weight 'many' is no number above 0 and up to 1e9",
        "line 7: the weight '0' is no number above 0 and up to 1e9",
        "line 10: has more than one weight",
        "line 11: is no query",
        "line 13: can't be read as SQL",
    ]


def test_faults_of_names_come_from_all_queries_at_once(tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_text("select a from stays group by 1;\nselect b from stays\nwhere c > 1;")
    with pytest.raises(Faults) as caught:
        read(path).sets(TABLES)
    assert [f.where.rpartition(":")[2] for f in caught.value.faults] == ["1", "3"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.sql", None, "no such file"),
        ("q.txt", "x", "is no .sql, .yml or .json file"),
        ("q.sql", "-- nothing\n;", "holds no query"),
        ("q.sql", "select 'open", "can't be read as SQL"),
        ("q.yml", "[]", "holds no column set"),
        ("q.yml", "a: b", "is no list of column sets"),
        ("q.yml", "[a, [", "can't be read as YAML"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)


def test_lists(tmp_path: Path) -> None:
    (tmp_path / "w.yml").write_text(
        "- [sex, stays.ward]\n- columns: [cost, patients.born]\n  weight: 2.5\n- [cost]\n"
    )
    (tmp_path / "w.json").write_text(
        '[["sex", "stays.ward"], {"columns": ["cost", "born"], "weight": 2.5}, ["cost"]]'
    )
    expected = (
        (("patients.sex", "stays.ward"), 1.0), (("stays.cost", "patients.born"), 2.5), (("stays.cost",), 1.0),
    )  # fmt: skip
    assert read(tmp_path / "w.yml").sets(TABLES) == expected
    assert read(tmp_path / "w.json").sets(TABLES) == expected


def test_every_fault_of_a_list_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_text(
        "- sex\n- []\n- {columns: [sex], weight: no}\n- {columns: [sex], times: 2}\n- [[sex]]\n- [1e3, yes]\n"
    )
    with pytest.raises(Faults) as caught:
        read(path)
    assert [f.where.rpartition(":")[2] for f in caught.value.faults] == ["1", "2", "3", "4", "5"]
    path.write_text("- [wrad]\n- [age]\n\n- [patient_id]\n")
    with pytest.raises(Faults) as caught:
        read(path).sets(TABLES)
    assert [str(f).replace(str(path), "") for f in caught.value.faults] == [
        ":1: no column 'wrad'; did you mean 'ward'?",
        ":2: 'age' may be of patients or stays; write patients.age",
        ":4: 'patient_id' may be of patients or stays; write patients.patient_id",
    ]


def test_names_of_one_table_stand_alone() -> None:
    alone = Tables.of(View("v", Path("v"), (VIEW.tables[1], VIEW.tables[2])))
    queries, _ = split(
        "select s.ward, i.label, count(*) from stays s join items i using (item) group by all", "q.sql"
    )
    assert Asked(queries=queries).sets(alone) == ((("ward", "item"), 1.0),)
