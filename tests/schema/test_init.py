"""init: a view written from a catalogue loads, runs, and says the same as the source; no row is read for it."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from duckpaste import ingest, sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.schema import catalog, draft, fields, init, merge
from duckpaste.schema.view import ForeignKey, View

ODD = ['a "b', "select", "x'; drop table t; --", "名前", "x" * 200, "{{ 1 }}", "{% raw %}", "{# x", "no", "a\nb",
       "a\rb", "- a: #b", "…/../x", "a.b"]  # fmt: skip
TYPES = [
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
    "DECIMAL(10,2)", "FLOAT", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS",
    "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE", "UUID", "VARCHAR", "BLOB", "BIT", "INTERVAL",
    "JSON", "INTEGER[]", "INTEGER[3]", "STRUCT(a INTEGER, b VARCHAR)", "MAP(VARCHAR, INTEGER)", "UNION(a INTEGER)",
    "ENUM('a', 'it''s', '{{ b }}')", "ENUM('a')[]",
]  # fmt: skip
CLINIC = """
create type sex as enum ('f', 'm');
create table transfers (id bigint primary key, admission integer);
drop table transfers;
create table patients (id integer primary key, sex sex not null, age utinyint check (age between 0 and 120),
    name varchar, born date not null, mentor integer, email varchar unique, photo blob not null,
    foreign key (mentor) references patients (id));
create table admissions (id integer primary key, patient integer not null references patients (id), email varchar,
    at_ timestamp check (at_ >= '2000-01-01'), cost double, foreign key (email) references patients (email));
create table lines (admission integer references admissions (id), line smallint, primary key (admission, line));
create table marks (admission integer, line smallint, word varchar, unique (word),
    foreign key (admission, line) references lines (admission, line));
create view adults as select * from patients where age > 17;
comment on table patients is 'All people.' ; comment on column patients.age is 'in years';
insert into patients values (1, 'f', 30, 'SECRET', '1990-01-01', null, 'S@x', 'x');
insert into patients values (2, 'm', 31, 'SECRET', '1991-01-01', 1, null, 'x');
insert into admissions values (7, 1, 'S@x', '2020-01-01', 12.5);
insert into lines values (7, 1); insert into marks values (7, 1, 'SECRET');
"""


def database(path: Path, text: str) -> Path:
    con = duckdb.connect(str(path))
    con.execute(text).fetchall()
    con.close()
    return path


def made(view: View) -> tuple[View, dict[str, list[tuple[object, ...]]]]:
    """The view ingested and resolved, and its tables' rows."""
    with Db.open(None) as db:
        ingest.ingest_view(db, view)
        found = merge.resolve(view, catalog.read(db, view.name))
        rows = {
            t.name: db.rows_sql("rows", f"from {sql.ident(view.name, t.name)} order by all")
            for t in found.tables
        }
    return found, rows


def all_text(folder: Path) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in folder.iterdir())


def test_a_database(tmp_path: Path) -> None:
    source = database(tmp_path / "clinic.duckdb", CLINIC)
    report = init.write(source, tmp_path / "views" / "clinic")
    names = [p.name for p in report.files]
    assert names == ["01_patients.sql", "02_admissions.sql", "03_lines.sql", "04_marks.sql", "fields.yml"]
    assert all(p.is_file() for p in report.files)
    text = all_text(tmp_path / "views" / "clinic")
    assert "SECRET" not in text and str(tmp_path) not in text
    view = fields.load(tmp_path / "views" / "clinic")
    found, rows = made(view)
    assert {n: len(r) for n, r in rows.items()} == {"patients": 2, "admissions": 1, "lines": 1, "marks": 1}
    patients, admissions, lines, marks = found.tables
    kinds = {f.name: f.kind + "?" * f.nullable for f in patients.fields}
    assert kinds == {
        "id": "id", "sex": "categorical", "age": "numerical?", "name": "categorical?", "born": "date", "mentor": "id?",
        "email": "id?" if "email" in admissions.primary_key else "categorical?", "photo": "ignore?",
    }  # fmt: skip
    assert patients.foreign_keys == (ForeignKey(("mentor",), "patients", ("id",)),)
    assert patients.comment == "" and patients.field_of("age").option("max") == 120  # type: ignore[union-attr]
    assert ForeignKey(("email",), "patients", ("email",)) in admissions.foreign_keys
    assert lines.primary_key == ("admission", "line")
    assert report.related and "unit: COLUMN" not in text
    assert marks.foreign_keys == (ForeignKey(("admission", "line"), "lines", ("admission", "line")),)
    notes = "\n".join(report.notes)
    for what in (
        "(mentor) to patients is declared in fields.yml only", "views are not copied: adults", "photo cannot be",
        "UNIQUE is left out of marks: word", "min, max of patients.born", "values of patients.name", "`unit`",
    ):  # fmt: skip
        assert what in notes, notes
    yml = (tmp_path / "views" / "clinic" / "fields.yml").read_text(encoding="utf-8")
    for what in ("# in years", "# All people.", "patient: id:patients.id", "mentor: id?:patients.id", "unit: TABLE",
                 "# its rows belong to those of patients, by the keys below",
                 "columns: [admission, line], table: lines", "born: date  # declare min, max", "age: numerical?\n",
                 "at_: datetime?  # declare max", "database: \"../../clinic.duckdb\""):  # fmt: skip
        assert what in yml, yml


def test_the_view_says_what_the_database_says(tmp_path: Path) -> None:
    text = CLINIC.replace("photo blob not null", "photo blob")
    text = text.replace(",\n    foreign key (mentor) references patients (id)", "")
    source = database(tmp_path / "clinic.duckdb", text)
    init.write(source, tmp_path / "v")
    found, _ = made(fields.load(tmp_path / "v"))
    with Db.open(source, read_only=True) as db:
        facts = {n: t for n, t in catalog.read(db, "main").items() if not t.view}
    bare = merge.resolve(View("v", tmp_path, ()), facts)
    for ours, theirs in zip(found.tables, bare.tables, strict=True):
        assert (ours.name, ours.primary_key, ours.checks) == (theirs.name, theirs.primary_key, theirs.checks)
        assert ours.foreign_keys == theirs.foreign_keys
        for a, b in zip(ours.fields, theirs.fields, strict=True):
            assert (a.name, a.kind, a.nullable, a.refs, a.options, a.sql_type) == (
                b.name, b.kind, b.nullable, b.refs, b.options, b.sql_type)  # fmt: skip


def test_only_the_catalogue_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = database(tmp_path / "clinic.duckdb", CLINIC)
    seen: list[str] = []
    real = Db.rows_sql

    def spy(self: Db, name: str, text: str, params: list[object] | None = None) -> list[tuple[object, ...]]:
        seen.append(text)
        return real(self, name, text, params)

    monkeypatch.setattr(Db, "rows_sql", spy)
    init.write(source, tmp_path / "v")
    assert seen and all("duckdb_" in text or text == "select current_database()" for text in seen)


@pytest.mark.parametrize("name", ODD)
def test_odd_names(tmp_path: Path, name: str) -> None:
    q, text = sql.ident(name), sql.literal(name)
    ddl = f"""create table {q} (
            {q} integer primary key, "v" varchar check ("v" in ({text}, 'b')), e enum ({text}, 'b'));
        create table child ({q} integer references {q} ({q}), other integer);
        comment on table {q} is {text}; comment on column {q}.v is {text};
        insert into {q} values (1, {text}, {text}); insert into child values (1, 2);"""
    source = database(tmp_path / "s.duckdb", ddl)
    report = init.write(source, tmp_path / "v")
    assert all(p.parent == tmp_path / "v" and len(p.name) < 80 for p in report.files)
    found, rows = made(fields.load(tmp_path / "v"))
    assert rows == {name: [(1, name, name)], "child": [(1, 2)]}
    child = found.table("child")
    assert child is not None and child.foreign_keys == (ForeignKey((name,), name, (name,)),)
    table = found.table(name)
    assert table is not None and table.fields[2].option("values") == (name, "b")


def test_names_that_no_field_can_carry_get_others(tmp_path: Path) -> None:
    ddl = """create table p ("a,b" integer primary key, " c" integer check (" c" > 0), d integer check (d > 0));
        create table q (x integer references p ("a,b")); insert into p values (1, 2, 3); insert into q values (1)"""
    report = init.write(database(tmp_path / "s.duckdb", ddl), tmp_path / "v")
    found, rows = made(fields.load(tmp_path / "v"))
    assert [f.name for f in found.tables[0].fields] == ["a_b", "c", "d"] and rows["p"] == [(1, 2, 3)]
    assert found.tables[1].foreign_keys == (ForeignKey(("x",), "p", ("a_b",)),)
    assert len(found.tables[0].checks) == 1 and any("'a,b' of 'p' is called 'a_b'" in n for n in report.notes)


def test_all_types(tmp_path: Path) -> None:
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(TYPES))
    nulls = ", ".join("null" for _ in TYPES)
    source = database(tmp_path / "s.duckdb", f"create table t ({columns}); insert into t values ({nulls})")
    init.write(source, tmp_path / "v")
    found, rows = made(fields.load(tmp_path / "v"))
    assert [f.sql_type for f in found.tables[0].fields] == TYPES and len(rows["t"]) == 1


def test_not_null_of_every_type_resolves(tmp_path: Path) -> None:
    columns = ", ".join(f"c{i} {kind} not null" for i, kind in enumerate(TYPES))
    source = database(tmp_path / "s.duckdb", f"create table t ({columns})")
    init.write(source, tmp_path / "v")
    found, _ = made(fields.load(tmp_path / "v"))
    assert all(f.nullable is (f.kind == "ignore") for f in found.tables[0].fields)


def test_circles_come_apart_and_schemas_together(tmp_path: Path) -> None:
    ddl = """create schema s; create table t (id integer primary key); create table s.t (id integer primary key);
        create table s.c (id integer references s.t (id)); create table "s_t" (x integer);
        insert into s.t values (5); insert into s.c values (5); insert into t values (1)"""
    init.write(database(tmp_path / "d.duckdb", ddl), tmp_path / "v")
    found, rows = made(fields.load(tmp_path / "v"))
    assert {n: len(r) for n, r in rows.items()} == {"t": 1, "s_t": 0, "s_t_2": 1, "s_c": 1}
    assert "# its rows belong to those of s_t_2," in (tmp_path / "v" / "fields.yml").read_text(
        encoding="utf-8"
    )
    child = found.table("s_c")
    assert child is not None and child.foreign_keys == (ForeignKey(("id",), "s_t_2", ("id",)),)


def test_children_that_stand_before_their_parents(tmp_path: Path) -> None:
    from duckpaste.schema import ddl
    from duckpaste.schema.catalog import ColumnFacts, TableFacts

    def table(name: str, *parents: str) -> TableFacts:
        keys = tuple(ForeignKey(("x",), p, ("x",)) for p in parents)
        return TableFacts(name, (ColumnFacts("x", "INTEGER"),), foreign_keys=keys)

    placed, dropped = ddl.ordered([table("c", "b"), table("b", "a"), table("a")])
    assert [t.name for t in placed] == ["a", "b", "c"] and dropped == []
    placed, dropped = ddl.ordered([table("c", "b"), table("b", "c", "a"), table("a"), table("s", "s")])
    order = [t.name for t in placed]
    assert sorted(order) == ["a", "b", "c", "s"] and {t for t, _ in dropped} == {"c", "s"}
    for i, one in enumerate(placed):
        assert all(k.table in order[:i] for k in one.foreign_keys)


def test_checks_that_need_the_database_are_left_out(tmp_path: Path) -> None:
    text = "create macro is_even(x) as x % 2 = 0; create table t (x integer check (x > 0));"
    text += "create table u (x integer check (is_even(x)))"
    report = init.write(database(tmp_path / "d.duckdb", text), tmp_path / "v")
    found, _ = made(fields.load(tmp_path / "v"))
    assert [t.checks for t in found.tables] == [("(x > 0)",), ()]
    assert any("CHECKs of u are left out" in note for note in report.notes)


def test_csv_reads_the_first_line_only(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes('\ufeffid;"a ""b";a;A;;x, y\r\n1;SECRET;2;3;4;5\r\n'.encode() + b"\xff\xfe;not text\r\n")
    report = init.write(path, tmp_path / "v")
    text = all_text(tmp_path / "v")
    assert "SECRET" not in text and "type unknown" in text
    assert any("types of all columns" in n for n in report.notes)
    path.write_bytes(b'id;"a ""b";a;A;;x, y\r\n1;SECRET;2;3;4;"a;b"\r\n')
    found, rows = made(fields.load(tmp_path / "v"))
    assert [f.name for f in found.tables[0].fields] == ["id", 'a "b', "a", "A_2", "column4", "x_ y"]
    assert rows == {"people": [("1", "SECRET", "2", "3", "4", "a;b")]}
    assert {f.kind for f in found.tables[0].fields} == {"categorical"}


@pytest.mark.parametrize(
    ("text", "what"),
    [("39, State-gov, 77516\n", "looks like data"), ("\n1\n", "first line is empty"), ("", "first line is empty"),
     ("a,-1.5\n", "looks like data")],
)  # fmt: skip
def test_csv_without_names_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=what) as caught:
        init.write(path, tmp_path / "v")
    assert "State" not in str(caught.value) and not (tmp_path / "v").exists()


def test_csv_sniffed_and_packed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("id,born,2019\n1,2020-01-02,1.5\n2,2021-01-02,2.5\n")
    report = init.write(path, tmp_path / "v", sniff=True)
    assert any("looked at values" in n for n in report.notes)
    assert "2020-01-02" not in all_text(tmp_path / "v")
    found, rows = made(fields.load(tmp_path / "v"))
    assert [f.sql_type for f in found.tables[0].fields] == ["BIGINT", "DATE", "DOUBLE"]
    assert len(rows["people"]) == 2 and found.tables[0].field_of("2019") is not None
    init.write(path, tmp_path / "w")
    assert len(made(fields.load(tmp_path / "w"))[1]["people"]) == 2


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "my people.parquet"
    query = "select 1 as id, date '2020-01-02' as born, 'SECRET' as name, 1.50::decimal(5, 2) as \"a \"\"b\""
    duckdb.connect().execute(f"copy ({query}) to {sql.literal(path)} (format parquet)").fetchall()
    init.write(path, tmp_path / "v")
    assert "SECRET" not in all_text(tmp_path / "v")
    found, rows = made(fields.load(tmp_path / "v"))
    assert [f.sql_type for f in found.tables[0].fields] == ["INTEGER", "DATE", "VARCHAR", "DECIMAL(5,2)"]
    assert len(rows["my people"]) == 1


def test_all_files_of_a_view_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the second file: what was there before is there, and nothing else."""
    source = tmp_path / "source.csv"
    source.write_text("a,b\n1,2\n")
    whole = Path.write_text

    def full(path: Path, text: str, **options: str) -> int:
        if "fields.yml" in path.name:
            whole(path, text[:5], **options)
            raise OSError(28, "No space left on device")
        return whole(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    kept = tmp_path / "kept"
    kept.mkdir()
    for folder in (tmp_path / "new" / "v", kept):
        with pytest.raises(UserError, match="can't write: No space left on device; is the disk full"):
            init.write(source, folder)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["kept", "source.csv"]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        init.write(tmp_path / "absent.duckdb", tmp_path / "v")
    source = database(tmp_path / "s.duckdb", "create view v as select 1 as a")
    with pytest.raises(UserError, match="has no tables"):
        init.write(source, tmp_path / "v")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(UserError, match="not empty"):
        init.write(source, tmp_path / "full")
    (tmp_path / "text.duckdb").write_text("hello")
    with pytest.raises(UserError):
        init.write(tmp_path / "text.duckdb", tmp_path / "v")
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize("name", [*ODD, "\x85", "null", "Y", "1", "", "\U0001f600", "\ud7ff\x1b", "\u2028"])
def test_yaml_names_come_back(name: str) -> None:
    from duckpaste.schema import document

    assert document.parse(f"{draft.quoted(name)}: {draft.quoted(name)}", "f").data == {name: name}
