"""Tables of codes for quality.py: Adult as the peers got it, and NIST's Massachusetts excerpt of the ACS of 2018."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste.domain import Domain, IntArray

Table = tuple[dict[str, IntArray], Domain]

_NUMBERS = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
_BINS = 50


def adult(ordered: bool) -> Table:
    """The integer-coded Adult table: 48,842 rows, 14 columns. `ordered` tells which six columns are numbers."""
    folder = Path(os.environ["DUCKPASTE_TEST_DATA"]) / "adult-int"
    domain = Domain(json.loads((folder / "adult-domain.json").read_text()), _NUMBERS if ordered else ())
    with (folder / "adult.csv").open(newline="") as file:
        head = next(csv.reader(file))
        table = np.loadtxt(file, delimiter=",", dtype=np.int64, usecols=[head.index(n) for n in domain])
    return {name: table[:, i] for i, name in enumerate(domain)}, domain


def nist(ordered: bool) -> Table:
    """7,244 people, 23 columns (all but the 228 industries): declared values, ages, and 50 equal bins of other numbers,
    with a code of its own for NULL."""
    folder = Path(os.environ["DUCKPASTE_TEST_DATA"]) / "nist-ma"
    schema: dict[str, Any] = json.loads((folder / "ma2018.json").read_text())["schema"]
    with (folder / "ma2018.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    codes: dict[str, IntArray] = {}
    sizes: dict[str, int] = {}
    numbers: list[str] = []
    for name, facts in schema.items():
        if name == "INDP" or name not in rows[0]:
            continue
        texts = [row[name] for row in rows]
        if "values" in facts:
            place = {str(value): i for i, value in enumerate(facts["values"])}
            codes[name], sizes[name] = np.array([place[t] for t in texts]), len(place)
            continue
        low, high = float(facts["min"]), float(facts["max"])
        cells = min(_BINS, int(high - low) + 1) if name != "AGEP" else int(high - low) + 1
        width = (high - low) / cells if name != "AGEP" else 1.0
        null = str(facts.get("null_value", ""))
        found = [cells if t == null else min(int((float(t) - low) / width), cells - 1) for t in texts]
        codes[name], sizes[name] = np.array(found), cells + bool(facts.get("has_null"))
        numbers.append(name)
    nulls = {n: sizes[n] - 1 for n in numbers if schema[n].get("has_null")}
    return codes, Domain(sizes, numbers, nulls) if ordered else Domain(sizes)


TABLES = {"adult": adult, "nist": nist}
