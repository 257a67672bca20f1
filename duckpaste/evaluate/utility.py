"""Utility: what models learn from synthetic rows, and whether a model can tell them from real ones. Needs the extra
`ml` (scikit-learn). NULL is a value of its own to its trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from duckpaste import sql
from duckpaste.errors import UserError
from duckpaste.evaluate import extra
from duckpaste.evaluate.bins import family_of, finite_sql
from duckpaste.evaluate.records import Asked, Floats, Records, Sampled, asked_of, gathered, sampled
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import Work

MOST_ROWS = 5000  # a side
VALUES = 3  # most frequent values of a child's category, whose shares a parent is described by
_TREES = {"max_iter": 60, "early_stopping": False, "random_state": 0}


def measure(work: Work, subject: Subject) -> None:
    """Score a table by the metrics of the family "utility" that are wanted."""
    wanted = [m for m in ("tstr", "auc", "auc_children") if work.asked(m)]
    if not wanted:
        return
    if work.wanted is None and not extra.there("ml"):
        work.note("utility is not measured: it needs scikit-learn (pip install 'duckpaste[ml]')")
        return
    extra.module("sklearn", "ml")
    rows = sampled(work, subject, MOST_ROWS)
    if rows is None:
        return
    work.note(f"{subject.name}: models see at most {MOST_ROWS:,} rows a side")
    if "tstr" in wanted:
        for target in work.targets_of(subject):
            work.add("tstr", subject.name, (target,), *trained(rows, target))
    if "auc" in wanted:
        work.add("auc", subject.name, (), *told_apart(rows, work.sides.held_out))
    if "auc_children" in wanted:
        _with_children(work, subject)


def trained(rows: Sampled, target: str) -> tuple[float, float]:
    """Accuracy (of a number: R2, at least 0) on real rows that neither model saw: trained on synthetic rows, and, as
    the yardstick, trained on as many real ones."""
    size = min(len(rows.fake), len(rows.fitted))
    test = rows.control
    found = [
        _accuracy(side.some(np.arange(size)), test, test.columns.index(target))
        for side in (rows.fake, rows.fitted)
    ]
    return found[0], found[1]


def _accuracy(train: Records, test: Records, j: int) -> float:
    ensemble = extra.module("sklearn.ensemble", "ml")
    keep = [i for i in range(len(train.columns)) if i != j and _varies(train.values[:, i])]
    if not keep:
        return float("nan")
    x, y = train.values[:, keep], train.values[:, j]
    categories = _categories(train, test, keep)
    if train.numeric[j]:
        known, asked = ~np.isnan(y), ~np.isnan(test.values[:, j])
        if known.sum() < 2 or not asked.any():
            return float("nan")
        model = ensemble.HistGradientBoostingRegressor(categorical_features=categories, **_TREES)
        model.fit(x[known], y[known])
        return max(0.0, float(model.score(test.values[asked][:, keep], test.values[asked, j])))
    labels = np.nan_to_num(y, nan=-1.0)
    truth = np.nan_to_num(test.values[:, j], nan=-1.0)
    if len(np.unique(labels)) < 2:
        return float((truth == labels[0]).mean())
    model = ensemble.HistGradientBoostingClassifier(categorical_features=categories, **_TREES)
    model.fit(x, labels)
    return float((model.predict(test.values[:, keep]) == truth).mean())


def _varies(values: Floats) -> bool:
    """Whether a column holds two different values, NULL left out: trees can't be grown on others."""
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool((known != known[0]).any())


def _categories(a: Records, b: Records, keep: Sequence[int]) -> list[bool]:
    """Columns that trees may split by value: categories of few enough values; others are taken as numbers."""
    most = [np.nanmax(np.r_[a.values[:, i], b.values[:, i], 0.0]) for i in keep]
    return [not a.numeric[i] and m < 250 for i, m in zip(keep, most, strict=True)]


def told_apart(rows: Sampled, held_out: bool) -> tuple[float, float]:
    """AUC of a classifier between synthetic and real rows that it was not trained on, and between the two real parts.

    Real rows are held-out ones where there are any: a model that copies must not pass for a good one."""
    real = rows.control if held_out else _both(rows)
    return _auc(real, rows.fake), _auc(rows.control, rows.fitted)


def _both(rows: Sampled) -> Records:
    half = len(rows.fitted) // 2
    values = np.concatenate([rows.fitted.values[:half], rows.control.values[:half]])
    unit = np.concatenate([rows.fitted.unit[:half], rows.control.unit[:half]])
    return Records(values, rows.fitted.numeric, rows.fitted.columns, unit, min(half, rows.fitted.heads))


def _auc(real: Records, fake: Records) -> float:
    """By halves: trained on one half of both, asked on the other; no unit is in both. Below 0.5 is chance, too, and
    counts as 0.5."""
    ensemble = extra.module("sklearn.ensemble", "ml")
    metrics = extra.module("sklearn.metrics", "ml")
    size = min(len(real), len(fake))
    if size < 20:
        return float("nan")
    x = np.concatenate([real.values[:size], fake.values[:size]])
    y = np.repeat([0, 1], size)
    first = np.concatenate([real.fold[:size], fake.fold[:size]])
    if len(np.unique(y[first])) < 2 or len(np.unique(y[~first])) < 2:
        return float("nan")
    keep = [i for i in range(x.shape[1]) if _varies(x[first, i])]
    if not keep:
        return 0.5
    model = ensemble.HistGradientBoostingClassifier(
        categorical_features=_categories(real, fake, keep), **_TREES
    )
    model.fit(x[first][:, keep], y[first])
    return max(0.5, float(metrics.roc_auc_score(y[~first], model.predict_proba(x[~first][:, keep])[:, 1])))


def _with_children(work: Work, subject: Subject) -> None:
    """AUC of a table's rows together with what their children hold."""
    below = [s for s in work.sides.subjects if s.node and s.node.parent == subject.name]
    if not below:
        return
    asked = asked_of(subject)
    children: list[dict[str, Any]] = []
    for i, child in enumerate(below):
        made = _child(work, child)
        children.append(made)
        labels = [f"c{i}_count", *(f"c{i}_n{j}" for j in range(len(made["numbers"]))),
                  *(f"c{i}_k{j}" for j in range(len(made["categories"])))]  # fmt: skip
        asked += [Asked(f"{child.name} {x}", f"{x}::double", f"{x}::double", True) for x in labels]
    sides = work.sides
    real, fake = (
        sql.render("parents_with_children", parent=sides.rows(subject, synthetic=synthetic, unit=True), children=[
            c | {"relation": (sides.fake if synthetic else sides.real)(s.name)}
            for c, s in zip(children, below, strict=True)
        ])
        for synthetic in (False, True)
    )  # fmt: skip
    try:
        rows = gathered(work, subject, real, fake, asked, MOST_ROWS)
    except UserError:  # a synthetic column of another kind than the real one
        work.note(f"{subject.name}: its children can't be summed up")
        return
    if rows is not None:
        columns = [s.name for s in below]
        work.add("auc_children", subject.name, columns, *told_apart(rows, sides.held_out))


def _child(work: Work, child: Subject) -> dict[str, Any]:
    """What sql/parents_with_children.sql sums up of a child table."""
    key = child.node.owner if child.node else None
    if key is None:
        raise UserError("has no key to its parent", child.name)
    kinds = {c: family_of(child.types[c], kind) for c, kind in child.compared.items()}
    numbers = [
        {"name": c, "expression": finite_sql(sql.ident(c), k, child.types[c])}
        for c, k in kinds.items() if k not in ("category", "boolean")
    ]  # fmt: skip
    texts = [c for c, k in kinds.items() if k in ("category", "boolean")]
    categories = []
    if texts:
        found = work.db.rows(
            "label_counts", relation=work.sides.real(child.name), columns=texts, limit=VALUES
        )
        for block, label, _ in sorted(found, key=lambda r: (r[0], -r[2], r[1])):
            categories.append({"name": texts[block], "value": str(label)})
    on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)]
    return {"on": on, "numbers": numbers, "categories": categories}
