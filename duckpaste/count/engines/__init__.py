"""Engines that can count: one method each."""

from __future__ import annotations

from typing import Protocol

import numpy.typing as npt


class Engine(Protocol):
    """Runs a counting statement where the data is; only small results come back."""

    def count(self, name: str, sql: str) -> dict[str, npt.NDArray]:  # type: ignore[type-arg]
        """Columns of the result as numpy arrays; `name` stands in the trace."""
