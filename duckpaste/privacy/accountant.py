"""Accounting: zero-concentrated differential privacy (zCDP) and pure epsilon, and what noise a loss buys.

Neighbours: databases that differ by one privacy unit, added or removed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from duckpaste.errors import UserError

DEFAULT_DELTA = 1e-9


def delta_of(rho: float, epsilon: float) -> float:
    """Smallest proved delta for which rho-zCDP gives (epsilon, delta)-DP.

    delta = min over alpha > 1 of exp((alpha-1)(alpha rho - epsilon) + alpha ln(1 - 1/alpha)) / (alpha - 1)
    (Canonne, Kamath and Steinke 2020, Proposition 12). Any alpha is a valid bound, so bisection errs on the safe side.
    """
    if rho <= 0:
        return 0.0
    low, high = 1.01, (epsilon + 1) / (2 * rho) + 2
    for _ in range(100):
        alpha = (low + high) / 2
        slope = (2 * alpha - 1) * rho - epsilon + math.log1p(-1 / alpha)
        low, high = (alpha, high) if slope < 0 else (low, alpha)
    exponent = (high - 1) * (high * rho - epsilon) + high * math.log1p(-1 / high)
    return min(1.0, math.exp(min(exponent, 0.0)) / (high - 1)) if exponent < 700 else 1.0


def epsilon_of(rho: float, delta: float) -> float:
    """Smallest proved epsilon for which rho-zCDP gives (epsilon, delta)-DP; inf for infinite rho."""
    if rho <= 0:
        return 0.0
    if math.isinf(rho) or delta <= 0:
        return math.inf
    low, high = 0.0, rho + 2 * math.sqrt(rho * math.log(1 / delta)) + 1e-12
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if delta_of(rho, middle) <= delta else (middle, high)
    return high


def rho_of(epsilon: float, delta: float) -> float:
    """Largest rho whose zCDP gives (epsilon, delta)-DP."""
    if math.isinf(epsilon):
        return math.inf
    low, high = 0.0, epsilon + 1
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle, epsilon) <= delta else (low, middle)
    return low


@dataclass(frozen=True)
class Guarantee:
    """What a run promises: (epsilon, delta) per privacy unit. delta 0: pure epsilon; epsilon inf: no noise."""

    epsilon: float
    delta: float = DEFAULT_DELTA

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise UserError("epsilon must be above 0", remedy="for example alg.epsilon=1")
        if not 0 <= self.delta < 1:
            raise UserError("delta must be at least 0 and below 1", remedy="for example alg.delta=1e-9")

    @property
    def private(self) -> bool:
        """False when epsilon is inf: no noise at all."""
        return not math.isinf(self.epsilon)

    @property
    def pure(self) -> bool:
        """True when losses are epsilon itself (delta 0), False when they are rho."""
        return self.private and self.delta == 0

    def loss(self, delta_elsewhere: float = 0.0) -> float:
        """All that may be spent: epsilon when pure, else rho after `delta_elsewhere` is set aside."""
        if not self.private:
            return math.inf
        return self.epsilon if self.pure else rho_of(self.epsilon, self.delta - delta_elsewhere)

    def __str__(self) -> str:
        if not self.private:
            return "NOT PRIVATE (epsilon inf)"
        return f"epsilon {self.epsilon:g}" + (f", delta {self.delta:g}" if self.delta else " (pure)")


@dataclass(frozen=True)
class Accountant:
    """Turns a loss (rho, or epsilon when `pure`) into the scale of a mechanism, and back.

    `sensitivity` is the most that one unit changes a vector of counts (L1 and, at worst, L2): k rows.
    """

    pure: bool
    sensitivity: float = 1.0

    def noise_scale(self, loss: float) -> float:
        """Parameter of the noise: sigma = k / sqrt(2 rho) (Gaussian), b = k / epsilon (Laplace); 0 for no noise."""
        if math.isinf(loss):
            return 0.0
        if not loss > 0:
            raise ValueError("a loss must be above 0")
        return self.sensitivity / loss if self.pure else self.sensitivity / math.sqrt(2 * loss)

    def sigma(self, loss: float) -> float:
        """Standard deviation of the noise a cell (a Laplace of scale b has b sqrt 2)."""
        return self.noise_scale(loss) * (math.sqrt(2) if self.pure else 1.0)

    def select_scale(self, loss: float, sensitivity: float) -> float:
        """Scale of noisy max: the exponential mechanism with epsilon = sqrt(8 rho), whose scores may move both ways.

        zCDP: sensitivity * sqrt(1 / (2 rho)); pure: 2 sensitivity / epsilon (exponential
        noise instead of Gumbel; McKenna and Sheldon 2020)."""
        return 2 * sensitivity / loss if self.pure else sensitivity * math.sqrt(1 / (2 * loss))
