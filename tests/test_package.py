"""The package as a user gets it: its folders found from wheel, sdist, editable install and checkout; a quick import."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("sql", "views", "data")
HEAVY = {"opendp", "scipy", "pyarrow", "pandas", "faker", "sqlglot", "jsonschema", "tabulate"}
# Prints where the package and its folders are, and that a template and a view can be read.
LOOK = f"""
import duckpaste
from duckpaste import resources, sql
from duckpaste.report import pages
from duckpaste.schema import fields
print(duckpaste.__file__)
for name in {FOLDERS}:
    print(resources.folder(name))
sql.render("ledger_totals")
pages.asset("style.css"), pages.asset("litmus.js")
print(fields.load(fields.find("clinic")).name)
"""


def python(*words: str, cwd: Path, executable: str | Path = sys.executable, **env: str) -> str:
    """What `python WORDS` prints in `cwd`, with no PYTHONPATH but the one given."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(executable), *words], cwd=cwd, env={**clean, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_of(folder: Path) -> set[str]:
    """Relative paths of all files in the three folders that belong into a package."""
    return {
        path.relative_to(folder).as_posix()
        for name in FOLDERS
        for path in (folder / name).rglob("*")
        if path.is_file() and path.suffix in (".sql", ".yml")
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An sdist of this checkout, and a wheel built from that sdist alone."""
    pytest.importorskip("hatchling", reason="needs the build tools of the extra `test`")
    pytest.importorskip("build", reason="needs the build tools of the extra `test`")
    out = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT), cwd=out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def unpacked(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files in a folder of their own, as pip lays them out."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(built[1]) as wheel:
        wheel.extractall(folder)
    return folder


def test_the_sdist_holds_everything_that_a_build_and_the_tests_need(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert files_of(ROOT) <= names
    assert {
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        "pyproject.toml",
        "tests/test_package.py",
    } <= names
    assert {f"duckpaste/{p.name}" for p in (ROOT / "duckpaste").glob("*.py")} <= names
    assert not [name for name in names if name.endswith((".duckdb", ".pyc"))]


def test_the_wheel_holds_the_folders_below_shared(unpacked: Path) -> None:
    assert files_of(unpacked / "duckpaste" / "_shared") == files_of(ROOT) != set()
    assert (unpacked / "duckpaste" / "py.typed").is_file()
    assert (unpacked / "duckpaste" / "schema" / "fields.schema.json").is_file()
    assert {p.name for p in unpacked.iterdir()} == {"duckpaste", f"duckpaste-{version()}.dist-info"}


def version() -> str:
    """The version that pyproject.toml states."""
    import tomllib

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def test_the_version_is_the_same_in_package_and_metadata() -> None:
    import duckpaste

    assert duckpaste.__version__ == version()


def test_a_wheel_finds_its_folders_from_anywhere(unpacked: Path, tmp_path: Path) -> None:
    package, *folders, view = python("-c", LOOK, cwd=tmp_path, PYTHONPATH=str(unpacked)).splitlines()
    assert Path(package).is_relative_to(unpacked)
    assert [Path(f) for f in folders] == [unpacked / "duckpaste" / "_shared" / name for name in FOLDERS]
    assert view == "clinic"


def test_a_wheel_runs_the_demo_from_anywhere(unpacked: Path, tmp_path: Path) -> None:
    out = python("-m", "duckpaste", "demo", "--rows", "300", cwd=tmp_path, PYTHONPATH=str(unpacked))
    assert "for each row of patients and all that hangs on it (at most" in out
    assert {p.name for p in (tmp_path / "duckpaste-demo").iterdir()} == {
        "private.duckdb", "private.ledger.duckdb", "model.duckdb", "synthetic.duckdb",
    }  # fmt: skip


def test_a_checkout_finds_its_folders_from_anywhere(tmp_path: Path) -> None:
    package, *folders, view = python("-c", LOOK, cwd=tmp_path, PYTHONPATH=str(ROOT)).splitlines()
    assert Path(package).is_relative_to(ROOT)
    assert [Path(f) for f in folders] == [ROOT / name for name in FOLDERS]
    assert view == "clinic"


def test_an_editable_install_finds_its_folders_from_anywhere(tmp_path: Path) -> None:
    """An environment of its own that borrows this one's packages, so that nothing is fetched."""
    pytest.importorskip("hatchling", reason="needs the build tools of the extra `test`")
    pytest.importorskip("editables", reason="needs the build tools of the extra `test`")
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    scheme = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    executable = Path(sysconfig.get_path("scripts", "venv", scheme)) / Path(sys.executable).name
    # A line of Python in a .pth file; names sort after the editable install's own, so that it comes first.
    borrowed = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    (site / "zz_borrowed.pth").write_text("\n".join(dict.fromkeys(borrowed)) + "\n")
    python(
        "-m", "pip", "--python", str(executable), "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--ignore-installed", "--no-index", "--editable", str(ROOT), cwd=tmp_path,
    )  # fmt: skip
    package, *folders, view = python("-c", LOOK, cwd=tmp_path, executable=executable).splitlines()
    assert Path(package).is_relative_to(ROOT)
    assert [Path(f) for f in folders] == [ROOT / name for name in FOLDERS]
    assert view == "clinic"


def test_public_functions_stay_functions_when_modules_of_their_names_are_imported(tmp_path: Path) -> None:
    code = """
import duckpaste, duckpaste.fit, duckpaste.output.writer
from duckpaste.fit import request
for name in duckpaste.__all__:
    if name[0].islower():
        assert callable(getattr(duckpaste, name)), name
print(request.__name__)
"""
    assert python("-c", code, cwd=tmp_path, PYTHONPATH=str(ROOT)).strip() == "request"


def test_a_missing_folder_is_told_in_a_line(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "from duckpaste import resources\ntry: resources.folder('nothing')\nexcept Exception as e: print(e)"
    )
    assert "the folder nothing/ of duckpaste is missing" in python(
        "-c", code, cwd=tmp_path, PYTHONPATH=str(ROOT)
    )


# -- speed of import


def imported(*words: str, cwd: Path) -> set[str]:
    """Top-level packages that `python WORDS` imports."""
    clean = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [
        line.rsplit("|", 1)[-1].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    ]
    return {name.partition(".")[0] for name in lines}


def cpu(code: str, cwd: Path) -> float:
    """Seconds of CPU that a fresh interpreter needs for `code`, its own start included: the least of three."""
    tail = "\nimport time; print(time.process_time())"
    return min(float(python("-c", code + tail, cwd=cwd, PYTHONPATH=str(ROOT)).split()[-1]) for _ in range(3))


def test_import_is_quick(tmp_path: Path) -> None:
    names = imported("-c", "import duckpaste", cwd=tmp_path)
    assert "duckpaste" in names
    assert not names & {*HEAVY, "duckdb", "numpy", "jinja2", "yaml", "click"}
    assert cpu("import duckpaste", tmp_path) < 0.3


@pytest.mark.parametrize("words", [["--version"], ["-h"], ["pipe", "-h"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """The list of commands loads every command's module, so one `-h` speaks for all."""
    assert not imported("-m", "duckpaste", *words, cwd=tmp_path) & HEAVY


@pytest.mark.parametrize(("words", "seconds"), [(["--version"], 0.3), (["-h"], 0.9)], ids=["version", "help"])
def test_help_and_version_are_quick(words: list[str], seconds: float, tmp_path: Path) -> None:
    code = f"import sys\nfrom duckpaste.cli import cli\ncli.main({words!r}, standalone_mode=False)"
    assert cpu(code, tmp_path) < seconds
