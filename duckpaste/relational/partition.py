"""Partitions: where a parent's category is declared `partition: true`, each of its values has models of its own for the
rows below: how many there are, and what they are. They see disjoint rows, so they compose in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.codec.base import CodeColumn
from duckpaste.errors import Fault, UserError
from duckpaste.models.base import Fitted, Measurement
from duckpaste.models.network import Network
from duckpaste.models.switched import switched
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.parallel import Parts
from duckpaste.privacy.release import Protected
from duckpaste.relational.family import Evidence, Member
from duckpaste.schema.view import Field

MOST = 64  # values that can have models of their own


@dataclass(frozen=True)
class Cut:
    """The column that parts a job's rows: evidence, whose codes are the parts."""

    evidence: Evidence

    @property
    def column(self) -> CodeColumn:
        """Its code column; ready once the parent's codecs are."""
        return self.evidence.column


def field_of(member: Member) -> Field | None:
    """The field of a table that parts the rows below it."""
    return next((f for f in member.table.fields if f.option("partition")), None)


def faults(members: Iterable[Member]) -> list[Fault]:
    """Fields that can't part anything."""
    found = []
    for member in members:
        fields = [f for f in member.table.fields if f.option("partition")]
        for f in fields:
            where = f"{f.place} {member.name}.{f.name}".strip()
            sizes = [c.size for codec in member.codecs if codec.field.name == f.name for c in codec.columns()]
            if f.kind not in ("categorical", "ordinal", "boolean") or len(sizes) != 1:
                found.append(Fault("only a category can part the rows below", where, "leave `partition` out"))
            elif f.option("values") is not None and sizes[0] > MOST:
                what = f"would part the rows below by {sizes[0]} values"
                found.append(Fault(what, where, f"at most {MOST} can have models of their own"))
        if len(fields) > 1:
            where = f"{member.table.place} {member.name}".strip()
            found.append(Fault("two fields part the rows below", where, "leave one `partition` out"))
    return found


def cut_of(parent: Member, evidence: Sequence[Evidence]) -> Cut | None:
    """How the rows below `parent` are parted: by a column that they see (with `no_hist` they see none)."""
    field = field_of(parent)
    if field is None:
        return None
    name = f"{parent.name}.{field.name}"
    return next((Cut(e) for e in evidence if e.column.name == name), None)


def part_of(table: Protected, cut: Cut, code: int) -> Protected:
    """The rows of one part. A unit's rows weigh at most k over all parts, so also in one."""
    text = f"(select * from {table.relation} where ({cut.evidence.expression}) = {code})"
    name = f"{table.name} where {cut.column.name} is {code}"
    return Protected(text, name, table.unit, table.k, table.weight)


def fit(run: Run, table: Protected, cut: Cut, fit_part: Callable[[Run, Protected], Fitted]) -> Fitted:
    """A model for each part, put together. `fit_part(run, rows)` fits one."""
    if cut.column.size > MOST:
        what = f"would part the rows below by {cut.column.size} discovered values"
        raise UserError(
            what, cut.column.name, f"declare its values; at most {MOST} can have models of their own"
        )
    parts = Parts(run)
    made = {code: fit_part(parts.part(), part_of(table, cut, code)) for code in range(cut.column.size)}
    networks: dict[int, Network] = {code: one.network for code, one in made.items()}
    return Fitted(switched(cut.column.name, networks, cut.column.size), together(list(made.values())), {})


def together(made: Sequence[Fitted]) -> list[Measurement]:
    """Marginals that every part measured, added up: those of all rows."""
    found = []
    by_clique = [{m.clique: m for m in one.measurements if len(m.clique) == 1} for one in made]
    for clique in by_clique[0]:
        mine = [d.get(clique) for d in by_clique]
        there = [m for m in mine if m is not None]
        if len(there) == len(made) and len({m.values.shape for m in there}) == 1:
            values = np.sum([m.values for m in there], axis=0)
            found.append(Measurement(clique, values, float(np.sqrt(sum(m.sigma**2 for m in there)))))
    return found
