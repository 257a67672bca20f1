"""Related tables that can't be: a line each, exit code 2, nothing made beside the ingested tables, nothing spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_help import SECRET, refused, run, spent, view

# Without keys in the DDL, so that rows may break them.
TABLES = f"""
create table people (id integer, name varchar, sex varchar);
insert into people select i, '{SECRET}' || i, if(i % 2 = 0, 'f', 'm') from range(200) t(i);
create table visits (id integer, person integer, ward varchar, parent integer);
insert into visits select i, i % 200, if(i % 3 = 0, 'a', 'b'), case when i > 5 then i - 5 end from range(500) t(i);
"""
PEOPLE = """  people:
    primary_key: id
    fields: {id: id, name: "text?", sex: {type: categorical, values: [f, m]}}
"""
VISITS = """  visits:
    primary_key: id
    contributions: 3
    fields: {id: id, person: "%s", ward: {type: categorical, values: [a, b]}, parent: "%s"}
"""


def fields(person: str = "id:people.id", parent: str = "ignore?", more: str = "", head: str = "") -> str:
    return f"{head}tables:\n{PEOPLE}{VISITS % (person, parent)}{more}"


OTHER = "create table %s (id integer, a integer); insert into %s select i, i %% 3 from range(50) t(i);"
# case -> SQL, fields.yml, what is said, and whether the tables stand in the working database
CASES: dict[str, tuple[str, str, str]] = {
    "orphans": (f"{TABLES} update visits set person = 3333333 where id = 7;", fields(),
                "v.visits.person: points at no row of people; leave such rows out"),
    "NULL in the owner key": (f"{TABLES} update visits set person = null where id = 7;", fields(),
                              "v.visits.person: holds NULL although it leads to people; declare it with '?'"),
    "NULL in the unit's key": (f"{TABLES} update people set id = null where id = 7; delete from visits where person = 7;",
                               fields(), "v.people.id: the key is NULL; leave such rows out"),
    "a unit twice": (f"{TABLES} insert into people select id, name, sex from people where id = 3;", fields(),
                     "v.people.id: two rows have the same key; correct the data"),
    "a row twice": (f"{TABLES} insert into visits select * from visits where id = 3;", fields(),
                    "v.visits.id: two rows have the same key; correct the data"),
    "a reference to nothing": (f"{TABLES} update visits set parent = 3333333 where id = 7;", fields(parent="id?:visits.id"),
                               "v.visits.parent: points at no row of visits"),
    "a circle": (f"{TABLES} {OTHER % ('beds', 'beds')} alter table visits add column bed integer; update visits set bed = 1; alter table visits alter bed set not null;",
                 fields(more="    foreign_keys: [{columns: bed, table: beds, referenced: id}]\n"
                             "  beds:\n    primary_key: id\n    fields: {id: id, a: id:visits.id}\n", head="unit: people\n"),
                 "NOT NULL keys form a circle"),
    "a missing parent table": (TABLES, fields(person="id:persons.id"), "visits.person: reference to unknown 'persons.id'; known: people, visits"),
    "a table that is neither": (f"{TABLES} {OTHER % ('wards', 'wards')}", fields(head="unit: people\n"),
                                "no foreign key leads from this private table to the unit 'people'; declare a foreign key "
                                "towards 'people', or `public: true`"),
    "no unit": (f"{TABLES} {OTHER % ('wards', 'wards')}", fields(), "2 tables could hold the privacy units (people, wards)"),
    "a unit that is none": (TABLES, fields(head="unit: visits_\n"), "the unit 'visits_' is no private table; did you mean 'visits'"),
    "no primary key": (TABLES, fields().replace("    primary_key: id\n    fields: {id: id, name", "    fields: {id: id, name"),
                       "the table of units has no primary key"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_related_tables_that_can_not_be(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script, yml, said = CASES[case]
    view(tmp_path / "v", script, yml)
    for words in (("check", "./v"), ("fit", "./v.mare"), ("pipe", "./v.mare")):
        told = refused(*words)
        assert said in told and "\n" not in told, told
        assert "3333333" not in told
    left = {p.name for p in tmp_path.iterdir()} - {"v", "duckpaste.ledger.duckdb"}
    assert left == {"duckpaste.duckdb"}
    assert spent(tmp_path / "duckpaste.ledger.duckdb") == 0


def test_all_keys_at_once_and_exact_numbers_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    change = "update visits set person = 3333333 where id in (7, 8); insert into people select id, name, sex from people where id < 3;"
    view(tmp_path / "v", TABLES + change, fields())
    told = refused("check", "./v").splitlines()
    assert len(told) == 2 and not any(c.isdigit() for line in told for c in line)
    ran = run("check", "./v", "--exact")
    assert "(3 values; internal: exact)" in ran.errors[0] and "(2 rows; internal: exact)" in ran.errors[1]


def test_rows_without_an_owner_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nullable key to the parent: such rows belong to no unit, and are outside the release."""
    monkeypatch.chdir(tmp_path)
    view(
        tmp_path / "v",
        f"{TABLES} update visits set person = null where id < 100;",
        fields(person="id?:people.id"),
    )
    ran = run("pipe", "./v.mare", "alg.epsilon=inf", "alg.model=independent", "--seed", 1)
    assert ran.code == 0, ran.err
    assert "visits 400 rows" in ran.out
