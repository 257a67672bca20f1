"""fields.yml: Pasteur's files unchanged, duckpaste's own keys, and all faults at once with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste.errors import UserError
from duckpaste.schema import fields
from duckpaste.schema.view import ForeignKey, Place, View

ADULT = """\
tables:
  table:
    primary_key: id

    fields:
      age: numerical
      workclass:
        type: categorical
        metrics:
          y_log: True
      education-num: ordinal
      income: categorical

ratios:
  wrk: 0.8
  ref: 0.2
random_state: 1234212
algs:
  privbayes: {theta: 4, e1: 0.3, e2: 0.7, skip_zero_counts: True, rebalance: False}
alg:
  etotal: 1
metrics:
  distr: {}
"""

HOSPITAL = """\
tables:
  patients:
    primary_key: subject_id
    metrics: {model: {targets: [gender], sensitive: [dod], expand_table: true}}
    fields:
      subject_id: id
      gender: categorical
      # year_group: categorical
      dod:
        type: date
        span: year
        ref: birth_year
        nullable: True
        max_len: 99
        bins: 32
      birth_year: fixed|date

  admissions:
    primary_key: hadm_id
    sequencer: admittime
    max_children: 50
    fields:
      hadm_id: id
      subject_id: id:patients.subject_id
      admittime:
        type: seq
        ref: patients.birth_year
        first_seq_ref_itself: True
        order: 2
        max_len: 10
        ctx:
          type: datetime
          span: year.hour
          max_len: 99
          bins: 32
        seq:
          type: datetime
          span: year.hour
          bins: 10
          year_name: years_passed
      dischtime: datetime|day.hour:admittime
      deathtime: datetime?|day.hour:admittime
      admission_location: categorical?
      caregiver_id: categorical?|ukn
      los:
        type: numerical
        min: 0
        max:
        bins: 5

  transfers:
    primary_key: transfer_id
    sequencer: intime
    fields:
      transfer_id: id
      hadm_id: id:admissions.hadm_id
      eventtype:
        type: categorical
        unroll: [careunit]
        partition: True
      careunit: categorical?
      intime:
        type: seq
        ref: {table: admissions, col: admittime}
        seq: {type: datetime, span: day.hour}
      "outtime, storetime": {type: 'datetime?|day.hour', ref: intime}
"""


def view(tmp_path: Path, text: str, name: str = "clinic") -> View:
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    (folder / "fields.yml").write_text(text, encoding="utf-8")
    return fields.load(folder)


def told(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        view(tmp_path, text)
    return [str(f) for f in caught.value.faults]


def test_a_tabular_pasteur_view(tmp_path: Path) -> None:
    found = view(tmp_path, ADULT)
    table = found.tables[0]
    assert (table.name, table.primary_key, table.unit, table.contributions) == ("table", ("id",), None, 1)
    assert [f.name for f in table.fields] == ["age", "workclass", "education-num", "income"]
    assert table.fields[1].option("metrics") == {"y_log": True}
    assert table.fields[2].place == Place("clinic/fields.yml", 11)
    assert found.algs["privbayes"]["theta"] == 4 and found.alg == {"etotal": 1}
    assert found.options == {"ratios": {"wrk": 0.8, "ref": 0.2}, "metrics": {"distr": {}}}


def test_a_relational_pasteur_view(tmp_path: Path) -> None:
    found = view(tmp_path, HOSPITAL)
    patients, admissions, transfers = found.tables
    assert patients.options["metrics"]["model"]["targets"] == ["gender"]
    dod = patients.field_of("dod")
    assert dod is not None and dod.nullable and dod.refs == ("birth_year",) and dod.option("max_len") == 99
    assert admissions.options == {"sequencer": "admittime", "max_children": 50}
    assert admissions.foreign_keys == (ForeignKey(("subject_id",), "patients", ("subject_id",)),)
    admitted = admissions.field_of("admittime")
    assert admitted is not None and admitted.option("seq")["year_name"] == "years_passed"
    los = admissions.field_of("los")
    assert los is not None and "max" not in los.options
    moved = transfers.field_of("intime")
    assert moved is not None and moved.refs == ("admissions.admittime",)
    kind = transfers.field_of("eventtype")
    assert kind is not None and kind.option("unroll") == ("careunit",) and kind.option("partition") is True
    both = transfers.fields[-1]
    assert both.columns == ("outtime", "storetime") and both.nullable and both.refs == ("intime",)


def test_own_keys(tmp_path: Path) -> None:
    text = """
description: a view
dataset: mimic
x-note: whatever
_base: &base {type: categorical, values: [f, m]}
budget: {epsilon: 10, delta: 1e-9}
default:
  budget: {epsilon: 1}
  algs: {mst: {rho: 1, deep: {a: 1, b: 2}}, aim: {k: 2}}
algs: {mst: {deep: {b: 3}}}
tables:
  people:
    description: all of them
    primary_key: [a, b]
    unit: person
    contributions: 3
    bound: rows
    rules: ["a < b"]
    fields: {sex: {<<: *base, nullable: true}}
  visits:
    foreign_keys:
      - {columns: [x, y], table: people, referenced: [a, b]}
      - {columns: z, table: others}
    fields: {x: id, y: id}
  lookup: {public: true}
  bare:
"""
    found = view(tmp_path, text)
    people, visits, lookup, bare = found.tables
    assert found.dataset == "mimic" and found.budget == {"epsilon": 10, "delta": 1e-9}
    assert found.algs == {"mst": {"rho": 1, "deep": {"a": 1, "b": 3}}, "aim": {"k": 2}}
    assert (people.primary_key, people.unit, people.contributions, people.bound) == (
        ("a", "b"),
        "person",
        3,
        "rows",
    )
    assert people.options == {"contributions": 3, "rules": ("a < b",)} and people.comment == "all of them"
    sex = people.field_of("sex")
    assert sex is not None and sex.nullable and sex.option("values") == ("f", "m")
    assert visits.foreign_keys == (
        ForeignKey(("x", "y"), "people", ("a", "b")),
        ForeignKey(("z",), "others", ()),
    )
    assert lookup.public and not lookup.fields and bare.name == "bare"


def test_ids_that_cover_a_composite_key_are_one_foreign_key(tmp_path: Path) -> None:
    text = """
tables:
  a: {primary_key: [k, l], fields: {k: id, l: id}}
  b: {primary_key: k, fields: {k: id, boss: 'id?:k', twin: 'id:b'}}
  c: {fields: {x: 'id:a.k', y: 'id:a.l', p: 'id:b.k', q: 'id:b'}}
  d: {fields: {x: 'id:a.k'}}
"""
    _, b, c, d = view(tmp_path, text).tables
    assert b.foreign_keys == (ForeignKey(("boss",), "b", ("k",)), ForeignKey(("twin",), "b", ("k",)))
    assert c.foreign_keys == (
        ForeignKey(("x", "y"), "a", ("k", "l")),
        ForeignKey(("p",), "b", ("k",)),
        ForeignKey(("q",), "b", ("k",)),
    )
    assert d.foreign_keys == (ForeignKey(("x",), "a", ("k",)),)


def test_all_faults_at_once_with_lines_and_remedies(tmp_path: Path) -> None:
    text = """\
tabels: {}
budget: {epsilon: 0, delta: "1e-5"}
tables:
  t:
    primary_keys: a
    contributions: 0
    bound: row
    fields:
      a: numercal
      b: {type: numerical, mim: 3}
      c:
        type: categorical
        values: []
      d: {type: numerical, min: 5, max: 3, bins: 0}
      e: {type: numerical, edges: [1, 1, 2]}
      f: {type: categorical, values: [x, y, x]}
      g:
      h: {nullable: yes please, type: id}
      i: 3
      j: {type: date, min: 2020-01-01, max: 2019-01-01}
    foreign_keys: [{columns: a}]
random_state: no
"""
    found = told(tmp_path, text)
    expected = [
        ("1", "unknown key 'tabels'", "did you mean 'tables'?"),
        ("2", "epsilon is 0", "greater than 0"),
        ("2", "delta must be a number", "without quotes"),
        ("5 t", "unknown key 'primary_keys'", "'primary_key'"),
        ("6 t", "contributions is 0", "at least 1"),
        ("7 t", "bound is 'row'", "'rows'"),
        ("9 t.a", "unknown type 'numercal'", "'numerical'"),
        ("10 t.b", "unknown option 'mim'", "'min'"),
        ("13 t.c", "values is empty", "leave it out"),
        ("14 t.d", "bins is 0", "at least 1"),
        ("14 t.d", "min 5 is greater than max 3", "swap"),
        ("15 t.e", "edges do not increase: 1 is followed by 1", "sort"),
        ("16 t.f", "values holds 'x' twice", "keep one"),
        ("17 t.g", "has no type", "known types: numerical"),
        ("18 t.h", "nullable must be true or false", ""),
        ("19 t.i", "must be text or a mapping", "quotes"),
        ("20 t.j", "min 2020-01-01 is greater than max 2019-01-01", "swap"),
        ("21 t", "has no table", ""),
        ("22", "random_state must be a whole number", ""),
    ]
    assert len(found) == len(expected), found
    for line, (place, what, remedy) in zip(found, expected, strict=True):
        assert line.startswith(f"clinic/fields.yml:{place}: ") and what in line and remedy in line


def test_a_number_with_an_exponent_is_a_number(tmp_path: Path) -> None:
    assert view(tmp_path, "budget: {epsilon: .inf, delta: 1e-5}").budget == {
        "epsilon": float("inf"),
        "delta": 1e-5,
    }


def test_empty_and_wrong_files(tmp_path: Path) -> None:
    assert view(tmp_path, "").tables == ()
    assert "must be a mapping" in told(tmp_path, "- a\n")[0]
    with pytest.raises(UserError, match=r"no fields.yml"):
        fields.load(tmp_path)


def test_sql_and_database(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    folder.mkdir()
    for name in ("2.sql", "1.sql", "note.txt"):
        (folder / name).write_text("")
    (tmp_path / "raw.duckdb").write_text("")
    found = view(tmp_path, "database: ../raw.duckdb", "v")
    assert [p.name for p in found.sql] == ["1.sql", "2.sql"]
    assert (
        found.database is not None and Path(found.database).resolve() == (tmp_path / "raw.duckdb").resolve()
    )
    assert view(tmp_path, "database: elsewhere.duckdb", "v").database == "elsewhere.duckdb"


@pytest.mark.parametrize(
    "name", ['a "b', "select", "x'; drop table t; --", "名前", "x" * 200, "no", "1", "{{ a }}"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    import yaml

    text = yaml.safe_dump(
        {"tables": {name: {"primary_key": name, "fields": {name: "id"}}}}, allow_unicode=True
    )
    table = view(tmp_path, text).tables[0]
    assert (table.name, table.primary_key, table.fields[0].name) == (name, (name,), name)


def test_folders(tmp_path: Path) -> None:
    for name, file in (("clinic", "fields.yml"), ("mimic", "dataset.yml"), ("both", "fields.yml")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("")
    (tmp_path / "both" / "dataset.yml").write_text("")
    (tmp_path / "nothing").mkdir()
    found = fields.available([tmp_path])
    assert {("clinic", "view"), ("mimic", "dataset"), ("both", "view"), ("both", "dataset")} <= set(found)
    assert "nothing" not in {name for name, _ in found}
    assert fields.find("clinic", [tmp_path]) == tmp_path / "clinic"
    assert fields.find(str(tmp_path / "mimic")) == tmp_path / "mimic"
    assert fields.find(str(tmp_path / "both" / "fields.yml")) == tmp_path / "both"
    with pytest.raises(UserError, match=r"unknown view 'clinc'; did you mean 'clinic'\?"):
        fields.find("clinc", [tmp_path])
    with pytest.raises(UserError, match=r"no fields\.yml"):
        fields.find(str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="no such folder"):
        fields.find(str(tmp_path / "absent"))
