"""The side-by-side with peers says why where a peer gives no result, and pays them the same budget."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).with_name("bench")
sys.path.append(str(BENCH))

import peer_run  # noqa: E402
import peers  # noqa: E402

from duckpaste.privacy.accountant import rho_of  # noqa: E402

CODES = {"a": np.array([0, 1, 1, 0]), "b": np.array([2, 0, 1, 1])}
SIZES = {"a": 2, "b": 3}


def asked(peer: str, python: str, limit: float = 60.0) -> str:
    with pytest.raises(peers.NotRun) as caught:
        peers.run(peer, python, CODES, SIZES, 1.0, 1e-9, 0, limit)
    return str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("dpmm") is not None, reason="dpmm is installed here")
def test_a_peer_that_is_not_installed_is_told_in_a_line() -> None:
    told = asked("dpmm.mst", sys.executable)
    assert (
        told.startswith("dpmm is not installed for")
        and "pip install dpmm==0.1.9" in told
        and "\n" not in told
    )


def test_an_interpreter_that_is_not_there() -> None:
    assert asked("mbi.mst", "/nowhere/python") == "no interpreter /nowhere/python"


def test_a_peer_that_takes_too_long(tmp_path: Path) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    assert asked("mbi.mst", str(slow), 0.2) == "stopped after 0.2 s"


def test_a_peer_that_fails_says_its_last_word(tmp_path: Path) -> None:
    bad = tmp_path / "python"
    bad.write_text("#!/bin/sh\necho first >&2\necho 'ValueError: no' >&2\nexit 1\n")
    bad.chmod(0o755)
    assert asked("mbi.mst", str(bad)) == "ValueError: no"


def test_a_peers_result_is_scored(tmp_path: Path) -> None:
    """A stand-in that gives the table back has no error."""
    copy = tmp_path / "python"
    copy.write_text(
        '#!/bin/sh\ncp "$6/codes.npz" "$6/synthetic.npz"\necho \'{"cpu_s": 1.5, "MB": 9, "version": "0"}\'\n'
    )
    copy.chmod(0o755)
    found = peers.run("mbi.mst", str(copy), CODES, SIZES, 1.0, 1e-9, 0, 60.0)
    assert found["tv1"] == found["tv2"] == 0 and found["fit_s"] == 1.5 and found["MB"] == 9


def test_interpreters() -> None:
    assert peers.interpreters([]) == {"dpmm": sys.executable, "mbi": sys.executable}
    assert peers.interpreters(["/a"]) == {"dpmm": "/a", "mbi": "/a"}
    assert peers.interpreters(["/a", "mbi=/b"]) == {"dpmm": "/a", "mbi": "/b"}


@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-9), (10.0, 1e-9), (0.5, 1e-5)])
def test_peers_get_the_same_budget(epsilon: float, delta: float) -> None:
    assert peer_run.rho_of(epsilon, delta) == pytest.approx(rho_of(epsilon, delta), rel=1e-6)


def test_the_peers_side_needs_nothing_of_ours() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(BENCH)!r}); import peer_run; print('duckpaste' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
