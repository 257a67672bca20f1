"""Document: a YAML file as plain Python objects, with the line of every key, so that faults have a place.

Keys are always text (a column may be called 2020, no or on). Numbers are read as people write them: 1e-9 is a
number, 010 and 12:30 are text. Values that name categories keep their spelling (`no`, `01`, `1.50`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from duckpaste.errors import Fault, Faults, UserError
from duckpaste.schema.view import Place

_MOST_NODES = 200_000
# Below these keys a plain scalar that Python would spell otherwise stays the text that was written.
_SPELLED = ("values", "unknown", "unknown_value", "other", "constant")

Path_ = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without base-60 and octal numbers, with 1e-9 as a number."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own name and type


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$", re.X), list(first)
    )


_resolve("bool", "yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO")
_resolve("int", r"[-+]?(?:0|[1-9][0-9_]*) | 0x[0-9a-fA-F_]+", "-+0123456789")
_resolve(
    "float",
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?"
    r" | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)",
    "-+0123456789.",
)
_resolve("merge", "<<", "<")
_resolve("null", "~|null|Null|NULL|", "~nN\0")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^$"), [""])
_resolve(
    "timestamp",
    r"\d{4}-\d\d-\d\d | \d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?"
    r"(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?",
    "0123456789",
)


# `{type: numerical?, min: 0}`: what people write first, and YAML takes the ? for something else.
_BARE = re.compile(r"""([{,]\s*[\w"' .-]+:\s*)([a-z]+\?[^\s,}"']*)(?=\s*[,}])""")


@dataclass
class Document:
    """The file's content (`data`) and the 1-based line of each path of keys and list positions."""

    file: str
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)

    def place(self, *path: str | int) -> Place:
        """Where `path` stands; the nearest known parent when it is not in the file."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return Place(self.file, self.lines[path[:end]])
        return Place(self.file)


def read(path: Path, name: str = "") -> Document:
    """Read a YAML file; `name` stands in faults (default: the folder's and the file's name).

    Raises UserError for a file that is missing, not UTF-8 or not YAML, and Faults for all repeated keys.
    """
    label = name or f"{path.resolve().parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise UserError("no such file, or it cannot be read", str(path)) from None
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", label, "save the file as UTF-8") from None
    return parse(text, label)


def parse(text: str, name: str) -> Document:
    """Read YAML text; see `read`."""
    try:
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
        except yaml.MarkedYAMLError:
            quoted = _BARE.sub(r'\1"\2"', text)
            if quoted == text:
                raise
            loader = _Loader(quoted)
            node = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError("a character that YAML does not allow", f"{name}:{line}", "remove it") from None
    except yaml.MarkedYAMLError as error:
        raise UserError(*_broken(error, name)) from None
    except RecursionError:
        raise UserError("nested too deeply", name) from None
    document = Document(name)
    if node is None:
        return document
    builder = _Builder(document, loader)
    document.data = builder.build(node, (), False)
    if builder.faults:
        raise Faults(builder.faults)
    return document


def _broken(error: yaml.MarkedYAMLError, name: str) -> tuple[str, str, str]:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}" if mark else name
    problem = " ".join(str(error.problem or error.context or "").split())
    if "'\\t'" in problem:
        return "not valid YAML: a tab", where, "indent with spaces"
    if "single document" in str(error.context):
        return "holds several documents (a line ---)", where, "keep one"
    remedy = "quote text that holds ': ' or '#', or begins with one of @ ` % & * ! | > { ["
    return f"not valid YAML: {problem}", where, remedy


class _Builder:
    """Turns nodes into objects and notes lines and faults on the way."""

    def __init__(self, document: Document, loader: _Loader) -> None:
        self.document = document
        self.loader = loader
        self.faults: list[Fault] = []
        self._open: set[int] = set()
        self._nodes = 0

    def build(self, node: yaml.Node, path: Path_, spelled: bool) -> Any:
        """The object of `node`; plain scalars keep their spelling when `spelled`."""
        line = node.start_mark.line + 1
        self.document.lines.setdefault(path, line)
        self._nodes += 1
        if id(node) in self._open or self._nodes > _MOST_NODES:
            what = (
                "an alias refers to itself" if id(node) in self._open else "aliases make the file too large"
            )
            raise UserError(what, f"{self.document.file}:{line}")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*path, i), spelled) for i, item in enumerate(node.value)]
            return self._scalar(node, line, spelled)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.Node, line: int, spelled: bool) -> Any:
        try:
            value = self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            kind = str(node.tag).rpartition(":")[2]
            what = (
                ("no such day or time" if kind == "timestamp" else f"not a {kind}")
                if str(node.tag).startswith("tag:yaml.org,2002:")
                else f"the tag {node.tag} is unknown"
            )
            self.faults.append(
                Fault(what, f"{self.document.file}:{line}", "correct it, or put it in quotes if it is text")
            )
            return None
        if spelled and value is not None and not isinstance(value, str) and str(value) != node.value:
            return node.value
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault("a key must be text", f"{self.document.file}:{line}"))
                continue
            if key_node.tag.endswith(":merge"):
                parts = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for part in parts:
                    base = self.build(part, path, False)
                    if isinstance(base, dict):
                        merged = {**base, **merged}
                continue
            key = key_node.value
            if key in first:
                where = f"{self.document.file}:{line}"
                self.faults.append(
                    Fault(f"the key {key!r} stands already in line {first[key]}", where, "keep one")
                )
                continue
            first[key] = line
            self.document.lines[(*path, key)] = line
            keep = key in _SPELLED and not isinstance(value_node, yaml.MappingNode)
            found[key] = self.build(value_node, (*path, key), keep)
        return {**merged, **found}
