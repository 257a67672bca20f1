"""Files that are built under another name and renamed at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from duckpaste.errors import UserError
from duckpaste.files import built, check_folder


def test_a_file_stands_under_its_name_only_when_all_went_well(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    path.write_text("old")
    with pytest.raises(ValueError, match="half way"), built(path) as temporary:
        temporary.write_text("new")
        raise ValueError("half way")
    assert [p.name for p in tmp_path.iterdir()] == ["a.duckdb"] and path.read_text() == "old"
    (tmp_path / "a.duckdb.wal").write_text("log of the old file")
    with path.open() as reader:
        with built(path) as temporary:
            temporary.write_text("new")
            assert path.read_text() == "old"
        assert reader.read() == "old", "it is replaced in one step, not written over"
    assert [p.name for p in tmp_path.iterdir()] == ["a.duckdb"] and path.read_text() == "new"


def test_what_a_killed_process_left_is_not_continued(tmp_path: Path) -> None:
    left = tmp_path / f".a.duckdb.{os.getpid()}.tmp"
    left.write_text("half")
    with built(tmp_path / "a.duckdb") as temporary:
        assert temporary == left.resolve() and not temporary.exists()
        temporary.write_text("whole")


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"), built(tmp_path / "no" / "a"):
        pass
    with pytest.raises(UserError, match="is a folder"):
        check_folder(tmp_path)
    with pytest.raises(UserError, match="can't write: No space left"), built(tmp_path / "a"):
        raise OSError(28, "No space left on device")


def test_killed_while_writing(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from duckpaste.files import built\n"
        "with built(Path(sys.argv[1])) as t:\n t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    target = tmp_path / "a.duckdb"
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -9 and not target.exists()
