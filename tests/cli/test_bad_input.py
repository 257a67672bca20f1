"""Bad input: a line a fault on stderr, exit code 2, nothing written, nothing spent, no private value told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from cli_help import SECRET, fine, refused, run, spent, untouched, view

ROWS = f"""
create table people (id integer primary key, name varchar, age integer, sex varchar, score double);
insert into people select i, '{SECRET}' || i, 20 + i % 60, if(i % 2 = 0, 'f', 'm'), i / 7 from range(300) t(i);
"""
FIELDS = {
    "id": "id",
    "name": "text?",
    "age": "{type: numerical?, min: 0, max: 120}",
    "sex": "{type: categorical?, values: [f, m]}",
    "score": "{type: numerical?, min: 0, max: 50}",
}
ONE = "./v.independent"


def fields(table: str = "", head: str = "", **changed: str | None) -> str:
    """fields.yml of the view above, with other fields, settings of its table, and lines before."""
    told = {k: v for k, v in {**FIELDS, **changed}.items() if v is not None}
    lines = "".join(f"      {k}: {v}\n" for k, v in told.items())
    return f"{head}tables:\n  people:\n{table}    fields:\n{lines}"


@pytest.fixture(autouse=True)
def plain_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the switch that lets tracebacks through."""
    monkeypatch.delenv("DUCKPASTE_DEBUG", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a view `v`, the working database, its ledger, a model and a synthetic database."""
    folder = tmp_path_factory.mktemp("made")
    before = Path.cwd()
    os.chdir(folder)
    try:
        view(folder / "v", ROWS, fields())
        view(folder / "w", ROWS, fields(head="database: other.duckdb\n"))
        fine("fit", ONE)
        fine("sample", "model.duckdb", "-n", 20)
        for name in ("other.duckdb", "newer.duckdb", "damaged.duckdb", "cut.duckdb"):
            shutil.copy("model.duckdb", name)
        for name, change in (
            ("newer", "update info set value = '99' where key = 'format'"),
            ("damaged", "update fields set spec = '{' where field = 'age'"),
            ("cut", "delete from steps"),
        ):
            con = duckdb.connect(f"{name}.duckdb")
            con.execute(change).fetchall()
            con.close()
        (folder / "junk.duckdb").write_text("this is no database")
        (folder / "empty.csv").touch()
        (folder / "junk.parquet").write_text("x")
        (folder / "dir").mkdir()
        view(folder / "views" / "hospital", ROWS, fields())
        (folder / "link.duckdb").symlink_to("duckpaste.duckdb")
        (folder / "hard.duckdb").hardlink_to("duckpaste.duckdb")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def home(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in the folder `made`, which stays as it is."""
    monkeypatch.chdir(made)
    with untouched(made):
        yield made


# -- words that make no sense ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pip v.mst", "no such command 'pip'; did you mean 'pipe'?"),
        ("pipe ./v.independent --thread 2", "No such option '--thread'. (Did you mean"),
        ("pipe", "Missing argument 'VIEW.ALG'."),
        ("pipe ./v", "'./v' names no algorithm; write VIEW.ALG, for example ./v.mst"),
        ("fit ./v.independant", "unknown algorithm 'independant'; did you mean 'independent'?"),
        ("fit tab_adlt.mst", "unknown view 'tab_adlt'; did you mean 'tab_adult'?"),
        ("check ./nothing", "nothing: no such folder; write one with: duckpaste init"),
        ("check ./vv", "./vv: no such folder; did you mean 'v'?"),
        ("check ./v/fields.yaml", "did you mean 'v'?"),
        ("check ./v/tables.sql", "./v/tables.sql: is not a fields.yml; did you mean 'v'?"),
        ("check hospital", "unknown view 'hospital'; did you mean 'views/hospital'?"),
        ("fit ./v.independent --epsilon 1", "No such option '--epsilon'; write alg.epsilon=VALUE"),
        ("plan ./v.mst --max-cells=9", "No such option '--max-cells'; write alg.max_cells=VALUE"),
        ("sample model.duckdb -n ten", "Invalid value for '-n': 'ten' is not a whole number."),
        ("evaluate ./v synthetic.duckdb --target people.agee",
         "--target people.agee: is no column that is compared; did you mean 'people.age'?"),
        ("evaluate ./v synthetic.duckdb --hold-out 2", "the held-out share must be at least 0 and below 1"),
        ("evaluate ./v synthetic.duckdb --hold-out -1", "the held-out share must be at least 0 and below 1"),
        ("evaluate ./v synthetic.duckdb --metrics tv", "unknown metric 'tv'; did you mean 'tv"),
        ("evaluate ./v empty.csv", "empty.csv: is not a DuckDB database file; name another file"),
        ("litmus ./v empty.csv", "empty.csv: is not a DuckDB database file; name another file"),
        ("export empty.csv x", "empty.csv: is not a DuckDB database file; name another file"),
        ("demo --epsilon 0 --out new", "epsilon must be above 0; for example alg.epsilon=1"),
        ("demo --epsilon x --out new", "alg.epsilon: 'x' is not a number"),
        ("check ./dir", "dir: the folder has no fields.yml; write one with: duckpaste init"),
        ("plan clinic_data.mst", "clinic_data: is a dataset, not a view; name a view (known: "),
        ("id clinic", "clinic: is a view, not a dataset; run: duckpaste ingest-view clinic"),
        ("fit ./v.independent alg.epslon=1", "alg.epslon: unknown option of independent; did you mean 'epsilon'?"),
        ("fit ./v.independent epsilon=1", "'epsilon=1' is not understood; write alg.NAME=VALUE or data.NAME=VALUE, "
                                          "for example alg.epsilon=1"),
        ("fit ./v.independent foo.x=1", "'foo.x=1' is not understood"),
        ("fit ./v.independent alg.epsilon=", "alg.epsilon=: has no value; for example alg.epsilon=1"),
        ("fit ./v.independent alg.epsilon=[1", "alg.epsilon=[1: the value can't be read"),
        ("fit ./v.independent alg.epsilon=0", "epsilon must be above 0; for example alg.epsilon=1"),
        ("fit ./v.independent alg.epsilon=-1", "epsilon must be above 0"),
        ("fit ./v.independent alg.epsilon=-inf", "epsilon must be above 0"),
        ("fit ./v.independent alg.epsilon=abc", "alg.epsilon: 'abc' is not a number"),
        ("fit ./v.independent alg.epsilon=nan", "alg.epsilon: nan is not a number"),
        ("fit ./v.independent alg.epsilon=true", "alg.epsilon: True is not a number"),
        ("fit ./v.independent alg.epsilon=1e999", "alg.epsilon: '1e999' is not a number"),
        ("fit ./v.independent alg.delta=2", "delta must be at least 0 and below 1"),
        ("fit ./v.independent alg.delta=-1", "delta must be at least 0 and below 1"),
        ("fit ./v.independent alg.balance=7", "alg.balance: 7 is more than 1; the default is 0.5"),
        ("fit ./v.independent -o x.duckdb alg.discover=2", "alg.discover must lie between 0 and 1"),
        ("fit ./v.independent -o x.duckdb data.rows=5", "v: has no dataset that could take data.rows; leave it out"),
        ("id clinic_data data.patient=200", "unknown parameter 'patient'; did you mean 'patients'?"),
        ("id clinic_data data.patients=3", "parameter 'patients' is 3, outside its limits; give 100 to"),
        ("id clinic_data data.patients=many", "parameter 'patients' is not of type int"),
        ("id clinic_data alg.epsilon=1", "alg.epsilon: an ingest takes no option of an algorithm; leave it out"),
        ("pipe ./v.independent -n 0", "Invalid value for '-n'"),
        ("sample model.duckdb -n 0", "Invalid value for '-n'"),
        ("sample model.duckdb --seed -1", "Invalid value for '--seed'"),
        ("pipe ./v.independent --threads 0", "Invalid value for '--threads'"),
        ("check ./v --memory-limit much", "the memory limit is not understood; write it as 4GB or 500MB"),
        ("check ./v --views nothing", "nothing: no such folder; name a folder of views with --views"),
        ("export synthetic.duckdb x --format parquett", "unknown format 'parquett'; did you mean 'parquet'?"),
    ],
)  # fmt: skip
def test_words(home: Path, words: str, said: str) -> None:
    told = refused(*words.split())
    assert said in told and "\n" not in told, told


# -- files that are missing, or something else ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "id adult",
            "dataset adult: needs the raw file adult.data; name its folder with --raw DIR (source: ",
        ),
        (
            "iv tab_adult --raw nothing",
            "nothing: no such folder; name the folder of the raw files with --raw",
        ),
        ("iv tab_adult --raw dir", "dataset adult: no file adult.data in "),
        ("check ./w --database nothing/x.duckdb", "nothing: no such folder; make it first"),
        ("check ./v --database junk.duckdb", "junk.duckdb: is not a DuckDB database file; name another file"),
        ("check ./v --database dir", "dir: is a folder; name a file"),
        ("sample nothing.duckdb", "nothing.duckdb: no such file"),
        ("sample junk.duckdb", "junk.duckdb: is not a DuckDB database file"),
        (
            "sample synthetic.duckdb -o x.duckdb",
            "synthetic.duckdb: not a model file of duckpaste; make one with: ",
        ),
        ("sample duckpaste.duckdb -o x.duckdb", "duckpaste.duckdb: not a model file of duckpaste"),
        (
            "sample newer.duckdb -o x.duckdb",
            "the model has format 99, this duckpaste reads up to 1; install a newer",
        ),
        (
            "sample damaged.duckdb -o x.duckdb",
            "damaged.duckdb: the model file is damaged; make it again with: ",
        ),
        ("sample cut.duckdb -o x.duckdb", "cut.duckdb: the model file is damaged"),
        ("export nothing.duckdb x", "nothing.duckdb: no such file"),
        ("export junk.duckdb x", "junk.duckdb: is not a DuckDB database file"),
        ("export duckpaste.duckdb x", "duckpaste.duckdb: is not a synthetic database; name a file that"),
        ("export synthetic.duckdb junk.duckdb", "junk.duckdb: is not a folder"),
        (
            "ledger --database nothing.duckdb",
            "nothing.ledger.duckdb: no ledger yet; it is made by the first fit",
        ),
        ("init nothing.duckdb", "nothing.duckdb: no such file; name a DuckDB, CSV or Parquet file"),
        ("init dir", "dir: no such file"),
        ("init junk.duckdb", "junk.duckdb: is not a DuckDB database file"),
        ("init duckpaste.duckdb", "the name 'duckpaste' is taken; name another folder with --out"),
        ("init empty.csv", "empty.csv: the first line is empty"),
        ("init junk.parquet", "junk.parquet: read_parquet can't read the file; is it whole, and of the kind"),
        ("init duckpaste.duckdb --out dir/../v", "v: the folder is not empty; name a new folder"),
    ],
)
def test_files(home: Path, words: str, said: str) -> None:
    assert said in refused(*words.split())


# -- targets that must not be written -------------------------------------------------------------------------------

PRIVATE = (
    "duckpaste.duckdb",
    "./dir/../duckpaste.duckdb",
    "link.duckdb",
    "hard.duckdb",
    "duckpaste.ledger.duckdb",
)


@pytest.mark.parametrize("target", PRIVATE)
def test_targets_that_are_private(home: Path, target: str) -> None:
    assert "is the private data, or its ledger; name another file" in refused("fit", ONE, "-o", target)
    assert "is private data, or its ledger; choose another with --out" in refused(
        "sample", "model.duckdb", "-o", target
    )
    told = refused("sample", "model.duckdb", "-o", target, "--overwrite")
    assert "is private data, or its ledger; choose another with --out" in told


@pytest.mark.parametrize(("name", "what"), [
    ("synthetic.duckdb", "a synthetic database"), ("model.duckdb", "a model file"), ("duckpaste.ledger.duckdb", "a ledger"),
])  # fmt: skip
def test_private_tables_go_into_no_file_that_others_see(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(made / name, name)
    for words in (
        ("check", made / "v"),
        ("fit", f"{made / 'v'}.independent", "-o", "x.duckdb"),
        ("iv", made / "v"),
    ):
        with untouched(tmp_path):
            told = refused(*words, "--database", name)
            assert (
                f"{name}: is {what}: private tables don't go into it; name another working database" in told
            )


def test_the_database_that_a_view_reads_is_private(home: Path) -> None:
    assert "other.duckdb: is the private data" in refused("fit", "./w.independent", "-o", "other.duckdb")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fit ./v.independent -o dir", "dir: is a folder; name a file with -o"),
        ("fit ./v.independent -o synthetic.duckdb", "synthetic.duckdb: exists and is not a model file"),
        ("fit ./v.independent -o v/fields.yml", "v/fields.yml: exists and is not a model file"),
        ("fit ./v.independent -o nothing/x.duckdb", "nothing: no such folder; make it first"),
        ("fit ./v.independent -o v/fields.yml/x.duckdb", "fields.yml: no such folder; make it first"),
        ("fit ./v.independent -o /proc/x.duckdb", "/proc: the folder can't be written"),
        ("sample model.duckdb -o /proc/x.duckdb", "/proc: the folder can't be written"),
        ("sample model.duckdb -o model.duckdb --overwrite", "model.duckdb: is the model itself; name another file"),
        ("sample model.duckdb -o v/fields.yml", "v/fields.yml: exists and is not a synthetic database"),
        ("pipe ./v.independent --out v/fields.yml", "v/fields.yml: is not a folder; name another"),
        ("pipe ./v.independent --out /proc/x", "/proc/x: can't make the folder"),
        ("pipe ./v.independent --out new --raw nothing", "nothing: no such folder"),
        ("pipe ./v.independent --database synthetic.duckdb --out .", "synthetic.duckdb: is the private data"),
        ("check ./v --database /proc/x.duckdb", "/proc/x.duckdb: can't be made or opened there"),
        ("export synthetic.duckdb /proc/x", "/proc/x: can't make the folder"),
        ("init other.duckdb --out /proc/x", "/proc/x: can't make the folder"),
        ("demo --out v/fields.yml", "v/fields.yml: is not a folder"),
    ],
)  # fmt: skip
def test_targets(home: Path, words: str, said: str) -> None:
    assert said in refused(*words.split())


def test_export_replaces_only_when_told(made: Path, tmp_path: Path) -> None:
    source = made / "synthetic.duckdb"
    fine("export", source, tmp_path / "x")
    with untouched(tmp_path):
        assert "people.parquet: the file exists; name another folder" in refused(
            "export", source, tmp_path / "x"
        )
    fine("export", source, tmp_path / "x", "--overwrite")


# -- faults of a view, and of its rows ------------------------------------------------------------------------------

DATES = (
    "create table people (id int, a date, b date); insert into people select 1, '2020-01-01', '2020-01-01';"
)
NONE = dict.fromkeys(("name", "age", "sex", "score"))
NUMBER = "{type: numerical, min: 0, max: 120}"
# (SQL, fields.yml, what is said, whether the view's tables stand afterwards)
FAULTS: dict[str, tuple[str, str, str, bool]] = {
    "wrong column": (ROWS, fields(agee="numerical"), "fields.yml:9 people.agee: no column 'agee'; did you mean 'age'?",
                     True),
    "wrong type": (ROWS, fields(name="numerical"), "type 'numerical' does not fit a column of VARCHAR; declare it "
                   "categorical", True),
    "unknown type": (ROWS, fields(age="numericl"), "unknown type 'numericl'; did you mean 'numerical'?", False),
    "unknown option": (ROWS, fields(age="{type: numerical, mn: 3}"), "unknown option 'mn'; did you mean 'min'?", False),
    "broken YAML": (ROWS, "tables: [", "fields.yml:1: not valid YAML", False),
    "a tab": (ROWS, "tables:\n\tpeople: x", "a tab; indent with spaces", False),
    "min above max": (ROWS, fields(age="{type: numerical, min: 9, max: 1}"), "min 9 is greater than max 1", False),
    "values twice": (ROWS, fields(sex="{type: categorical?, values: [f, f]}"), "values holds 'f' twice", False),
    "unknown reference": (ROWS, fields(score="numerical:xx"), "reference to unknown 'xx'", True),
    "a circle": (DATES, fields(**NONE, a="date:b", b="date:a"), "references go in a circle: people.a -> people.b",
                 True),
    "contributions": (ROWS, fields("    unit: id\n    contributions: 0\n"), "contributions is 0; it must be", False),
    "bound": (ROWS, fields("    unit: id\n    bound: row\n"), "bound is 'row'; did you mean 'rows'?", False),
    "no such unit": (ROWS, fields("    unit: nam\n"), "the unit 'nam' is no column; did you mean 'name'?", True),
    "no such key": (ROWS, fields("    primary_key: idd\n"), "the primary key 'idd' is no column; did you mean 'id'?",
                    True),
    "a key that repeats": (ROWS, fields(id="numerical"), "people.id: the primary key is modelled like other columns, "
                           "so its values would repeat; declare it id or uuid", True),
    "all public": (ROWS, fields("    public: true\n"), "the view has no private table", True),
    "nothing modelled": (ROWS, fields(name="ignore?", age="ignore?", sex="ignore?", score="ignore?"),
                         "no column of the table is modelled", True),
    "no such table": ("create table t as select 1 as x;", fields(), "the view's SQL makes no such table", True),
    "no SQL": ("-- nothing", fields(), "its SQL makes no table; write CREATE TABLE", False),
    "syntax": ("create tabel people (id int);", fields(), 'tables.sql: Parser Error: syntax error at or near "tabel"',
               False),
    "undefined variable": ("create table people as select {{ x }};", fields(), "template: 'x' is undefined", False),
    "template syntax": ("{% if %}", fields(), "tables.sql:1: template syntax", False),
    "a transaction": (f"{ROWS} commit;", fields(), "a script may not begin or end a transaction", False),
    "text in a number": (f"{ROWS} create table raw as select '{SECRET}' as x; insert into people (id, age) "
                         "select 1000, x from raw;", fields(), "could not be converted to INT", False),
    "a broken CHECK": ("create table people (id int, age int check (age < 100)); insert into people select 1, 3333333;",
                       fields(), "a row breaks a constraint: CHECK constraint failed on table", False),
    "a key twice": (f"{ROWS} insert into people (id) select 7;", fields(), "two rows have the same PRIMARY KEY", False),
    "NULL": (f"{ROWS} update people set age = null where id = 3;", fields(age=NUMBER),
             "v.people.age: holds NULL but is declared without '?'; declare it with '?' after its type", True),
    "another value": (f"{ROWS} update people set sex = '{SECRET}' where id = 3;", fields(),
                      "v.people.sex: holds values that are not declared; correct the declaration or the data", True),
    "outside": (f"{ROWS} update people set age = 3333333 where id = 3;",
                fields(age="{type: numerical?, min: 0, max: 120, outside: error}"),
                "v.people.age: holds values outside its declared min and max", True),
    "empty": (f"{ROWS} delete from people;", fields(), "v.people: the table has no rows; ingest data first", True),
    "unit NULL": (f"{ROWS} update people set name = null where id = 5;", fields("    unit: name\n"),
                  "v.people.name: holds NULL although it is the privacy unit; leave such rows out", True),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_faults_of_a_view(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script, yml, said, stands = FAULTS[case]
    view(tmp_path / "v", script, yml)
    for words in (("fit", ONE), ("pipe", ONE), ("check", "./v")):
        told = refused(*words)
        assert said in told and "\n" not in told, told
        assert "3333333" not in told
    left = {p.name for p in tmp_path.iterdir()} - {"v", "duckpaste.ledger.duckdb"}
    assert left == ({"duckpaste.duckdb"} if stands else set())
    assert spent(tmp_path / "duckpaste.ledger.duckdb") == 0


def test_every_fault_has_a_line_and_exact_counts_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    change = f"update people set sex = '{SECRET}' where id < 3; update people set age = null where id = 9;"
    view(tmp_path / "v", ROWS + change, fields(age=NUMBER))
    told = refused("check", "./v").splitlines()
    assert len(told) == 2 and not any(c.isdigit() for line in told for c in line)
    ran = run("check", "./v", "--exact")
    assert ran.code == 2 and ran.err.startswith("internal: contains exact statistics of the private data\n")
    assert "holds NULL but is declared without '?' (1 row; internal: exact)" in ran.errors[0]
    assert "holds values that are not declared (3 rows; internal: exact)" in ran.errors[1]
    assert SECRET not in ran.err
    view(tmp_path / "v", ROWS, fields(agee="id", sx="id", age="numericl"))
    assert len(refused("check", "./v").splitlines()) == 1  # of the file alone, as long as that is at fault
    view(tmp_path / "v", ROWS, fields(agee="id", sx="id"))
    assert len(refused("check", "./v").splitlines()) == 2


def test_a_spent_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    view(tmp_path / "v", ROWS, fields(head="budget: {epsilon: 1, delta: 1e-9}\n"))
    fine("fit", ONE, "alg.epsilon=1")
    assert "budget: 1 in all, 0 left" in fine("plan", ONE)
    for option in ("alg.epsilon=1", "alg.epsilon=0.01", "alg.epsilon=inf", "alg.delta=0"):
        with untouched(tmp_path):
            told = refused("fit", ONE, option, "--overwrite")
            assert "would pass the budget of epsilon 1 at delta 1e-09" in told and "lower alg.epsilon" in told
    with untouched(tmp_path):
        refused("pipe", ONE, "--out", "new")


# -- other processes, and the disk ----------------------------------------------------------------------------------


def start(*words: object, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """`duckpaste WORDS...` as a process of its own, in the current folder."""
    command = [sys.executable, "-m", "duckpaste", *map(str, words)]
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=before,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["duckpaste.duckdb", "duckpaste.ledger.duckdb"])
def test_a_file_in_use(home: Path, name: str) -> None:
    script = f"import duckdb; con = duckdb.connect({name!r}); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin and holder.stdout
    try:
        holder.stdout.readline()
        told = f"{name}: is in use by another process; close it there first"
        assert refused("fit", ONE, "--overwrite") == told
        if ".ledger." in name:
            assert refused("ledger") == told
            return
        for words in ("check ./v", "plan ./v.mst", "init duckpaste.duckdb --out new",
                      "sample model.duckdb -o duckpaste.duckdb --overwrite"):  # fmt: skip
            assert refused(*words.split()) == told
    finally:
        holder.communicate("\n")


# A multiple of DuckDB's blocks: a write that would pass it fails as a whole.
LIMIT = 3 * 4096 + 262_144


def limited() -> None:
    """Let no file grow beyond LIMIT: what a full disk does, without one."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on the size of files")
@pytest.mark.parametrize(
    "words",
    [
        "sample model.duckdb -n 200000 -o big.duckdb",
        "fit ./v.independent -o big.duckdb",
        "fit ./wide.independent --database new.duckdb -o big.duckdb",
    ],
)
def test_a_full_disk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    shutil.copytree(made, tmp_path / "x", symlinks=True)
    monkeypatch.chdir(tmp_path / "x")
    view(Path("wide"), ROWS.replace("range(300)", "range(30000)"), fields())
    before = {p.name for p in Path().iterdir()}
    process = start(*words.split(), before=limited)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, err + out
    assert "a limit on the size of files is reached" in err.splitlines()[-1], err
    assert "Traceback" not in err and SECRET not in err
    # The databases of private data may have a log; of what was to be made nothing is left.
    left = {p.name for p in Path().iterdir() if p.suffix != ".wal"} - before
    assert left <= {"new.duckdb", "new.ledger.duckdb"} if "wide" in words else not left


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_ctrl_c_leaves_no_half_file(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made, tmp_path / "x", symlinks=True)
    monkeypatch.chdir(tmp_path / "x")
    many = ", ".join(f"(i * {j + 7} % 10)::int as c{j}" for j in range(40))
    declared = "".join(f"      c{j}: {{type: numerical?, min: 0, max: 10}}\n" for j in range(40))
    script = f"create table t as select {many} from range(3000) r(i)"
    view(Path("many"), script, f"tables:\n  t:\n    fields:\n{declared}")
    for words, sign in (
        (("sample", "model.duckdb", "-n", 3_000_000, "-o", "s.duckdb"), ".s.duckdb.*.tmp"),
        (("fit", "./many.mst", "--database", "m.duckdb", "-o", "n.duckdb"), "m.ledger.duckdb"),
    ):
        process = start(*words)
        end = time.monotonic() + 60
        while not list(Path().glob(sign)) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, (words, process.returncode, out, err)
        assert err.endswith("stopped\n") and "Traceback" not in err
        assert not list(Path().glob("*.tmp*")) + list(Path().glob(".*tmp*"))
        assert not Path("s.duckdb").exists() and not Path("n.duckdb").exists()
    fine("fit", ONE, "--database", "m.duckdb", "-o", "n.duckdb")


def test_ctrl_c_while_modules_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pressed:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "duckpaste.cli":
                raise KeyboardInterrupt

    import duckpaste.__main__ as command

    monkeypatch.delitem(sys.modules, "duckpaste.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Pressed(), *sys.meta_path])
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
