"""Two worlds, one transcript: what a neighbour of the private table would have lost, release by release.

A run on a table is recorded: every vector and every score that reached the noise, and what came out. The same code
then runs on a neighbour, with the recorded outputs in place of noise. If the code is private then
- both runs ask for the same releases (stages, mechanisms, shapes, scales): all of that follows from noisy outputs;
- the loss of each release, computed from the exact vectors and scores of both worlds, is at most what the ledger says;
- both runs make the same model, to the bit: it is a function of noisy outputs alone.

It is exact: no threshold, no false alarm. Noise itself (drawn at all, of the right size, from a safe source) is
outside of it, and has tests of its own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from duckpaste.privacy import noise
from duckpaste.privacy.ledger import Release, Run

ROUNDING = 1 + 1e-6


class Leak(AssertionError):
    """Something depends on the private data that must not, or costs more than the ledger says."""


@dataclass
class Step:
    """One call of the noise: exact input (in units of 1/one) and scale, and what came out."""

    kind: str
    exact: np.ndarray
    scale: float
    out: Any


@dataclass
class Batch:
    """Releases that were written together, and the noise that was then drawn for them."""

    releases: Sequence[Release]
    pure: bool
    steps: list[Step] = field(default_factory=list)


@dataclass
class Transcript:
    """All of a run, and what it made."""

    batches: list[Batch]
    made: Any


def play(fit: Callable[[], Any], script: Transcript | None = None) -> Transcript:
    """Run `fit` and record it; with a script, its outputs take the place of noise."""
    batches: list[Batch] = []
    outputs = iter([s for b in script.batches for s in b.steps] if script else ())
    spend, add, choose = Run.spend, noise.add, noise.noisy_max

    def spent(run: Run, releases: Sequence[Release]) -> None:
        spend(run, releases)
        batches.append(Batch(list(releases), run.guarantee.pure))

    def step(kind: str, exact: np.ndarray, scale: float, draw: Callable[[], Any]) -> Any:
        if not batches:
            raise Leak("noise was drawn before anything was written to the ledger")
        if script is None:
            out = draw()
        else:
            told = next(outputs, None)
            if told is None or (told.kind, told.scale, told.exact.shape) != (kind, scale, exact.shape):
                raise Leak(f"a {kind} of {exact.shape} at {scale:g}, where the neighbour has another")
            out = told.out
        batches[-1].steps.append(Step(kind, np.array(exact), scale, out))
        return out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "spend", spent)
        patch.setattr(
            noise, "add",
            lambda counts, scale, *, pure: step("add", counts, scale, lambda: add(counts, scale, pure=pure)),
        )  # fmt: skip
        patch.setattr(
            noise, "noisy_max",
            lambda scores, scale, *, pure: step("max", scores, scale, lambda: choose(scores, scale, pure=pure)),
        )  # fmt: skip
        made = fit()
    if next(outputs, None) is not None:
        raise Leak("the neighbour released more")
    return Transcript(batches, made)


def compare(here: Transcript, there: Transcript) -> float:
    """The exact loss between two worlds in all. Raises Leak."""
    if [b.releases for b in here.batches] != [b.releases for b in there.batches]:
        raise Leak("the neighbours' ledgers differ")
    lost = 0.0
    for a, b in zip(here.batches, there.batches, strict=True):
        check_steps(a)
        exact = sum(loss(x, y, a.pure) for x, y in zip(a.steps, b.steps, strict=True))
        paid = sum(r.loss for r in a.releases)
        if exact > paid * ROUNDING:
            raise Leak(f"{a.releases[0].stage}: a loss of {exact:.6g} was paid with {paid:.6g}")
        lost += exact
    if frozen(here.made) != frozen(there.made):
        raise Leak("the same noisy outputs made another model: it saw exact data")
    return lost


def check_steps(batch: Batch) -> None:
    """Every release drew its noise: as many choices, and as many noisy cells, as were written."""
    chosen = sum(r.mechanism == "noisy max" for r in batch.releases)
    cells = sum(r.cells for r in batch.releases if r.mechanism.startswith("discrete"))
    if chosen != sum(s.kind == "max" for s in batch.steps):
        raise Leak(f"{chosen} choices are in the ledger, but not as many were drawn")
    if cells != sum(s.exact.size for s in batch.steps if s.kind == "add"):
        raise Leak(f"{cells} noisy cells are in the ledger, but not as many were drawn")


def loss(a: Step, b: Step, pure: bool) -> float:
    """The exact loss (rho, or epsilon when pure) of one step between two worlds."""
    moved = (np.asarray(a.exact, dtype=float) - b.exact).ravel() / a.scale
    if a.kind == "add":
        return float(np.abs(moved).sum()) if pure else float((moved**2).sum()) / 2
    if pure:
        p, q = (chances(np.asarray(s.exact, dtype=float), s.scale, True) for s in (a, b))
        return float(np.abs(np.log(p / q)).max())
    # The exponential mechanism has a bounded range: rho is at most its square / 8.
    return float(np.ptp(moved)) ** 2 / 8


def chances(scores: np.ndarray, scale: float, pure: bool) -> np.ndarray:
    """The probability of each choice: the exponential mechanism, or (pure) exponential noise on each score."""
    if not pure:
        p = np.exp((scores - scores.max()) / scale)
        return np.asarray(p / p.sum())
    x = scores.max() + scale * np.linspace(0, 40, 20_001)
    below = 1 - np.exp(-(x - scores[:, None]) / scale)
    density = np.exp(-(x - scores[:, None]) / scale) / scale
    return np.array(
        [np.trapezoid(density[i] * np.delete(below, i, axis=0).prod(axis=0), x) for i in range(len(scores))]
    )


def frozen(thing: Any) -> Any:
    """A value that is equal for equal contents, but for a run's name and time."""
    if isinstance(thing, np.ndarray):
        return (thing.shape, str(thing.dtype), thing.tobytes())
    if isinstance(thing, Mapping):
        return tuple(sorted((str(k), frozen(v)) for k, v in thing.items() if k not in ("run", "created")))
    if isinstance(thing, list | tuple):
        return tuple(frozen(x) for x in thing)
    if dataclasses.is_dataclass(thing) or hasattr(thing, "__dict__"):
        return (type(thing).__name__, frozen(vars(thing)) if not callable(thing) else "")
    if isinstance(thing, float) and math.isnan(thing):
        return "nan"
    return repr(thing)


@dataclass(frozen=True)
class Found:
    """What an audit without a leak found: the largest share of the paid loss that a neighbour lost (1: the sensitivities
    are reached), and the number of choices."""

    share: float
    choices: int


def audit(fit: Callable[[Any], Any], world: Any, neighbours: Sequence[Any]) -> Found:
    """Record `fit(world)`, replay it on each neighbour. Raises Leak."""
    here = play(lambda: fit(world))
    paid = sum(r.loss for b in here.batches for r in b.releases)
    most = 0.0
    for other in neighbours:
        try:
            there = play(lambda: fit(other), here)  # noqa: B023 - called at once
        except Exception as error:
            raise Leak(f"the neighbour ended otherwise: {error}") from error
        most = max(most, compare(here, there))
    return Found(most / paid, sum(s.kind == "max" for b in here.batches for s in b.steps))
