"""Where: a table's model given a predicate, by evidence wherever the predicate allows it.

The classes of a field's values (see `classes`) become columns of the network, each drawn given the field's codes; the
predicate is a table over classes; `models.conditioning` does the rest, exactly. What the predicate says beyond that
(values made up while they are drawn, dates counted from another column, tables that would be too large) is left to
rejection: rows are drawn given the evidence, and those for which the predicate is not true are dropped.

The model is public, so all of this is post-processing and costs no budget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.codec.base import Codec
from duckpaste.codec.key import Key
from duckpaste.codec.public import tells
from duckpaste.domain import Domain
from duckpaste.errors import UserError
from duckpaste.model import TableModel
from duckpaste.models.conditioning import Evidence, condition, fits
from duckpaste.models.network import Network
from duckpaste.sample.classes import Place, Sorted, sort
from duckpaste.sample.predicate import WHERE, Predicate, parse
from duckpaste.sample.restricted import Group, Restricted
from duckpaste.sample.scratch import Scratch
from duckpaste.sample.truths import Judge


@dataclass(frozen=True)
class Where:
    """A conditioned table. `network` gives codes and classes, `restricted` fields decode from both; `late` codecs
    come after rows were dropped. `share` is the probability of the evidence; `left` is what rejection has to do."""

    table: TableModel
    predicate: Predicate
    judge: Judge
    network: Network
    restricted: Mapping[str, Restricted]
    late: Sequence[Codec]
    share: float
    left: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """Evidence of one conjunct over classes; `exact` when it says all that the conjunct says."""

    places: tuple[Place, ...]
    allowed: np.ndarray
    exact: bool


def where(table: TableModel, text: str, scratch: Scratch) -> Where:
    """Read the predicate `text` and condition the table's network on it. `scratch` evaluates it.

    Raises UserError for faults of the text, for keys in it, and when the model gives it no probability at all."""
    predicate = parse(text, table)
    late = _late(table)
    owners = {column: codec for codec in table.codecs for column in codec.field.columns}
    told = [k for k in table.links if k.kind == "public" and tells(table.codecs, k.columns)]
    linked = {c for link in table.links if link not in told for c in link.columns}
    for column in predicate.columns:
        if column in linked or (column in owners and owners[column] in late):
            raise UserError(f"{column!r} is a key, made while rows are written", WHERE, "leave it out")
    judge = Judge(scratch, table)
    judge.check(predicate)
    known = sort(predicate, owners, judge)
    parts = [_part(known, number, predicate) for number in range(len(predicate.conjuncts))]
    if any(not part.allowed.any() for part in parts):
        raise _impossible()
    groups = {
        place: Group.of(known.supports[place[0]].axes[place[1]], classes, "\0".join(map(str, place)),
                        table.network.domain, table.network.expansions)
        for place, classes in known.classes.items()
    }  # fmt: skip
    used = _affordable(table.network, groups, parts)
    network, share = _conditioned(table.network, groups, [parts[i] for i in used])
    done = {i for i, part in enumerate(parts) if part.exact and (i in used or _empty(part))}
    left = tuple(text for i, text in enumerate(predicate.texts) if i not in done)
    fields = {f for i in used for f, _ in parts[i].places}
    restricted = {f: _restricted(known, f, groups, [parts[i] for i in used]) for f in sorted(fields)}
    return Where(table, predicate, judge, network, restricted, late, share, left)


def _late(table: TableModel) -> list[Codec]:
    """Keys, and what refers to them: their values depend on a row's number in the table that is written."""
    late: list[Codec] = []
    names: set[str] = set()
    for codec in table.codecs:
        if isinstance(codec, Key) or names & set(codec.field.refs):
            late.append(codec)
            names.update(codec.field.columns)
    return late


def _impossible() -> UserError:
    return UserError("can't be true of any row of the model", WHERE, "is each value spelt as in the table?")


def _part(known: Sorted, number: int, predicate: Predicate) -> _Part:
    """What a conjunct allows. Axes that make no difference to it are left out."""
    places, (low, high) = known.table(predicate.conjuncts[number])
    allowed, sure = high == 1, low == 1
    exact = bool(np.all(allowed == sure))
    for axis in reversed(range(len(places))):
        if allowed.shape[axis] == 1:
            allowed = allowed.squeeze(axis)
            places = (*places[:axis], *places[axis + 1 :])
    return _Part(places, allowed, exact)


def _empty(part: _Part) -> bool:
    """Whether it allows everything, so that there is nothing to condition on."""
    return bool(part.allowed.all())


def _scope(groups: Mapping[Place, Group], part: _Part) -> tuple[str, ...]:
    return tuple(groups[p].label for p in part.places)


def _affordable(network: Network, groups: Mapping[Place, Group], parts: Sequence[_Part]) -> list[int]:
    """Numbers of the parts that are conditioned on: all of them, or as many as the size of tables allows, those over
    few classes first."""
    wanted = [i for i, part in enumerate(parts) if not _empty(part)]
    wide = _widened(network, groups, [parts[i] for i in wanted])
    if fits(wide, [_scope(groups, parts[i]) for i in wanted]):
        return wanted
    chosen: list[int] = []
    for i in sorted(wanted, key=lambda i: (parts[i].allowed.size, i)):
        if fits(wide, [_scope(groups, parts[k]) for k in (*chosen, i)]):
            chosen.append(i)
    return sorted(chosen)


def _widened(network: Network, groups: Mapping[Place, Group], parts: Sequence[_Part]) -> Network:
    """The network with a column for each class that `parts` ask for."""
    places = dict.fromkeys(p for part in parts for p in part.places)
    steps = [groups[p].step() for p in places]
    sizes = {**network.domain.sizes, **{groups[p].label: groups[p].classes for p in places}}
    return replace(network, domain=Domain(sizes), steps=[*network.steps, *steps])


def _conditioned(
    network: Network, groups: Mapping[Place, Group], parts: Sequence[_Part]
) -> tuple[Network, float]:
    """The network given `parts`, and their probability. Restricted fields stay in the network's own codes."""
    evidence = [Evidence(_scope(groups, part), part.allowed.astype(np.float64)) for part in parts]
    found = condition(_widened(network, groups, parts), evidence)
    if found.log_share == -math.inf:
        raise _impossible()
    fields = {f for part in parts for f, _ in part.places}
    own = {c.name for place, group in groups.items() if place[0] in fields for c in group.axis.columns}
    expansions = {n: e for n, e in network.expansions.items() if n not in own}
    return replace(found.network, expansions=expansions), math.exp(found.log_share)


def _restricted(
    known: Sorted, field: str, groups: Mapping[Place, Group], parts: Sequence[_Part]
) -> Restricted:
    """The field on its atoms. Of classes that some part forbids, whatever else holds, no atom is needed."""
    support = known.supports[field]
    mine, alive = [], []
    asked = {p for part in parts for p in part.places}
    for number in range(len(support.axes)):
        place = (field, number)
        group, classes = groups[place], known.classes[place]
        if place not in asked:  # its class is not drawn, so all its atoms are in the one class
            group = replace(group, classes=1, group=group.group // len(classes))
        fine = np.ones(len(classes), dtype=bool)
        for part in parts:
            if place in part.places:
                others = tuple(a for a, p in enumerate(part.places) if p != place)
                fine &= part.allowed.any(axis=others)
        mine.append(group)
        alive.append(np.flatnonzero(fine[classes.of] & (group.share > 0)))
    return Restricted(support, tuple(mine), tuple(alive))
