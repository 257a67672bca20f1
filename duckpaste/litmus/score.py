"""Score: what raters' answers say: can they tell real from synthetic, and do they agree?"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckpaste.errors import UserError


@dataclass(frozen=True)
class Answers:
    """One rater's ratings (card -> 1, surely synthetic, to 5, surely real) and which cards are real."""

    test: str
    rater: str
    ratings: Mapping[str, int]
    truth: Mapping[str, bool]
    seconds: float = math.nan

    def of(self, real: bool) -> list[int]:
        """The ratings of real or of synthetic cards."""
        return [r for card, r in self.ratings.items() if self.truth[card] is real]


@dataclass(frozen=True)
class Told:
    """A rater's result. `auc` is the chance that a real card is rated above a synthetic one (ties count half), with
    `error`, its standard error when nothing can be told apart; `right` the share of cards called as they are."""

    rater: str
    rated: int
    real: float
    synthetic: float
    auc: float
    error: float
    right: float

    @property
    def apart(self) -> bool:
        """Whether the rater could tell them apart, by more than chance (two standard errors)."""
        return abs(self.auc - 0.5) > 2 * self.error


def read(path: Path) -> Answers:
    """A file that the page saved. Raises UserError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"can't be read: {error.strerror}", str(path), "name a file that the page saved"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        data = None
    if not isinstance(data, dict) or data.get("litmus") != 1:
        raise UserError("holds no answers of a litmus page", str(path), "save them with S on the page")
    try:
        truth = {str(k): bool(v) for k, v in json.loads(base64.b64decode(data["key"], validate=True)).items()}
        ratings = {str(k): int(v) for k, v in data["answers"].items()}
        times = [float(v) for v in data.get("seconds", {}).values()]
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise UserError("is damaged", str(path), "save the answers again") from None
    wrong = [c for c, r in ratings.items() if c not in truth or not 1 <= r <= 5]
    if wrong:
        raise UserError(
            f"{len(wrong)} answers are no ratings of its cards", str(path), "save the answers again"
        )
    if not ratings:
        raise UserError("no card was rated", str(path), "rate some, then save with S")
    spent = sum(times) / len(times) if times else math.nan
    return Answers(str(data.get("test", "")), str(data.get("rater") or path.stem), ratings, truth, spent)


def told(answers: Answers) -> Told:
    """One rater's result. Numbers that need both kinds of cards are NaN without."""
    real, fake = answers.of(True), answers.of(False)
    right = sum(0.5 if r == 3 else float((r > 3) == answers.truth[c]) for c, r in answers.ratings.items())
    return Told(
        answers.rater, len(answers.ratings), _mean(real), _mean(fake), auc(real, fake), chance(real, fake),
        right / len(answers.ratings),
    )  # fmt: skip


def auc(real: Sequence[int], fake: Sequence[int]) -> float:
    """The chance that a real card is rated above a synthetic one, ties counting half."""
    if not real or not fake:
        return math.nan
    wins = sum((r > f) + 0.5 * (r == f) for r, f in itertools.product(real, fake))
    return wins / (len(real) * len(fake))


def chance(real: Sequence[int], fake: Sequence[int]) -> float:
    """Standard error of `auc` when ratings know nothing, corrected for ties (Mann and Whitney 1947)."""
    n, m = len(real), len(fake)
    total = n + m
    if not n or not m or total < 2:
        return math.nan
    ties = sum(t**3 - t for t in Counter([*real, *fake]).values())
    return math.sqrt(max(0.0, (total + 1 - ties / (total * (total - 1))) / (12 * n * m)))


def agreement(raters: Sequence[Answers]) -> float:
    """Krippendorff's alpha of ratings as numbers: 1 is full agreement, 0 that of chance. NaN when it can't be told.

    alpha = 1 - (observed / expected disagreement), disagreement being the squared difference of two ratings of one
    card, and of any two ratings (Krippendorff 2011, interval data)."""
    cards: dict[str, list[int]] = {}
    for a in raters:
        for card, rating in a.ratings.items():
            cards.setdefault(card, []).append(rating)
    shared = [r for r in cards.values() if len(r) > 1]
    pooled = [r for ratings in shared for r in ratings]
    if not shared:
        return math.nan
    observed = sum(_spread(r) / (len(r) - 1) for r in shared) / len(pooled)
    expected = _spread(pooled) / (len(pooled) * (len(pooled) - 1))
    return 1 - observed / expected if expected else math.nan


def check_same(raters: Sequence[Answers]) -> None:
    """Raise UserError when files are answers to different pages."""
    if len({(a.test, tuple(sorted(a.truth))) for a in raters}) > 1:
        tests = ", ".join(sorted({a.test for a in raters}))
        raise UserError("the files are answers to different pages", tests, "score each page by itself")


def as_rows(found: Sequence[Told]) -> list[dict[str, Any]]:
    """Results for JSON."""
    return [
        {"rater": t.rater, "rated": t.rated, "mean_real": t.real, "mean_synthetic": t.synthetic, "auc": t.auc,
         "chance_error": t.error, "right": t.right, "told_apart": t.apart}
        for t in found
    ]  # fmt: skip


def _spread(ratings: Sequence[int]) -> float:
    """Sum of squared differences over ordered pairs."""
    return 2.0 * (len(ratings) * sum(r * r for r in ratings) - sum(ratings) ** 2)


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else math.nan
