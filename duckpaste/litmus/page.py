"""Page: shuffled cards to rate, in one file that works without a network. Exact rows: internal."""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckpaste.errors import UserError
from duckpaste.evaluate.sides import opened
from duckpaste.litmus.cards import Card, drawn
from duckpaste.report.pages import Page, asset, render
from duckpaste.schema.view import View
from duckpaste.workspace import Workspace

RATINGS = (
    "surely synthetic", "rather synthetic", "can't tell", "rather real", "surely real",
)  # fmt: skip
_MORE = ": rows of real people. Keep it with the private data; show it only to those who may see them."


@dataclass(frozen=True)
class Numbered:
    """A card under a name that tells nothing."""

    id: str
    card: Card


def litmus(space: Workspace, view: View, synthetic: Path, number: int, seed: int | None = None) -> Page:
    """A page of `number` real and `number` synthetic entities. Raises UserError.

    The same seed draws the same entities in the same order."""
    chosen = secrets.randbits(32) if seed is None else seed
    resolved, schema = space.resolved(view)
    with opened(space.db, resolved, schema, synthetic, 0.0, chosen) as sides:
        if not any(s.compared for s in sides.subjects):
            raise UserError("no column could be shown: all are keys or made up", view.name)
        cards = drawn(sides, number, chosen)
    if not any(c.real for c in cards) or all(c.real for c in cards):
        raise UserError("one side has no rows", str(synthetic), "there is nothing to tell apart")
    return page(resolved.name, shuffled(cards, chosen), chosen)


def shuffled(cards: list[Card], seed: int) -> list[Numbered]:
    """The cards in an order of chance, each with a name of chance."""
    rng = random.Random(f"litmus {seed}")  # noqa: S311 - the order of cards, nothing private
    order = list(cards)
    rng.shuffle(order)
    names = rng.sample(range(16**6), len(order))
    return [Numbered(f"{name:06x}", card) for name, card in zip(names, order, strict=True)]


def page(view: str, cards: list[Numbered], seed: int) -> Page:
    """The page. Which cards are real stands in it too, but not to be seen at a glance."""
    key = sealed({c.id: c.card.real for c in cards})
    context: dict[str, Any] = {
        "view": view,
        "cards": cards,
        "ratings": RATINGS,
        "key": key,
        "test": f"{seed:08x}",
    }
    return Page(render("litmus.html", script=asset("litmus.js"), stamp_more=_MORE, **context))


def sealed(truth: Mapping[str, bool]) -> str:
    """Which cards are real, as base64 of JSON: a rater does not read it by accident."""
    return base64.b64encode(json.dumps(dict(truth)).encode()).decode()
