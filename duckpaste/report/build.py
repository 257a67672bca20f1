"""Build: from an evaluation and the two databases to a report. Counts what is drawn, over all rows: internal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckpaste import route
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.sides import PART, Sides, Subject, opened
from duckpaste.plan import declared_of
from duckpaste.relational.family import Family
from duckpaste.relational.siblings import described
from duckpaste.report import children, origin
from duckpaste.report.columns import plots_of
from duckpaste.report.content import Children, Material, TablePlots, page
from duckpaste.report.family import Box, Link
from duckpaste.report.pages import Page
from duckpaste.report.plot import HELD, REAL, SYNTHETIC
from duckpaste.schema.view import Table, View
from duckpaste.workspace import Workspace


@dataclass
class Report(Evaluation):
    """An evaluation that can show itself: `to_html` writes its page, and a notebook shows it."""

    page: Page = field(default_factory=lambda: Page(""))

    def to_html(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the page, one file that needs no network; see `Page.to_html`."""
        return self.page.to_html(path, overwrite=overwrite)

    def _repr_html_(self) -> str:
        return self.page._repr_html_()

    def __repr__(self) -> str:
        return f"Report(run={self.run!r}, {len(self.scores)} scores; internal)"


def report(space: Workspace, view: View, synthetic: Path, evaluation: Evaluation) -> Report:
    """The report of an evaluation: `view` and `synthetic` are what was evaluated. Raises UserError."""
    resolved, schema = space.resolved(view)
    share = float(evaluation.facts.get("held_out", 0.0))
    with opened(space.db, resolved, schema, synthetic, share, 0) as sides:
        rows = {s.name: _rows(evaluation, s.name) for s in sides.subjects}
        material = Material(
            view=resolved.name, synthetic=synthetic.name, created=str(evaluation.facts.get("created", ""))[:10],
            evaluation=evaluation, origin=origin.read(evaluation.facts.get("provenance", {}), space.ledger_path),
            tables=[
                TablePlots(s.name, rows[s.name], plots_of(space.db, s.table, _sides(sides, s), s.compared))
                for s in sides.subjects
            ],
            boxes=_boxes(sides, rows),
            children=[_children(sides, s) for s in sides.subjects if s.node and s.node.owner],
            **_declared(space, view),
        )  # fmt: skip
    return Report(evaluation.run, evaluation.scores, evaluation.facts, page(material))


def _rows(evaluation: Evaluation, table: str) -> dict[str, int]:
    """Rows of a table on each side."""
    counts: Mapping[str, int] = evaluation.facts.get("tables", {}).get(table, {})
    names = {"wrk": REAL, "ref": HELD, "syn": SYNTHETIC}
    return {names[k]: n for k, n in counts.items() if k in names}


def _sides(sides: Sides, subject: Subject) -> dict[str, str]:
    """A table's rows on each side, as SQL."""
    if not sides.held_out:
        return {REAL: sides.real(subject.name), SYNTHETIC: sides.fake(subject.name)}
    real = sides.rows(subject)
    return {
        REAL: f"(select * from ({real}) where {PART} = 0)",
        HELD: f"(select * from ({real}) where {PART} = 1)",
        SYNTHETIC: sides.fake(subject.name),
    }


def _children(sides: Sides, subject: Subject) -> Children:
    """How many rows stand below each row of the parent. Held-out parents are among the real ones."""
    owner = subject.node.owner if subject.node else None
    if owner is None:
        raise ValueError(f"{subject.name} has no parent")
    on = [list(pair) for pair in zip(owner.referenced, owner.columns, strict=True)]
    places = {REAL: sides.real, SYNTHETIC: sides.fake}
    counts = {
        side: children.counted(sides.db, f"(select * from {where(owner.table)})", where(subject.name), on)
        for side, where in places.items()
    }
    sequence = bool(subject.sequencer())
    return children.drawn(f"{subject.name} per {owner.table}", counts, sequence=sequence)


def _boxes(sides: Sides, rows: Mapping[str, Mapping[str, int]]) -> list[Box]:
    """The tables of the schema, with their keys."""
    found = []
    for subject in sides.subjects:
        owner = subject.node.owner if subject.node else None
        mine = rows[subject.name]
        real = mine.get(REAL, 0) + mine.get(HELD, 0)
        links = [Link(k.columns, k.table, k.referenced, k == owner) for k in subject.table.foreign_keys]
        role = "private" if owner else "unit"
        found.append(Box(subject.name, real, mine.get(SYNTHETIC), subject.table.primary_key, links, role))
    return found + [_public(t) for t in sides.public]


def _public(table: Table) -> Box:
    links = [Link(k.columns, k.table, k.referenced) for k in table.foreign_keys]
    return Box(table.name, None, None, table.primary_key, links, "public")


def _declared(space: Workspace, view: View) -> dict[str, Any]:
    """What is public by declaration, and what is not declared."""
    ready = route.ready(space, view)
    if not isinstance(ready, Family):
        public, undeclared = declared_of(ready.codecs)
        return {"public": public, "undeclared": undeclared}
    public, undeclared = [], []
    for name, member in ready.members.items():
        facts, unknown = declared_of(member.codecs)
        public += [f"{name}.{fact}" for fact in facts]
        undeclared += [f"{name}.{fact}" for fact in unknown]
        if member.siblings is not None:
            public.append(f"{name}: {described(member.siblings)}")
    public += [f"{t.name}: all rows" for t in ready.graph.public]
    return {"public": public, "undeclared": undeclared}
