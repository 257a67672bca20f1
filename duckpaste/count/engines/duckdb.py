"""DuckDB as the counting engine."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from duckpaste.db import Db

# 2^20 slots a perfect hash table: measured best for blocks of 2^12 to 2^18 cells, and harmless above.
PERFECT_BITS = 20


class DuckDbEngine:
    """Counts through the gateway. The setting is in bits, whatever its description says."""

    def __init__(self, db: Db) -> None:
        self.db = db
        db.run_sql("settings", f"SET perfect_ht_threshold = {PERFECT_BITS}")

    def count(self, name: str, sql: str) -> dict[str, npt.NDArray[Any]]:
        """See `Engine.count`."""
        return self.db.numpy_sql(name, sql)
