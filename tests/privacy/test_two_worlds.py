"""Whole fits on neighbouring tables with the same noisy outputs: the same releases, the same model to the bit, and
an exact loss within what was paid for. Exact, so without false alarms; what the test can find stands in
test_planted_bugs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replay import audit, compare, play
from test_family_neighbours import DB, STRAYS, UNITS, Strays, declared, optional, stored, strayed
from worlds import NEIGHBOURS, WORLD, fit

from duckpaste import route
from duckpaste.fit import fit_table, request
from duckpaste.models import registry
from duckpaste.privacy.ledger import Ledger
from duckpaste.schema.view import View
from duckpaste.workspace import Workspace


@pytest.mark.parametrize("delta", [1e-9, 0.0], ids=["zCDP", "pure"])
@pytest.mark.parametrize("algorithm", registry.names())
def test_one_table(algorithm: str, delta: float) -> None:
    others = NEIGHBOURS if delta else NEIGHBOURS[-2:]
    found = audit(lambda rows: fit(rows, algorithm, delta=delta), WORLD, others)
    assert 0.5 < found.share <= 1 + 1e-9, "somebody loses much of what was paid for: the test tells something"
    assert found.choices > 0 or algorithm not in ("mst", "privbayes", "aim"), "choices were among it"


@pytest.mark.parametrize("algorithm", registry.names())
def test_a_table_of_one_person(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbour is empty: no release, no code, no failure of the fit may tell. (That a table is empty is told to its
    owner before anything is spent, as a fault of the view; so is a NULL where none was declared.)"""
    monkeypatch.setitem(fit_table.__globals__, "check_rows", lambda *_: [])
    audit(lambda rows: fit(rows, algorithm), [r for r in WORLD if r[0] == 104], [[]])


@pytest.mark.parametrize(("algorithm", "bound"), [("mst", "rows"), ("privbayes", "weights")])
def test_related_tables(algorithm: str, bound: str) -> None:
    """A unit is a person with all visits and labs; every model has evidence."""

    book = Ledger(None)

    def whole(units: Any) -> Any:
        stored(units)
        wanted = request("mare", {"model": algorithm, "epsilon": 4.0})
        ready = route.ready(Workspace(DB), View("f", Path("f"), declared(2, bound)), wanted)
        return route.fit(DB, ready, wanted, book)

    found = audit(whole, UNITS, [{u: v for u, v in UNITS.items() if u != unit} for unit in (1, 3, 9)])
    assert 0.3 < found.share <= 1 + 1e-9


def test_rows_that_reach_no_unit() -> None:
    """They are counted: a neighbour without a unit loses nothing by that, and one without such a row nothing else, and
    no more than was paid for it."""
    book = Ledger(None)

    def whole(world: Any) -> Any:
        strayed(*world)
        wanted = request("mare", {"model": "mst", "epsilon": 4.0})
        ready = route.ready(Workspace(DB), View("f", Path("f"), optional(2)), wanted)
        return route.fit(DB, ready, wanted, book)

    visits, below, labs = STRAYS
    units = [({u: v for u, v in UNITS.items() if u != unit}, STRAYS) for unit in (1, 9)]
    assert 0.3 < audit(whole, (UNITS, STRAYS), units).share <= 1 + 1e-9
    here = play(lambda: whole((UNITS, STRAYS)))
    counted = [b for b in here.batches if b.releases[0].stage == "left out"]
    assert [b.releases[0].table for b in counted] == ["f.visits", "f.labs"]
    fewer: list[tuple[Strays, str]] = [
        ((visits[:-1], below, labs), "f.visits"),
        ((visits, below, labs[1:]), "f.labs"),
    ]
    for strays, table in fewer:
        there = play(lambda strays=strays: whole((UNITS, strays)), here)  # type: ignore[misc]
        (paid,) = [b.releases[0].loss for b in counted if b.releases[0].table == table]
        assert 0.99 * paid < compare(here, there) <= paid * (1 + 1e-6)
