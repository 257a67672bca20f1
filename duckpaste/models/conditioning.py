"""Conditioning: a network given evidence about its columns is another network, exactly.

Variable elimination (Koller and Friedman 2009, algorithm 9.1): columns are summed out one after another, and the
product that each was summed out of is the table it is drawn from, given columns that were summed out later. Columns
that no evidence hangs on keep their tables. For a junction tree in reverse elimination order no table grows; for
other networks it may, so there is a limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.network import Network, Step
from duckpaste.models.pgm.elimination import Elimination, eliminate
from duckpaste.models.pgm.factor import Factor, Link

CELLS = 1 << 23  # of the largest table, 64 MB; all tables together may have four times as many


@dataclass(frozen=True)
class Evidence:
    """`weights` (shape: sizes of `columns`, >= 0) are the probability of what was seen given the columns' codes.

    Weights of 0 and 1 allow and forbid; anything between is soft evidence."""

    columns: Clique
    weights: FloatArray


@dataclass(frozen=True)
class Conditioned:
    """The network given the evidence, and the natural logarithm of the evidence's probability.

    -inf when it can't be (the network is then as it was), nan when it depends on columns given when sampling."""

    network: Network
    log_share: float


def condition(network: Network, evidence: Sequence[Evidence]) -> Conditioned:
    """Rows of the result have the distribution of `network`'s rows given `evidence`. Codes are those of
    `network.domain`: expansions are taken over as they are. Ask `fits` first: tables may be large."""
    involved, domain, order = _plan(network, [e.columns for e in evidence])
    factors: list[Factor] = [((*s.parents, s.column), conditional(s, network.domain)) for s in involved]
    factors += [(e.columns, e.weights) for e in evidence]
    given = set(network.evidence)
    drawn: list[Step] = []
    log_share = 0.0
    for name, around in order:
        if name in given:
            continue
        parents = domain.clique(around)
        scope = (*parents, name)
        table = np.ones(domain.shape(scope))
        for names, values in factors:
            if name in names:
                table *= Link(domain, scope, names).widen(values)
        message = table.sum(axis=-1)
        peak = float(message.max())
        if peak <= 0:
            return Conditioned(network, -math.inf)
        factors = [f for f in factors if name not in f[0]]
        factors.append((parents, message / peak))
        log_share += math.log(peak)
        drawn.append(Step(name, parents, table))
    for names, values in factors:
        if names:
            log_share = math.nan
        elif float(values) <= 0:
            return Conditioned(network, -math.inf)
        else:
            log_share += math.log(float(values))
    new = {s.column for s in drawn}
    steps = [*reversed(drawn), *(s for s in network.steps if s.column not in new)]
    return Conditioned(replace(network, steps=steps), log_share)


def fits(network: Network, scopes: Iterable[Clique], limit: int = CELLS) -> bool:
    """Whether evidence on these sets of columns keeps the largest table within `limit` cells."""
    _, domain, order = _plan(network, list(scopes))
    cells = [domain.cells({name, *around}) for name, around in order if name not in network.evidence]
    return max(cells, default=0) <= limit and sum(cells) <= 4 * limit


def conditional(step: Step, domain: Domain) -> FloatArray:
    """P(column | parents), with a place for each code of the parents. Parents without mass have the distribution that
    `deal` draws from then: the sum over all parents, or the uniform one."""
    rows = step.counts.reshape(-1, domain[step.column]).astype(np.float64)
    mass = rows.sum(axis=1, keepdims=True)
    overall = rows.sum(axis=0)
    if overall.sum() <= 0:
        overall = np.ones_like(overall)
    rows = np.where(mass > 0, rows, overall)
    out: FloatArray = rows / rows.sum(axis=1, keepdims=True)
    return replace(step, counts=out.reshape(step.counts.shape)).expanded()


def _plan(network: Network, scopes: Sequence[Clique]) -> tuple[list[Step], Domain, Elimination]:
    """The steps that evidence on `scopes` changes (its columns and all they depend on), the columns of those steps,
    and an order in which to sum them out; given columns come last."""
    wanted = {name for scope in scopes for name in scope}
    involved: list[Step] = []
    for step in reversed(network.steps):
        if step.column in wanted:
            involved.append(step)
            wanted.update(step.parents)
    domain = network.domain.project(wanted)
    cliques = [domain.clique((*s.parents, s.column)) for s in involved]
    cliques += [domain.clique(scope) for scope in scopes]
    return involved, domain, eliminate(domain, cliques, last=[n for n in network.evidence if n in domain])
