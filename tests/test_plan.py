"""The plan is what the fit then does: the same releases, cells and losses; and it reads no private row."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from testkit import INF, category, fitted, number, put, ready

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.plan import plan
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.unit import Unit
from duckpaste.schema.view import Table

FIELDS = (category("a", range(5)), category("name"), number("x", 0, 10_000), number("y"))


@pytest.fixture
def db() -> Iterator[Db]:
    rng = np.random.default_rng(0)
    with Db.open() as made:
        put(made, "t", {
            "p": rng.integers(0, 200, 1000), "a": rng.integers(0, 5, 1000), "name": rng.choice(["u", "v"], 1000),
            "x": rng.integers(0, 10_000, 1000), "y": rng.normal(size=1000),
        })  # fmt: skip
        yield made


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("delta", [1e-9, 0.0])
def test_the_plan_is_kept(db: Db, k: int, delta: float) -> None:
    names = category("name") if delta else category("name", ["u", "v"])
    fields = (FIELDS[0], names, *FIELDS[2:], number("p", 0, 200))
    table = Table("t", fields, unit="p" if k > 1 else None, contributions=k)
    options = {"epsilon": 20.0, "delta": delta}  # so that both names are found
    planned = plan(ready(db, table), request("independent", options))
    assert planned.unit == (Unit("p", k) if k > 1 else Unit())
    ledger = Ledger(None)
    model = fitted(db, table, ledger=ledger, **options)
    assert sum(r.loss for r in planned.releases) == pytest.approx(planned.loss)
    assert math.fsum(r.loss for r in model.releases) == pytest.approx(planned.loss, rel=1e-6)
    for stage in ("discover", "one-way"):
        before = [r for r in planned.releases if r.stage == stage]
        after = [r for r in model.releases if r.stage == stage]
        assert sum(r.count for r in before) == len(after)
        assert sum(r.loss for r in before) == pytest.approx(sum(r.loss for r in after), rel=1e-6)
        scale = math.sqrt(2) if delta == 0 else 1.0
        sigmas = [r.scale * scale for r in after if r.mechanism != "thresholded discrete gaussian"]
        # Sizes are upper bounds until discovery, and larger marginals get more of the loss.
        close = 1e-6 if stage == "discover" else 0.25
        assert max(r.sigma for r in before) == pytest.approx(max(sigmas), rel=close)


def test_the_plan_reads_no_row(db: Db) -> None:
    prepared = ready(db, Table("t", FIELDS))
    db.trace.clear()
    planned = plan(prepared, request("mst", {}))
    assert not db.trace
    assert planned.megabytes > 0
    assert any("x: min 0, max 10000" in line for line in planned.public)
    assert any(line.startswith("a: 5 values") for line in planned.public)
    assert "name: values of categories" in planned.undeclared and "y: ranges of numbers" in planned.undeclared


def test_it_is_the_same_whatever_the_rows_are(db: Db) -> None:
    table = Table("t", FIELDS)
    before = plan(ready(db, table), request("mst", {}))
    db.run_sql("t", "delete from t where a > 0; insert into t select 1, 0, 'new', 5, 1e9 from range(7)")
    assert plan(ready(db, table), request("mst", {})) == before


def test_no_noise_and_what_cannot_be_fitted(db: Db) -> None:
    planned = plan(ready(db, Table("t", FIELDS)), request("independent", {"epsilon": INF}))
    assert planned.loss == INF and all(r.sigma == 0 for r in planned.releases)
    with pytest.raises(UserError, match="can't be discovered at delta 0"):
        plan(ready(db, Table("t", FIELDS)), request("independent", {"delta": 0}))
