"""Pattern: what a regular expression can make, as a tree of parts that draw or count whole arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from duckpaste.domain import IntArray

TextArray = npt.NDArray[np.str_]

COUNTED = 2**62  # more texts than this are not told apart


class Node:
    """A part of a pattern: how many texts it has, what one costs at most, and how they are made."""

    @property
    def count(self) -> int:
        """Number of texts, as the pattern counts them."""
        raise NotImplementedError

    @property
    def cost(self) -> int:
        """At most so many characters (and drawn pieces) in one text."""
        raise NotImplementedError

    def draw(self, n: int, rng: np.random.Generator) -> TextArray:
        """`n` random texts."""
        raise NotImplementedError

    def nth(self, index: IntArray) -> TextArray:
        """The texts of numbers 0..count-1 in the pattern's own order (a text may have several numbers)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Chars(Node):
    """One character of several."""

    choices: str

    @cached_property
    def count(self) -> int:
        """Number of characters."""
        return len(self.choices)

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def draw(self, n: int, rng: np.random.Generator) -> TextArray:
        """Each character is as likely as the others."""
        return self.nth(rng.integers(0, self.count, n))

    def nth(self, index: IntArray) -> TextArray:
        """The characters in order of their codes."""
        return self.letters[index]

    @cached_property
    def letters(self) -> TextArray:
        """The characters as an array."""
        return np.array(list(self.choices), dtype="U1")


@dataclass(frozen=True)
class Chain(Node):
    """One part after another."""

    parts: tuple[Node, ...]

    @cached_property
    def count(self) -> int:
        """The product over the parts."""
        total = 1
        for part in self.parts:
            total *= part.count
        return total

    @cached_property
    def cost(self) -> int:
        """The sum over the parts, at least one."""
        return max(1, sum(p.cost for p in self.parts))

    def draw(self, n: int, rng: np.random.Generator) -> TextArray:
        """The parts are drawn independently."""
        return _join([p.draw(n, rng) for p in self.parts], n)

    def nth(self, index: IntArray) -> TextArray:
        """The last part varies fastest."""
        found: list[TextArray] = []
        for part in reversed(self.parts):
            base = min(part.count, COUNTED)
            found.append(part.nth(index % base))
            index = index // base
        return _join(found[::-1], len(index))


@dataclass(frozen=True)
class Choice(Node):
    """One of several parts."""

    options: tuple[Node, ...]

    @cached_property
    def count(self) -> int:
        """The sum over the options."""
        return sum(o.count for o in self.options)

    @cached_property
    def cost(self) -> int:
        """The sum over the options: all are tried."""
        return sum(o.cost for o in self.options)

    def draw(self, n: int, rng: np.random.Generator) -> TextArray:
        """Each option is as likely as the others."""
        which = rng.integers(0, len(self.options), n)
        return _scatter(which, [o.draw(int((which == i).sum()), rng) for i, o in enumerate(self.options)])

    def nth(self, index: IntArray) -> TextArray:
        """One option after another."""
        which, inside = _split(index, [o.count for o in self.options])
        return _scatter(which, [o.nth(inside[which == i]) for i, o in enumerate(self.options)])


@dataclass(frozen=True)
class Repeat(Node):
    """A part `low` to `high` times."""

    part: Node
    low: int
    high: int

    @cached_property
    def counts(self) -> list[int]:
        """Number of texts by number of repeats."""
        return [self.part.count**times for times in range(self.low, self.high + 1)]

    @cached_property
    def count(self) -> int:
        """The sum over the numbers of repeats."""
        return sum(self.counts)

    @property
    def cost(self) -> int:
        """`high` times the part's."""
        return max(1, self.high * self.part.cost)

    def draw(self, n: int, rng: np.random.Generator) -> TextArray:
        """Each number of repeats is as likely as the others."""
        times = rng.integers(self.low, self.high + 1, n)
        if isinstance(self.part, Chars) and self.high > 0:
            # The common case at once: a matrix of characters whose rows end in NUL, which numpy cuts off.
            letters = self.part.letters.view(np.uint32)[rng.integers(0, self.part.count, (n, self.high))]
            letters[np.arange(self.high) >= times[:, None]] = 0
            return letters.view(f"U{self.high}")[:, 0]
        text = np.full(n, "", dtype="U1")
        for i in range(self.high):
            more = np.flatnonzero(times > i)
            pieces = self.part.draw(more.size, rng)
            column = np.full(n, "", dtype=pieces.dtype)
            column[more] = pieces
            text = np.strings.add(text, column)
        return text

    def nth(self, index: IntArray) -> TextArray:
        """Fewer repeats first."""
        which, inside = _split(index, self.counts)
        groups = []
        for i, times in enumerate(range(self.low, self.high + 1)):
            groups.append(Chain((self.part,) * times).nth(inside[which == i]))
        return _scatter(which, groups)


def _join(pieces: list[TextArray], n: int) -> TextArray:
    text: Any = np.full(n, "", dtype="U1")
    for piece in pieces:
        text = np.strings.add(text, piece)
    return text  # type: ignore[no-any-return]


def _scatter(which: IntArray, groups: list[TextArray]) -> TextArray:
    """Put the texts of group i, in order, where `which` is i."""
    width = max((g.dtype.itemsize // 4 for g in groups), default=1)
    text = np.full(len(which), "", dtype=f"U{max(1, width)}")
    for i, group in enumerate(groups):
        text[which == i] = group
    return text


def _split(index: IntArray, counts: list[int]) -> tuple[IntArray, IntArray]:
    """Which of several runs of `counts` numbers an index lies in, and its place there."""
    ends, total = [], 0
    for count in counts:
        total += count
        ends.append(min(total, COUNTED))
    edges = np.array([0, *ends], dtype=np.int64)
    which = np.searchsorted(edges[1:], index, side="right")
    return which, index - edges[which]
