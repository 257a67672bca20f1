"""MARE over any model: for each table, parents first, a cardinality model and a row model, all in one ledger.

After Pasteur's MARE (Kapenekakis et al. 2024): context and series models. Unlike it, every parent counts (childless
ones too), every unit's rows are really bounded, and one rho is shared out by the public complexity of each node.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste import sql
from duckpaste.budget import DELTA_SHARE, Split, portion
from duckpaste.codec.base import Codec, WantValues
from duckpaste.codec.sequence import POSITION
from duckpaste.codec.tally import Tally
from duckpaste.codec.zeros import zeros_of
from duckpaste.db import Db
from duckpaste.domain import Domain, FloatArray
from duckpaste.errors import UserError, raise_all
from duckpaste.fit import Request, Stage, discover, information
from duckpaste.model import LEFT_OUT, Lineage, Link, Lookup, Model, TableModel
from duckpaste.models.base import Doors, Fitted, Measurement
from duckpaste.models.network import Network
from duckpaste.privacy.ledger import Ledger, Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source, protect
from duckpaste.relational import contribution, integrity, links, partition, references, unreached, unroll
from duckpaste.relational import siblings as kin
from duckpaste.relational.calibrated import calibrated, weighed
from duckpaste.relational.children import counted
from duckpaste.relational.counts import settled
from duckpaste.relational.family import CHILDREN, UNIT, Evidence, Family, Member, owner_of
from duckpaste.relational.imagined import Drawn, Imagined
from duckpaste.relational.informed import Informed, Known
from duckpaste.relational.raked import Raked
from duckpaste.schema.rules import declared

# A number of children is one column, but all rows below hang on it.
COUNTING = 3.0
FINE = 0.3  # share of its loss for the fine histogram, which tells the tail


@dataclass(frozen=True)
class Job:
    """One model to fit: rows of a table, or its children per parent row. `loss` is its share of the run's."""

    member: Member
    codecs: Sequence[Codec]
    counting: bool
    complexity: float

    @property
    def name(self) -> str:
        """For people and the ledger."""
        if self.counting:
            return f"{self.member.name} per {owner_of(self.member).table}"
        return self.member.name


# How many rows are referred to so often, by referring table and columns of the key.
Degrees = dict[tuple[str, tuple[str, ...]], FloatArray]


@dataclass(frozen=True)
class State:
    """What earlier jobs of a run left for later ones: bounded rows, 1-ways, and k, by table; models, by job."""

    protected: dict[str, Protected]
    known: dict[str, dict[str, Measurement]]
    bounds: dict[str, int]
    told: dict[str, contribution.Bound]
    fitted: dict[str, Fitted]
    degrees: Degrees
    imagined: Imagined


def jobs(family: Family, *, no_hist: bool = False) -> list[Job]:
    """All models in order: a table's cardinality, then its rows."""
    found = []
    widths = {m.name: sum(len(c.columns()) for c in m.codecs) for m in family.members.values()}
    for member in family.members.values():
        above = 0 if no_hist else sum(widths[p] for p in member.node.path)
        if member.children is not None:
            width = len(member.children.columns())
            weight = COUNTING * _complexity(1, above) if width == 1 else _complexity(width, above)
            found.append(Job(member, [member.children], True, weight))
        left = unroll.left(member)
        width = sum(len(c.columns()) for c in left)
        found.append(Job(member, left, False, _complexity(width, above + widths[member.name] - width)))
    return found


def given(family: Family, job: Job, wanted: Request) -> list[Evidence]:
    """What a job's columns are drawn given: ancestors, and in sequences the position and the siblings before.

    `no_hist` takes the former away, `no_seq` the latter: ablations."""
    found: list[Evidence] = []
    name = unroll.over(job.member) if job.counting else job.member.name
    if not job.counting:
        found += family.told(name)
    if not wanted.no_hist:
        found += family.evidence(name, itself=job.counting, lags=not wanted.no_seq)
    if not wanted.no_seq:
        found += family.count_before(job.member.name) if job.counting else family.before(name)
    return found


def _complexity(columns: int, evidence: int) -> float:
    """Pasteur's c (c + h)^(1/3) without its private number of rows (mare/privacy.py); at least that of one column."""
    c = max(columns, 1)
    return float(c * (c + evidence) ** (1 / 3))


def shares(family: Family, wanted: Request) -> tuple[list[tuple[Job, Split]], float, float]:
    """Every job with its split, the run's loss, and the delta of all discovered values."""
    todo = jobs(family, no_hist=wanted.no_hist)
    values = sum(list(c.promises()).count(WantValues) for job in todo for c in job.codecs)
    if values and wanted.guarantee.pure:
        raise UserError(
            "values can't be discovered at delta 0",
            family.view.name,
            "declare values, or set alg.delta above 0",
        )
    elsewhere = wanted.guarantee.delta * DELTA_SHARE if values and wanted.guarantee.private else 0.0
    total = wanted.guarantee.loss(elsewhere)
    whole = sum(job.complexity for job in todo)
    each = elsewhere / values if values else 0.0
    return (
        [
            (
                j,
                portion(
                    total * (j.complexity / whole), j.codecs, FINE if j.counting else wanted.discover, each
                ),
            )
            for j in todo
        ],
        total,
        elsewhere,
    )


def fit_family(db: Db, family: Family, wanted: Request, ledger: Ledger, stage: Stage) -> Model:
    """Fit every table. Raises Faults before anything is spent, BudgetError when the ledger refuses."""
    view = family.view
    with stage("check"):
        raise_all(integrity.faults(db, family))
    todo, total, delta = shares(family, wanted)
    ledger.check_budget(wanted.guarantee, total, delta, view.budget)
    most = bounded(max(m.table.contributions for m in family.members.values()), wanted)
    run = ledger.begin(
        view=view.name, unit=family.graph.unit, contributions=most, algorithm=wanted.algorithm,
        guarantee=wanted.guarantee, loss=total, delta=delta, budget=view.budget,
    )  # fmt: skip
    state = State({}, {}, {}, {}, {}, {}, Imagined())
    fitted, bounds = state.fitted, state.bounds
    left_out: dict[str, unreached.Unreached] = {}
    rows_of = {job.member.name: share for job, share in todo if not job.counting}
    last = _last_needed(family, [job for job, _ in todo])
    for number, (job, share) in enumerate(todo):
        with stage(f"fit {job.name}"), db.passing() as kept:
            if job.counting and contribution.unsettled(job.member):
                found = contribution.settle(db, family, job.member, run, rows_of[job.member.name])
                state.told[job.member.name], bounds[job.member.name] = found, found.k
            fitted[job.name] = _fit(db, family, job, share, run, wanted, state)
            if not job.counting:
                _refer(db, family, job.member, share, run, state)
                if unreached.possible(family, job.member):
                    left_out[job.member.name] = unreached.release(
                        db, family, job.member, run, share.total * unreached.SHARE
                    )
                state.imagined.fill(_table(job.member, fitted))
            for name in [n for n in state.protected if last[n] <= number]:
                db.drop(state.protected.pop(name).relation)
            kept |= {table.relation for table in state.protected.values()}
    run.finish()
    most = max([1, *bounds.values()])
    tables = [_table(m, fitted, state.degrees) for m in family.members.values()]
    info = information(view.name, family.graph.unit, most, "weights", wanted, run)
    for name, k in bounds.items():
        bound = state.told.get(name, contribution.Bound(k))
        info[f"contributions.{name}"] = str(bound if bound.k == k else contribution.Bound(k))
    info |= {f"{LEFT_OUT}{name}": str(found) for name, found in left_out.items()}
    return Model(tables, info, run.releases, _lookups(db, family))


def _last_needed(family: Family, todo: Sequence[Job]) -> dict[str, int]:
    """The place of the last job that reads a table's protected rows: its own, or one that counts what is below them."""
    rows = {job.member.name: n for n, job in enumerate(todo) if not job.counting}
    return rows | {unroll.over(job.member): n for n, job in enumerate(todo) if job.counting}


def bounded(k: int, wanted: Request) -> int:
    """k, at most `alg.max_sens`: rows beyond it weigh less, they are not only taken for fewer."""
    return k if wanted.max_sens is None else min(k, wanted.max_sens)


def _fit(db: Db, family: Family, job: Job, share: Split, run: Run, wanted: Request, state: State) -> Fitted:
    """One model. The number of children is counted over the parent's rows, whose 1-ways are known by then."""
    name = job.member.name
    if job.counting:
        table = counted(db, family, job.member, state.protected[unroll.over(job.member)])
    else:
        member = job.member
        k = bounded(state.bounds.get(name, member.table.contributions), wanted)
        share = contribution.rows_share(
            family, member, job.codecs, share, wanted.discover, settled=name in state.bounds
        )
        if member.node.owner is not None:
            state.bounds[name] = k
        table = _rows(db, family, member, k)
        state.protected[name] = table
    source = Source(db, table, run)
    discover(source, job.codecs, share)
    evidence = given(family, job, wanted)
    parent_of = family.members[owner_of(job.member).table] if job.member.node.owner else None
    cut = partition.cut_of(parent_of, evidence) if parent_of else None
    known = _known(job, state)
    if cut is None:
        above = {unroll.over(m) for m in family.members.values() if m.children is not None}
        spare = job.counting or name not in above
        made, implied = _fit_rows(
            db, run, table, job, share, wanted, evidence, known, _imagining(job, state), spare=spare
        )
    else:
        seen, less = [e for e in evidence if e is not cut.evidence], Known({}, {}, known.lags)

        def part(run: Run, rows: Protected) -> Fitted:
            with db.passing():
                fitted, implied = _fit_rows(db, run, rows, job, share, wanted, seen, less)
            return _without(fitted, implied)

        made, implied = partition.fit(run, table, cut, part), []
    if not job.counting:
        _learn(state, name, made, known, {e.column.name for e in evidence})
    made = _without(made, implied)
    if job.counting and isinstance(job.member.children, Tally):
        return settled(made, job.member.children, told=cut is not None)
    return made


def _learn(state: State, name: str, made: Fitted, known: Known, evidence: set[str]) -> None:
    """Keep the 1-ways over a table's rows for those who count its children: as measured, else as implied."""
    singles = {m.clique[0]: m for m in made.measurements if len(m.clique) == 1}
    own = [m for n, m in singles.items() if n not in evidence]
    kept = {f"{name}.{m.clique[0]}": m for m in own}
    kept |= {n: m for n, m in singles.items() if n in evidence and n not in known.shares}
    if own:
        rows, sigma = float(np.mean([m.values.sum() for m in own])), float(np.mean([m.sigma for m in own]))
        kept |= {n: Measurement((n,), s * rows, sigma) for n, s in known.shares.items() if n in evidence}
    state.known[name] = {label: replace(m, clique=(label,)) for label, m in kept.items()}


def _refer(db: Db, family: Family, member: Member, share: Split, run: Run, state: State) -> None:
    """Release how often rows are referred to, for each reference into rows that may be another unit's."""
    for reference in references.crossing(member):
        k = []
        for name in (member.name, reference.key.table):
            told = state.told.get(name)
            # Counted whole where that is the mean already: a k of 1 would make most targets look forgotten.
            most = 0 if told is None or told.mean is None else math.ceil(told.mean)
            k.append(max(state.bounds.get(name, 1), most))
        loss = share.total * references.SHARE
        state.degrees[member.name, reference.key.columns] = references.release(
            db, family, member, reference, run, loss, (k[0], k[1])
        )


def _fit_rows(
    db: Db, run: Run, table: Protected, job: Job, share: Split, wanted: Request, evidence: Sequence[Evidence],
    known: Known, imagine: links.Imagine | None = None, *, spare: bool = False,
) -> tuple[Fitted, list[Measurement]]:  # fmt: skip
    """A model of a job's columns over the rows of `table`, and those of its measurements that were only implied.

    `spare`: nobody reads the rows after they are encoded."""
    rules = [] if job.counting else zeros_of(job.member.table, job.codecs)
    seen = [(e.column, e.expression) for e in evidence]
    encoded = Source(db, table, run).encode(job.codecs, seen, rules)
    if spare:
        db.drop(table.relation)
    rounds = links_of(job, wanted) if imagine is not None else 0
    doors: Doors = encoded.limited(share.model * (1 - links.SHARE) if rounds else share.model)
    names = tuple(e.column.name for e in evidence)
    informed = Informed(_raked(doors, job) if wanted.rake else doors, known, names)
    made = wanted.model.fit(informed, names)
    if imagine is not None and rounds:
        doors = encoded.limited(share.model * links.SHARE)
        made = links.linked(made, doors, imagine, rounds, rake=wanted.rake)
    if imagine is not None:
        made = calibrated(made, _without(made, informed.implied).measurements, imagine)
        made = weighed(made, imagine(made.network)) if job.counting else made
    return made, informed.implied


def links_of(job: Job, wanted: Request) -> int:
    """How many links with evidence a job's model gets besides its own."""
    related = job.member.node.owner is not None and not wanted.no_hist
    if job.counting and unroll.slots_of(job.member):
        return 0
    columns = sum(len(c.columns()) for c in job.codecs)
    model = str(wanted.options.get("model", ""))
    return links.rounds_of(columns, related=related, model=model, counting=job.counting)


def _imagining(job: Job, state: State) -> links.Imagine | None:
    """Imagined rows of a job's table, or of the parent with numbers of children, drawn anew from a network."""
    name = job.member.name
    if job.member.node.owner is None or (job.counting and unroll.slots_of(job.member)):
        return None

    def imagine(network: Network) -> Drawn:
        if job.counting and job.member.children is not None:
            key = owner_of(job.member)
            lineage = Lineage(key.table, key.columns, key.referenced, job.member.children, network, [], "")
            return state.imagined.counts(lineage, state.bounds.get(key.table, 1))
        state.imagined.fill(_table(job.member, {**state.fitted, name: Fitted(network)}))
        return state.imagined.drawn(name, state.bounds[name])

    return imagine


def _without(made: Fitted, implied: Sequence[Measurement]) -> Fitted:
    left_out = {id(m) for m in implied}
    return replace(made, measurements=[m for m in made.measurements if id(m) not in left_out])


def _raked(doors: Doors, job: Job) -> Raked:
    """Doors that link the columns of earlier rows with their own alone (their number of children, with that number)."""
    table, order = (owner_of(job.member).table, 1) if job.counting else (job.member.name, 0)
    if job.member.siblings is not None and not job.counting:
        order = job.member.siblings.order
    own = [c for codec in job.codecs for c in codec.columns()]
    return Raked(
        doors, {kin.lag_column(table, c, back).name: c.name for c in own for back in range(1, order + 1)}
    )


def _known(job: Job, state: State) -> Known:
    """What a job need not measure: over the parent's rows their 1-ways, over a table's rows what models above imply."""
    member = job.member
    if job.counting:
        parent, codec = unroll.over(member), member.children
        released = state.known.get(parent, {})
        place = released.get(f"{parent}{POSITION}")
        if place is None or codec is None or unroll.slots_of(member):
            return Known(released)
        column = codec.columns()[0]
        first = float(np.clip(place.values[0] / max(float(place.values.sum()), 1e-9), 0.0, 1.0))
        return Known(released, {}, {kin.lag_column(parent, column, 1).name: (column.name, first)})
    if member.node.owner is None:
        return Known()
    table = _table(member, {**state.fitted, member.name: Fitted(Network(Domain({}), (), []))})
    shares = state.imagined.evidence(table, state.bounds[member.name])
    lags = {}
    place_shares = shares.get(f"{member.name}{POSITION}")
    if member.siblings is not None and place_shares is not None:
        for back in range(1, member.siblings.order + 1):
            first = float(place_shares[np.array(member.siblings.starts) < back].sum())
            for c in (c for codec in member.codecs for c in codec.columns()):
                lags[kin.lag_column(member.name, c, back).name] = (c.name, first)
    return Known({}, shares, lags, state.imagined.rows(member.name))


def _rows(db: Db, family: Family, member: Member, k: int) -> Protected:
    """The table's rows with their ancestors' columns; what a unit weighs is bounded by k."""
    label = f"{family.view.name}.{member.name}"
    rows, table = family.rows(member.name), member.table
    if member.node.owner is None:
        return protect(db, rows, label)
    order = list(table.primary_key) or [c.name for c in member.columns]
    return protect(db, rows, label, unit=UNIT, k=k, bound=table.bound, order_by=order)


def _table(member: Member, fitted: dict[str, Fitted], degrees: Degrees | None = None) -> TableModel:
    rows = fitted[member.name]
    lineage = None
    if member.children is not None:
        key = owner_of(member)
        counts = fitted[f"{member.name} per {key.table}"]
        lineage = Lineage(
            key.table, key.columns, key.referenced, member.children, counts.network, counts.measurements,
            "" if unroll.over(member) == key.table else unroll.over(member),
        )  # fmt: skip
    keys = [
        Link(
            r.key.columns,
            r.key.table,
            r.key.referenced,
            r.kind.value,
            r.nullable,
            tuple((degrees or {}).get((member.name, r.key.columns), ())),
        )
        for r in member.node.references
    ]
    table = member.table
    return TableModel(
        member.name, member.columns, member.codecs, rows.network, rows.measurements, table.primary_key, table.checks,
        table.comment, lineage, keys, member.siblings, declared(table),
        str(rows.facts.get("chosen", "")),
    )  # fmt: skip


def _lookups(db: Db, family: Family) -> list[Lookup]:
    """Public tables, whole: the view declares them public."""
    from duckpaste.model import Column

    found = []
    for table in family.graph.public:
        relation = sql.ident(*family.schema, table.name)
        columns = [Column(f.name, f.sql_type or "VARCHAR", not f.nullable, f.comment) for f in table.fields]
        found.append(
            Lookup(
                table.name,
                columns,
                table.primary_key,
                db.arrow_sql("public_table", f"select * from {relation}"),
            )
        )
    return found


__all__ = ["CHILDREN", "Job", "fit_family", "jobs", "shares"]
