"""SynthEval (Lautrup et al. 2024): its privacy metrics through its own package, under its names. Needs the extra
`syntheval`; asked for by `--metrics syntheval`, for it takes long.

It compares records pair by pair in pandas, so it is given a sample. NULL is a value of its own. The control is the
same measure with held-out rows in place of the fitted ones, or of one real half against the other.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import Any

import numpy as np

from duckpaste.evaluate import extra
from duckpaste.evaluate.records import Records, sampled
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import Work

FAMILY = "syntheval"
MOST_ROWS = 1000  # a side
_NULL = -1.0
# Its keyword -> its result that is the metric's score.
NAMES = {
    "dcr": "median_DCR", "nndr": "avg_nndr", "hit_rate": "hit_rate", "eps_risk": "eps_identif_risk",
    "att_discl": "att_discl_risk",
}  # fmt: skip


def measure(work: Work, subject: Subject) -> None:
    """Score a table by SynthEval's privacy metrics, when they are asked for by name."""
    wanted = [n for n in NAMES if work.wanted is not None and work.asked(f"{FAMILY}.{n}")]
    if not wanted:
        return
    extra.module("syntheval", "syntheval")
    rows = sampled(work, subject, MOST_ROWS)
    if rows is None:
        return
    work.note(f"{subject.name}: SynthEval is given at most {MOST_ROWS:,} rows a side")
    target = next(iter(work.targets_of(subject)), None)
    found = _asked(rows.fitted, rows.control, rows.fake, wanted, target)
    if work.sides.held_out:
        control = _asked(rows.control, rows.fitted, rows.fake, wanted, target)
    else:
        control = _asked(rows.fitted, None, rows.control, wanted, target)
    for name in wanted:
        work.add(f"{FAMILY}.{name}", subject.name, (), found.get(name), control.get(name))


def _asked(
    real: Records, held_out: Records | None, fake: Records, names: list[str], target: str | None
) -> dict[str, float]:
    """SynthEval's scores by its keywords; those that it can't say are left out."""
    categories = [c for c, numeric in zip(real.columns, real.numeric, strict=True) if not numeric]
    tool = extra.module("syntheval", "syntheval").SynthEval(
        _frame(real), holdout_dataframe=None if held_out is None else _frame(held_out), cat_cols=categories,
        verbose=False, enable_plots=False, console="off", show_warnings=False,
    )  # fmt: skip
    chosen = target if target in categories else next(iter(categories), None)
    wanted: dict[str, dict[str, Any]] = {n: {} for n in names if n != "att_discl" or chosen is not None}
    # It leaves a file with its settings in the current folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        results = tool.evaluate(_frame(fake), analysis_target=chosen, **wanted)
    by_name = dict(zip(results["metric"], results["val"], strict=True))
    return {
        n: float(v) for n, label in NAMES.items() if (v := by_name.get(label)) is not None and n in wanted
    }


def _frame(rows: Records) -> Any:
    pandas = extra.module("pandas", "syntheval")
    values = np.nan_to_num(rows.values.astype(np.float64), nan=_NULL)
    frame = pandas.DataFrame(values, columns=list(rows.columns))
    whole = {c: "int64" for c, numeric in zip(rows.columns, rows.numeric, strict=True) if not numeric}
    return frame.astype(whole)
