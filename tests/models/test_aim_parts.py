"""The parts of AIM against brute force: sizes of models, candidates, weights, and the filter of the loss."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.domain import Clique, Domain
from duckpaste.models.annealing import Schedule, growth
from duckpaste.models.candidates import Candidates
from duckpaste.models.coding.coarsen import coarsen
from duckpaste.models.pgm import Observation, size_mb
from duckpaste.models.pgm.elimination import eliminate, maximal
from duckpaste.models.room import Room
from duckpaste.models.workload import Workload, all_ways, code_columns, listed, read_sets

# -- room


def size_by_order(domain: Domain, cliques: Sequence[Clique], order: Sequence[str]) -> float:
    """Megabytes of the junction tree when columns are eliminated in `order`: the graph played through, step by step."""
    graph = {n: {m for c in cliques if n in c for m in c} - {n} for n in domain}
    nodes = []
    for name in order:
        around = graph.pop(name)
        nodes.append({name} | around)
        for other in around:
            graph[other] = (graph[other] | around) - {name, other}
    return 8 * sum(domain.cells(n) for n in maximal(nodes)) / 2**20


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_room_against_elimination_played_through(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(int(rng.integers(2, 9)))]
    domain = Domain({n: int(rng.integers(1, 9)) for n in names})

    def drawn() -> Clique:
        return domain.clique(
            rng.choice(names, min(len(names), int(rng.integers(1, 5))), replace=False).tolist()
        )

    cliques = [drawn() for _ in range(int(rng.integers(0, 7)))]
    last = drawn() if rng.random() < 0.4 else ()
    room = Room(domain, cliques, last)
    order = [name for name, _ in eliminate(domain, cliques, last)]
    assert room.megabytes == pytest.approx(size_mb(domain, cliques, last))
    nodes = maximal({name} | around for name, around in eliminate(domain, cliques, last))
    for clique in itertools.chain.from_iterable(itertools.combinations(names, k) for k in (1, 2, 3)):
        inside = any(set(clique) <= node for node in nodes)
        assert room.inside(clique) == inside
        bound = room.bound(clique)
        assert bound == pytest.approx(size_by_order(domain, [*cliques, clique], order))
        assert room.exact(clique) == size_mb(domain, [*cliques, clique], last)
        if inside:
            assert bound == pytest.approx(room.megabytes)


def test_a_size_limit_lets_in_what_fits_and_nothing_else() -> None:
    domain = Domain(dict.fromkeys("abcde", 10))
    everything = Candidates.of(domain, all_ways(domain, 3), (), 10_000, 1000)
    room = Room(domain, [("a", "b"), ("b", "c")])
    sizes: dict[Clique, float] = {}
    for limit in (300, 1100, 2000):
        allowed = everything.within(room, limit * 8 / 2**20, sizes).cliques
        brute = [c for c in everything.cliques if room.inside(c) or room.exact(c) <= limit * 8 / 2**20]
        assert list(allowed) == brute
    assert ("a", "b") in everything.within(room, 0.0, sizes).cliques  # what is there already costs nothing


# -- candidates and weights


def parts_of(sets: Sequence[Clique]) -> set[Clique]:
    return {p for s in sets for k in range(1, len(s) + 1) for p in itertools.combinations(s, k)}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_candidates_are_the_downward_closure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(int(rng.integers(1, 7)))]
    domain = Domain({n: int(rng.integers(1, 6)) for n in names})
    evidence = [n for n in names if rng.random() < 0.3]
    if len(evidence) == len(names):
        evidence = evidence[1:]
    degree, cap = int(rng.integers(1, 5)), int(rng.choice([6, 40, 10_000]))
    varied = [n for n in names if domain[n] > 1]
    if rng.random() < 0.5:
        sets = list(itertools.combinations(varied, min(degree, len(varied)))) if varied else []
        work, widest = all_ways(domain, degree, evidence), degree
        weight = dict.fromkeys(sets, 1.0)
    else:
        asked = [(tuple(rng.choice(names, int(rng.integers(1, len(names) + 1)), replace=False)), float(rng.integers(1, 5)))
                 for _ in range(4)]  # fmt: skip
        work, widest = listed(domain, asked, degree, evidence), degree
        weight = {}
        for columns, counts in asked:
            found = domain.clique(n for n in columns if domain[n] > 1)
            weight[found] = weight.get(found, 0.0) + counts
    weight = {s: w for s, w in weight.items() if s and not set(s) <= set(evidence)}
    expected = {
        p for p in parts_of(list(weight))
        if len(p) <= widest and domain.cells(p) <= cap and not (len(p) > 1 and set(p) <= set(evidence))
    }  # fmt: skip
    found = Candidates.of(domain, work, evidence, cap, 10_000)
    assert set(found.cliques) == expected and len(found.cliques) == len(expected)
    for clique, score in zip(found.cliques, found.weights, strict=True):
        assert score == sum(w * len(set(clique) & set(s)) for s, w in weight.items())


def test_too_many_candidates_lose_the_widest_then_the_largest() -> None:
    domain = Domain({f"c{i}": 2 + i for i in range(10)})
    assert len(Candidates.of(domain, all_ways(domain, 3), (), 10**6, 175).cliques) == 10 + 45 + 120
    found = Candidates.of(domain, all_ways(domain, 3), (), 10**6, 174).cliques
    assert len(found) == 55 and max(map(len, found)) == 2
    few = Candidates.of(domain, all_ways(domain, 3), (), 10**6, 30).cliques
    assert len(few) == 30 and sum(len(c) == 1 for c in few) == 10
    dropped = [c for c in found if c not in few]
    assert max(domain.cells(c) for c in few) <= min(domain.cells(c) for c in dropped)


def test_sets_of_a_batch_share_at_most_one_column() -> None:
    domain = Domain(dict.fromkeys("abcd", 2))
    left = Candidates.of(domain, all_ways(domain, 3), (), 100, 100).apart_from(("a", "b", "c"))
    assert all(len(set(c) & set("abc")) < 2 for c in left.cliques) and ("a", "d") in left.cliques


def test_names_stand_for_their_code_columns() -> None:
    names = ["age", "born.year", "born.week", "patients.sex", "sex"]
    assert code_columns(names, "born") == ["born.year", "born.week"]
    assert code_columns(names, "patients.sex") == ["patients.sex"]
    assert code_columns(names, "stays.sex") == ["sex"] and code_columns(names, "ward") == []


def test_a_listed_workload() -> None:
    domain = Domain({"a": 3, "b": 2, "c": 4, "one": 1})
    found = listed(domain, ((("a", "b"), 2.0), (("b", "a"), 1.0), (("c", "gone"), 5.0), (("one",), 9.0)), 3)
    assert found.sets == (("a", "b"), ("c",)) and dict(found.pull) == {"a": 3.0, "b": 3.0, "c": 5.0}
    assert isinstance(found, Workload) and found.largest == 2
    assert read_sets([["a", "b"], {"columns": ["c"], "weight": 2}]) == ((("a", "b"), 1.0), (("c",), 2.0))
    for wrong in (3, ["a"], [[]], [{"columns": ["a"], "weight": 0}], [{"columns": ["a"], "weight": True}]):
        with pytest.raises(ValueError, match=r"list|weight"):
            read_sets(wrong)


# -- the filter


@given(
    st.sampled_from([1e-9, 0.013, 1.0, 250.0]), st.integers(1, 60), st.floats(0.01, 0.9),
    st.lists(st.tuples(st.integers(1, 7), st.booleans()), max_size=200), st.sampled_from([1.5, 2.0, 4.0, 1000.0]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_parts_never_sum_to_more_than_the_loss(
    loss: float, picks: int, share: float, takes: list[tuple[int, bool]], factor: float
) -> None:
    schedule = Schedule(loss, picks, share)
    spent, count = 0.0, 0
    for most, grows in [*takes, *[(3, False)] * 100]:
        if schedule.over:
            break
        parts = schedule.take(most)
        assert 1 <= len(parts) <= most and all(p.select > 0 and p.measure > 0 for p in parts)
        spent += sum(p.select + p.measure for p in parts)
        count += len(parts)
        assert spent <= loss * (1 + 1e-12)
        if grows:
            schedule.grow(factor)
    assert count <= picks
    assert schedule.over and spent == pytest.approx(loss)


def test_the_rest_is_all_that_is_left() -> None:
    schedule = Schedule(2.0, 10, 0.1)
    given_out = sum(p.select + p.measure for p in schedule.take(3))
    assert schedule.after(2) == pytest.approx(0.5)
    assert schedule.rest() == pytest.approx(2.0 - given_out) and schedule.over
    free = Schedule(math.inf, 4, 0.1)
    assert [len(free.take(3)), len(free.take(3))] == [3, 1] and free.over


def test_growth_halves_the_noise() -> None:
    assert growth(lambda loss: 3 * loss**-0.5) == pytest.approx(
        4.0
    )  # zCDP: noise falls with the root of the loss
    assert growth(lambda loss: 3 / loss) == pytest.approx(2.0)  # pure epsilon: with the loss
    assert growth(lambda loss: 0.0) == 4.0


# -- coarser codes


def test_coarser_codes_keep_null_apart_and_sum_up() -> None:
    rng = np.random.default_rng(0)
    domain = Domain({"n": 101, "flat": 30}, ordered=["n"], nulls={"n": 100})
    counts = {"n": rng.poisson(50, 101).astype(float), "flat": np.r_[np.full(5, 900.0), np.full(25, 1.0)]}
    counts["n"][100] = 4000
    fine = [
        Observation((n,), v + rng.normal(0, 3, v.shape), np.full(v.shape, 9.0)) for n, v in counts.items()
    ]
    found = coarsen(domain, fine, float(counts["n"].sum()), 5.0, 12)
    codes = found.maps["n"]
    assert found.domain["n"] == 12 and np.count_nonzero(codes == codes[100]) == 1
    assert np.all(np.diff(codes[:100]) >= 0)  # neighbours stay together
    assert found.domain["flat"] == 6
    for one in fine:
        coarse = found.observation(one)
        assert coarse.values.sum() == pytest.approx(one.values.sum())
        assert coarse.variance.sum() == pytest.approx(one.variance.sum())
    kept = coarsen(domain, fine, 1000.0, 0.0, math.inf)
    assert not kept.maps and kept.domain == domain
