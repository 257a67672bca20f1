"""Keys: by row number whatever the batches, unique, of the column's type."""

from __future__ import annotations

import re
import uuid

import numpy as np
import pyarrow as pa
import pytest
from codec_tools import as_text, decoded, encoded, fresh

from duckpaste.codec.key import uuids
from duckpaste.db import Db
from duckpaste.errors import UserError

SOME = np.random.default_rng(0)


def in_batches(codec, n, sizes):
    rng, parts, start = np.random.default_rng(1), [], 0
    for size in sizes:
        parts.append(codec.decode({}, range(start, start + size), rng, {})["x"])
        start += size
    assert start == n
    return pa.concat_arrays(parts).to_pylist()


@pytest.mark.parametrize(
    ("sql_type", "options", "first", "last"),
    [
        ("INTEGER", {}, 1, 1000),
        ("BIGINT", {}, 1, 1000),
        ("HUGEINT", {}, 1, 1000),
        ("", {}, 1, 1000),
        ("VARCHAR", {}, "1", "1000"),
        ("VARCHAR", {"format": "P%06d"}, "P000001", "P001000"),
        ("VARCHAR", {"format": "%d%%"}, "1%", "1000%"),
        ("VARCHAR", {"format": "%%-%4d"}, "%-   1", "%-1000"),
        ("VARCHAR", {"format": "[A-C][0-9]{3}"}, "A000", "A999"),
    ],
)
def test_keys_follow_the_row_number(sql_type, options, first, last):
    codec = fresh("id", sql_type, ("p.id",), **options)
    assert codec.columns() == () and codec.encode() == {} and codec.promises() == ()
    made = in_batches(codec, 1000, [1000])
    assert (made[0], made[-1], len(set(made))) == (first, last, 1000)
    assert in_batches(codec, 1000, [1, 0, 499, 500]) == made


def test_huge_patterns_are_drawn():
    made = in_batches(fresh("id", "VARCHAR", format="[A-Z]{20}"), 500, [250, 250])
    assert len(set(made)) == 500 and all(re.fullmatch("[A-Z]{20}", m) for m in made)


def test_too_few_keys_are_an_error():
    codec = fresh("id", "VARCHAR", format="[0-9]")
    assert len(in_batches(codec, 10, [10])) == 10
    with pytest.raises(UserError, match="only 10 different keys"):
        in_batches(codec, 11, [11])
    assert in_batches(fresh("id", "TINYINT"), 127, [127])[-1] == 127
    with pytest.raises(UserError, match="TINYINT"):
        in_batches(fresh("id", "TINYINT"), 128, [128])


@pytest.mark.parametrize("kind", ["id", "uuid"])
def test_uuids_are_of_version_4(kind):
    codec = fresh(kind, "UUID")
    with Db.open() as db:
        made = as_text(decoded(codec, {}, 3000), "UUID", db)
    parsed = [uuid.UUID(m) for m in made]
    assert [str(u) for u in parsed] == made and len(set(made)) == 3000
    assert {u.version for u in parsed} == {4} and {u.variant for u in parsed} == {uuid.RFC_4122}
    bits = np.array([[u.int >> i & 1 for i in range(128)] for u in parsed])
    free = [i for i in range(128) if i not in (62, 63, 76, 77, 78, 79)]
    # Each of 122 free bits is fair: seven standard deviations, false alarm below 1e-9, fixed seed.
    assert np.abs(bits[:, free].mean(axis=0) - 0.5).max() < 7 * 0.5 / np.sqrt(3000)


def test_nullable_uuids_keep_their_nulls():
    codec = fresh("uuid", "UUID", nullable=True)
    with Db.open() as db:
        db.run_sql(
            "t", "create table t as select i, case when i % 2 = 0 then uuid() end as x from range(9) r(i)"
        )
        codes = encoded(codec, db)
    made = decoded(codec, codes, 9)
    assert [m is None for m in made.to_pylist()] == [i % 2 == 1 for i in range(9)]
    made.validate(full=True)


def test_no_rows_make_no_keys():
    for codec in (
        fresh("id", "BIGINT"),
        fresh("id", "VARCHAR", format="a+"),
        fresh("id", format="%d"),
        fresh("uuid"),
    ):
        assert decoded(codec, {}, 0).to_pylist() == []
    assert uuids(0, SOME).to_pylist() == []
