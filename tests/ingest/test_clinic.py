"""The clinic: the same tables everywhere, keys and time in order, and the shape that its header promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ingest_help import digest, one

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.ingest import ingest_dataset, ingest_view
from duckpaste.resources import folder
from duckpaste.schema import catalog, fields

KEYS = {
    "patients": "patient_id",
    "admissions": "admission_id",
    "transfers": "transfer_id",
    "lab_items": "item_id",
    "lab_events": "event_id",
}
# Of 300 patients, in every version of DuckDB. A change of data/clinic.sql changes them.
GOLDEN = {
    "patients": "eb1478f0b9452f03fd9e77e898503e22",
    "admissions": "47b050473988305d42c34aa689c81f25",
    "transfers": "450c8a2811548d66b7686b1495db31fe",
    "lab_items": "81e8ed9ed539490c1c37851ae7b6ca61",
    "lab_events": "6a84fd602d44abadcf8316ffd37af71e",
}
DATASET = folder("views") / "clinic_data"
# The tables are always the same, so no test below can fail by chance.
PATIENTS = 10_000


@pytest.fixture(scope="module")
def db() -> Iterator[Db]:
    with Db.open() as opened:
        ingest_dataset(opened, DATASET, parameters={"patients": PATIENTS})
        ingest_view(opened, fields.load(folder("views") / "tab_clinic"))
        yield opened


def digests(threads: int, **parameters: object) -> dict[str, str]:
    with Db.open(settings={"threads": threads}) as db:
        ingest_dataset(db, DATASET, parameters=parameters)
        return {table: digest(db, "clinic_data", table, key) for table, key in KEYS.items()}


def test_same_tables_in_every_version_at_any_number_of_threads() -> None:
    assert digests(1, patients=300) == GOLDEN
    assert digests(2, patients=300) == GOLDEN


def test_without_keys_the_rows_are_the_same() -> None:
    with Db.open() as db:
        ingest_dataset(db, DATASET, parameters={"patients": 300, "keys": False})
        assert {table: digest(db, "clinic_data", table, key) for table, key in KEYS.items()} == GOLDEN
        tables = catalog.read(db, "clinic_data").values()
        assert not any(facts.primary_key or facts.foreign_keys for facts in tables)
        assert any(facts.checks for facts in tables)


def test_more_patients_begin_with_the_same_ones(db: Db) -> None:
    with Db.open() as other:
        ingest_dataset(other, DATASET, parameters={"patients": 300})
        few = other.rows_sql("t", "from clinic_data.admissions order by admission_id")
    first = "from clinic_data.admissions where patient_id <= 300 order by admission_id"
    assert db.rows_sql("t", first) == few


def test_limits_of_the_number_of_patients() -> None:
    with Db.open() as db, pytest.raises(UserError, match="give 100 to 100000000"):
        ingest_dataset(db, DATASET, parameters={"patients": 99})


def test_default_is_2000_patients_and_nothing_is_left_behind() -> None:
    with Db.open() as db:
        assert ingest_dataset(db, DATASET) == sorted(KEYS)
        assert one(db, "select count(*) from clinic_data.patients") == 2000
        assert one(db, "select count(*) from duckdb_functions() where function_name like 'clinic%'") == 0
        assert one(db, "select getvariable('patients')") is None


def test_keys_are_declared(db: Db) -> None:
    tables = catalog.read(db, "clinic_data")
    assert {name: facts.primary_key for name, facts in tables.items()} == {t: (k,) for t, k in KEYS.items()}
    links = {(t, k.columns[0], k.table) for t, facts in tables.items() for k in facts.foreign_keys}
    assert links == {
        ("admissions", "patient_id", "patients"),
        ("transfers", "admission_id", "admissions"),
        ("lab_events", "admission_id", "admissions"),
        ("lab_events", "item_id", "lab_items"),
    }


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("admitted before registered", "from a join p using (patient_id) where admitted < registered"),
        ("discharged after death", "from a join p using (patient_id) where discharged::date > death_date"),
        ("registered before birth", "from p where registered::date < birth_date"),
        ("length of stay", "from a where discharged - admitted not between '3 hours' and '60 days'"),
        ("referred after", "from a where admitted::date - referred not between 0 and 90"),
        ("follow-up before", "from a where follow_up - discharged::date not between 5 and 120"),
        ("follow-up of nothing", "from a where follow_up is not null and discharged is null"),
        ("cost", "from a where cost <> 0 and cost < 80"),
        ("women only", "from a join p using (patient_id) where kind = 'maternity' and sex <> 'female'"),
        ("smoker", "from p where smoker is not null and birth_date > date '2010-01-02'"),
        ("weight without height", "from p where (weight_kg is null) <> (height_cm is null)"),
        ("window of time", "from a where admitted not between '2015-01-02' and '2024-12-31 23:59:59'"),
        ("flag", "from e where (flag is null) <> (value is null)"),
        ("flag's side", "from e join i using (item_id) where flag <> case when value < low then 'low' "
                        "when value > high then 'high' else 'normal' end"),
        ("taken", "from e join a using (admission_id) where taken <= admitted or discharged <= taken"),
    ],
)  # fmt: skip
def test_no_row_is_out_of_order(db: Db, what: str, wrong: str) -> None:
    names = {"a": "admissions", "p": "patients", "e": "lab_events", "i": "lab_items"}
    short = ", ".join(f"{k} as not materialized (from clinic_data.{v})" for k, v in names.items())
    assert one(db, f"with {short} select count(*) {wrong}") == 0, what


def test_stays_of_a_patient_do_not_overlap(db: Db) -> None:
    before = "lag(coalesce(discharged, admitted)) over (partition by patient_id order by admission_id)"
    stays = f"(select admitted, {before} as before from clinic_data.admissions)"
    assert one(db, f"select count(*) from {stays} where admitted <= before") == 0


def test_transfers_tile_the_stay(db: Db) -> None:
    of = "over (partition by admission_id order by transfer_id)"
    text = f"""
        select count(*) from (
            select
                started, ended, admitted, discharged, row_number() {of} as place,
                lag(ended) {of} as before, lead(started) {of} as after
            from clinic_data.transfers join clinic_data.admissions using (admission_id)
        ) where (place = 1 and started <> admitted) or (place > 1 and before <> started)
            or (after is null and ended is distinct from discharged)"""
    assert one(db, text) == 0
    missing = "clinic_data.admissions anti join clinic_data.transfers using (admission_id)"
    assert one(db, f"select count(*) from {missing}") == 0


def test_lab_events_are_in_time(db: Db) -> None:
    before = "lag(taken) over (partition by admission_id order by event_id)"
    events = f"(select taken, {before} as before from clinic_data.lab_events)"
    assert one(db, f"select count(*) from {events} where taken <= before") == 0


def counts(db: Db, parent: str, child: str, key: str) -> tuple[float, int, float]:
    """Share of parents without a child, the greatest number, and the mean."""
    text = f"""
        select avg((n = 0)::int), max(n), avg(n) from (
            select count({KEYS[child]}) as n
            from clinic_data.{parent} left join clinic_data.{child} using ({key}) group by {key})"""
    return db.rows_sql("t", text)[0]  # type: ignore[return-value]


def test_numbers_of_children_are_skewed(db: Db) -> None:
    none, most, mean = counts(db, "patients", "admissions", "patient_id")
    assert 0.25 < none < 0.33 and most >= 25 and 1.4 < mean < 2
    none, most, mean = counts(db, "admissions", "lab_events", "admission_id")
    assert 0.3 < none < 0.4 and most >= 250 and 5 < mean < 9
    none, most, mean = counts(db, "admissions", "transfers", "admission_id")
    assert none == 0 and most == 6 and 1.4 < mean < 2


def test_columns_depend_on_each_other(db: Db) -> None:
    """Parent (age of a diagnosis), grandparent (a value by sex) and the value before."""
    people = "clinic_data.admissions join clinic_data.patients using (patient_id)"
    joined = f"clinic_data.lab_events join ({people}) using (admission_id)"
    by_sex = dict(db.rows_sql("t", f"select sex, avg(value) from {joined} where item_id = 7 group by sex"))
    assert by_sex["male"] - by_sex["female"] > 15
    age = "avg(datediff('year', birth_date, admitted)) filter (diagnosis = '{}')"
    both = f"{age.format('dementia')}, {age.format('sprain')}"
    dementia, sprain = db.rows_sql("t", f"select {both} from {people}")[0]
    assert dementia - sprain > 20
    before = "lag(value) over (partition by admission_id, item_id order by event_id)"
    pairs = f"(select value, {before} as before from clinic_data.lab_events where item_id = 1)"
    assert one(db, f"select corr(value, before) from {pairs}") > 0.7  # type: ignore[operator]


def test_spike_and_missing_values(db: Db) -> None:
    shares = {
        "admissions": {"cost = 0": 0.2, "discharged is null": 0.03, "referred is null": 0.46},
        "patients": {"smoker is null": 0.16, "blood_type is null": 0.14, "email is null": 0.4},
        "lab_events": {"value is null": 0.02},
    }
    for table, expected in shares.items():
        for condition, share in expected.items():
            found = one(db, f"select avg(({condition})::int) from clinic_data.{table}")
            assert found == pytest.approx(share, abs=0.02), condition


def test_draws_of_a_row_are_independent(db: Db) -> None:
    """Chi-square of region by reminder hour, which nothing ties together; the 10,000 patients are fixed."""
    text = """
        select sum((n - m) * (n - m) / m) from (
            select
                n,
                sum(n) over (partition by region) * sum(n) over (partition by reminder_at)
                / sum(n) over () as m
            from (
                select region, reminder_at, count(*) as n from clinic_data.patients
                where reminder_at between '10:00' and '18:00' and region like '%1' group by all))"""
    found = one(db, text)
    # 4 regions, 17 half hours: (4 - 1) * (17 - 1) degrees of freedom, mean 48, standard deviation 9.8.
    assert 48 - 4 * 9.8 < float(found) < 48 + 4 * 9.8  # type: ignore[arg-type]


def test_view_is_inside_its_declared_domains(db: Db) -> None:
    view = fields.load(folder("views") / "tab_clinic")
    table = view.tables[0]
    assert (table.unit, table.contributions, table.bound) == ("patient_id", 4, "weights")
    columns = [
        str(r[0]) for r in db.rows_sql("t", "select column_name from (describe tab_clinic.admissions)")
    ]
    assert [f.name for f in table.fields] == columns
    rows = "select count(*) from {}.admissions"
    assert one(db, rows.format("tab_clinic")) == one(db, rows.format("clinic_data"))
    text = """
        select min(discharged::date - admitted::date), max(discharged::date - admitted::date),
            min(referred - admitted::date), max(referred - admitted::date), max(follow_up - discharged::date)
        from tab_clinic.admissions"""
    shortest, longest, earliest, latest, follow = db.rows_sql("t", text)[0]
    assert shortest >= 0 and longest <= 60 and earliest >= -90 and latest <= 0 and follow <= 120
    groups = "(select count(*) as n from tab_clinic.admissions group by patient_id)"
    assert one(db, f"select max(n) from {groups}") > table.contributions  # type: ignore[operator]
