"""Related tables: `mare` on the clinic against flattening and against its own ablations.

    python tests/bench/relations.py [--patients 20000] [--epsilon 2] [--ways mst aim flat no_hist no_seq] [--work DIR]
        [--set threshold=5 ...] [--k lab_events=auto ...]

A way is an algorithm at every node of `mare`, an ablation (`no_hist`, `no_seq`: with --model), or `flat`: one table of
all patients, their admissions and laboratory values (left joins), fitted by `mst` with as much epsilon, each of whose
rows is then a patient with at most one admission. Scores are means of total variation distances, over pairs for all
but the first: own columns, with the parent's, with the grandparent's, a column with its own value one row before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste import route, sql
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.evaluate.distances import total_variation
from duckpaste.evaluate.fidelity import MAX_CELLS, count, opened
from duckpaste.fit import request
from duckpaste.output.writer import sample
from duckpaste.privacy.ledger import Ledger
from duckpaste.relational.family import Family, owner_of
from duckpaste.schema.view import View
from duckpaste.workspace import Workspace, open_workspace

ABLATIONS = ("no_hist", "no_seq")
FLAT = ("patients", "admissions", "lab_events")  # transfers would multiply the rows
SCORES = ("1-way", "2-way", "parent", "above", "lag", "children", "none", "mean")


def private(work: Path, patients: int) -> Workspace:
    """The clinic of so many patients, made once."""
    return open_workspace(work / f"clinic-{patients}.duckdb", [Path(__file__).parent / "views"])


def family_of(space: Workspace) -> Family:
    """The clinic's tables, with codecs that have learnt nothing."""
    ready = route.ready(space, space.load("clinic"), request("mare", {}))
    if not isinstance(ready, Family):
        raise TypeError("the clinic is a family")
    return ready


def run(way: str, options: dict[str, Any], patients: int, work: Path) -> dict[str, Any]:
    """One fit and one sample: seconds, memory, and scores."""
    model, bounds = options.pop("model"), options.pop("bounds")
    algorithm, name = ("mst", "flat_clinic") if way == "flat" else ("mare", "clinic")
    if way in ABLATIONS:
        options |= {way: True, "model": model}
    elif way != "flat":
        options["model"] = way
    wanted = request(algorithm, options)
    synthetic = work / f"{way}-{patients}.duckdb"
    synthetic.unlink(missing_ok=True)  # what `flat` left there is no file of duckpaste's alone
    with private(work, patients) as space:
        view = bounded(space.load(name), bounds)
        start = time.process_time()
        made = route.fit(space.db, route.ready(space, view, wanted), wanted, Ledger(None))
        fitted = time.process_time()
        sample(made, synthetic, seed=1, overwrite=True)
        seconds = {"fit s": fitted - start, "sample s": time.process_time() - fitted}
        seconds["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if way == "flat":
            unflatten(synthetic)
        family = family_of(space)
        names = FLAT if way == "flat" else tuple(family.members)
        with opened(space.db, synthetic) as alias:
            exact(space.db, family)
            fake = {n: replace(m, relation=f"{alias}.main.{sql.ident(n)}") for n, m in family.members.items()}
            tables = {n: scored(space.db, family, replace(family, members=fake), n) for n in names}
            facts = held(space.db, alias) if way != "flat" else {}
    chosen = {k: v for k, v in made.info.items() if k.startswith("contributions.")}
    return {"way": way, **seconds, **facts, **chosen, "tables": tables}


def bounded(view: View, bounds: dict[str, str]) -> View:
    """`view` with other contribution bounds: a number, or `auto`."""
    tables = []
    for table in view.tables:
        options = {k: v for k, v in table.options.items() if k != "contributions"}
        k = bounds.get(table.name)
        if k == "auto":
            table = replace(table, options=options)
        elif k is not None:
            table = replace(table, contributions=int(k), options=options | {"contributions": int(k)})
        tables.append(table)
    return replace(view, tables=tuple(tables))


def exact(db: Db, family: Family) -> None:
    """Tell codecs what they want, without noise: all ways are scored in the same codes."""
    from duckpaste.budget import Split
    from duckpaste.codec.base import WantBounds, WantHistogram, WantValues
    from duckpaste.fit import discover
    from duckpaste.privacy.accountant import Guarantee
    from duckpaste.privacy.release import Protected
    from duckpaste.privacy.source import Source

    guarantee = Guarantee(float("inf"), 0.0)
    book = Ledger(None).begin(
        view="score", unit="row", contributions=1, algorithm="score", guarantee=guarantee, loss=float("inf")
    )
    share = Split(
        float("inf"), dict.fromkeys((WantBounds, WantHistogram, WantValues), float("inf")), float("inf"), 0.0
    )
    for name, member in family.members.items():
        discover(Source(db, Protected(f"({family.rows_sql(name)})", name), book), member.codecs, share)


def unflatten(path: Path) -> None:
    """Make the clinic's tables of a synthetic flat one: each row is a patient of its own."""
    # Rows whose parts contradict each other are no admission.
    whole = " and ".join(
        f"{c} is not null" for c in ("admitted", "ward", "kind", "diagnosis", "triage", "cost")
    )
    with Db.open(path) as db:
        for text in (
            "create table numbered as select row_number() over () as id, * from flat",
            "create table patients as select id as patient_id, null::uuid as external_id, '' as name, * exclude (id) from numbered",
            "create table admissions as select id as admission_id, id as patient_id, * exclude (id) from numbered "
            f"where {whole}",
            "create table lab_events as select id as event_id, id as admission_id, * exclude (id) from numbered "
            f"where {whole} and taken is not null and item_id is not null",
            "create table transfers as select id as transfer_id, id as admission_id, admitted as started, "
            "discharged as ended, ward from admissions, (select 1 as id) where false",
        ):
            db.run_sql("unflatten", text)


def columns(family: Family, name: str) -> tuple[list[dict[str, object]], dict[str, int]]:
    """A row's own codes, its ancestors' and those of the row before, for sql/encoded.sql; sizes."""
    found: list[dict[str, object]] = []
    for e in (*family.evidence(name), *family.before(name)):
        found.append({"name": e.column.name, "size": e.column.size, "expression": e.expression})
    for codec in family.members[name].codecs:
        made = codec.encode()
        found += [{"name": c.name, "size": c.size, "expression": made[c.name]} for c in codec.columns()]
    return found, {str(c["name"]): int(str(c["size"])) for c in found}


def scored(db: Db, real: Family, fake: Family, name: str) -> dict[str, float]:
    """All scores of one table."""
    member = real.members[name]
    own = [c.name for codec in member.codecs for c in codec.columns()]
    described, sizes = columns(real, name)
    domain = Domain(sizes)
    path = member.node.path
    near = [n for n in sizes if n not in own and path and n.startswith(f"{path[0]}.")]
    far = [n for n in sizes if n not in own and any(n.startswith(f"{p}.") for p in path[1:])]
    sets = {
        "1-way": [(n,) for n in own],
        "2-way": list(itertools.combinations(own, 2)),
        "parent": list(itertools.product(near, own)),
        "above": list(itertools.product(far, own)),
        "lag": [(lag, n) for n in own if (lag := f"{name}@1.{n}") in sizes],
    }
    sets = {k: [domain.clique(c) for c in v if domain.cells(c) <= MAX_CELLS] for k, v in sets.items()}
    asked = list(dict.fromkeys(c for v in sets.values() for c in v))
    found = [
        count(db, f"({f.rows_sql(name)})", columns(f, name)[0] if f is fake else described, domain, asked)
        for f in (real, fake)
    ]
    tv = {c: total_variation(found[0][c], found[1][c]) for c in asked}
    scores = {k: float(np.mean([tv[c] for c in v])) for k, v in sets.items() if v}
    return scores | (children(db, real, fake, name) if path else {})


def children(db: Db, real: Family, fake: Family, name: str) -> dict[str, float]:
    """Total variation of the number of children, and the childless share and the mean of both."""
    key = owner_of(real.members[name])
    shares = []
    for f in (real, fake):
        text = sql.render(
            "children_counts", parent=f"(select * from {f.members[key.table].relation})",
            child=f.members[name].relation, siblings=None,
            on=[list(p) for p in zip(key.referenced, key.columns, strict=True)],
        )  # fmt: skip
        rows = db.rows_sql("n", f"select _children, count(*) from ({text}) group by all")
        whole = sum(n for _, n in rows)
        shares.append({int(c): n / whole for c, n in rows})
    every = set(shares[0]) | set(shares[1])
    mean = [sum(c * s for c, s in share.items()) for share in shares]
    return {
        "children": 0.5 * sum(abs(shares[0].get(c, 0.0) - shares[1].get(c, 0.0)) for c in every),
        "none": shares[1].get(0, 0.0) - shares[0].get(0, 0.0), "mean": mean[1] / mean[0] - 1,
    }  # fmt: skip


def held(db: Db, alias: str) -> dict[str, float]:
    """Share of rows in the order of time, and orphans."""
    time_order = db.rows_sql(
        "time",
        f"""
        select avg((a.admitted >= b.admitted)::integer) from (
            select admitted, lag(admission_id) over (partition by patient_id order by admission_id) as before
            from {alias}.main.admissions) a join {alias}.main.admissions b on a.before = b.admission_id""",
    )[0][0]
    orphans = sum(
        db.rows_sql("orphans", f"select count(*) from {alias}.main.{t} anti join {alias}.main.{p} using ({k})")[0][0]
        for t, p, k in (
            ("admissions", "patients", "patient_id"), ("transfers", "admissions", "admission_id"),
            ("lab_events", "admissions", "admission_id"), ("lab_events", "lab_items", "item_id"),
        )
    )  # fmt: skip
    return {"in order": float(time_order), "orphans": float(orphans)}


def lines(found: dict[str, Any]) -> Iterator[str]:
    """A result as text."""
    facts = ", ".join(f"{k} {v:.3g}" for k, v in found.items() if isinstance(v, float))
    yield f"{found['way']}: {facts}"
    yield from (f"  {k}: {v}" for k, v in found.items() if k.startswith("contributions."))
    for name, scores in found["tables"].items():
        yield f"  {name:<11}" + " ".join(f"{scores[s]:8.4f}" if s in scores else " " * 8 for s in SCORES)


def main() -> None:
    """Print a block a way; each runs in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--epsilon", type=float, default=2.0)
    parser.add_argument("--ways", nargs="+", default=["mst", "flat", "no_hist", "no_seq"])
    parser.add_argument("--model", default="mst", help="the algorithm of ablations")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=NUMBER")
    parser.add_argument("--k", nargs="*", default=[], metavar="TABLE=K", help="another bound; auto: chosen")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "duckpaste-relations")
    parser.add_argument("--json", type=Path, help="append results to this file")
    given = parser.parse_args()
    given.work.mkdir(exist_ok=True)
    with private(given.work, given.patients) as space:
        for name in ("clinic", "flat_clinic"):
            space.ingest(
                space.load(name), parameters={"patients": given.patients} if name == "clinic" else None
            )
    print(" " * 12 + " ".join(f"{s:>8}" for s in SCORES))
    context = multiprocessing.get_context("spawn")
    for way in given.ways:
        options: dict[str, Any] = {"epsilon": given.epsilon, "model": given.model}
        options["bounds"] = dict(pair.split("=") for pair in given.k)
        options |= {k: float(v) for k, _, v in (pair.partition("=") for pair in given.set)}
        with context.Pool(1) as pool:
            found = pool.apply(run, (way, options, given.patients, given.work))
        print("\n".join(lines(found)), flush=True)
        if given.json:
            with given.json.open("a") as file:
                file.write(json.dumps({"epsilon": given.epsilon, "set": given.set, **found}) + "\n")


if __name__ == "__main__":
    main()
