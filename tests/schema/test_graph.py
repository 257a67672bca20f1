"""The graph of a view: owner paths, order, references, circles, and what can't be placed."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste.errors import UserError
from duckpaste.schema.graph import Graph, Kind, build
from duckpaste.schema.view import Field, ForeignKey, Table, View


def table(name: str, *keys: str, public: bool = False, nullable: tuple[str, ...] = ()) -> Table:
    """A table whose keys are written "column>table"."""
    fields, foreign = [Field(f"{name}_id", "id")], []
    for key in keys:
        column, _, target = key.partition(">")
        fields.append(Field(column, "id", nullable=column in nullable))
        foreign.append(ForeignKey((column,), target, (f"{target}_id",)))
    return Table(name, tuple(fields), (f"{name}_id",), public=public, foreign_keys=tuple(foreign))


def graph(*tables: Table, unit: str | None = None) -> Graph:
    """The graph of a view of these tables."""
    return build(View("v", Path("v"), tables, unit=unit))


def kinds(found: Graph, name: str) -> dict[str, Kind]:
    """Kind of each reference of a table, by its column."""
    return {r.key.columns[0]: r.kind for r in found.node(name).references}


def test_a_chain_in_any_order() -> None:
    found = graph(table("c", "b>b"), table("a"), table("b", "a>a"))
    assert [n.table.name for n in found.nodes] == ["a", "b", "c"]
    assert found.unit == "a" and found.node("c").path == ("b", "a")
    assert [n.table.name for n in found.children("a")] == ["b"]


def test_lookups_are_public_references() -> None:
    found = graph(
        table("patients"), table("items", public=True), table("labs", "patient>patients", "item>items")
    )
    assert found.node("labs").parent == "patients"
    assert kinds(found, "labs") == {"item": Kind.PUBLIC}
    assert [t.name for t in found.public] == ["items"]


def test_a_diamond_goes_the_long_way_and_copies_the_short_one() -> None:
    found = graph(table("patients"), table("stays", "p>patients"), table("events", "p>patients", "s>stays"))
    assert found.node("events").path == ("stays", "patients")
    assert kinds(found, "events") == {"p": Kind.ANCESTOR}


def test_two_keys_to_one_parent_may_leave_the_unit() -> None:
    found = graph(table("accounts"), table("moves", "source>accounts", "target>accounts"))
    assert found.node("moves").owner == ForeignKey(("source",), "accounts", ("accounts_id",))
    assert kinds(found, "moves") == {"target": Kind.OTHER}


def test_a_nullable_key_is_owner_only_when_no_other_is() -> None:
    found = graph(table("people"), table("calls", "from>people", "to>people", nullable=("from",)))
    assert found.node("calls").owner.columns == ("to",)  # type: ignore[union-attr]
    assert (
        graph(table("people"), table("calls", "from>people", nullable=("from",))).node("calls").parent
        == "people"
    )


def test_a_self_reference() -> None:
    found = graph(table("staff", "boss>staff", nullable=("boss",)))
    assert found.unit == "staff" and kinds(found, "staff") == {"boss": Kind.SELF}


def test_siblings_of_one_unit() -> None:
    found = graph(table("firms"), table("products", "f>firms"), table("orders", "f>firms", "p>products"))
    assert found.node("orders").path == ("products", "firms")
    assert kinds(found, "orders") == {"f": Kind.ANCESTOR}
    found = graph(
        table("firms"),
        table("products", "f>firms"),
        table("orders", "f>firms"),
        table("lines", "o>orders", "p>products"),
    )
    assert found.node("lines").parent in ("orders", "products")
    assert list(kinds(found, "lines").values()) == [Kind.SIBLING]


def test_a_circle_breaks_at_a_nullable_key() -> None:
    found = graph(
        table("owners"),
        table("stores", "o>owners", "manager>staff", nullable=("manager",)),
        table("staff", "s>stores"),
    )
    assert [n.table.name for n in found.nodes] == ["owners", "stores", "staff"]
    (late,) = found.node("stores").references
    assert late.late and late.kind is Kind.SIBLING


def test_a_circle_of_not_null_keys_is_refused() -> None:
    with pytest.raises(UserError, match="NOT NULL keys form a circle with staff"):
        graph(table("owners"), table("stores", "o>owners", "manager>staff"), table("staff", "s>stores"))


def test_what_reaches_no_unit_is_refused_with_the_remedy() -> None:
    with pytest.raises(UserError, match="no foreign key leads from this private table.*public: true"):
        graph(table("patients"), table("notes"), unit="patients")
    with pytest.raises(UserError, match="2 tables could hold the privacy units"):
        graph(table("patients"), table("notes"))
    with pytest.raises(UserError, match="did you mean 'patients'"):
        graph(table("patients"), unit="patient")


def test_thirty_tables_five_deep_in_linear_time() -> None:
    tables = [table("t0")] + [table(f"t{i}", f"p>t{(i - 1) // 2}") for i in range(1, 30)]
    found = graph(*reversed(tables))
    assert len(found.nodes) == 30 and max(len(n.path) for n in found.nodes) == 4
