"""Rules on the command line: counted in the output, faults told by check with nothing spent."""

from __future__ import annotations

import json
from pathlib import Path

from cli_help import fine, refused, run
from testkit import put

from duckpaste.db import Db

FIELDS = """
database: shop.duckdb
tables:
  t:
    rules: ["b >= a"%s]
    fields: {a: {type: numerical, min: 0, max: 9, bins: 10}, b: {type: numerical, min: 0, max: 9, bins: 10}}
"""


def view(tmp_path: Path, more: str = "") -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    with Db.open(tmp_path / "shop" / "shop.duckdb") as db:
        a = [i % 10 for i in range(500)]
        put(db, "t", {"a": a, "b": [min(9, x + 1) for x in a]}, {"a": "tinyint", "b": "tinyint"})
    (folder / "t.sql").write_text("-- t\ncreate table t as select * from {{ source }}.t;\n")
    (folder / "fields.yml").write_text(FIELDS % more)
    return folder


def test_pipe_and_sample_tell_what_was_broken(tmp_path: Path) -> None:
    folder = view(tmp_path)
    common = ("--database", tmp_path / "w.duckdb", "--out", tmp_path / "out", "-n", 300, "--seed", 1)
    ran = fine("pipe", f"{folder}.independent", "alg.epsilon=inf", *common)
    assert "broken at first" in ran and "b >= a" in ran
    again = fine("pipe", f"{folder}.independent", "alg.epsilon=inf", "--json", *common, "--overwrite")
    found = json.loads(again)["rules"][0]
    assert (found["rule"], found["rows"], found["after"]) == ("b >= a", 300, 0) and found["before"] > 60
    ran = fine("sample", tmp_path / "out" / "model.duckdb", "-o", tmp_path / "s.duckdb", "-n", 100)
    assert "broken at first" in ran


def test_check_tells_faults_and_nothing_is_spent(tmp_path: Path) -> None:
    folder = view(tmp_path, ', "c < a", "a < read_text(b)"')
    for words in (("check", folder), ("pipe", f"{folder}.independent", "--out", tmp_path / "out")):
        ran = run(*words, "--database", tmp_path / "w.duckdb")
        assert ran.code == 2 and "Traceback" not in ran.err
        assert "shop/fields.yml:5 t: the rule 'c < a' speaks of no column 'c'" in ran.err
        assert "calls read_text()" in ran.err
    assert not (tmp_path / "w.ledger.duckdb").exists() and not (tmp_path / "out").exists()


def test_rules_are_a_list_of_text(tmp_path: Path) -> None:
    folder = view(tmp_path, ", {holds: b}")
    assert "must be text" in refused("check", folder, "--database", tmp_path / "w.duckdb")
