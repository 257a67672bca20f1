"""Recoding in SQL: coarser codes of a column as a balanced CASE over runs of old codes."""

from __future__ import annotations

import numpy as np

from duckpaste.domain import IntArray


def recode_sql(x: str, to: IntArray) -> str:
    """SQL that turns the code `x` (0..len(to)-1) into `to[x]`, in log2(number of runs) comparisons."""
    new = np.asarray(to, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], new[1:] != new[:-1]]))

    def tree(lo: int, hi: int) -> str:
        if hi - lo == 1:
            return str(int(new[starts[lo]]))
        middle = (lo + hi) // 2
        return f"CASE WHEN {x} < {int(starts[middle])} THEN {tree(lo, middle)} ELSE {tree(middle, hi)} END"

    return tree(0, len(starts))
