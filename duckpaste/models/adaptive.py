"""Rounds: choose, measure, fit, until the loss is used up. Everything here but the doors is public post-processing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from duckpaste.domain import Clique, Domain
from duckpaste.models.annealing import Part, Schedule, growth
from duckpaste.models.base import Doors, Fitted, Measurement
from duckpaste.models.candidates import Candidates, Estimates
from duckpaste.models.coding.coarsen import coarsen
from duckpaste.models.obeying import network_of
from duckpaste.models.one_way import OneWay
from duckpaste.models.pgm import Descent, Graphical, Observation, fit, total_of
from duckpaste.models.pgm.observation import merged
from duckpaste.models.room import Room
from duckpaste.models.shares import ABSOLUTE, is_pure, one_way_share

# Share of the 1-ways where rows are so many for each row of noise. Chosen on Adult; half the noise wants 20 % less.
_SHARE, _RATIO, _LESS = 0.36, 8450, 0.32
_ROWS = 48_842  # Adult's: how many there are is not known beforehand
_WORTH = 0.02  # of the loss: less is not worth a measurement


@dataclass(frozen=True)
class Settings:
    """Options of AIM, with what depends on public facts worked out: `share` of the loss for the 1-ways (1: there is
    nothing else) and `most_share`, up to which they get more when rows are few; `picks` rounds at most, `batch` of
    them between two fits."""

    share: float
    most_share: float
    picks: int
    share_select: float
    balance: float
    threshold: float
    bins: float
    caution: float
    max_mb: float
    batch: int
    prior: float
    descent: Descent


def first_share(noise: float, rows: float = _ROWS) -> float:
    """Share of the loss for the 1-ways when all of it would buy noise of `noise` rows a cell."""
    return one_way_share(_RATIO * noise / rows, _SHARE, _LESS)


class Adaptive:
    """One run. `candidates` gives them for the domain after codes are merged."""

    def __init__(
        self, doors: Doors, evidence: Clique, settings: Settings, candidates: Callable[[Domain], Candidates]
    ) -> None:
        self._settings = settings
        self._evidence = evidence
        self._fine = doors
        self._loss = doors.loss
        self._candidates = candidates
        self._measured: list[Measurement] = []
        self._observed: list[Observation] = []
        self._history: list[dict[str, Any]] = []

    def run(self) -> Fitted:
        """1-ways, coarser codes, rounds, network."""
        settings, loss = self._settings, self._loss
        domain = self._fine.domain
        one_way = OneWay(domain, settings.balance)
        self._measured += one_way.measure(self._fine, loss * settings.share)
        singles = [Observation.of(m) for m in self._measured]
        share = self._topped_up(one_way, total_of(singles))
        if share > settings.share:
            found = merged(domain, [Observation.of(m) for m in self._measured])
            singles = [Observation(c, values, 1 / weight) for c, (values, weight) in found.items()]
        total = total_of(singles)
        later = loss if math.isinf(loss) else loss * (1 - share)
        schedule = Schedule(later, settings.picks, settings.share_select)
        sigma = self._fine.sigma(schedule.each * (1 - settings.share_select)) if settings.share < 1 else 0.0
        most = settings.bins * (total / sigma) ** (1 / 3) if settings.bins > 0 and sigma > 0 else math.inf
        coding = coarsen(domain, singles, total, settings.threshold, most)
        self._doors = coding.over(self._fine)
        self._domain = coding.domain
        self._observed = [coding.observation(o) for o in singles]
        model = self._fit(None)
        if settings.share < 1:
            model = self._rounds(model, schedule, share)
        facts = {
            "total": model.total, "rounds": self._history, "merged": coding.merged, "sweeps": model.steps,
            "fit_loss": model.loss, "megabytes": model.tree.cells / 2**17,
        }  # fmt: skip
        return Fitted(network_of(model, coding, self._evidence), self._measured, facts)

    def _topped_up(self, one_way: OneWay, total: float) -> float:
        """Measures the 1-ways once more when rows turn out to be few for the noise; the share spent on them by then.

        Two Gaussian measurements tell as much as one of both losses; under pure epsilon they would not."""
        settings, loss = self._settings, self._loss
        if settings.share >= settings.most_share or math.isinf(loss):
            return settings.share
        if is_pure(self._fine.sigma):
            return settings.share
        share = min(first_share(self._fine.sigma(loss), total), settings.most_share)
        if share - settings.share < _WORTH:
            return settings.share
        before = list(self._measured)
        for one in one_way.measure(self._fine, loss * (share - settings.share), "rounds"):
            # Doors that know a 1-way already give the same again.
            if not any(one.clique == o.clique and np.array_equal(one.values, o.values) for o in before):
                self._measured.append(one)
        return share

    def _rounds(self, model: Graphical, schedule: Schedule, share: float) -> Graphical:
        settings = self._settings
        everything = self._candidates(self._domain)
        large: dict[Clique, float] = {}
        factor = growth(self._doors.sigma)
        while not schedule.over:
            room = Room(self._domain, [o.clique for o in self._observed], self._evidence)
            used = share + (1 - share) * schedule.after(settings.batch)
            limit = settings.max_mb * used
            allowed = everything.within(room, limit, large)
            if not allowed.cliques:
                limit = settings.max_mb
                allowed = everything.within(room, limit, large)
            if not allowed.cliques:  # nothing fits any more: what is left makes the 1-ways better
                return self._again(model, schedule.rest())
            estimates = Estimates(model, allowed.cliques)
            chosen, losses = self._choose(allowed, estimates, schedule.take(settings.batch), limit)
            found = self._doors.measure(chosen, losses, "rounds")
            self._keep(found)
            before = [estimates[c] for c in chosen]
            model = self._fit(model)
            news = 0
            for one, old in zip(found, before, strict=True):
                moved = float(np.abs(model.marginal(one.clique) - old).sum())
                noise = ABSOLUTE * one.sigma * old.size
                news += moved > noise
                self._history.append(
                    {"clique": list(one.clique), "sigma": one.sigma, "moved": moved, "noise": noise}
                )
            if 2 * news <= len(found):  # AIM's annealing, by model outputs alone
                schedule.grow(factor)
        return model

    def _choose(
        self, allowed: Candidates, estimates: Estimates, parts: Sequence[Part], limit: float
    ) -> tuple[list[Clique], list[float]]:
        """Cliques with the losses to measure them at. Those of one batch share at most one column, so that none mends
        what another does; a choice without an alternative costs nothing, and its part goes to the measurement."""
        chosen: list[Clique] = []
        losses: list[float] = []
        for part in parts:
            if not allowed.cliques:
                losses = [loss + (part.select + part.measure) / len(losses) for loss in losses]
                continue
            number, loss = 0, part.select + part.measure
            if len(allowed.cliques) > 1:
                noise = self._settings.caution * ABSOLUTE * self._doors.sigma(part.measure)
                number, loss = self._doors.select(
                    allowed.cliques, estimates, part.select, "select", weights=allowed.weights,
                    penalties=[noise * self._domain.cells(c) for c in allowed.cliques],
                ), part.measure  # fmt: skip
            chosen.append(allowed.cliques[number])
            losses.append(loss)
            allowed = allowed.apart_from(chosen[-1])
            if len(chosen) < len(parts) and allowed.cliques:  # together they must fit as well
                room = Room(self._domain, [*(o.clique for o in self._observed), *chosen], self._evidence)
                allowed = allowed.within(room, limit, {})
        return chosen, losses

    def _again(self, model: Graphical, loss: float) -> Graphical:
        self._keep(OneWay(self._domain, self._settings.balance).measure(self._doors, loss, "rounds"))
        return self._fit(model)

    def _keep(self, found: Sequence[Measurement]) -> None:
        self._measured += found
        self._observed += [Observation.of(m) for m in found]

    def _fit(self, start: Graphical | None) -> Graphical:
        prior = 0.0 if math.isinf(self._loss) else self._settings.prior
        return fit(
            self._domain,
            self._observed,
            last=self._evidence,
            start=start,
            descent=self._settings.descent,
            prior=prior,
        )
