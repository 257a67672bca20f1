"""Finds the folders that ship beside the package: sql/, views/ and data/.

They stand at the top of the source tree. A wheel holds them below `duckpaste/_shared`; an editable install and a
plain checkout find them beside the package. One function decides, so that no other code cares.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from duckpaste.errors import UserError

_PACKAGE = Path(__file__).resolve().parent


@cache
def folder(name: str) -> Path:
    """The folder `name` ("sql", "views" or "data") of this installation."""
    for root in (_PACKAGE / "_shared", _PACKAGE.parent):
        candidate = root / name
        if candidate.is_dir():
            return candidate
    raise UserError(f"the folder {name}/ of duckpaste is missing", remedy="install duckpaste again")
