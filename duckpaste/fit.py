"""Fit: discover, encode, count, measure, model. Everything private stays behind the doors of privacy/source.py."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from duckpaste.budget import Split, split
from duckpaste.codec.base import Codec, WantValues
from duckpaste.codec.zeros import zeros_of
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, nearest, raise_all
from duckpaste.model import Model, TableModel, as_text
from duckpaste.models import registry
from duckpaste.models.base import Model as Algorithm
from duckpaste.prepare import Prepared, check_rows
from duckpaste.privacy.accountant import DEFAULT_DELTA, Guarantee
from duckpaste.privacy.ledger import Ledger, Run
from duckpaste.privacy.source import Source, protect
from duckpaste.schema.rules import declared

# Called with a stage's name; the returned context lasts as long as the stage.
Stage = Callable[[str], AbstractContextManager[Any]]


# Options that every algorithm has, with their defaults as people write them.
_COMMON = {
    "epsilon": ("1", "the privacy budget of this run; inf: no noise, NOT PRIVATE"),
    "delta": (f"{DEFAULT_DELTA:g}", "the chance that the budget does not hold; 0: pure epsilon"),
    "etotal": ("1", "another name for alg.epsilon"),
    "discover": ("as planned", "share of the budget for what the view does not declare"),
}


_SWITCHES = ("no_hist", "no_seq", "rake")  # options of MARE, and a bound on every k
MARE = "mare"  # related tables, with `alg.model` at every node


def _quiet(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


@dataclass(frozen=True)
class Request:
    """What to fit: an algorithm with its options, and the guarantee. Made by `request`.

    `related`: MARE, with `model` at every table and number of children; `no_hist` takes the ancestors from what it
    sees, `no_seq` position and earlier siblings (ablations); with `rake` a column of an earlier sibling only tells the
    same column; no unit's rows weigh more than `max_sens` in any table."""

    algorithm: str
    model: Algorithm
    guarantee: Guarantee
    discover: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    related: bool = False
    no_hist: bool = False
    no_seq: bool = False
    rake: bool = False
    max_sens: int | None = None


def request(algorithm: str, options: Mapping[str, Any] | None = None) -> Request:
    """Read an algorithm's options: epsilon (or etotal, default 1), delta (default 1e-9), discover, and its own.

    Raises UserError for an unknown algorithm or option, or a value that does not fit."""
    given = dict(options or {})
    if "etotal" in given:
        given.setdefault("epsilon", given.pop("etotal"))
    epsilon = number(given.pop("epsilon", 1.0), "alg.epsilon")
    delta = number(given.pop("delta", DEFAULT_DELTA), "alg.delta")
    share = given.pop("discover", None)
    related = algorithm == MARE
    name = str(given.pop("model", "mst")) if related else algorithm
    if name not in registry.names():
        where, known = ("alg.model", registry.names()) if related else ("", algorithms())
        raise UserError(f"unknown algorithm {name!r}", where, nearest(name, known))
    flags = {n: flag(given.pop(n), f"alg.{n}") for n in _SWITCHES if related and n in given}
    most = given.pop("max_sens", None) if related else None
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise UserError(f"{most!r} is no number of rows", "alg.max_sens", "write a whole number from 1 on")
    _check_names(name, given, (*_SWITCHES, "max_sens") if related else ())
    model = registry.make(name, given)
    guarantee = Guarantee(epsilon, delta)
    bound = {} if most is None else {"max_sens": most}
    told = {"model": name, **flags, **bound, **given} if related else given
    part = None if share is None else number(share, "alg.discover")
    return Request(algorithm, model, guarantee, part, told, related, max_sens=most, **flags)


def options_help() -> dict[str, list[tuple[str, str]]]:
    """For people: title -> (option with its default, what it does), first those that every algorithm has."""
    found = {
        "Every algorithm": [(f"alg.{name}={default}", text) for name, (default, text) in _COMMON.items()]
    }
    for name in registry.names():
        fields = dataclasses.fields(registry.make(name, {}))  # type: ignore[arg-type]
        found[name] = [
            (f"alg.{f.name}={f.default}", str(f.metadata.get("doc", ""))) for f in fields if f.init
        ]
    found[MARE] = [("alg.model=mst", "the algorithm at every table of a view with several, and its options")]
    return found


def algorithms() -> list[str]:
    """Every algorithm that VIEW.ALG may name."""
    return [*registry.names(), MARE]


def _check_names(algorithm: str, given: Mapping[str, Any], more: Sequence[str] = ()) -> None:
    """Raise Faults for options that neither the algorithm nor every algorithm has."""
    own = [f.name for f in dataclasses.fields(registry.make(algorithm, {})) if f.init]  # type: ignore[arg-type]
    known = (*_COMMON, *own, *more)
    what = f"unknown option of {algorithm}"
    raise_all(Fault(what, f"alg.{name}", nearest(name, known)) for name in given if name not in own)


def number(value: Any, where: str) -> float:
    """A number that a user typed. Raises UserError."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    too_large = math.isinf(found) and isinstance(value, str) and "inf" not in value.lower()
    if math.isnan(found) or too_large:
        raise UserError(f"{value!r} is not a number", where, "write it as 1, 0.5 or 1e-9") from None
    return found


def flag(value: Any, where: str) -> bool:
    """A yes or no that a user typed. Raises UserError."""
    if isinstance(value, bool):
        return value
    raise UserError(f"{value!r} is neither true nor false", where, "write true or false")


def algorithm_of(view_alg: str) -> tuple[str, str]:
    """Split VIEW.ALG at its last dot. Raises UserError when there is none."""
    view, dot, algorithm = view_alg.rpartition(".")
    if not dot or not view or "/" in algorithm:
        known = ", ".join(algorithms())
        remedy = f"write VIEW.ALG, for example {view_alg}.mst (known: {known})"
        raise UserError(f"{view_alg!r} names no algorithm", remedy=remedy)
    if algorithm not in algorithms():
        raise UserError(f"unknown algorithm {algorithm!r}", remedy=nearest(algorithm, algorithms()))
    return view, algorithm


def fit_table(db: Db, ready: Prepared, wanted: Request, ledger: Ledger, stage: Stage = _quiet) -> Model:
    """Fit one private table. Raises Faults before anything is spent, BudgetError when the ledger refuses."""
    with db.passing():
        return _fit_table(db, ready, wanted, ledger, stage)


def _fit_table(db: Db, ready: Prepared, wanted: Request, ledger: Ledger, stage: Stage) -> Model:
    with stage("check"):
        raise_all(check_rows(db, ready))
    shares = split(wanted.guarantee, ready.codecs, wanted.discover)
    values = sum(list(c.promises()).count(WantValues) for c in ready.codecs)
    table = ready.table
    ledger.check_budget(wanted.guarantee, shares.total, shares.delta * values, ready.view.budget)
    with stage("bound"):
        protected = protect(
            db, ready.relation, ready.name, unit=table.unit, k=table.contributions, bound=table.bound,
            order_by=list(table.primary_key) or [c.name for c in ready.columns],
        )  # fmt: skip
    run = ledger.begin(
        view=ready.view.name, unit=ready.unit.name, contributions=protected.k, algorithm=wanted.algorithm,
        guarantee=wanted.guarantee, loss=shares.total, delta=shares.delta * values, budget=ready.view.budget,
    )  # fmt: skip
    source = Source(db, protected, run)
    with stage("discover"):
        discover(source, ready.codecs, shares)
    with stage("encode"):
        encoded = source.encode(ready.codecs, zeros=zeros_of(table, ready.codecs)).limited(shares.model)
    with stage("fit"):
        fitted = wanted.model.fit(encoded)
    model = TableModel(
        table.name, ready.columns, ready.codecs, fitted.network, fitted.measurements, table.primary_key,
        table.checks, table.comment, rules=declared(table),
        chosen=str(fitted.facts.get("chosen", "")),
    )  # fmt: skip
    run.finish()
    info = information(ready.view.name, ready.unit.name, run.contributions, table.bound, wanted, run)
    return Model([model], info, run.releases)


def discover(source: Source, codecs: Sequence[Codec], shares: Split) -> None:
    """Ask the door for what the codecs want, until they want nothing."""
    while True:
        asked = [(codec, want) for codec in codecs for want in codec.wants()]
        if not asked:
            return
        wants = [want for _, want in asked]
        losses = [shares.loss_of(want) for want in wants]
        answers = source.discover(wants, losses, [shares.delta] * len(wants), "discover")
        for (codec, want), answer in zip(asked, answers, strict=True):
            codec.learn(want, answer)


def information(view: str, unit: str, k: int, bound: str, wanted: Request, run: Run) -> dict[str, str]:
    """What a model tells of itself (see `Model.info`)."""
    return as_text({
        "run": run.run, "view": view, "algorithm": wanted.algorithm, "unit": unit, "contributions": k, "bound": bound,
        "epsilon": wanted.guarantee.epsilon, "delta": wanted.guarantee.delta, "loss": run.spent,
        "measure": "epsilon" if wanted.guarantee.pure else "rho",
        "private": str(wanted.guarantee.private).lower(),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        **{f"alg.{k}": v for k, v in wanted.options.items()},
        **{name: _version(name) for name in ("duckpaste", "duckdb", "numpy", "opendp")},
    })  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
