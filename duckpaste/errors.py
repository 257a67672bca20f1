"""Errors that a user can act on: what is wrong, where, and the remedy.

No message may hold a value from private data. Names of tables and columns, declared (public) values, paths and
numbers that a user typed are allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `what`, `where` it stands, and the `remedy`; each without a full stop."""

    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text


class DuckpasteError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class UserError(DuckpasteError):
    """A fault of the input, the options or the surroundings; the command ends with exit code 2."""

    exit_code = 2

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        self.faults: tuple[Fault, ...] = (Fault(what, where, remedy),)
        super().__init__(str(self.faults[0]))


class Faults(UserError):
    """Several faults at once, one line each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        Exception.__init__(self, "\n".join(str(f) for f in self.faults))


class BudgetError(UserError):
    """The release would pass the privacy budget."""


class DomainError(DuckpasteError):
    """A code lies outside its declared domain: a fault of duckpaste, never of the user."""


def raise_all(faults: Iterable[Fault]) -> None:
    """Raise one error that holds all `faults`; do nothing when there are none."""
    found = list(faults)
    if found:
        raise Faults(found)


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy that names the known word nearest to `word`, or lists what is known."""
    choices = [str(k) for k in known]
    folded = {k.casefold(): k for k in reversed(choices)}
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6) or [
        folded[k] for k in difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    ]
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(choices) if choices else "none is known"
