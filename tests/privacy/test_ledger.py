"""The ledger: written before the noise, kept through a kill, never overspent, only ever added to."""

from __future__ import annotations

import math
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from testkit import INF, begin, category, fitted, number, put

from duckpaste.codec import make
from duckpaste.codec.base import WantHistogram, WantValues
from duckpaste.db import Db
from duckpaste.errors import BudgetError, UserError
from duckpaste.privacy import noise
from duckpaste.privacy.accountant import epsilon_of, rho_of
from duckpaste.privacy.ledger import Ledger, Release, Totals, find
from duckpaste.privacy.release import Protected, Vector, release
from duckpaste.privacy.source import Source, protect
from duckpaste.resources import folder
from duckpaste.schema.view import Table


def entry(loss: float, scale: float = 1.0, delta: float = 0.0) -> Release:
    return Release("test", "discrete gaussian", "v.t", "a", "select", 5, 1.0, scale, loss, delta)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What another process would read."""
    con = duckdb.connect(str(path), read_only=True)
    try:
        return con.sql(query).fetchall()
    finally:
        con.close()


# -- before the noise


class Struck(Exception):
    """The moment at which the process dies."""


@pytest.mark.parametrize("door", ["measure", "histogram", "values", "select"])
def test_the_row_is_committed_before_noise_is_drawn(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the moment of drawing another process sees the release in the file; and it stays when the draw fails."""
    path = tmp_path / "l.duckdb"
    seen: list[int] = []

    def strike(*_: object, **__: object) -> None:
        # The file is held by this process: copy it with its log, as a crash would leave it.
        copy = tmp_path / "copy.duckdb"
        copy.write_bytes(path.read_bytes())
        (tmp_path / "copy.duckdb.wal").write_bytes((tmp_path / "l.duckdb.wal").read_bytes())
        with Db.open(copy) as db:
            seen.append(int(db.rows_sql("t", "select count(*) from releases where rho > 0 and state = 'spent'"
                                             .replace("releases", "ledger"))[0][0]))  # fmt: skip
        raise Struck

    monkeypatch.setattr(noise, "add", strike)
    monkeypatch.setattr(noise, "noisy_max", strike)
    ledger = Ledger(path)
    run = begin(ledger=ledger)
    with Db.open() as db:
        relation = put(db, "t", {"a": ["x", "y", "x"]})
        source = Source(db, protect(db, relation, "v.t"), run)
        with pytest.raises(Struck):
            if door == "histogram":
                source.discover([WantHistogram("a", "0", 3)], [run.loss / 2], [0.0], "discover")
            elif door == "values":
                source.discover([WantValues("a", '"a"')], [run.loss / 2], [1e-10], "discover")
            else:
                encoded = source.encode([make(category("a", ["x", "y"]))])
                if door == "measure":
                    encoded.measure([("a",)], [run.loss / 2], "one")
                else:
                    encoded.select([("a",)], {("a",): np.zeros(2)}, run.loss / 2, "select")
    assert seen == [1]
    assert run.spent == pytest.approx(run.loss / 2, rel=1e-4) and len(run.releases) == 1
    ledger.close()
    assert rows(path, "select count(*), min(state) from ledger") == [(1, "spent")]


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from duckpaste.privacy import noise
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.release import Protected, Vector, release
guarantee = Guarantee(1.0)
run = Ledger(Path(sys.argv[1])).begin(view="v", unit="row", contributions=1, algorithm="x", guarantee=guarantee,
                                      loss=guarantee.loss())
released = release(run, Protected("t", "v.t"), [Vector(np.arange(5), run.loss / 3, "a", "q")], "first")
noise.add = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
release(run, Protected("t", "v.t"), [Vector(np.arange(5), run.loss / 3, "b", "q")] * 2, "second")
"""


def test_killed_between_ledger_and_release(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    ledger = Ledger(path)
    assert ledger.db.rows_sql("t", "select stage, columns, state from ledger order by release") == [
        ("first", "a", "spent"), ("second", "b", "spent"), ("second", "b", "spent"),
    ]  # fmt: skip
    total = ledger.totals()
    assert total.rho == pytest.approx(rho_of(1.0, 1e-9), rel=1e-6) and total.epsilon(1e-9) == pytest.approx(
        1, rel=1e-6
    )
    with pytest.raises(BudgetError, match="1 is spent"):
        begin(0.1, ledger=ledger, budget={"epsilon": 1.0, "delta": 1e-9})


def test_several_releases_are_written_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails half way leaves nothing, and nothing is drawn."""
    ledger = Ledger(None)
    run = begin(ledger=ledger)
    broken = Release("test", "m", "t", None, "q", 1, 1.0, 1.0, 1e-6)  # type: ignore[arg-type]
    with pytest.raises(UserError):
        run.spend([entry(1e-6), broken])
    assert ledger.db.rows_sql("t", "select count(*) from releases") == [(0,)] and run.spent == 0


# -- only added to


def test_rows_are_only_added(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    before: list[tuple[Any, ...]] = []
    for _ in range(3):
        ledger = Ledger(path)
        with Db.open() as db:
            put(db, "t", {"a": ["x", "y"] * 50})
            fitted(db, Table("t", (category("a", ["x", "y"]),)), ledger=ledger)
        ledger.close()
        now = rows(path, "select * exclude (state) from ledger order by release")
        assert now[: len(before)] == before and len(now) == len(before) + 1
        before = now
    assert rows(path, "select count(*), count(distinct run), min(state) from ledger") == [(3, 3, "released")]


def test_no_statement_of_the_ledger_changes_a_row() -> None:
    import duckpaste.privacy.ledger as module

    texts = [Path(module.__file__).read_text(encoding="utf-8")]
    texts += [p.read_text(encoding="utf-8") for p in folder("sql").glob("ledger_*.sql")]
    for text in texts:
        assert not re.search(r"\b(update|delete|drop|truncate|alter|replace into)\s", text, re.IGNORECASE)


# -- limits


def test_a_run_cannot_pass_its_own_loss() -> None:
    ledger = Ledger(None)
    run = begin(ledger=ledger)
    run.spend([entry(run.loss * 0.6)])
    with pytest.raises(BudgetError, match=f"{run.loss * 0.4:.6g}"[:6]):
        run.spend([entry(run.loss * 0.3), entry(run.loss * 0.2)])
    assert run.left == pytest.approx(run.loss * 0.4)
    assert ledger.totals().rho == pytest.approx(run.loss * 0.6), "nothing of the refused releases is written"
    run.spend([entry(run.left)])
    assert run.left == pytest.approx(0, abs=1e-15)
    with pytest.raises(BudgetError):
        run.spend([entry(run.loss * 1e-4)])


def test_a_release_that_cannot_be_paid_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "add", lambda *_, **__: pytest.fail("drawn"))
    run = begin()
    with pytest.raises(BudgetError):
        release(run, Protected("t", "t"), [Vector(np.arange(3), run.loss * 0.7, "a", "q")] * 2, "test")


@pytest.mark.parametrize("delta", [1e-9, 0.0])
def test_a_declared_budget_holds_over_runs(tmp_path: Path, delta: float) -> None:
    """Three runs at epsilon 1 pass; how many more depends on composition, and what is left is said."""
    budget = {"epsilon": 3.0, "delta": delta}
    with Db.open() as db:
        put(db, "t", {"a": ["x", "y"] * 50})
        table = Table("t", (category("a", ["x", "y"]),))
        ledger = Ledger(tmp_path / "l.duckdb")
        runs = 0
        with pytest.raises(BudgetError) as caught:
            for _ in range(20):
                fitted(db, table, ledger=ledger, budget=budget, epsilon=1.0, delta=delta)
                runs += 1
        left = ledger.left(budget)
        assert runs == (3 if delta == 0 else 8)  # rho(3) / rho(1) at delta 1e-9 is 8.6
        assert left is not None and f"{left:.4g} is left" in str(caught.value)
        assert ledger.totals().epsilon(delta) <= 3.0 * (1 + 1e-7)
        assert ledger.db.rows_sql("t", "select count(*) from runs") == [(runs,)], (
            "the refused run did not begin"
        )
        if left > 0:
            fitted(db, table, ledger=ledger, budget=budget, epsilon=left * 0.9, delta=delta)


def test_two_runs_that_begin_together_cannot_both_spend_the_last() -> None:
    ledger = Ledger(None)
    budget = {"epsilon": 1.0, "delta": 1e-9}
    first, second = (begin(1.0, ledger=ledger, budget=budget) for _ in range(2))
    first.spend([entry(first.loss)])
    with pytest.raises(BudgetError, match="another run spent"):
        second.spend([entry(second.loss / 2)])
    assert ledger.totals().epsilon(1e-9) <= 1.0 + 1e-7 and second.spent == 0


@pytest.mark.parametrize(
    ("budget", "left"),
    [({}, None), ({"delta": 1e-9}, None), ({"epsilon": 2}, 2.0), ({"epsilon": INF, "delta": 0}, INF)],
)
def test_budgets_that_are_half_declared(budget: dict[str, float], left: float | None) -> None:
    ledger = Ledger(None)
    assert ledger.left(budget) == left
    begin(1.0, ledger=ledger, budget=budget).spend([entry(1e-3)])
    assert ledger.left(budget) == pytest.approx(
        None if left is None else left - epsilon_of(1e-3, 1e-9), nan_ok=True
    )


def test_a_zero_delta_budget_refuses_gaussian_noise_and_says_so() -> None:
    with pytest.raises(BudgetError, match="budget of epsilon 5 at delta 0: 0 is spent, 5 is left"):
        begin(1.0, 1e-9, budget={"epsilon": 5.0, "delta": 0.0})


# -- sums


def test_pure_epsilons_add_up() -> None:
    ledger = Ledger(None)
    for epsilon in (0.5, 0.25):
        run = begin(epsilon, 0.0, ledger=ledger)
        run.spend([entry(epsilon / 2), entry(epsilon / 2)])
    total = ledger.totals()
    assert total.pure_epsilon == 0.75 and total.epsilon(0.0) == 0.75
    assert total.rho == pytest.approx(2 * (0.25**2 + 0.125**2) / 2), "epsilon-DP is epsilon^2 / 2 - zCDP"
    assert total.epsilon(1e-9) == 0.75
    begin(1.0, ledger=ledger).spend([entry(0.01)])
    mixed = ledger.totals()
    assert mixed.pure_epsilon is None and mixed.epsilon(0.0) == INF
    assert mixed.epsilon(1e-9) == epsilon_of(total.rho + 0.01, 1e-9)


def test_deltas_of_discovered_values_are_taken_off() -> None:
    total = Totals(0.01, None, 2e-10, 0)
    assert total.epsilon(1e-9) == epsilon_of(0.01, 8e-10)
    assert total.epsilon(2e-10) == INF
    assert total.within(total.epsilon(1e-9), 1e-9) and not total.within(total.epsilon(1e-9) * 0.999, 1e-9)
    assert not total.within(1e6, 2e-10)
    assert Totals(0.02, 0.2, 0.0, 0).within(0.2, 0.0) and not Totals(0.02, 0.2, 0.0, 0).within(0.19, 0.0)


def test_epsilon_inf_is_recorded_as_not_private() -> None:
    ledger = Ledger(None)
    with Db.open() as db:
        put(db, "t", {"a": ["x", "y"] * 50, "b": [1, 2] * 50})
        model = fitted(db, Table("t", (category("a", ["x", "y"]), number("b"))), ledger=ledger, epsilon=INF)
    assert model.info["private"] == "false" and "NOT PRIVATE" in model.guarantee
    assert {m for (m,) in ledger.db.rows_sql("t", "select mechanism from ledger")} == {"none"}
    total = ledger.totals()
    assert total.noiseless == 1 and total.epsilon(0.5) == INF
    assert ledger.left({"epsilon": 100.0}) == 0.0
    with pytest.raises(BudgetError, match="inf is spent, 0 is left"):
        begin(0.1, ledger=ledger, budget={"epsilon": 100.0})
    with pytest.raises(BudgetError):
        begin(INF, ledger=Ledger(None), budget={"epsilon": 100.0})


@pytest.mark.parametrize("algorithm", ["independent", "mst"])
@pytest.mark.parametrize("delta", [1e-9, 0.0])
@pytest.mark.parametrize("k", [1, 3])
def test_a_whole_fit_spends_no_more_than_it_promises(algorithm: str, delta: float, k: int) -> None:
    """The proved losses in the file, rounding included, add up to at most the guarantee; and nothing much is left."""
    rng = np.random.default_rng(0)
    ledger = Ledger(None)
    with Db.open() as db:
        put(db, "t", {"u": rng.integers(0, 80, 200), "a": rng.choice(["x", "y", "z"], 200), "b": rng.normal(size=200),
                      "c": rng.integers(0, 4, 200), "d": rng.integers(0, 9, 200)})  # fmt: skip
        values = ["x", "y", "z"] if delta == 0 else None
        fields = (category("a", values), number("b"), category("c", range(4)), number("d", 0, 8))
        table = Table(
            "t",
            fields if k == 1 else (*fields, number("u", 0, 80)),
            unit="u" if k > 1 else None,
            contributions=k,
        )
        model = fitted(db, table, algorithm, ledger=ledger, epsilon=1.0, delta=delta)
    total = ledger.totals()
    assert math.fsum(r.loss for r in model.releases) == pytest.approx(
        total.pure_epsilon if delta == 0 else total.rho
    )
    assert total.epsilon(delta) <= 1.0
    assert total.epsilon(delta) > 0.9
    assert total.delta == (0.0 if delta == 0 else pytest.approx(1e-10))
    stages = {s for (s,) in ledger.db.rows_sql("t", "select distinct stage from ledger")}
    assert {"discover", "one-way"} <= stages
    assert ledger.db.rows_sql("t", "select distinct contributions, state from ledger") == [(k, "released")]


# -- files


def test_a_ledger_in_use_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    code = (
        "import sys; from pathlib import Path; from duckpaste.privacy.ledger import Ledger\n"
        f"l = Ledger(Path({str(path)!r})); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        with pytest.raises(UserError, match="in use by another process"):
            Ledger(path)
        other.communicate()
    Ledger(path).close()


def test_where_the_ledger_lies(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no ledger yet"):
        find(tmp_path / "work.duckdb")
    Ledger.beside(tmp_path / "work.duckdb").close()
    assert find(tmp_path / "work.duckdb") == tmp_path / "work.ledger.duckdb"
    assert Ledger.beside(None).path is None
