"""Quality, time and memory of the models on the Adult table or another, by mean marginal errors (see scores.py).

    DUCKPASTE_TEST_DATA=... python tests/bench/quality.py [--models mst] [--epsilons 1 10] [--runs 3]
        [--set threshold=5 ...] [--table nist] [--ordered] [--doors package.module:factory]
        [--peers [dpmm.mst mbi.mst ...]] [--peer-python [NAME=]PATH ...] [--peer-seconds 900]

`factory(codes, domain, loss, rng)` gives the doors; the default adds float noise to arrays, which serves to measure
quality but protects nobody. Losses are rho at delta 1e-9. CPU seconds are those of fit and sample together, exact
counting included. Without `--ordered` models know no more than the peers: the sizes of the columns. With it they know which
columns are numbers, as every view tells them. MB is the peak of a process of its own, the interpreter and the scoring included.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import peers
from coded import TABLES
from scores import scores

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

from duckpaste.models import registry
from duckpaste.privacy.accountant import rho_of

DELTA = 1e-9
FIRST_SEED = 1000


def run(
    name: str, epsilon: float, seed: int, options: Mapping[str, Any], doors: str, table: str, ordered: bool
) -> dict[str, float]:
    """One fit and one sample of as many rows as the model thinks there are."""
    codes, domain = TABLES[table](ordered)
    module, _, factory = doors.partition(":")
    rng = np.random.default_rng(seed)
    loss = epsilon if math.isinf(epsilon) else rho_of(epsilon, DELTA)
    source = getattr(import_module(module), factory)(codes, domain, loss, rng)
    model = registry.make(name, options)
    start = time.process_time()
    network = model.fit(source).network
    fitted = time.process_time()
    rows = network.sample(round(network.total), rng)
    sampled = time.process_time()
    found = scores(codes, rows, domain.sizes)
    found |= {"fit_s": fitted - start, "sample_s": sampled - fitted}
    found["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def main() -> None:
    """Print one line a model and epsilon: means over the runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=registry.names())
    parser.add_argument("--epsilons", nargs="+", type=float, default=[1.0, 10.0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=NUMBER")
    parser.add_argument("--doors", default="fake_doors:ArrayDoors")
    parser.add_argument("--peers", nargs="*", metavar="PEER", help=f"default: {', '.join(peers.PEERS)}")
    parser.add_argument("--peer-python", nargs="+", default=[], metavar="[NAME=]PATH")
    parser.add_argument("--peer-seconds", type=float, default=900.0)
    parser.add_argument("--table", choices=sorted(TABLES), default="adult")
    parser.add_argument("--ordered", action="store_true")
    given = parser.parse_args()
    options = {key: float(value) for key, _, value in (pair.partition("=") for pair in given.set)}
    print("model        epsilon     tv1     tv2     tv3     l1s   fit s  sample    MB")
    spawn = multiprocessing.get_context("spawn")
    for name in given.models:
        for epsilon in given.epsilons:
            same = (options, given.doors, given.table, given.ordered)
            jobs = [(name, epsilon, FIRST_SEED + i, *same) for i in range(given.runs)]
            with spawn.Pool(1, maxtasksperchild=1) as pool:
                found = pool.starmap(run, jobs, chunksize=1)
            line(name, epsilon, {key: float(np.mean([f[key] for f in found])) for key in found[0]})
    if given.peers is not None:
        side_by_side(given.peers or peers.PEERS, given)


def line(name: str, epsilon: float, mean: Mapping[str, float]) -> None:
    """One row of the table."""
    errors = " ".join(f"{mean[k]:7.4f}" for k in ("tv1", "tv2", "tv3", "l1s"))
    print(
        f"{name:14} {epsilon:5g} {errors} {mean['fit_s']:7.3f} {mean['sample_s']:7.3f} {mean['MB']:5.0f}",
        flush=True,
    )


def side_by_side(names: Sequence[str], given: argparse.Namespace) -> None:
    """One line a peer and epsilon; why, where there is no result."""
    python = peers.interpreters(given.peer_python)
    codes, domain = TABLES[given.table](False)
    for name in names:
        for epsilon in given.epsilons:
            try:
                path = python[name.partition(".")[0]]
                line(name, epsilon, peers.run(
                    name, path, codes, domain.sizes, epsilon, DELTA, FIRST_SEED, given.peer_seconds
                ))  # fmt: skip
            except KeyError:
                print(f"{name:14} {epsilon:5g} not run: known peers are of {' and '.join(peers.INSTALL)}")
            except peers.NotRun as error:
                print(f"{name:14} {epsilon:5g} not run: {error}", flush=True)


if __name__ == "__main__":
    main()
