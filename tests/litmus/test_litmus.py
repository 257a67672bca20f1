"""Cards hold whole entities and no key; the page gives nothing away; scores agree with counting by hand."""

from __future__ import annotations

import base64
import itertools
import json
import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.cli import cli
from duckpaste.errors import UserError
from duckpaste.evaluate.score import INTERNAL
from duckpaste.litmus import score
from duckpaste.litmus.cards import MOST_ROWS, Card, drawn
from duckpaste.litmus.page import page, shuffled
from duckpaste.workspace import open_workspace

VIEW = """
unit: people
tables:
  people:
    fields:
      person: id
      name: text
      mark: {type: categorical, values: [real, made]}
  visits:
    contributions: 4
    sequencer: day
    fields:
      visit: id
      person: id:people.person
      day: {type: numerical, min: 0, max: 1000}
  drugs:
    contributions: 8
    fields:
      drug: id
      visit: id:visits.visit
      dose: {type: numerical, min: 0, max: 1000000}
"""


def tables(mark: str, first: int) -> str:
    """Person i has i % 4 visits on days i * 10 + 2, + 1, ...; a visit has two drugs that name person and day."""
    return f"""
    create table people (person integer primary key, name varchar, mark varchar);
    insert into people select i, 'Secret ' || i, '{mark}' from range({first}, {first} + 60) r(i);
    create table visits (visit integer primary key, person integer not null references people (person), day integer);
    insert into visits select i * 10 + j, i, i * 10 + 3 - j from range({first}, {first} + 60) r(i), range(4) s(j) where j < i % 4;
    create table drugs (drug integer primary key, visit integer not null references visits (visit), dose integer);
    insert into drugs select visit * 10 + k, visit, day * 10 + k from visits, range(2) s(k);
    """


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("litmus")
    (folder / "v").mkdir()
    (folder / "v" / "fields.yml").write_text(VIEW)
    for name, mark, first in (("private", "real", 0), ("synthetic", "made", 500)):
        with duckdb.connect(str(folder / f"{name}.duckdb")) as con:
            con.execute(tables(mark, first))
    return folder


def cards_of(home: Path, number: int = 12, seed: int = 3) -> list[Card]:
    from duckpaste.evaluate.sides import opened

    with open_workspace(home / "private.duckdb") as space:
        view, schema = space.resolved(space.load(str(home / "v")))
        with opened(space.db, view, schema, home / "synthetic.duckdb", 0.0, seed) as sides:
            found = drawn(sides, number, seed)
            left = space.db.rows_sql("left", "select table_name from duckdb_tables() where temporary")
    assert left == []
    return found


def test_a_card_holds_one_entity_with_all_that_hangs_on_it(home: Path) -> None:
    cards = cards_of(home, 30)
    assert Counter(c.real for c in cards) == {True: 30, False: 30}
    for card in cards:
        assert dict(card.facts) == {"mark": "real" if card.real else "made"}
        visits, drugs = card.branches
        days = [int(row[1]) for row in visits.rows]
        assert days == sorted(days) and len({d // 10 for d in days}) <= 1
        assert [row[0] for row in visits.rows] == [str(n + 1) for n in range(len(days))]
        assert drugs.header == ["#", "visits #", "dose"] and len(drugs.rows) + drugs.more == 2 * len(days)
        for _, visit, dose in drugs.rows:
            assert int(dose) // 10 == days[int(visit) - 1]
    assert len({len(c.branches[0].rows) for c in cards}) == 4, "from none to three visits"


def test_cards_hold_no_key_and_no_made_up_text(home: Path) -> None:
    text = json.dumps([[c.facts, [[b.header, b.rows] for b in c.branches]] for c in cards_of(home)])
    assert "Secret" not in text and "person" not in text and '"visit"' not in text


def test_the_same_seed_draws_the_same_cards(home: Path) -> None:
    assert cards_of(home) == cards_of(home) != cards_of(home, seed=4)
    assert len(cards_of(home, 500)) == 120, "there are no more"


def test_long_branches_are_cut_and_say_so(home: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(home / "private.duckdb")) as con:
        con.execute("begin; insert into visits select 100000 + i, 1, i from range(50) r(i); commit")
    try:
        longest = max((c for c in cards_of(home, 60) if c.real), key=lambda c: c.branches[0].more)
    finally:
        with duckdb.connect(str(home / "private.duckdb")) as con:
            con.execute("delete from visits where visit >= 100000")
    assert len(longest.branches[0].rows) == MOST_ROWS and longest.branches[0].more == 51 - MOST_ROWS


def test_the_page_shows_every_card_and_gives_nothing_away() -> None:
    evil = "<script>alert(1)</script>"
    cards = [Card(bool(i % 2), evil, [(evil, f"value {i}")], []) for i in range(40)]
    made = page(evil, shuffled(cards, 1), 1).html
    assert INTERNAL in made and made.count("<script>") == 1 and evil not in made
    assert not re.search(r"https?://|@import|url\(", made)
    ids = re.findall(r'data-id="(\w{6})"', made)
    assert len(set(ids)) == 40
    key = re.search(r'data-key="([^"]+)"', made)
    assert key
    truth = json.loads(base64.b64decode(key[1]))
    assert set(truth) == set(ids) and sum(truth.values()) == 20
    order = [truth[i] for i in ids]
    assert order != sorted(order) and order != [bool(i % 2) for i in range(40)]
    visible = made.replace(key[1], "")
    assert "real" not in re.sub(
        r"(?i)real or synthetic|real, or made|rather real|surely real|real people|var\(--real.*?\)|--real\S*|\.real\S*",
        "",
        visible.split("<main")[1].split("<script>")[0],
    )


def saved(path: Path, ratings: dict[str, int], truth: dict[str, bool], **more: Any) -> Path:
    key = base64.b64encode(json.dumps(truth).encode()).decode()
    path.write_text(
        json.dumps({"litmus": 1, "test": "t", "rater": path.stem, "key": key, "answers": ratings, **more})
    )
    return path


TRUTH = {f"r{i}": True for i in range(10)} | {f"s{i}": False for i in range(10)}


def test_a_rater_who_knows_and_one_who_guesses(tmp_path: Path) -> None:
    knows = saved(tmp_path / "knows.json", {c: 5 if t else 1 for c, t in TRUTH.items()}, TRUTH)
    rng = random.Random(1)
    guesses = saved(tmp_path / "guesses.json", {c: rng.randint(1, 5) for c in TRUTH}, TRUTH)
    unsure = saved(tmp_path / "unsure.json", dict.fromkeys(TRUTH, 3), TRUTH)
    found = [score.told(score.read(p)) for p in (knows, guesses, unsure)]
    assert (found[0].real, found[0].synthetic, found[0].auc, found[0].right, found[0].apart) == (
        5,
        1,
        1,
        1,
        True,
    )
    assert found[1].apart is False
    assert (found[2].auc, found[2].right, found[2].error, found[2].apart) == (0.5, 0.5, 0, False)
    done = CliRunner().invoke(cli, ["litmus", "score", str(knows), str(guesses)], catch_exceptions=False)
    assert "knows" in done.output and "yes" in done.output and "agreement of raters" in done.output
    as_json = json.loads(
        CliRunner().invoke(cli, ["litmus", "score", str(knows), "--json"], catch_exceptions=False).output
    )
    assert as_json["raters"][0]["auc"] == 1.0 and as_json["agreement"] is None


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=6), st.lists(st.integers(1, 5), min_size=1, max_size=6)
)
def test_the_error_by_chance_is_that_of_all_orders(real: list[int], fake: list[int]) -> None:
    """Against the variance of auc over every way to call the same ratings real or synthetic."""
    pooled, n = [*real, *fake], len(real)
    values = []
    for picked in itertools.combinations(range(len(pooled)), n):
        mine = [pooled[i] for i in picked]
        values.append(score.auc(mine, [pooled[i] for i in range(len(pooled)) if i not in picked]))
    mean = sum(values) / len(values)
    assert mean == pytest.approx(0.5)
    assert score.chance(real, fake) ** 2 == pytest.approx(sum((v - 0.5) ** 2 for v in values) / len(values))


def test_agreement_is_krippendorffs_alpha() -> None:
    def rater(*ratings: int | None) -> score.Answers:
        return score.Answers("t", "r", {f"r{i}": r for i, r in enumerate(ratings) if r is not None}, TRUTH)

    assert score.agreement([rater(1, 2, 5), rater(1, 2, 5)]) == 1
    assert score.agreement([rater(1, 5, 1, 5), rater(5, 1, 5, 1)]) < -0.5
    assert math.isnan(score.agreement([rater(1, 2)])) and math.isnan(
        score.agreement([rater(3, 3), rater(3, 3)])
    )
    # Krippendorff (2011), section C's data without missing values, interval: by the coincidence matrix.
    a, b = (1, 2, 3, 3, 2, 1, 4, 1, 2, 5), (1, 2, 3, 3, 2, 2, 4, 1, 2, 5)
    pooled = [*a, *b]
    observed = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 10
    expected = sum((x - y) ** 2 for x, y in itertools.permutations(pooled, 2)) / (20 * 19)
    assert score.agreement([rater(*a), rater(*b)]) == pytest.approx(1 - observed / expected)
    assert score.agreement([rater(*a, 1), rater(*b, None)]) == pytest.approx(1 - observed / expected), (
        "a card of one rater"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("nonsense", "holds no answers"), ("[]", "holds no answers"), ('{"litmus": 2}', "holds no answers"),
        ('{"litmus": 1, "key": "!", "answers": {"a": 1}}', "is damaged"), ('{"litmus": 1, "key": "e30=", "answers": {}}', "no card was rated"),
        ('{"litmus": 1, "key": "e30=", "answers": {"a": 1}}', "no ratings of its cards"), ('{"litmus": 1, "key": "e30="}', "is damaged"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_told_in_a_line(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=what):
        score.read(tmp_path / "a.json")
    with pytest.raises(UserError, match="can't be read"):
        score.read(tmp_path / "gone.json")


def test_answers_to_different_pages_are_not_mixed(tmp_path: Path) -> None:
    a = saved(tmp_path / "a.json", {"r0": 1}, TRUTH)
    b = saved(tmp_path / "b.json", {"x": 1}, {"x": True}, test="u")
    done = CliRunner().invoke(cli, ["litmus", "score", str(a), str(b)])
    assert isinstance(done.exception, UserError) and "different pages" in str(done.exception)
    done = CliRunner().invoke(cli, ["litmus", "v", str(a), str(b)])
    assert isinstance(done.exception, UserError) and "one synthetic database" in str(done.exception)


def test_the_command_writes_the_page(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "litmus.html"
    words = [
        "litmus",
        str(home / "v"),
        str(home / "synthetic.duckdb"),
        "--database",
        str(home / "private.duckdb"),
        "-n",
        "5",
        "--seed",
        "1",
        "-o",
    ]
    done = CliRunner().invoke(cli, [*words, str(out)], catch_exceptions=False)
    assert done.exit_code == 0 and out.read_text(encoding="utf-8").count("<article") == 10
    done = CliRunner().invoke(cli, [*words, str(tmp_path / "x.txt")])
    assert isinstance(done.exception, UserError) and "is no page" in str(done.exception)
