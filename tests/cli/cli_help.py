"""Helpers of the command-line tests: run a command in this process, and make small views."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from duckpaste.cli import main

SECRET = "s3cret"


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, standard output, lines of standard error that are errors, all of it."""

    code: int
    out: str
    errors: list[str]
    err: str


def run(*words: object) -> Ran:
    """`duckpaste WORDS...` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(w) for w in words])
        except SystemExit as end:
            code = int(end.code or 0)
    errors = [line for line in err.getvalue().splitlines() if line.startswith("Error: ")]
    return Ran(code, out.getvalue(), errors, err.getvalue())


def fine(*words: object) -> str:
    """Run a command that must succeed; its standard output."""
    ran = run(*words)
    assert ran.code == 0, ran.err + ran.out
    assert "Traceback" not in ran.err
    return ran.out


def refused(*words: object) -> str:
    """Run a command that must end with exit code 2 and error lines alone; those lines, without "Error: ".

    No value of the private rows of these tests (all hold SECRET) may be told."""
    ran = run(*words)
    assert ran.code == 2, f"exit {ran.code}\n{ran.err}{ran.out}"
    assert ran.errors, ran.err
    assert SECRET not in ran.err + ran.out
    assert "Traceback" not in ran.err
    assert all(_is_quiet(line) for line in ran.err.splitlines()), ran.err
    return "\n".join(line.removeprefix("Error: ") for line in ran.errors)


def _is_quiet(line: str) -> bool:
    """A fault, the time of a stage, the stamp of exact figures, or what a demo begins with."""
    return line.startswith(("Error: ", "internal: ", "A fictional clinic of ")) or bool(
        re.fullmatch(r"[\w-]+ +\d+\.\d\d s", line)
    )


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Fail when a file comes, goes or changes, or a ledger gets a row, while the block runs.

    Opening a ledger may rewrite the file, so that its rows are compared."""
    before = _state(folder)
    yield
    assert _state(folder) == before


def _state(folder: Path) -> dict[str, object]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".wal":
            stat = path.stat()
            found[str(path)] = _content(path, stat.st_mtime_ns, stat.st_size)
        elif path.is_dir():
            found[str(path)] = "folder"
    return found


@cache
def _content(path: Path, *_: int) -> object:
    """What counts of a file; the further arguments tell when it was written."""
    return spent(path) if ".ledger." in path.name else hashlib.md5(path.read_bytes()).hexdigest()


def view(folder: Path, script: str, fields: str, **more: str) -> Path:
    """A view's folder with one SQL file and a fields.yml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tables.sql").write_text(script, encoding="utf-8")
    (folder / "fields.yml").write_text(fields, encoding="utf-8")
    for name, text in more.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over a database file, opened for reading."""
    con = duckdb.connect(str(path), read_only=True)
    try:
        found: list[tuple[Any, ...]] = con.sql(query).fetchall()
        return found
    finally:
        con.close()


def spent(path: Path) -> int:
    """The number of runs and releases in a ledger; 0 when there is none."""
    if not path.is_file():
        return 0
    return int(rows(path, "select (select count(*) from runs) + (select count(*) from releases)")[0][0])
