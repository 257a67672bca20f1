"""Links beyond those that a table's model has.

A model keeps as many pairs as columns, so that what goes on inside a row may leave no room for what stands above it: an
age two tables up, say; nor for a second column that tells it. Here, round by round, the pair of an own column with
evidence, with an earlier row's column or with one drawn before it is chosen that the model answers worst, measured, and
the column's table is corrected by measured over implied counts. What the model implies is counted over imagined rows,
which costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.models.base import Doors, Fitted
from duckpaste.models.network import Network, Step
from duckpaste.models.shares import ABSOLUTE
from duckpaste.relational.imagined import Drawn
from duckpaste.simplex import project

COUNTING = 3  # of a number of children
SHARE = 0.3  # of a table's loss
ROUNDS = 8  # at most; as many as twice the own columns where these are fewer
CODES = 10  # of the column that a column is linked with
CELLS = 100_000  # of a step's table, at most
MARK = "~"  # ends the name of an own column in groups
_SELECT = 0.15  # share of a round's loss for the choice
_CAUTION = 0.5  # how much of the noise to come is taken off a score
_SWEEPS = 20
_MOST = 20.0  # no count is corrected by a larger factor

Imagine = Callable[[Network], Drawn]


@dataclass(frozen=True)
class _Pair:
    """Implied shares of what is given (in groups) and an own column."""

    given: str
    own: str
    counts: FloatArray


def rounds_of(columns: int, *, related: bool, model: str, counting: bool = False) -> int:
    """How many links a table, or a number of children, gets: none without ancestors, and none where columns shall be
    independent."""
    if not related or model == "independent":
        return 0
    return COUNTING if counting else min(ROUNDS, 2 * columns)


def linked(fitted: Fitted, doors: Doors, imagine: Imagine, rounds: int, *, rake: bool = False) -> Fitted:
    """`fitted` with at most `rounds` more links; spends at most `doors.loss`. As it is when there is no evidence. With
    `rake` columns of earlier rows are linked with the same column alone."""
    network = plain(fitted.network)
    drawn = imagine(network)
    if not drawn.own or not drawn.evidence or not rounds or not drawn.units:
        return fitted
    maps = {n: network.expansions[n].coarse for n in drawn.own if n in network.expansions}
    groups = _groups(network, doors.domain, drawn, maps)
    own = {f"{n}{MARK}": n for n in groups if n in drawn.own}
    derived = {new: (n, groups[n][maps[n]] if n in maps else groups[n]) for new, n in own.items()}
    # Evidence in groups, own columns in the codes of the steps, and own columns in groups beside them.
    coarse = doors.derived(derived).recoded(
        {**{n: g for n, g in groups.items() if n not in drawn.own}, **maps}
    )
    left, measured = doors.loss, []
    for turn in range(rounds):
        pairs = _pairs(network, drawn, groups, maps)
        if rake:
            pairs = [p for p in pairs if drawn.same.get(p.given, p.own) == p.own]
        if not pairs:
            break
        # Nothing is left over where there are fewer pairs than rounds.
        loss = each = left / min(rounds - turn, len(pairs))
        if math.isfinite(left):
            left, each = left - loss, loss * (1 - _SELECT)
        names = [(f"{p.given}{MARK}" if p.given in drawn.own else p.given, p.own) for p in pairs]
        cliques = [coarse.domain.clique(n) for n in names]
        rows = fitted.network.total
        estimates = {
            c: (p.counts if c[1] == p.own else p.counts.T) * rows for c, p in zip(cliques, pairs, strict=True)
        }
        sigma = coarse.sigma(each)
        penalties = [_CAUTION * ABSOLUTE * sigma * coarse.domain.cells(c) for c in cliques]
        number = coarse.select(
            cliques, estimates, loss - each if math.isfinite(left) else loss, "link", penalties=penalties
        )
        (found,) = coarse.measure([cliques[number]], [each], "link")
        pair = pairs[number]
        values = found.values if cliques[number][1] == pair.own else found.values.T
        network = corrected(
            network, pair.given, pair.own, groups[pair.given], values / rows, pair.counts, sigma / rows
        )
        measured.append(found)
        drawn = imagine(network)
    return replace(fitted, network=network, measurements=[*fitted.measurements, *measured])


def _groups(
    network: Network, domain: Domain, drawn: Drawn, maps: Mapping[str, IntArray]
) -> dict[str, IntArray]:
    """A group for each code of what a column may be linked with: evidence, earlier rows, and own columns in the codes
    of the steps."""
    found = {}
    for name, codes in {**drawn.evidence, **drawn.lags}.items():
        if name in domain:
            found[name] = grouped(domain, name, _weighed(codes, drawn.weight, domain[name]))
    for name, codes in drawn.own.items():
        if name in network.domain and network.domain[name] > 1:
            mine = maps[name][codes] if name in maps else codes
            found[name] = grouped(network.domain, name, _weighed(mine, drawn.weight, network.domain[name]))
    return found


def _weighed(codes: IntArray, weight: FloatArray, size: int) -> FloatArray:
    return np.bincount(codes, weights=weight, minlength=size).astype(np.float64)


def _pairs(
    network: Network, drawn: Drawn, groups: Mapping[str, IntArray], maps: Mapping[str, IntArray]
) -> list[_Pair]:
    """All pairs that a step has room for, of a column with evidence or with a column drawn before it, and the shares
    that the network implies."""
    found = []
    total = float(drawn.weight.sum())
    codes = {n: maps[n][c] if n in maps else c for n, c in drawn.own.items()}
    given = {n: groups[n][c] for n, c in {**drawn.evidence, **drawn.lags, **codes}.items() if n in groups}
    later = set(codes)
    for step in network.steps:
        later.discard(step.column)
        size = network.domain[step.column]
        if step.column not in codes or size < 2:
            continue
        for name, mine in given.items():
            width = int(groups[name].max()) + 1
            if width < 2 or name in later or name in (step.column, *step.parents):
                continue
            if step.counts.size * width > CELLS:
                continue
            flat = np.bincount(mine * size + codes[step.column], weights=drawn.weight, minlength=width * size)
            found.append(_Pair(name, step.column, flat.reshape(width, size) / total))
    return found


def grouped(domain: Domain, name: str, shares: FloatArray) -> IntArray:
    """A group for each code, CODES at most: runs of equal mass of ordered columns, else the commonest and the rest."""
    from duckpaste.codec.smooth import equal_mass

    size = domain[name]
    if size <= CODES:
        return np.arange(size)
    if name not in domain.ordered:
        rank = np.argsort(np.argsort(-shares, kind="stable"), kind="stable")
        return np.minimum(rank, CODES - 1)
    null = domain.nulls.get(name)
    rest = np.array([c for c in range(size) if c != null])
    starts = equal_mass(shares[rest], CODES - 1 if null is not None else CODES)
    codes = np.zeros(size, dtype=np.int64)
    codes[rest] = np.searchsorted(starts, np.arange(len(rest)), side="right") - 1 + (null is not None)
    return codes


def corrected(
    network: Network, evidence: str, own: str, group: IntArray, measured: FloatArray, implied: FloatArray, sigma: float
) -> Network:  # fmt: skip
    """`network` whose step of `own` has `evidence` as a further parent, by `group`: its table times measured over
    implied shares (evidence x own), both lengthened by the noise so that what is noise alone changes little."""
    shares = project(measured, float(implied.sum()))
    floor = max(sigma, 1e-6)
    # Evidence is given, and the column's own shares are known better: only how the two go together is new.
    shares = shares + floor * implied.sum(axis=1, keepdims=True) * implied.sum(axis=0, keepdims=True)
    for axis in (0, 1) * _SWEEPS:
        wanted, sums = implied.sum(axis=axis, keepdims=True), shares.sum(axis=axis, keepdims=True)
        shares = shares * np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
    factor = np.clip((shares + floor) / (implied + floor), 1 / _MOST, _MOST)
    steps = []
    for step in network.steps:
        if step.column == own:
            counts = step.counts[..., None, :] * factor
            step = Step(own, (*step.parents, evidence), counts, {**step.coarsen, evidence: group})
        steps.append(step)
    return replace(network, steps=steps)


def plain(network: Network) -> Network:
    """The same network over fine codes of its evidence: what was merged is said step by step instead."""
    merged = {n: network.expansions[n].coarse for n in network.evidence if n in network.expansions}
    if not merged:
        return network
    steps = []
    for step in network.steps:
        coarsen = dict(step.coarsen)
        for name in step.parents:
            if name in merged:
                coarsen[name] = coarsen[name][merged[name]] if name in coarsen else merged[name]
        steps.append(replace(step, coarsen=coarsen))
    sizes = {n: len(merged[n]) if n in merged else s for n, s in network.domain.sizes.items()}
    kept = {n: e for n, e in network.expansions.items() if n not in merged}
    return replace(network, domain=Domain(sizes), steps=steps, expansions=kept)
