"""Neighbours of related tables with parts, sequences and one very heavy unit: no release moves by more than the ledger's
sensitivity, and over all parts of a table together by no more than one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_family_neighbours import DB, UNITS, Unit, declared, stored
from testkit import Told, category, noiseless

from duckpaste import route
from duckpaste.fit import request
from duckpaste.privacy.ledger import Ledger
from duckpaste.schema.view import Table, View
from duckpaste.workspace import Workspace


def parted(k: int, bound: str, *, sequence: bool) -> tuple[Table, ...]:
    """Visits are parted by their person's a, labs by their visit's b: a unit's labs lie in several parts."""
    people, visits, labs = declared(k, bound)
    people = replace(people, fields=(people.fields[0], category("a", range(3), partition=True)))
    visits = replace(visits, fields=(*visits.fields[:2], category("b", range(3), partition=True)))
    if sequence:
        visits = replace(visits, options={**visits.options, "sequencer": "b", "order": 2})
        labs = replace(labs, options={**labs.options, "sequencer": "c"})
    return people, visits, labs


def released(units: dict[int, Unit], tables: tuple[Table, ...], **options: Any) -> Told:
    """Table, columns, sensitivity and exact counts in rows of every release of a whole fit without noise."""
    stored(units)
    with noiseless() as found:
        wanted = request("mare", {"model": "independent", **options})
        ready = route.ready(Workspace(DB), View("f", Path("f"), tables), wanted)
        route.fit(DB, ready, wanted, Ledger(None))
    return found


def moved(everything: Told, without: Told) -> dict[str, float]:
    """For each table the largest L1 move of a release; over parts, the sum of the largest moves of each."""
    assert [(t, c, s, v.shape) for t, c, s, v in without] == [(t, c, s, v.shape) for t, c, s, v in everything]
    largest: dict[str, float] = defaultdict(float)
    for (table, _, sensitivity, here), (*_, there) in zip(everything, without, strict=True):
        l1 = float(np.abs(here - there).sum())
        assert l1 <= sensitivity
        largest[table] = max(largest[table], l1)
    together: dict[str, float] = defaultdict(float)
    for table, most in largest.items():
        together[table.partition(" where ")[0]] += most
    return together


@pytest.mark.parametrize(("k", "bound", "sequence"), [(3, "weights", True), (2, "rows", False)])
def test_a_unit_moves_all_parts_together_by_one_sensitivity(k: int, bound: str, sequence: bool) -> None:
    tables = parted(k, bound, sequence=sequence)
    everything = released(UNITS, tables)
    limits = {
        "f.people": 1,
        "f.visits per people": 1,
        "f.visits": k,
        "f.labs per visits": k,
        "f.labs": k + 1,
    }
    names = {t for t, *_ in everything}
    assert {f"f.labs where visits.b is {c}" for c in range(3)} <= names
    assert {f"f.visits per people where people.a is {c}" for c in range(3)} <= names
    assert all(limits[t.partition(" where ")[0]] == s for t, _, s, _ in everything)
    most = dict.fromkeys(limits, 0.0)
    for unit in UNITS:
        for table, l1 in moved(
            everything, released({u: v for u, v in UNITS.items() if u != unit}, tables)
        ).items():
            assert l1 <= limits[table] + 1e-9, f"{table}: its parts move by {l1} together"
            most[table] = max(most[table], l1)
    for table, l1 in most.items():
        assert l1 > 0.99 * limits[table], f"{table}: the sensitivity is reached, else it would be vacuous"


@pytest.mark.parametrize("repeat", [False, True])
def test_slots_of_an_unrolled_table(repeat: bool) -> None:
    """Which labs a visit has, or (repeated) any visit of the person: one row of the visit, or of the person, moves."""
    people, visits, labs = declared(3, "weights")
    visits = replace(visits, options={**visits.options, "sequencer": "b"})
    labs = replace(labs, fields=(*labs.fields[:2], category("c", range(3), unroll=True, seq_repeat=repeat)))
    tables = (people, visits, labs)
    everything = released(UNITS, tables)
    limits = {
        "f.people": 1,
        "f.visits per people": 1,
        "f.visits": 3,
        "f.labs per visits": 1 if repeat else 3,
        "f.labs": 4,
    }
    assert {t: s for t, _, s, _ in everything} == limits
    assert sum(c.startswith("_children#") for t, c, *_ in everything if t == "f.labs per visits") == 3
    for unit in UNITS:
        without = released({u: v for u, v in UNITS.items() if u != unit}, tables)
        assert all(l1 <= limits[t] + 1e-9 for t, l1 in moved(everything, without).items())


def test_max_sens_lowers_what_a_unit_can_move() -> None:
    tables = declared(3, "weights")
    everything = released(UNITS, tables, max_sens=2)
    assert max(s for _, _, s, _ in everything) == 2
    for unit in UNITS:
        without = released({u: v for u, v in UNITS.items() if u != unit}, tables, max_sens=2)
        assert all(l1 <= 2 + 1e-9 for l1 in moved(everything, without).values())


def test_one_unit_with_ten_thousand_rows() -> None:
    """10,263 labs of one person, as in MIMIC-IV's demo: taking the person away moves no count by more than k."""
    visits = [(i % 3, [j % 3 for j in range(99 if i < 103 else 66)]) for i in range(104)]
    heavy: dict[int, Unit] = {**UNITS, 9: (2, visits)}
    assert sum(len(labs) for _, labs in heavy[9][1]) == 10_263
    for sequence in (False, True):
        tables = parted(4, "weights", sequence=sequence)
        everything = released(heavy, tables)
        light = released({u: v for u, v in heavy.items() if u != 9}, tables)
        limits = {"f.people": 1, "f.visits per people": 1, "f.visits": 4, "f.labs per visits": 4, "f.labs": 5}
        found = moved(everything, light)
        assert all(l1 <= limits[t] + 1e-9 for t, l1 in found.items()), found
        assert found["f.labs"] > 4.9
