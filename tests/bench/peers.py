"""Peers beside ours: each fit in a process of its own, under the interpreter that has the peer."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scores import scores

from duckpaste.domain import IntArray

INSTALL = {"dpmm": "pip install dpmm==0.1.9", "mbi": "pip install mbi==2.0.0"}
PEERS = ("dpmm.mst", "dpmm.privbayes", "mbi.mst")  # dpmm.aim runs on request: it takes a quarter of an hour
_CHILD = Path(__file__).with_name("peer_run.py")


class NotRun(Exception):
    """A peer gave no result; the text says why."""


def interpreters(given: Sequence[str]) -> dict[str, str]:
    """The interpreter of each peer, from PATH (for all) or NAME=PATH."""
    found = dict.fromkeys(INSTALL, sys.executable)
    for text in given:
        name, equals, path = text.partition("=")
        found.update({name: path} if equals else dict.fromkeys(INSTALL, text))
    return found


def run(
    peer: str, python: str, codes: Mapping[str, IntArray], sizes: Mapping[str, int], epsilon: float, delta: float,
    seed: int, limit: float,
) -> dict[str, float]:  # fmt: skip
    """Scores, CPU seconds and peak MB of one fit and sample. Raises NotRun."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        np.savez(home / "codes.npz", **codes)
        (home / "sizes.json").write_text(json.dumps(dict(sizes)))
        command = [python, str(_CHILD), peer, repr(epsilon), repr(delta), str(seed), folder]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except FileNotFoundError:
            raise NotRun(f"no interpreter {python}") from None
        except subprocess.TimeoutExpired:
            raise NotRun(f"stopped after {limit:g} s") from None
        lines = (done.stdout if done.returncode in (0, 3) else done.stderr).strip().splitlines() or [
            "no word"
        ]
        if done.returncode == 3:
            name = peer.partition(".")[0]
            raise NotRun(
                f"{name} is not installed for {python} ({lines[-1]}): {INSTALL[name]}, then --peer-python"
            )
        if done.returncode:
            raise NotRun(lines[-1])
        told = json.loads(lines[-1])
        synthetic = {n: np.asarray(c, dtype=np.int64) for n, c in np.load(home / "synthetic.npz").items()}
    return {**scores(codes, synthetic, sizes), "fit_s": told["cpu_s"], "sample_s": 0.0, "MB": told["MB"]}
