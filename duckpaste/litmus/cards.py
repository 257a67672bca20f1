"""Cards: real and synthetic entities, a unit with all that hangs on it, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from duckpaste import holdout, sql
from duckpaste.evaluate.sides import Sides, Subject
from duckpaste.report.words import printable

MOST_ROWS = 8  # rows of one table that a card shows
MOST_TEXT = 200  # characters of a value
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Branch:
    """The rows of one table on a card. `below` is the parent's table when it is not the unit itself; then each row
    begins with the number of its parent row on the card. `more` rows are not shown."""

    table: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0


@dataclass(frozen=True)
class Card:
    """An entity: whether it is real, its own columns, and its branches."""

    real: bool
    table: str
    facts: Sequence[tuple[str, str]]
    branches: Sequence[Branch]


def drawn(sides: Sides, number: int, seed: int) -> list[Card]:
    """`number` real and as many synthetic entities, in the order of their draw. Fewer where there are fewer."""
    return [*_cards(sides, number, seed, real=True), *_cards(sides, number, seed, real=False)]


def _cards(sides: Sides, number: int, seed: int, *, real: bool) -> list[Card]:
    place = sides.real if real else sides.fake
    targets: dict[str, str] = {}
    found: dict[str, list[tuple[Key, Key, list[str]]]] = {}
    try:
        for i, subject in enumerate(sides.subjects):
            target = sql.ident(f"_litmus_{i}")
            owner = subject.node.owner if subject.node else None
            if owner is None:
                sides.db.run("litmus_rows", target=target, relation=place(subject.name), parent=None,
                             columns=holdout.key_of(subject.table), seed=seed, most=number)  # fmt: skip
            else:
                on = [list(pair) for pair in zip(owner.columns, owner.referenced, strict=True)]
                sides.db.run("litmus_rows", target=target, relation=place(subject.name),
                             parent=targets[owner.table], on=on)  # fmt: skip
            targets[subject.name] = target
            found[subject.name] = _rows(sides, subject, target)
    finally:
        for target in targets.values():
            sides.db.run_sql("litmus_drop", f"drop table {target}")
    tops = [s for s in sides.subjects if not (s.node and s.node.owner)]
    return [
        Card(
            real,
            top.name,
            list(zip(top.compared, values, strict=True)),
            list(_branches(sides, found, top, key)),
        )
        for top in tops
        for key, _, values in found[top.name]
    ]


def _rows(sides: Sides, subject: Subject, target: str) -> list[tuple[Key, Key, list[str]]]:
    """(the key that children refer to, the key to the parent, values) of each row, in order."""
    owner = subject.node.owner if subject.node else None
    own = sorted({c for s in _children(sides, subject) for c in _owner(s)[1]})
    up = list(owner.columns) if owner else []
    order = (
        [c for c in (*subject.sequencer(), *holdout.key_of(subject.table)) if c in subject.types]
        if owner
        else []
    )
    columns = [*own, *up, *subject.compared]
    if not columns:
        return []
    listed = ", ".join(f"{sql.ident(c)}::varchar" for c in columns)
    ordered = f" order by {', '.join(sql.ident(c) for c in order)}" if order else ""
    rows = sides.db.rows_sql("litmus_values", f"select {listed} from {target}{ordered}")
    return [
        (
            tuple(r[: len(own)]),
            tuple(r[len(own) : len(own) + len(up)]),
            [_text(v) for v in r[len(own) + len(up) :]],
        )
        for r in rows
    ]


def _text(value: str | None) -> str:
    if value is None:
        return "–"
    return printable(value if len(value) <= MOST_TEXT else value[:MOST_TEXT] + "…")


def _children(sides: Sides, subject: Subject) -> list[Subject]:
    return [s for s in sides.subjects if s.node and s.node.owner and s.node.owner.table == subject.name]


def _owner(subject: Subject) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a child's key to its parent, and those that it refers to."""
    owner = subject.node.owner if subject.node else None
    return (tuple(owner.columns), tuple(owner.referenced)) if owner else ((), ())


def _branches(
    sides: Sides, found: Mapping[str, list[tuple[Key, Key, list[str]]]], parent: Subject, key: Key,
    numbers: Mapping[Key, int] | None = None,
) -> Iterable[Branch]:  # fmt: skip
    """The branches below the rows of `parent` with the keys in `numbers` (number on the card), or the one row `key`."""
    known = {key: 0} if numbers is None else dict(numbers)
    own = sorted({c for s in _children(sides, parent) for c in _owner(s)[1]})
    for child in _children(sides, parent):
        at = [own.index(c) for c in _owner(child)[1]]
        places = {tuple(k[i] for i in at): n for k, n in known.items()}
        rows = [(places[up], mine, values) for mine, up, values in found[child.name] if up in places]
        rows.sort(key=lambda row: row[0])
        below: dict[Key, int] = {}
        shown = []
        for n, (place, mine, values) in enumerate(rows, 1):
            below.setdefault(mine, n)
            if n <= MOST_ROWS:
                shown.append([str(n), *([str(place)] if numbers is not None else []), *values])
        header = ["#", *([f"{parent.name} #"] if numbers is not None else []), *child.compared]
        yield Branch(child.name, header, shown, max(0, len(rows) - MOST_ROWS))
        yield from _branches(sides, found, child, (), below)
