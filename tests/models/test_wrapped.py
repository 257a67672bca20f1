"""Tests of the wrapper of doors that other wrappers build on."""

from __future__ import annotations

import inspect

import numpy as np
from fake_doors import ArrayDoors

from duckpaste.domain import Domain
from duckpaste.models.base import Doors
from duckpaste.models.mst import MST
from duckpaste.models.wrapped import Wrapped
from duckpaste.relational.raked import Raked


def test_every_door_has_its_way_through() -> None:
    """A method that is missing would be the protocol's own, which does nothing."""
    doors = {name for name in vars(Doors) if not name.startswith("_")}
    assert doors == {name for name in vars(Wrapped) if not name.startswith("_")}
    for name in doors - {"domain", "loss"}:
        assert inspect.signature(getattr(Wrapped, name)) == inspect.signature(getattr(Doors, name))


def test_a_model_sees_no_difference() -> None:
    rng = np.random.default_rng(3)
    domain = Domain({"a": 4, "b": 5, "c": 30}, ordered=("c",))
    codes = {name: np.minimum(rng.geometric(0.3, 500), size) - 1 for name, size in domain.sizes.items()}
    made = []
    for wrap in (lambda doors: doors, Wrapped, lambda doors: Raked(doors, {})):
        doors = ArrayDoors(codes, domain, 0.05, np.random.default_rng(4))
        network = MST().fit(wrap(doors)).network
        made.append((doors.spends, network.sample(200, np.random.default_rng(5))))
    for spends, rows in made[1:]:
        assert spends == made[0][0]
        assert all(np.array_equal(rows[name], made[0][1][name]) for name in domain)
