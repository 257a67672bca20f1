"""The text of every template with a context like those the code passes: a change of SQL shows in a diff.

`pytest --update-golden` writes the files anew; look at the diff before committing it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from duckpaste import sql
from duckpaste.resources import folder

GOLDEN = Path(__file__).parent / "golden"
CODES = [
    {
        "name": "sex",
        "size": 2,
        "expression": "coalesce((CASE \"sex\"::VARCHAR WHEN 'm' THEN 1 END)::INTEGER, 0)",
    },
    {"name": "born.years", "size": 300, "expression": 'year("born")'},
    {"name": 'a "b', "size": 100_000, "expression": '"a ""b"'},
]
BLOCKS = [
    {"columns": ["sex", "born.years"], "sizes": [2, 300], "cells": 600, "key": None},
    {"columns": ["sex", 'a "b'], "sizes": [2, 100_000], "cells": 200_000, "key": None},
    {
        "columns": ["sex", 'a "b', "born.years"],
        "sizes": [2, 100_000, 300],
        "cells": 60_000_000,
        "key": "_key_0",
    },
    {"columns": ["x", "y"], "sizes": [70_000, 70_000], "cells": 4_900_000_000, "key": None},
]
KEYS = [
    {"name": f"_key_{i}", **{k: b[k] for k in ("columns", "sizes", "cells")}} for i, b in enumerate(BLOCKS)
]
BOUNDED = {
    "source": '"clinic"."visits"', "unit": "patient", "k": 4, "one": 1048576,
    "order_by": ["visit", "day"], "weight": "_weight", "rank": "_rank",
}  # fmt: skip
TABLE = {
    "target": '"visits"',
    "columns": [
        {"name": "id", "sql_type": "BIGINT", "not_null": True},
        {"name": 'a "b', "sql_type": "ENUM('x', 'y')", "not_null": False},
    ],
}
BUCKET = '(select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint)'
# template, or template.case -> context
CONTEXTS: dict[str, dict[str, Any]] = {
    "bounded_rows.weights": {**BOUNDED, "bound": "weights"},
    "bounded_rows.rows": {**BOUNDED, "bound": "rows"},
    "bucket_rows": {"relation": '"clinic"."visits"', "keys": ['b."patient"', 'b."a ""b"'], "above": None, "on": []},
    "bucket_rows.below": {
        "relation": '"clinic"."labs"', "keys": [], "above": BUCKET[1:-1], "on": [["visit", "id"], ['a "b', "c"]],
    },
    "catalog_columns": {"database": "work", "schema": "it's"},
    "catalog_comments": {"database": "work", "schema": "it's"},
    "catalog_constraints": {"database": "work", "schema": "it's"},
    "cell_counts": {"relation": '"t"', "expressions": ["x // 10", '(CASE WHEN "y" THEN 1 END)'], "weight": None},
    "cell_counts.weighted": {"relation": '"_bounded_0"', "expressions": ["x // 10"], "weight": "_weight"},
    "children_counts": {
        "parent": "(select * from visits)",
        "child": '"clinic"."labs"',
        "on": [["id", "visit"], ['a "b', "c"]],
        "siblings": None,
    },
    "children_slots": {
        "parent": '"_bounded_0"', "child": '"enrolled"', "through": None, "keys": [["id", 'c."person"']], "along": [],
        "code": "enum_code(c.school)", "slots": [{"code": i, "present": f"_children#{i}", "told": []} for i in range(2)],
    },
    "children_slots.through": {
        "parent": '"_bounded_0"', "child": '"taken"', "keys": [["id", 'm."patient"'], ["b", 'm."b"']],
        "through": {"relation": '"visits"', "on": [["visit", "id"], ["day", "day"]]}, "code": "c.x", "along": ["c.y", "c.z"],
        "slots": [{"code": 0, "present": "_children#0", "told": ["_children#0.y", "_children#0.z"]}],
    },
    "children_counts.bucket": {
        "parent": BUCKET, "child": f'(select b.* from "labs" b semi join {BUCKET} a on b."visit" = a."id")',
        "on": [["id", "visit"]], "siblings": None,
    },
    "children_counts.sequence": {
        "parent": '"_bounded_0"', "child": '"labs"', "on": [["id", "visit"]],
        "siblings": {"partition": ["patient", 'a "b'], "position": "@position", "label": "@1._children"},
    },
    "column_range": {"relation": '"t"', "column": '"a ""b"', "measure": '"a ""b"::double'},
    "column_spike": {"relation": '"t"', "expression": '"cost"::double'},
    "column_values": {"sides": ['"t"', '"made"."main"."t"'], "expression": '"a ""b"', "most": 12},
    "code_ranges": {"relation": '"_encoded_1"', "columns": ["sex", 'a "b']},
    "demo_wards": {"real": '"clinic"', "synthetic": '"made"."main"'},
    "encoded": {"relation": '"t"', "target": '"_encoded_1"', "columns": CODES, "weight": None},
    "encoded.weighted": {
        "relation": '"_bounded_0"', "target": '"_encoded_1"', "columns": CODES[:1], "weight": "__weight",
        "weight_name": "_weight",
    },
    "faults": {"relation": '"t"', "predicates": ['"sex" IS NULL', '"age" < 0'], "exact": False},
    "faults.exact": {"relation": '"t"', "predicates": ['"sex" IS NULL'], "exact": True},
    "ingest_record": {"database": "work", "name": "it's", "kind": "view", "tables": ["a", "b'"], "digest": "d1"},
    "ingested": {"database": "work", "name": "it's"},
    "ledger_lines": {},
    "ledger_stages": {},
    "ledger_tables": {},
    "ledger_shares": {"run": "it's"},
    "ledger_totals": {},
    "kept_rows": {"target": '"_bounded_0"', "rows": 'select * from "visits"', "more": False},
    "kept_rows.bucket": {"target": '"_bounded_0"', "rows": BUCKET[1:-1], "more": True},
    "litmus_rows.below": {
        "target": '"_litmus_1"', "relation": '"clinic"."visits"', "parent": '"_litmus_0"', "on": [["patient", "id"], ['a "b', "c"]],
    },
    "litmus_rows.units": {
        "target": '"_litmus_0"', "relation": '"patients"', "parent": None, "columns": ["sex", 'a "b'], "seed": 7, "most": 20,
    },
    "marginals": {"relation": '"_encoded_1"', "blocks": BLOCKS, "weight": None},
    "marginals.weighted": {"relation": '"_encoded_1"', "blocks": BLOCKS[:1], "weight": "_weight"},
    "model_tables": {},
    "null_shares": {"relation": '"t"', "columns": ["sex", 'a "b']},
    "orphans": {"child": '"labs"', "parent": '"visits"', "on": [["visit", "id"], ["c", 'a "b']]},
    "owner_rows": {
        "relation": '"clinic"."labs"',
        "parents": [
            {
                "relation": '"clinic"."visits"',
                "alias": "p0",
                "on": [['t."visit"', 'p0."id"']],
                "columns": [{"name": "day", "label": "visits.day"}],
            },
            {
                "relation": '"clinic"."people"',
                "alias": "p1",
                "on": [['p0."person"', 'p1."id"']],
                "columns": [{"name": 'a "b', "label": 'people.a "b'}],
            },
        ],
        "unit": ['p1."id"'],
    },
    "owner_rows.composite": {"relation": '"people"', "parents": [], "unit": ['t."x"', 't."y"']},
    "ranked_keys": {
        "rows": "(select *, payer as _unit from payments)", "columns": ["payee", 'a "b'], "order_by": ["id", "c"], "k": 4,
        "rank": "_rank",
    },
    "times_referred": {
        "rows": "(select payee, a from ranked)", "targets": '"_ranked_keys_1"', "on": [["payee", "id"], ['a "b', "c"]],
    },
    "unit_sizes": {"rows": '(select t.*, p0."id" as _unit from "labs" t join "people" p0 on t."p" = p0."id")'},
    "packed": {
        "relation": '"_encoded_1"', "target": '"_packed_2"', "temporary": True, "columns": ["sex", "_weight"], "keys": KEYS,
    },
    "predicate_truths": {
        "source": '"_rows"',
        "table": "visits",
        "columns": [{"name": 'a "b', "sql_type": "INTEGER"}, {"name": "nth", "sql_type": "VARCHAR"}],
        "nth": "_nth",
        "expressions": ['"a ""b" > 3', "nth = 'x'"],
    },
    "repeated_keys": {"relation": '"clinic"."visits"', "columns": ["id", 'a "b']},
    "rule_truths": {
        "source": "rules_rows", "nth": "_nth", "columns": [{"name": "total", "sql_type": "DECIMAL(9,2)"}],
        "totals": [{"source": "rules_rows_0", "columns": [{"name": "amount", "sql_type": "DECIMAL(9,2)"}], "values": [
            {"label": "SUM(lines.amount)", "expression": 'SUM("amount")', "counts": False},
            {"label": "count(lines)", "expression": "count(*)", "counts": True},
        ]}],
        "publics": [],
        "rules": ['"total" = "SUM(lines.amount)"', '"count(lines)" > 0'],
        "values": [{"expression": '"SUM(lines.amount)"', "sql_type": "DECIMAL(9,2)"}],
    },
    "rule_truths.public": {
        "source": "rules_rows", "nth": "_nth", "totals": [],
        "columns": [{"name": "value", "sql_type": "DOUBLE"}, {"name": "item", "sql_type": "TINYINT"},
                    {"name": "visits.site", "sql_type": "VARCHAR"}],
        "publics": [
            {"source": "rules_public_0", "on": [[1, 'a "b'], [2, "site"]],
             "columns": [{"name": "high", "label": "items.high", "sql_type": "DOUBLE"}]},
        ],
        "rules": ['"value" <= "items.high"'],
        "values": [{"expression": '"items.high"', "sql_type": "DOUBLE"}],
    },
    "scores_table": {"stamp": "it's internal"},
    "evaluated_rows": {
        "relation": '"db"."v"."labs"', "columns": ["visit", 'a "b'], "part": "hash(p0.\"id\", 0) % 2", "row": "hash(t.id)", "unit": "p0.id",
        "parents": [{"relation": '"db"."v"."visits"', "alias": "p0", "on": [['t."visit"', 'p0."id"']],
                     "columns": [{"name": "ward", "label": "visits.ward"}]}],
        "lags": {"partition": ["visit"], "order_by": ["taken", "id"],
                 "columns": [{"name": "taken", "label": "@1.taken"}]},
    },
    "evaluated_rows.plain": {"relation": '"t"', "columns": ["a"], "part": "0", "row": "1", "unit": None, "parents": [], "lags": None},
    "label_counts": {"relation": '"t"', "columns": ["sex", 'a "b'], "limit": 61},
    "column_facts": {"relation": '"t"', "columns": [{"name": "sex", "number": None},
                                                    {"name": 'a "b', "number": '"a ""b"::double'}]},
    "value_coverage": {"real": '"t"', "other": '"made"."main"."t"', "columns": ["sex", 'a "b']},
    "copied_rows": {"rows": '"made"."main"."t"', "other": '"t"', "columns": ["sex", 'a "b']},
    "parents_with_children": {"parent": "select * from people", "children": [
        {"relation": '"visits"', "on": [["id", "person"], ["x", 'a "b']], "numbers": [{"name": "cost", "expression": '"cost"::double'}],
         "categories": [{"name": "ward", "value": "it's"}, {"name": "ward", "value": "b"}]},
        {"relation": '"labs"', "on": [["id", "person"]], "numbers": [], "categories": []},
    ]},
    "child_counts": {"parent": '"people"', "child": '"visits"', "on": [["id", "person"], ["x", 'a "b']]},
    "schema_tables": {"name": "it's"},
    "sibling_rows.bucket": {
        "relation": BUCKET, "partition": ["visit"], "order_by": ["taken"], "position": "@position", "left": None, "lags": [],
    },
    "sibling_rows.left": {
        "relation": '"labs"', "partition": ["visit", 'a "b'], "order_by": ["taken"], "position": "@position", "left": "@left",
        "lags": [],
    },
    "sibling_rows": {
        "relation": '"clinic"."labs"', "partition": ["visit", 'a "b'], "order_by": ["taken", "id"], "position": "@position", "left": None,
        "lags": [{"name": 'a "b', "back": 1, "label": '@1.a "b'}, {"name": "taken", "back": 2, "label": "@2.taken"}],
    },
    "synthetic_rows": {**TABLE, "source": '"_batches"'},
    "synthetic_table": {**TABLE, "primary_key": ["id"], "checks": ["(id > 0)", "(1 = 1)"]},
    "synthetic_table.keys": {
        **TABLE,
        "primary_key": ["id"],
        "checks": [],
        "foreign_keys": [
            {"columns": ["p", "q"], "table": "people", "referenced": ["x", "y"]},
            {"columns": ["id"], "table": 'a "b', "referenced": ["id"]},
        ],
    },
    "synthetic_table.plain": {**TABLE, "primary_key": [], "checks": []},
    "unreached_rows": {
        "relation": '"clinic"."labs"', "parents": [], "keys": ['t."visit"', 't."a ""b"'],
    },
    "unreached_rows.above": {
        "relation": '"clinic"."labs"',
        "parents": [
            {"relation": '"clinic"."visits"', "alias": "p0", "on": [['t."visit"', 'p0."id"'], ['t."day"', 'p0."day"']]},
            {"relation": '"clinic"."stays"', "alias": "p1", "on": [['p0."stay"', 'p1."id"']]},
        ],
        "keys": ['t."visit"', 'p1."person"'],
    },
    "value_codes": {
        "source": "values_of_rows", "nth": "_nth", "codes": ["CASE WHEN \"sex\" = 'm' THEN 1 ELSE 0 END", 'isoyear("people.born")'],
        "columns": [{"name": "sex", "sql_type": "VARCHAR"}, {"name": "people.born", "sql_type": "DATE"}],
    },
    "value_counts.row": {"relation": '"t"', "expression": '"name"::VARCHAR', "unit": None, "k": 1},
    "value_counts.unit": {"relation": '"_bounded_0"', "expression": '"name"::VARCHAR', "unit": "patient", "k": 4},
}  # fmt: skip


@pytest.mark.parametrize("case", CONTEXTS)
def test_text(case: str, update_golden: bool) -> None:
    template = case.split(".")[0]
    text = sql.render(template, **CONTEXTS[case]) + "\n"
    assert duckdb.extract_statements(text), "DuckDB reads it"
    path = GOLDEN / f"{case}.sql"
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_every_template_has_a_golden_file_and_the_reverse() -> None:
    templates = {p.stem for p in folder("sql").glob("*.sql")}
    assert templates == {case.split(".")[0] for case in CONTEXTS}
    assert {p.name for p in GOLDEN.glob("*.sql")} == {f"{case}.sql" for case in CONTEXTS}


@pytest.mark.parametrize("path", sorted(folder("sql").glob("*.sql")), ids=lambda p: p.stem)
def test_every_template_says_what_it_reads_and_what_one_row_changes(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    for word in ("inputs:", "output:", "grain:", "sensitivity:"):
        if path.stem in ("ingest_record", "ingested") and word == "grain:":
            continue
        assert word in text, word
