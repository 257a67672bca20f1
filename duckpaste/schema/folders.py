"""Folders: where views and datasets are found by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from duckpaste import resources
from duckpaste.errors import UserError, nearest

VIEW, DATASET = "fields.yml", "dataset.yml"


def _kinds(folder: Path) -> list[str]:
    """What a folder holds: "view", "dataset", both or nothing."""
    return [kind for kind, name in (("view", VIEW), ("dataset", DATASET)) if (folder / name).is_file()]


def _roots(extra: Sequence[Path]) -> Iterator[Path]:
    yield from (Path(root) for root in extra)
    yield resources.folder("views")


def available(extra: Sequence[Path] = ()) -> list[tuple[str, str]]:
    """(name, "view" or "dataset") of every folder in `extra` and among those that ship, by name."""
    found = {
        (folder.name, kind)
        for root in _roots(extra)
        if root.is_dir()
        for folder in root.iterdir()
        for kind in _kinds(folder)
    }
    return sorted(found)


def find(name_or_path: str, extra: Sequence[Path] = ()) -> Path:
    """The folder of a view or dataset: a path, or a name in `extra` or among those that ship.

    Raises UserError with the nearest name when there is none.
    """
    path = Path(name_or_path).expanduser()
    if path.name in (VIEW, DATASET) and path.is_file():
        return path.parent
    if _kinds(path):
        return path
    if path.name == name_or_path:
        for root in _roots(extra):
            if _kinds(root / name_or_path):
                return root / name_or_path
    if path.is_dir():
        raise UserError(
            f"the folder has no {VIEW}", name_or_path, "write one with: duckpaste init DATABASE --out FOLDER"
        )
    if path.name != name_or_path:
        what = f"is not a {VIEW}" if path.is_file() else "no such folder"
        raise UserError(what, name_or_path, _beside(path))
    names = sorted({name for name, _ in available(extra)})
    mine = Path("views") / name_or_path
    remedy = f"did you mean {mine.as_posix()!r}?" if _kinds(mine) else nearest(name_or_path, names)
    raise UserError(f"unknown view {name_or_path!r}", remedy=remedy)


def _beside(path: Path) -> str:
    """A remedy for a path where no view is: the nearest view in the same folder, or how to write one."""
    folder = path.parent
    views = [p for p in folder.iterdir() if _kinds(p)] if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, [p.name for p in views], n=1, cutoff=0.6)
    if close:
        return f"did you mean {(folder / close[0]).as_posix()!r}?"
    if _kinds(folder):
        return f"did you mean {folder.as_posix()!r}?"
    return "write one with: duckpaste init DATABASE --out FOLDER"
