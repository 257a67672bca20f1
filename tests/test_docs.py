"""The documents say what the code does, and the code keeps the rooms' walls."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from duckpaste.cli import ALIASES, COMMANDS, cli
from duckpaste.models import registry
from duckpaste.schema import options as field_options
from duckpaste.schema.view import KINDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "duckpaste"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in SOURCES}


def name_of(path: Path) -> str:
    """The module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def section(title: str) -> str:
    """The README's text below the heading `title`, down to the next heading of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$", README, re.MULTILINE)
    assert found, f"the README has no heading {title!r}"
    level = len(found[1])
    rest = README[found.end() :]
    end = re.search(
        rf"^#{{1,{level}}} ", re.sub(r"(?s)```.*?```", lambda m: " " * len(m[0]), rest), re.MULTILINE
    )
    return rest[: end.start()] if end else rest


def rows_of(text: str) -> list[list[str]]:
    """The cells of all table rows in Markdown text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


# -- commands


def command(name: str) -> click.Command:
    """A command as the group hands it out."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


SHARED = {"--database", "--views", "--threads", "--memory-limit", "--temp-directory", "--raw", "--json"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_stands_in_the_readme(name: str) -> None:
    rows = [row for row in rows_of(section("Commands")) if row[0].startswith(f"`{name}")]
    assert len(rows) == 1, f"the table of commands has {len(rows)} rows that begin with `{name}`"
    shared = section("Options that several commands share")
    for param in command(name).params:
        if not isinstance(param, click.Option):
            assert str(param.metavar or param.name).strip("[].").split("=")[0].upper() in rows[0][0].upper()
            continue
        for option in param.opts:
            place = shared if option in SHARED else " ".join(rows[0])
            assert f"`{option}" in place, f"{name} {option}"


def test_shared_options_are_told_with_their_commands() -> None:
    """A row of the shared options names every command that has the option, and no other."""
    told = {
        row[0].strip("`").split()[0]: row[-1]
        for row in rows_of(section("Options that several commands share"))
    }
    for option in SHARED:
        have = {name for name in COMMANDS if any(option in p.opts for p in command(name).params)}
        assert set(re.findall(r"[a-z][a-z-]+", told[option])) & set(COMMANDS) == have, option


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_stands_in_the_readme_and_works(alias: str) -> None:
    assert command(alias) is command(ALIASES[alias])
    rows = [row for row in rows_of(section("Commands")) if row[0].startswith(f"`{ALIASES[alias]}")]
    assert f"`{alias}`" in " ".join(rows[0])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    found = command(name)
    text = found.get_help(click.Context(found, info_name=f"duckpaste {name}"))
    head, example, rest = text.partition("Example:")
    assert example, "no Example in the help"
    assert f"duckpaste {name}" in rest
    assert len(head.split("\n\n")[1].split()) > 4, "no sentence on what it does"
    for param in found.params:
        if isinstance(param, click.Option):
            assert param.help, f"{param.opts[0]} has no help"
            assert param.help.endswith("."), f"the help of {param.opts[0]} is no sentence"


def test_every_example_names_known_commands_and_options() -> None:
    for name in COMMANDS:
        found = command(name)
        _, _, rest = found.get_help(click.Context(found, info_name="duckpaste")).partition("Example:")
        for line in rest.partition("Options:")[0].splitlines():
            words = line.split()
            if words[:1] != ["duckpaste"]:
                continue
            assert words[1] in COMMANDS
            known = {option for param in command(words[1]).params for option in param.opts}
            assert not [w for w in words if w.startswith("-") and w not in known], line


# -- options of algorithms, keys of fields.yml


@pytest.mark.parametrize("name", registry.names())
def test_every_option_of_an_algorithm_stands_in_the_readme_with_its_default(name: str) -> None:
    rows = rows_of(section("Algorithms and their options"))
    for field in dataclasses.fields(registry.make(name, {})):  # type: ignore[arg-type]
        mine = [r for r in rows if r[0] == f"`{field.name}`" and name in r[1].replace("`", "").split(", ")]
        assert len(mine) == 1, f"{len(mine)} rows tell of {field.name} of {name}"
        assert told(mine[0][2]) == told(field.default), field.name


def told(default: object) -> object:
    """A default as the README writes it: true, none, 1,000 or 10, 20."""
    if default in ("", ()):
        return "none"
    if isinstance(default, str):
        parts = default.replace("`", "").split(", ")
        return tuple(told_one(part) for part in parts) if len(parts) > 1 else told_one(parts[0])
    return str(default).lower() if isinstance(default, bool) else default


def told_one(text: str) -> object:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


def test_options_of_the_guarantee_stand_in_the_readme() -> None:
    rows = {row[0].strip("`"): row for row in rows_of(section("Algorithms and their options"))}
    assert {"epsilon", "etotal", "delta", "discover"} <= set(rows)


def schema_keys() -> Iterator[tuple[str, str]]:
    """(object, key) of every key that fields.yml may have."""
    schema = json.loads((PACKAGE / "schema" / "fields.schema.json").read_text(encoding="utf-8"))

    def walk(place: str, node: object) -> Iterator[tuple[str, str]]:
        if not isinstance(node, dict):
            return
        for key, value in node.get("properties", {}).items():
            yield place, key
            yield from walk(f"{place}.{key}", value)
        for child in ("items", "additionalProperties"):
            yield from walk(place, node.get(child))

    yield from walk("view", schema)
    for place, node in schema["$defs"].items():
        yield from walk(place, node)


@pytest.mark.parametrize(("place", "key"), sorted(set(schema_keys())), ids=".".join)
def test_every_key_of_fields_yml_stands_in_the_readme(place: str, key: str) -> None:
    assert f"`{key}`" in section("fields.yml")


def test_no_key_is_told_that_fields_yml_does_not_know() -> None:
    """Every first cell of the tables of keys is a key of the schema (or a kind of field)."""
    known = {key for _, key in schema_keys()} | set(KINDS)
    told = {name for row in rows_of(section("fields.yml")) for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert told - known == set()


def test_every_kind_of_field_is_told_with_its_main_option() -> None:
    rows = {row[0].strip("`"): " ".join(row) for row in rows_of(section("Kinds of field"))}
    assert set(KINDS) <= set(rows)
    for kind, option in field_options.MAIN.items():
        assert f"`{option}`" in rows[kind], f"{kind}|{option}"
    shared = section("Options of fields") + section("Keys that are read and not used yet")
    for kind, options in field_options.OF.items():
        for option in options:
            assert f"`{option}`" in rows[kind] + shared, f"{kind}: {option}"


def test_the_json_schema_describes_every_key() -> None:
    schema = json.loads((PACKAGE / "schema" / "fields.schema.json").read_text(encoding="utf-8"))
    for place, node in [("view", schema), *schema["$defs"].items()]:
        for key, value in node.get("properties", {}).items():
            assert value.get("description", "").endswith("."), f"{place}.{key}"


# -- SQL files


@pytest.mark.parametrize("path", sorted((ROOT / "sql").glob("*.sql")), ids=lambda p: p.stem)
def test_every_template_says_what_it_takes_and_returns(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = re.match(r"(?s)\{#-\n(.*?)-#\}|((?:--[^\n]*\n)+)", text)
    assert head, "no header comment"
    if head[1]:
        assert head[1].startswith(f"{path.stem}: "), "the header does not begin with the template's name"
    said = [
        word.lower()
        for word in re.findall(r"\b(inputs|output|grain|sensitivity): +\S", head[0], re.IGNORECASE)
    ]
    wanted = ["inputs", "output", "grain", "sensitivity"]
    if re.search(r"\boutput: none\b", head[0], re.IGNORECASE) and "grain" not in said:
        wanted.remove("grain")  # there are no rows to speak of
    assert said == wanted
    assert not re.search(r"(?m)^\s*(SELECT|FROM|WHERE|GROUP BY|INSERT|CREATE|JOIN)\b", text), (
        "keywords in capitals"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "views").rglob("*.sql")), ids=lambda p: p.stem)
def test_every_file_of_a_view_begins_with_a_comment(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith(("--", "{#", "/*"))


@pytest.mark.parametrize("path", sorted((ROOT / "sql").glob("*.sql")), ids=lambda p: p.stem)
def test_every_template_is_used(path: Path) -> None:
    used = re.compile(rf"\"{path.stem}\"")
    assert any(used.search(source.read_text(encoding="utf-8")) for source in SOURCES)


# -- code


def public(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(name, node) of public classes, their public methods, and public functions, of a module."""
    for node in getattr(tree, "body", []):
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from ((f"{node.name}.{inner}", found) for inner, found in public(node))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = TREES[path]
    assert ast.get_docstring(tree), "the module has none"
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == []  # type: ignore[arg-type]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
    functions = [n for n in ast.walk(TREES[path]) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > 80] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_assert_eval_exec_or_pickle(path: Path) -> None:
    found = []
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Assert):
            found.append(f"assert in line {node.lineno}")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("eval", "exec")
        ):
            found.append(f"{node.func.id} in line {node.lineno}")
        for name in names_imported(node):
            if name.partition(".")[0] in ("pickle", "dill", "cloudpickle", "marshal", "shelve"):
                found.append(f"{name} in line {node.lineno}")  # type: ignore[attr-defined]
    assert found == []


def names_imported(node: ast.AST) -> list[str]:
    """Modules that an import statement names; `from a import b` gives a and a.b."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


# -- rooms

# Top to bottom: a room imports from rooms below it only. Those that are still to come have their place.
ROOMS = (
    "__main__", "cli", "", "api", "experiment", "litmus", "report", "route", "workspace", "evaluate", "holdout", "relational", "plan", "fit", "budget",
    "ingest", "prepare", "export", "gmf", "output", "sample", "model_file", "model_kin", "model", "privacy", "count", "codec",
    "models", "workload", "schema", "keycheck", "buckets", "target", "db", "files", "sql", "resources", "simplex", "domain", "errors",
)  # fmt: skip
# Model.save is a convenience that calls the room above when it is used.
UPWARD = {("model", "model_file")}
# Rooms that never see private data, and the modules they may not import.
PURE = ("models", "sample", "gmf")
PRIVATE = ("duckpaste.db", "duckpaste.count", "duckpaste.privacy.source")


def room(module: str) -> str:
    """The room of a module: the part after `duckpaste`."""
    return module.split(".")[1] if "." in module else ""


def imports(*, typing: bool = False) -> dict[str, set[str]]:
    """Modules of the package that each module imports when it runs, lazily or not; with `typing` those for type checking
    only as well."""
    modules = {name_of(path) for path in SOURCES}
    found: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path.name} has a relative import"
        typing_only = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        names = {
            name
            for node in ast.walk(tree)
            if typing or node not in typing_only
            for name in names_imported(node)
        }
        found[name_of(path)] = names & modules
        # `from duckpaste import sql` names the package only as the way to the module.
        if name_of(path) != "duckpaste" and room(name_of(path)) not in ("cli", "__main__"):
            found[name_of(path)].discard("duckpaste")
    return found


def test_every_room_has_a_place() -> None:
    assert {room(name_of(path)) for path in SOURCES} - set(ROOMS) == set(), "give it a place in ROOMS"


def test_imports_point_down() -> None:
    wrong = []
    for module, names in imports().items():
        for name in names:
            above, below = room(module), room(name)
            if above != below and (above, below) not in UPWARD and ROOMS.index(above) > ROOMS.index(below):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_models_and_samples_cannot_reach_private_data() -> None:
    """No import of a private room, at the top of a module or within a function."""
    wrong = []
    for module, names in imports(typing=True).items():
        if room(module) in PURE:
            wrong += [f"{module} imports {name}" for name in names if name.startswith(PRIVATE)]
    assert wrong == []


def test_the_walls_are_real() -> None:
    """The checks above see an import when there is one."""
    graph = imports()
    assert any(name.startswith("duckpaste.count") for name in graph["duckpaste.privacy.source"])
    assert "duckpaste.model_file" in graph["duckpaste.model"]
