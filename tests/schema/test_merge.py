"""Declarations and catalogue become one view: what is added, who wins, and everything that can contradict."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.schema import catalog, fields, merge
from duckpaste.schema.view import Field, ForeignKey, Place, Table, View

DDL = """
create table patients (
    id integer primary key,
    sex enum ('f', 'm') not null,
    age utinyint check (age between 0 and 120),
    birth date not null check (birth >= '1900-01-01'),
    year smallint,
    smoker boolean,
    weight decimal(5, 2),
    email varchar,
    code uuid,
    "at" time,
    photo blob,
    grade smallint check (grade between 1 and 4),
    flag smallint check (flag in (9, 0, 1)),
    "odd ""name" varchar check ("odd ""name" in ('x', 'y'))
);
create table visits (
    visit integer primary key,
    patient integer not null references patients (id),
    started timestamp not null,
    ended timestamp,
    cost double check (cost >= 0)
);
create table notes (visit integer, line integer, primary key (visit, line),
    foreign key (visit) references visits (visit));
create table marks (visit integer, line integer, foreign key (visit, line) references notes (visit, line));
comment on table visits is 'stays';
comment on column visits.cost is 'in pounds';
"""


def resolved(tmp_path: Path, text: str, ddl: str = DDL) -> View:
    folder = tmp_path / "v"
    folder.mkdir(exist_ok=True)
    (folder / "fields.yml").write_text(text, encoding="utf-8")
    with Db.open(None) as db:
        db.run_sql("ddl", ddl)
        return merge.resolve(fields.load(folder), catalog.read(db, "main"))


def told(tmp_path: Path, text: str, ddl: str = DDL) -> list[str]:
    with pytest.raises(Faults) as caught:
        resolved(tmp_path, text, ddl)
    return [str(f) for f in caught.value.faults]


def of(view: View, table: str, name: str) -> Field:
    found = view.table(table)
    field = found.field_of(name) if found else None
    assert field is not None
    return field


def test_a_view_from_the_ddl_alone(tmp_path: Path) -> None:
    view = resolved(tmp_path, "")
    patients = view.table("patients")
    assert patients is not None and [t.name for t in view.tables] == ["patients", "visits", "notes", "marks"]
    kinds = {f.name: (f.kind, f.nullable) for f in patients.fields}
    assert kinds == {
        "id": ("id", False), "sex": ("categorical", False), "age": ("numerical", True), "birth": ("date", False),
        "year": ("numerical", True), "smoker": ("boolean", True), "weight": ("numerical", True),
        "email": ("categorical", True), "code": ("uuid", True), "at": ("time", True), "photo": ("ignore", True),
        "grade": ("numerical", True), "flag": ("ordinal", True), 'odd "name': ("categorical", True),
    }  # fmt: skip
    assert dict(of(view, "patients", "age").options) == {"min": 0, "max": 120}
    assert dict(of(view, "patients", "birth").options) == {"min": dt.date(1900, 1, 1)}
    assert of(view, "patients", "sex").option("values") == ("f", "m")
    assert of(view, "patients", "flag").option("values") == (0, 1, 9)
    assert of(view, "patients", 'odd "name').option("values") == ("x", "y")
    assert "values" not in of(view, "patients", "email").options
    assert patients.primary_key == ("id",) and len(patients.checks) == 5
    visits = view.table("visits")
    assert (
        visits is not None and visits.comment == "stays" and of(view, "visits", "cost").comment == "in pounds"
    )
    assert of(view, "visits", "patient").refs == ("patients.id",)
    assert (
        of(view, "visits", "started").sql_type == "TIMESTAMP"
        and of(view, "visits", "started").kind == "datetime"
    )
    assert visits.foreign_keys == (ForeignKey(("patient",), "patients", ("id",)),)
    marks = view.table("marks")
    assert marks is not None
    assert marks.foreign_keys == (ForeignKey(("visit", "line"), "notes", ("visit", "line")),)
    assert of(view, "marks", "line").kind == "id" and of(view, "marks", "line").refs == ()


def test_declarations_win_where_they_narrow(tmp_path: Path) -> None:
    text = """
tables:
  PATIENTS:
    unit: ID
    fields:
      AGE: {type: numerical, nullable: true, min: 18, max: 200}
      sex: {type: categorical, nullable: true, values: [m]}
      smoker: categorical?
      grade: ordinal
      weight: {type: ordinal, values: [1.5, 2, '3.25']}
      birth: date|week:year
      email: {type: text, regex: '[a-z]+@[a-z]+', description: an address}
      flag: {type: categorical|UKN, values: [1, '0']}
"""
    view = resolved(tmp_path, text)
    patients = view.tables[0]
    assert (patients.name, patients.unit) == ("patients", "id")
    age = of(view, "patients", "age")
    assert (age.option("min"), age.option("max"), age.nullable) == (18, 120, True)
    sex = of(view, "patients", "sex")
    assert sex.option("values") == ("m",) and not sex.nullable  # NOT NULL in the DDL
    assert of(view, "patients", "smoker").option("values") == (False, True)
    grade = of(view, "patients", "grade")
    assert grade.option("values") == (1, 2, 3, 4) and not grade.nullable  # declared without '?'
    assert of(view, "patients", "weight").option("values") == (
        Decimal("1.50"),
        Decimal("2.00"),
        Decimal("3.25"),
    )
    birth = of(view, "patients", "birth")
    assert birth.refs == ("year",) and birth.option("reference_type") == "year"
    assert birth.option("min") == dt.date(1900, 1, 1)
    email = of(view, "patients", "email")
    assert (email.kind, email.comment, email.place) == ("text", "an address", Place("v/fields.yml", 12))
    flag = of(view, "patients", "flag")
    assert (
        flag.option("values") == (1, 0)
        and flag.option("unknown") is None
        and flag.option("outside") == "other"
    )
    assert of(view, "patients", "at").kind == "time"  # not declared


def test_references_and_keys_take_the_catalogue_s_names(tmp_path: Path) -> None:
    text = """
tables:
  Patients: {fields: {birth: 'fixed|date'}}
  VISITS:
    primary_key: VISIT
    fields:
      PATIENT: id:PATIENTS
      started: datetime|year.hour:PATIENTS.BIRTH
      ended: datetime?|day.hour:STARTED
  notes:
    fields: {visit: 'id:visits.visit', line: ordinal}
"""
    view = resolved(tmp_path, text)
    assert of(view, "visits", "patient").refs == ("patients.id",)
    assert of(view, "visits", "started").refs == ("patients.birth",)
    assert of(view, "visits", "ended").refs == ("started",)
    visits, notes = view.tables[1:3]
    assert visits.primary_key == ("visit",)
    assert visits.foreign_keys == (ForeignKey(("patient",), "patients", ("id",)),)
    assert notes.foreign_keys == (ForeignKey(("visit",), "visits", ("visit",)),)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "patients: {fields: {agee: numerical}}",
            "v/fields.yml:1 patients.agee: no column 'agee'; did you mean 'age'?",
        ),
        ("patient: {}", "the view's SQL makes no such table; did you mean 'patients'?"),
        (
            "patients: {fields: {email: numerical}}",
            "type 'numerical' does not fit a column of VARCHAR; declare it cat",
        ),
        ("patients: {fields: {age: date}}", "type 'date' does not fit a column of UTINYINT"),
        (
            "patients: {fields: {photo: categorical}}",
            "does not fit a column of BLOB; declare it id or ignore",
        ),
        ("patients: {fields: {year: fixed|date}}", "a fixed date does not fit a column of SMALLINT"),
        ("patients: {fields: {flag: numerical}}", "does not fit a CHECK that lists the values"),
        (
            "patients: {fields: {year: {type: seq, seq: date}}}",
            "seq of type 'date' does not fit a column of SMALLINT",
        ),
        ("patients: {fields: {age: {type: numerical, min: 130}}}", "min and max leave nothing"),
        (
            "patients: {fields: {sex: {type: categorical, values: [f, x]}}}",
            "values that the DDL does not allow: 'x'",
        ),
        (
            "patients: {fields: {year: {type: ordinal, values: [a]}}}",
            "values that a column of SMALLINT cannot hold",
        ),
        ("patients: {fields: {year: {type: ordinal, values: [1, '1']}}}", "values holds '1' twice"),
        ("patients: {fields: {birth: 'date:yeer'}}", "reference to unknown 'yeer'; did you mean 'year'?"),
        (
            "visits: {fields: {started: 'datetime:patients.birht'}}",
            "unknown 'patients.birht'; did you mean 'birth'?",
        ),
        ("visits: {fields: {patient: 'id:patiens.id'}}", "unknown 'patiens.id'; did you mean 'patients'?"),
        (
            "visits: {fields: {ended: 'datetime?:ended'}}",
            "references go in a circle: visits.ended -> visits.ended",
        ),
        ("patients: {unit: idd}", "v/fields.yml:1 patients: the unit 'idd' is no column; did you mean 'id'?"),
        ("patients: {primary_key: key}", "the primary key 'key' is no column; leave primary_key out"),
        ("patients: {primary_key: age}", "primary_key differs from the DDL's; the DDL says PRIMARY KEY (id)"),
        ("patients: {sequencer: when}", "the sequencer 'when' is no field"),
        ("patients: {fields: {sex: {type: categorical, unroll: [agee]}}}", "unroll names 'agee'"),
        ("patients: {fields: {'age,year': id, age: numerical}}", "patients.age: the column stands in"),
        (
            "patients: {foreign_keys: [{columns: x, table: visits}]}",
            "foreign key with unknown column patients.x",
        ),
        (
            "patients: {foreign_keys: [{columns: id, table: visit}]}",
            "unknown table 'visit'; did you mean 'visits'?",
        ),
        ("patients: {foreign_keys: [{columns: id, table: notes}]}", "foreign key of 1 columns to 2 columns"),
    ],
)
def test_each_fault_has_its_place_and_remedy(tmp_path: Path, text: str, what: str) -> None:
    found = told(tmp_path, f"tables: {{{text}}}")
    assert len(found) == 1 and what in found[0] and found[0].startswith("v/fields.yml:1 ")


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = """\
tables:
  patients:
    unit: person
    fields:
      agee: numerical
      email: date
      sex: {type: categorical, values: [q]}
  doctors: {}
  visits:
    fields:
      patient: id:doctors.id
      started: datetime:ended
      ended: datetime:started
"""
    found = told(tmp_path, text)
    expected = ["the unit 'person'", "no column 'agee'", "'date' does not", "'q'", "no such table", "circle"]
    assert len(found) == len(expected)
    assert all(any(what in line for line in found) for what in expected)


def test_views_made_in_code_are_checked_too(tmp_path: Path) -> None:
    bad = [
        Field("age", "numerical", options={"min": 5, "max": 1}),
        Field("year", "numerical", options={"bins": 0, "edges": (1, 1)}),
        Field("email", "categorical", options={"values": ()}),
    ]
    table = Table("patients", tuple(bad), contributions=0, bound="none")
    half = Table("visits", contributions=1.5)  # type: ignore[arg-type]
    with Db.open(None) as db:
        db.run_sql("ddl", DDL)
        with pytest.raises(Faults) as caught:
            merge.resolve(View("v", tmp_path, (table, half)), catalog.read(db, "main"))
    found = "\n".join(str(f) for f in caught.value.faults)
    for what in ("min 5 is greater than max 1", "bins is 0", "edges do not", "values is empty", "contributions is 0",
                 "contributions is 1.5", "bound is 'none'"):  # fmt: skip
        assert what in found, found


def test_ignored_columns_must_allow_null(tmp_path: Path) -> None:
    ddl = "create table t (a integer, b blob not null)"
    assert "it is NOT NULL; leave the column" in told(tmp_path, "", ddl)[0]
    assert resolved(tmp_path, "tables: {t: {public: true}}", ddl).tables[0].public


def test_names_that_no_field_can_carry(tmp_path: Path) -> None:
    assert "has a comma, or a space" in told(tmp_path, "", 'create table t ("a,b" integer)')[0]


@pytest.mark.parametrize(
    "name", ['a "b', "select", "x'; drop table t; --", "名前", "x" * 200, "a.b", "{{ 1 }}", "a\nb"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    q = sql.ident(name)
    ddl = f"create table {q} ({q} integer primary key, boss integer, c varchar)"
    import yaml

    declared: Any = {
        name: {
            "primary_key": name,
            "fields": {name: "id", "boss": {"type": "id?", "ref": [f"{name}.{name}"]}},
        }
    }
    view = resolved(tmp_path, yaml.safe_dump({"tables": declared}, allow_unicode=True), ddl)
    table = view.tables[0]
    assert table.foreign_keys == (ForeignKey(("boss",), name, (name,)),)
    assert [f.sql_type for f in table.fields] == ["INTEGER", "INTEGER", "VARCHAR"]


def test_unique_keys_are_kept(tmp_path: Path) -> None:
    view = resolved(tmp_path, "", "create table t (a integer unique, b integer, unique (a, b))")
    assert view.tables[0].options == {"unique": (("a",), ("a", "b"))}


def test_timestamps_take_dates_as_bounds(tmp_path: Path) -> None:
    ddl = "create table t (a timestamp check (a >= '2000-01-01' and a < '2010-01-01'))"
    view = resolved(tmp_path, "tables: {t: {fields: {a: {type: date, min: 2005-06-07}}}}", ddl)
    field = of(view, "t", "a")
    assert field.option("min") == dt.datetime(2005, 6, 7)
    assert field.option("max") == dt.datetime(2009, 12, 31, 23, 59, 59, 999999)


def test_a_nullable_reference_is_told_to_the_date_that_points_at_it() -> None:
    """A discharge without an admission has no value: the codec must know that before any row is read."""
    db = Db.open()
    db.run_sql("t", "create table visits (came date, went date not null)")
    fields = (
        Field("came", "date", True),
        Field("went", "date", False, refs=("came",), options={"span": "day"}),
    )
    view = View("v", Path("v"), (Table("visits", fields),))
    went = merge.resolve(view, catalog.read(db, "main")).tables[0].field_of("went")
    assert went is not None and went.options["reference_nullable"] is True
