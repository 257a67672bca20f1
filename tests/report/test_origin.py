"""What a page says of the guarantee: only what the file tells and the ledger knows."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import pytest
from reportkit import TOLD, origin

from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger, Release
from duckpaste.report.origin import Origin, read


def ledger(path: Path, epsilon: float = 1.0, delta: float = 1e-9) -> str:
    """A ledger with one run of three releases in two stages; the run's name."""
    guarantee = Guarantee(epsilon, delta)
    with contextlib.closing(Ledger(path)) as book:
        run = book.begin(
            view="v", unit="row", contributions=1, algorithm="mst", guarantee=guarantee, loss=guarantee.loss()
        )
        part = run.loss / 4
        stages = [
            ("one-way", "discrete gaussian", 10, part),
            ("one-way", "discrete gaussian", 20, part),
            ("pairs", "discrete gaussian", 30, part),
        ]
        run.spend(
            [Release(s, m, "t", "a", "select 1", cells, 1.0, 5.0, loss) for s, m, cells, loss in stages]
        )
        run.finish()
        return run.run


@pytest.mark.parametrize(("delta", "measure"), [(1e-9, "rho"), (0.0, "epsilon")])
def test_stages_are_those_of_the_run(tmp_path: Path, delta: float, measure: str) -> None:
    ledger(tmp_path / "l.duckdb", 0.5, delta)
    run = ledger(tmp_path / "l.duckdb", 1.0, delta)
    told = {**TOLD, "run": run, "epsilon": "1.0", "delta": str(delta), "measure": measure}
    found = read(told, tmp_path / "l.duckdb")
    assert [(s.stage, s.releases, s.cells) for s in found.stages] == [("one-way", 2, 30), ("pairs", 1, 30)]
    loss = Guarantee(1.0, delta).loss()
    assert [s.loss for s in found.stages] == pytest.approx([loss / 2, loss / 4])
    assert found.spent and found.spent.runs == 2 and 0 < found.spent.epsilon < 1.6
    assert not found.missing and found.private


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    assert (
        "no ledger" in read(TOLD, None).missing
        and "no ledger" in read(TOLD, tmp_path / "gone.duckdb").missing
    )
    assert "did not make it" in read({}, None).missing
    ledger(tmp_path / "l.duckdb")
    assert "does not know this run" in read(TOLD, tmp_path / "l.duckdb").missing
    (tmp_path / "broken.duckdb").write_text("no database")
    assert "can't be read" in read(TOLD, tmp_path / "broken.duckdb").missing


def test_the_unit_in_words() -> None:
    assert "Had any one row not been" in origin(unit="row", algorithm="mst").in_words()
    assert origin(unit="patients").unit.whole == "each row of patients with all that hangs on it"
    assert "Had any one row of patients, and all that hangs on it, not been" in origin().in_words()
    told = origin(unit="patient_id", algorithm="mst").in_words()
    assert "Had any one value of patient_id, with all its rows, not been" in told


def test_the_guarantee_in_words() -> None:
    assert (
        "at most 7.4 times as likely" in origin().in_words()
        and "but for a chance of 1e-09" in origin().in_words()
    )
    assert "chance" not in origin(delta="0").in_words()
    assert "hardly bounded" in origin(epsilon="20").in_words()
    assert (
        "No noise was added" in origin(epsilon="inf").in_words()
        and "nothing is promised" in Origin({}).in_words()
    )
    assert math.isinf(Origin({"epsilon": "x", "delta": "y"}).epsilon)
