"""Composite keys: a drawn row whose primary key is there already is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.domain import IntArray

if TYPE_CHECKING:
    import pyarrow as pa


def first_of_each(key: Sequence[str], values: Mapping[str, pa.Array], n: int) -> IntArray | None:
    """Numbers of the rows to keep, in order; None when all `n` may stay, or a column of the key is not drawn yet."""
    if n == 0 or any(c not in values for c in key):
        return None
    code = np.zeros(n, dtype=np.int64)
    for column in key:
        encoded = values[column] if hasattr(values[column], "indices") else values[column].dictionary_encode()
        index = np.asarray(encoded.indices.fill_null(len(encoded.dictionary)))
        _, code = np.unique(code * (len(encoded.dictionary) + 1) + index, return_inverse=True)
    _, first = np.unique(code, return_index=True)
    return None if len(first) == n else np.sort(first)
