"""The README's commands run as written, and print what it shows, but for noisy numbers.

`python tests/test_readme.py` writes the output anew. All fences run in one folder, in order. In ```console a line `$ x`
is a command, `> x` continues it, and a line of three dots stands for any lines; ```python runs as a script. A comment
before a fence says otherwise: <!-- not run: why -->, <!-- varies: why --> where the output is not compared, or
<!-- file: path --> for a file that a reader writes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FENCE = re.compile(r"(?ms)^(?:<!-- (?P<note>[^\n]*?) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)^```$")
# The DuckDB shell, for those who have none: `duckdb FILE SQL` prints what the last SELECT returns.
SHELL = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
for statement in con.extract_statements(sys.argv[2]):
    if statement.type == duckdb.StatementType.SELECT:
        con.sql(statement.query).show(max_width=200)
    else:
        con.execute(statement.query).fetchall()
"""


@dataclass
class Step:
    """A command with the output that the README shows, or a file to write; `line` is the command's last one."""

    command: list[str] | None
    line: int
    shown: list[str] = field(default_factory=list)
    words: str = ""
    file: str = ""
    varies: bool = False


def steps() -> Iterator[Step]:
    """What a reader of the README does, in order."""
    text = README.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        note, body = fence["note"] or "", fence["body"]
        line = text.count("\n", 0, fence.start("body")) + 1
        if note.startswith("not run: "):
            continue
        if note.startswith("file: "):
            yield Step(None, line, file=note.removeprefix("file: "), words=body)
        elif fence["kind"] == "python":
            yield Step([sys.executable, "-c", body], line, words=body)
        elif fence["kind"] == "console":
            for step in _commands(body, line):
                step.varies = note.startswith("varies: ")
                yield step


def _commands(body: str, line: int) -> Iterator[Step]:
    step: Step | None = None
    for number, text in enumerate(body.splitlines(), line):
        if text.startswith("$ "):
            if step:
                yield step
            step = Step(["sh", "-c", text[2:]], number, words=text[2:])
        elif step and text.startswith("> ") and not step.shown:
            step.words += "\n" + text[2:]
            step.command, step.line = ["sh", "-c", step.words], number
        elif step:
            step.shown.append(text)
    if step:
        yield step


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the commands: `duckpaste` and `duckdb` are on PATH, and nothing tells of a terminal."""
    tools = folder.parent / f"{folder.name}-bin"
    tools.mkdir(exist_ok=True)
    (tools / "shell.py").write_text(SHELL)
    # No shebang of Python: a path may have spaces, and may be too long.
    words = {"duckdb": f'"{tools / "shell.py"}"', "duckpaste": "-m duckpaste"}
    for name, arguments in words.items():
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (tools / name).chmod(0o755)
    search = os.pathsep.join([str(tools), sysconfig.get_path("scripts"), os.environ["PATH"]])
    modules = os.pathsep.join(sys.path)
    return {**os.environ, "PATH": search, "PYTHONPATH": modules, "PYTHONUNBUFFERED": "1", "COLUMNS": "110"}


def run(step: Step, folder: Path) -> list[str]:
    """Do what the step says; the lines that it printed."""
    if step.command is None:
        path = folder / step.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.words, encoding="utf-8")
        return []
    done = subprocess.run(
        step.command,
        cwd=folder,
        env=surroundings(folder),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"README.md:{step.line}: {step.words}\n{done.stdout}"
    return [line.rstrip() for line in done.stdout.rstrip().splitlines()]


def shape(line: str) -> str:
    """A line without what noise and time change: numbers, names of runs, widths of columns."""
    line = re.sub(r"(?<![.\w])[0-9a-f]{12}\b", "#", line)
    line = re.sub(r"-?\d[\d,]*(\.\d+)?(e-?\d+)?", "#", line)
    line = re.sub(r"[─-]{2,}", "--", line)
    return " ".join(line.split())


def agree(shown: list[str], printed: list[str]) -> bool:
    """Whether the shown lines have the shape of the printed ones; `...` stands for any number of lines."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(agree(shown[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and shape(shown[0]) == shape(printed[0]) and agree(shown[1:], printed[1:])


@pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")
def test_the_readme_runs_as_written(tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    wrong = []
    for step in steps():
        printed = run(step, folder)
        if step.command and step.command[0] == "sh" and not step.varies and not agree(step.shown, printed):
            wrong.append("\n".join([f"README.md:{step.line}: {step.words}", *printed]))
    assert not wrong, "\n\n".join([*wrong, "write it anew with: python tests/test_readme.py"])
    # Readers may have an older DuckDB than we.
    for path in sorted(folder.rglob("*.duckdb")):
        if path.name != "visits.duckdb":  # made by the reader
            with duckdb.connect(str(path), read_only=True) as con:
                tags = con.execute("select tags from duckdb_databases() where not internal").fetchall()[0][0]
                assert tags["storage_version"].startswith("v1."), path.name


def test_there_is_something_to_run() -> None:
    found = list(steps())
    assert sum(step.words.startswith("duckpaste ") for step in found) >= 7
    assert sum(step.words.startswith("duckdb ") for step in found) >= 5
    assert any("import duckpaste" in step.words for step in found)
    assert all(step.shown for step in found if step.words.startswith(("duckpaste ", "duckdb duckpaste")))


def test_agree_can_disagree() -> None:
    assert agree(["a 1.5 b", "...", "z"], ["a  17 b", "x", "y", "z"])
    assert agree(["----  ---"], ["-------  ----"])
    assert agree(["run 0a1b2c3d4e5f, 0.5"], ["run 123456789012, 0.123456789012"])
    assert not agree(["a 1", "b"], ["a 1"])
    assert not agree(["a 1"], ["a 1", "b"])
    assert not agree(["a 1"], ["b 1"])
    assert not agree(["a"], ["a 1"])


def test_links_within_the_readme_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    outside = re.sub(r"(?ms)^```.*?^```$", "", text)
    anchors = {
        re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"(?m)^#+ (.+)$", outside)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", outside)) <= anchors
    for path in re.findall(r"\]\(([A-Z][^)#:]+)\)", outside):
        assert (ROOT / path).is_file(), path


# -- writing it anew


def renewed(step: Step, printed: list[str]) -> list[str]:
    """The printed lines, shortened where the README shortens them."""
    if "..." not in step.shown:
        return printed
    cut = step.shown.index("...")
    tail = len(step.shown) - cut - 1
    return [*printed[:cut], "...", *(printed[-tail:] if tail else [])]


def rewrite() -> None:
    """Run everything and put the output into the README."""
    lines = README.read_text(encoding="utf-8").splitlines()
    folder = Path(tempfile.mkdtemp(prefix="duckpaste-readme-"))
    try:
        found = [(step, run(step, folder)) for step in steps()]
        for step, printed in reversed(found):
            if step.command and step.command[0] == "sh":
                lines[step.line : step.line + len(step.shown)] = renewed(step, printed)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(f"{folder}-bin", ignore_errors=True)
    README.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite()
