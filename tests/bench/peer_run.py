"""One fit and one sample by a peer's own code. Runs under the peer's interpreter, with nothing of duckpaste.

    PYTHON tests/bench/peer_run.py dpmm.mst 1.0 1e-9 0 FOLDER

FOLDER holds codes.npz (one array a column) and sizes.json; synthetic.npz is written there. The last line of the output
is JSON: CPU seconds of fit and sample (all threads and children, imports apart), peak MB, the peer's version. Exit 3: the
peer is not installed."""

from __future__ import annotations

import itertools
import json
import math
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

Codes = dict[str, Any]


def rho_of(epsilon: float, delta: float) -> float:
    """Largest rho whose zCDP gives (epsilon, delta)-DP (Canonne, Kamath and Steinke 2020, Proposition 12)."""

    def delta_of(rho: float) -> float:
        low, high = 1.01, (epsilon + 1) / (2 * rho) + 2
        for _ in range(100):
            alpha = (low + high) / 2
            slope = (2 * alpha - 1) * rho - epsilon + math.log1p(-1 / alpha)
            low, high = (alpha, high) if slope < 0 else (low, alpha)
        return math.exp((high - 1) * (high * rho - epsilon) + high * math.log1p(-1 / high)) / (high - 1)

    low, high = 0.0, epsilon + 1
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle) <= delta else (low, middle)
    return low


class Dpmm:
    """dpmm 0.1.9: its models on coded columns, with the public domain; one process."""

    def __init__(self, mechanism: str) -> None:
        import pandas as pd
        from dpmm import pipelines

        self._frame = pd.DataFrame
        kinds = {"mst": "MSTPipeline", "aim": "AIMPipeline", "privbayes": "PrivBayesPipeline"}
        self._kind = getattr(pipelines, kinds[mechanism])
        # AIM at the size that its author gives for trials: at 80 MB it takes hours.
        self._options: dict[str, Any] = {"n_jobs": 1, "disable_processing": True}
        if mechanism == "aim":
            self._options |= {"max_model_size": 1, "compress": False, "gen_kwargs": {"degree": 3}}
        if mechanism == "privbayes":
            self._options |= {"gen_kwargs": {"degree": 2}}

    def __call__(self, codes: Codes, sizes: dict[str, int], epsilon: float, delta: float, seed: int) -> Codes:
        pipe = self._kind(epsilon=epsilon, delta=delta, **self._options)
        pipe.fit(self._frame(codes), domain=sizes, random_state=seed)
        found = pipe.generate(n_records=len(next(iter(codes.values()))), random_state=seed)
        return {n: found[n].to_numpy() for n in sizes}


class Mbi:
    """MST written over mbi's inference (its mechanisms are scripts outside of the package): a third of rho each for the
    single columns, d - 1 choices by the exponential mechanism, and the chosen pairs; codes below 3 sigma merged;
    2,500 and 10,000 sweeps."""

    def __init__(self, mechanism: str) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        import mbi

        if mechanism != "mst":
            raise SystemExit(f"mbi.{mechanism} is not written here")
        self._mbi = mbi

    def __call__(self, codes: Codes, sizes: dict[str, int], epsilon: float, delta: float, seed: int) -> Codes:
        mbi, rng, rho = self._mbi, np.random.default_rng(seed), rho_of(epsilon, delta)
        np.random.seed(seed)  # mbi rounds and decompresses with the global state
        domain = mbi.Domain(list(sizes), list(sizes.values()))
        data = mbi.Dataset({n: np.asarray(c) for n, c in codes.items()}, domain)
        sigma = math.sqrt(3 * len(sizes) / (2 * rho))
        singles = [self._measured(data, (n,), sigma, rng) for n in sizes]
        merged = {n: self._merging(m.noisy_measurement, sigma) for n, m in zip(sizes, singles, strict=True)}
        merged = {n: to for n, to in merged.items() if to.max() + 1 < len(to)}
        small = data.compress(merged)
        singles = [m.compress(merged, domain) for m in singles]
        engine = mbi.estimation.MirrorDescent()
        first = engine.estimate(small.domain, singles, iters=2500)
        pairs = self._tree(small, first, math.sqrt(8 * rho / 3 / (len(sizes) - 1)), rng)
        sigma = math.sqrt(3 * len(pairs) / (2 * rho))
        both = [*singles, *(self._measured(small, p, sigma, rng) for p in pairs)]
        model = engine.estimate(small.domain, both, iters=10_000)
        found = model.synthetic_data().decompress(merged)
        return {n: found.data[n] for n in sizes}

    def _measured(self, data: Any, clique: tuple[str, ...], sigma: float, rng: np.random.Generator) -> Any:
        exact = np.asarray(data.project(clique).datavector())
        return self._mbi.LinearMeasurement(exact + sigma * rng.standard_normal(exact.size), clique, sigma)

    @staticmethod
    def _merging(noisy: Any, sigma: float) -> Any:
        """The new code of each code: those that stay in order, then one for all others."""
        stay = np.asarray(noisy) >= 3 * sigma
        if stay.all() or not stay.any():
            return np.arange(stay.size)
        return np.where(stay, np.cumsum(stay) - 1, stay.sum())

    @staticmethod
    def _tree(data: Any, model: Any, epsilon: float, rng: np.random.Generator) -> list[tuple[str, str]]:
        """d - 1 pairs without a circle, those that independence fits worst, by the exponential mechanism."""
        errors = {
            pair: np.abs(
                np.asarray(data.project(pair).datavector()) - np.asarray(model.project(pair).datavector())
            ).sum()
            for pair in itertools.combinations(data.domain.attributes, 2)
        }
        group = {name: name for name in data.domain.attributes}
        chosen = []
        while len(set(group.values())) > 1:
            left = [(a, b) for a, b in errors if group[a] != group[b]]
            scores = np.array([errors[p] for p in left]) * epsilon / 2
            a, b = left[int(np.argmax(scores + rng.gumbel(size=len(left))))]
            chosen.append((a, b))
            old, new = group[b], group[a]
            group = {n: new if g == old else g for n, g in group.items()}
        return chosen


def main() -> None:
    """See the module."""
    name, epsilon, delta, seed, folder = sys.argv[1:]
    package, _, mechanism = name.partition(".")
    try:
        run = {"dpmm": Dpmm, "mbi": Mbi}[package](mechanism)
    except ModuleNotFoundError as error:
        print(error)
        raise SystemExit(3) from None
    home = Path(folder)
    codes = dict(np.load(home / "codes.npz"))
    sizes = json.loads((home / "sizes.json").read_text())
    before = time.process_time()
    found = run(codes, sizes, float(epsilon), float(delta), int(seed))
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = time.process_time() - before + children.ru_utime + children.ru_stime
    np.savez(home / "synthetic.npz", **found)
    peak = max(own.ru_maxrss, children.ru_maxrss) / 1024
    print(json.dumps({"cpu_s": seconds, "MB": peak, "version": version(package)}))


if __name__ == "__main__":
    main()
