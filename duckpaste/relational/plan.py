"""The plan of a family: what every table and every number of children will release, from public facts alone."""

from __future__ import annotations

import math
from dataclasses import replace

from duckpaste.budget import Split
from duckpaste.codec.public import tells
from duckpaste.codec.tally import degrees
from duckpaste.codec.zeros import zeros_of
from duckpaste.domain import Domain
from duckpaste.fit import Request
from duckpaste.models.base import Release
from duckpaste.models.outlook import Shape
from duckpaste.plan import Expected, Plan, chosen, declared_of, discoveries
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.source import ROWS
from duckpaste.privacy.unit import Unit
from duckpaste.relational import contribution, links, partition, references, unreached, unroll
from duckpaste.relational.family import Family, Member, owner_of
from duckpaste.relational.mare import bounded, given, links_of, shares
from duckpaste.relational.siblings import described
from duckpaste.schema.graph import Kind


def plan_family(family: Family, wanted: Request) -> Plan:
    """Plan a fit of all tables. Raises UserError for what can't be fitted."""
    todo, total, _ = shares(family, wanted)
    most = bounded(max(_weight(family, n) for n in family.members), wanted)
    chosen_k = not all(contribution.declared(member) for member in family.members.values())
    unit = Unit(family.graph.unit, most, table=True, chosen=chosen_k)
    sizes: dict[str, dict[str, int]] = {}
    releases: list[Release] = []
    expected: list[Expected] = []
    shapes: list[tuple[str, Shape]] = []
    choices: list[tuple[str, str]] = []
    for name, member in family.members.items():
        sizes[name] = {f"{name}.{c.name}": c.size for codec in member.codecs for c in codec.columns()}
    for job, share in todo:
        member = job.member
        above = unroll.over(member) if job.counting else member.name
        k = float(bounded(_weight(family, above), wanted))
        accountant = Accountant(wanted.guarantee.pure, k)

        def sigma(loss: float, accountant: Accountant = accountant) -> float:
            return 0.0 if math.isinf(loss) else accountant.sigma(loss)

        seen = given(family, job, wanted)
        cut = partition.cut_of(family.members[owner_of(member).table], seen) if member.node.owner else None
        evidence = {e.column.name: e.column.size for e in seen if cut is None or e is not cut.evidence}
        own = {c.name: c.size for codec in job.codecs for c in codec.columns()} or {ROWS: 1}
        made = [] if job.counting else _besides(family, member, share, wanted)
        if not job.counting:
            settled = contribution.unsettled(member)
            share = contribution.rows_share(
                family, member, job.codecs, share, wanted.discover, settled=settled
            )
        made += discoveries(job.codecs, share, sigma)
        zeros = [] if job.counting else zeros_of(member.table, job.codecs)
        whole, names = Domain({**evidence, **own}, zeros=zeros), tuple(evidence)
        rounds = links_of(job, wanted) if cut is None else 0
        loss = share.model * (1 - links.SHARE) if rounds else share.model
        fits = wanted.model.plan(whole, sigma, loss, names)
        if rounds:
            most = max(own.values()) * links.CODES
            part = share.model * links.SHARE
            fits.append(Release("link", f"{rounds} links", rounds, rounds * most, part, sigma(part / rounds)))
        if cut is not None:  # disjoint rows: all parts together lose what one does
            what = f"in each of {cut.column.size} parts by {cut.column.name}"
            fits = [replace(r, what=f"{r.what}, {what}") for r in fits]
        made += fits
        found = wanted.model.expected(whole, sigma, share.model, names)
        expected += [Expected(job.name, columns, rows) for columns, rows in found.items()]
        shapes.append((job.name, wanted.model.shape(whole, sigma, share.model, names)))
        choices += [(job.name, why) for why in chosen(wanted.model, whole, sigma, share.model, names)]
        releases += [replace(r, stage=f"{job.name}: {r.stage}") for r in made]
    public, undeclared = _told(family, unit)
    domain = Domain({c: s for columns in sizes.values() for c, s in columns.items()})
    return Plan(
        wanted.guarantee,
        unit,
        releases,
        domain,
        public,
        undeclared,
        total,
        expected,
        shapes,
        choices,
    )


def _told(family: Family, unit: Unit) -> tuple[list[str], list[str]]:
    """Lines on what is public by declaration, and on what will be told through a door."""
    public, undeclared = [], []
    for name, member in family.members.items():
        facts, unknown = declared_of(member.codecs)
        public += [f"{name}.{f}" for f in facts]
        if member.siblings is not None:
            public.append(f"{name}: {described(member.siblings)}")
        wide = sum(m.width for m in (member, *family.above(name)))
        public.append(f"{name}: about {wide} bytes a row, with what stands above it, while it is encoded")
        undeclared += [f"{name}.{u}" for u in unknown]
        if not contribution.declared(member):
            undeclared.append(
                f"{name}: k, how much the rows of {unit.each} may weigh: chosen from a noisy histogram of rows a "
                f"unit ({contribution.SHARE:.0%} of the table's loss), for the least noise and clipped share "
                "together; the fit tells them; noise above is that of k = 1"
            )
        undeclared += [references.described(name, r) for r in references.crossing(member)]
        if unreached.possible(family, member):
            undeclared.append(unreached.described(family, member))
        public += [
            f"{name}.{', '.join(r.key.columns)}: any row of {r.key.table}, each as likely: too many to tell apart"
            for r in member.node.references if r.kind is Kind.PUBLIC and not tells(member.codecs, r.key.columns)
        ]  # fmt: skip
    public += [f"{t.name}: all rows" for t in family.graph.public]
    return public, undeclared


def _besides(family: Family, member: Member, share: Split, wanted: Request) -> list[Release]:
    """What else is released of a table: rows a unit, to choose k; how often rows that may be another unit's are
    referred to; how many rows reach no unit."""

    def release(stage: str, what: str, cells: int, part: float, moved: int) -> Release:
        accountant, loss = Accountant(wanted.guarantee.pure, float(moved)), share.total * part
        return Release(stage, what, 1, cells, loss, 0.0 if math.isinf(loss) else accountant.sigma(loss))

    found = []
    if contribution.unsettled(member):
        found.append(release("bound", "rows a unit", contribution.POWERS, contribution.SHARE, 1))
    for reference in references.crossing(member):
        target = reference.key.table
        moved = references.sensitivity(_weight(family, member.name), _weight(family, target))
        what = f"how often rows of {target} are referred to"
        found.append(release("reference", what, len(degrees().cells), references.SHARE, moved))
    if unreached.possible(family, member):
        found.append(release(unreached.STAGE, unreached.WHAT, 1, unreached.SHARE, 1))
    return found


def _weight(family: Family, name: str) -> int:
    """k of a table: 1 for the unit's own."""
    member = family.members[name]
    return member.table.contributions if member.node.owner else 1
