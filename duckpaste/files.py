"""Files built under a temporary name and renamed: a killed run leaves no half file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duckpaste.errors import UserError


@contextmanager
def built(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; when the block ends well it becomes `path`, else it is removed.

    Raises UserError when the folder is missing or can't be written."""
    check_folder(path)
    target = path.resolve()  # a link stays, and what it points to is replaced
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # of a killed process that had our number
    try:
        yield temporary
        # The log of a file that is replaced must not be read into the new one.
        target.with_name(target.name + ".wal").unlink(missing_ok=True)
        os.replace(temporary, target)
    except UserError as error:
        fault = error.faults[0]
        if "be written" not in fault.what:
            raise
        raise UserError(
            fault.what, str(path), fault.remedy
        ) from None  # the temporary name says nothing to a person
    except OSError as error:
        remedy = "is the disk full or the folder read-only?"
        raise UserError(f"can't write: {error.strerror}", str(path), remedy) from None
    finally:
        for left in (temporary, temporary.with_name(temporary.name + ".wal")):
            left.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Raise UserError when `path` can't be written later, so that nothing is spent for nothing."""
    folder = path.resolve().parent
    if path.is_dir():
        raise UserError("is a folder", str(path), "name a file with -o")
    if not folder.is_dir():
        raise UserError("no such folder", str(folder), "make it first")
    try:
        with tempfile.TemporaryFile(dir=folder):  # what os.access says is not always so
            pass
    except OSError as error:
        what = f"the folder can't be written: {error.strerror}"
        raise UserError(what, str(folder), "choose another with --out") from None


def is_same(a: Path, b: Path) -> bool:
    """Whether two paths are, or would be, one file: by way of links and relative paths too."""
    try:
        return a.resolve() == b.resolve() or (a.exists() and b.exists() and a.samefile(b))
    except OSError:
        return False


def make_folder(path: Path) -> None:
    """Make a folder for results, with those above it. Raises UserError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UserError("is not a folder", str(path), "name another") from None
    except OSError as error:
        raise UserError(f"can't make the folder: {error.strerror}", str(path), "name another") from None


@contextmanager
def results(folder: Path) -> Iterator[None]:
    """Make a folder for results; when the block fails before anything stands in it, it goes again."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    make_folder(folder)
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise
