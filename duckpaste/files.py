"""Files built under a temporary name and renamed: a killed run leaves no half file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckpaste.errors import UserError


@contextmanager
def built(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; when the block ends well it becomes `path`, else it is removed.

    Raises UserError when the folder is missing or can't be written."""
    check_folder(path)
    folder = path.resolve().parent
    temporary = folder / f".{path.name}.{os.getpid()}.tmp"
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"can't write: {error.strerror}", str(path), "is the disk full or the folder read-only?") from None
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
    if not os.access(folder, os.W_OK):
        raise UserError("the folder can't be written", str(folder), "choose another with -o")
