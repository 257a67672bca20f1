"""Header: the first line of a CSV file. No other line is read."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

from duckpaste.errors import UserError

DELIMITERS = (",", ";", "\t", "|")
_LONGEST = 4_000_000
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def read(path: Path) -> tuple[list[str], str]:
    """The column names and the delimiter that the first line shows.

    Raises UserError when it is not UTF-8, is empty, or looks like data, which would end up in the view.
    """
    line = _first(path)
    delimiter = max(DELIMITERS, key=lambda d: len(_cells(line, d)))
    names = [name.strip() for name in _cells(line, delimiter)]
    if not any(names):
        raise UserError(
            "the first line is empty", str(path), "the first line must hold the names of the columns"
        )
    if any(_NUMBER.fullmatch(name) and not re.fullmatch(r"(?:19|20)\d\d", name) for name in names):
        what = "the first line looks like data, not like names of columns"
        raise UserError(what, str(path), "put a line with the names of the columns above it")
    return [name.replace("\0", "") or f"column{i}" for i, name in enumerate(names)], delimiter


def _first(path: Path) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            line = file.readline(_LONGEST)
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", str(path), "save the file as UTF-8") from None
    except (OSError, EOFError):
        raise UserError("the file cannot be read", str(path)) from None


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])
