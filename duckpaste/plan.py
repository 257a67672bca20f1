"""Plan: every release, its cells, noise and loss, before anything is spent. Made from public facts alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.budget import Split, split
from duckpaste.codec.base import LEVEL, Codec, WantBounds, WantHistogram, WantValues
from duckpaste.codec.grid import FINE_CELLS
from duckpaste.codec.smooth import blocks_of
from duckpaste.codec.zeros import zeros_of
from duckpaste.domain import Clique, Domain
from duckpaste.fit import Request
from duckpaste.models.auto import Auto
from duckpaste.models.base import Model, Release, Sigma
from duckpaste.models.outlook import Shape
from duckpaste.prepare import Prepared
from duckpaste.privacy import discovery
from duckpaste.privacy.accountant import Accountant, Guarantee
from duckpaste.privacy.unit import Unit

_NAMES = {
    WantHistogram: "fine histograms",
    WantValues: "values of categories",
    WantBounds: "ranges of numbers",
}


@dataclass(frozen=True)
class Expected:
    """A column set that `model` may measure, and the L1 error in rows that noise makes in it on average."""

    model: str
    columns: Clique
    rows: float


@dataclass(frozen=True)
class Plan:
    """Releases in order, the domain (upper bounds where not declared), and what is public by declaration; the error to
    expect in each column set, how large each model may become, and what `auto` chose, by name (a table; "" for its
    only one)."""

    guarantee: Guarantee
    unit: Unit
    releases: Sequence[Release]
    domain: Domain
    public: Sequence[str]
    undeclared: Sequence[str]
    loss: float
    expected: Sequence[Expected] = ()
    shapes: Sequence[tuple[str, Shape]] = ()
    choices: Sequence[tuple[str, str]] = ()

    @property
    def megabytes(self) -> float:
        """Memory of the largest marginals that are counted together, as int64."""
        return 8 * max((r.cells for r in self.releases), default=0) / 2**20


def plan(ready: Prepared, wanted: Request) -> Plan:
    """Plan a fit. Raises UserError for what can't be fitted."""
    shares = split(wanted.guarantee, ready.codecs, wanted.discover)
    accountant = Accountant(wanted.guarantee.pure, float(ready.unit.k))

    def sigma(loss: float) -> float:
        return 0.0 if math.isinf(loss) else accountant.sigma(loss)

    domain = Domain(
        {c.name: c.size for codec in ready.codecs for c in codec.columns()},
        zeros=zeros_of(ready.table, ready.codecs),
    )
    releases = discoveries(ready.codecs, shares, sigma)
    releases += wanted.model.plan(domain, sigma, shares.model, ())
    public, undeclared = declared_of(ready.codecs)
    found = wanted.model.expected(domain, sigma, shares.model, ())
    expected = [Expected("", columns, rows) for columns, rows in found.items()]
    shapes = [("", wanted.model.shape(domain, sigma, shares.model, ()))]
    choices = [("", why) for why in chosen(wanted.model, domain, sigma, shares.model, ())]
    return Plan(
        wanted.guarantee,
        ready.unit,
        releases,
        domain,
        public,
        undeclared,
        shares.total,
        expected,
        shapes,
        choices,
    )


def chosen(model: Model, domain: Domain, sigma: Sigma, loss: float, evidence: Clique) -> list[str]:
    """Which algorithm `auto` takes and why; nothing for others."""
    if not isinstance(model, Auto):
        return []
    return [str(model.choice(domain, sigma, loss, evidence))]


def discoveries(codecs: Sequence[Codec], shares: Split, sigma: Sigma) -> list[Release]:
    """What discovery will release for `codecs`."""
    found = []
    for kind, name in _NAMES.items():
        count = sum(list(c.promises()).count(kind) for c in codecs)
        if count:
            loss = shares.wants[kind]
            known = [w for c in codecs for w in c.wants() if isinstance(w, WantHistogram)]
            levels = [w.blocks for w in known] if kind is WantHistogram else []
            if kind is WantHistogram:  # whose range is not known yet: as many levels as there may be
                levels += [blocks_of(FINE_CELLS)] * (count - len(levels))
            many = count + sum(map(len, levels))
            least = LEVEL if any(levels) else 1.0
            cells = _cells(codecs, kind)
            found.append(
                Release("discover", f"{count} {name}", many, cells, loss * count, sigma(loss * least))
            )
    return found


def _cells(codecs: Sequence[Codec], kind: type) -> int:
    """Upper bound of cells for wants of one kind."""
    wants = [w for c in codecs for w in c.wants()]
    if kind is WantHistogram:
        fine = [w for w in wants if isinstance(w, WantHistogram)]
        return sum(w.cells + sum(-(-w.leading // b) for b in w.blocks) for w in fine)
    if kind is WantBounds:
        return sum(discovery.bucket_count(w.integer) for w in wants if isinstance(w, WantBounds))
    return 0


def declared_of(codecs: Sequence[Codec]) -> tuple[list[str], list[str]]:
    """Lines on what is public by declaration, and on what will be discovered through a door."""
    public, undeclared = [], []
    for codec in codecs:
        field = codec.field
        wants = {_NAMES[k] for k in codec.promises() if k is not WantHistogram and k in _NAMES}
        if wants:
            undeclared.append(f"{field.name}: {', '.join(sorted(wants))}")
        facts = [
            f"{k} {field.options[k]}"
            for k in ("min", "max", "decimals", "min_len", "max_len", "value")
            if k in field.options
        ]
        if field.option("values") is not None:
            facts.append(f"{len(field.options['values'])} values")
        if field.option("edges") is not None:
            facts.append(f"{len(field.options['edges']) - 1} bins")
        if facts:
            public.append(f"{field.name}: {', '.join(str(f) for f in facts)}")
    return public, undeclared
