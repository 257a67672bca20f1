"""The gateway: the one place that executes SQL.

It uses only calls that DuckDB 1.5 and 2.0 share (`sql().fetchall / to_arrow_table / to_arrow_reader`, drained
`execute`), keeps a trace of every statement, and re-raises engine errors with the template's name. Texts of errors
that may quote a private value are withheld.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from duckpaste import sql
from duckpaste.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_NUMBERS = count()
_SETTINGS = ("threads", "memory_limit", "temp_directory")
_STORAGE = "v1.5.0"  # the file format of the oldest DuckDB we support
# These errors speak of the SQL text, of files or of resources; all others may quote a value of a row.
_SPEAKS_OF_NO_VALUE = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.OutOfMemoryException,
    duckdb.IOException,
    duckdb.PermissionException,
    duckdb.NotImplementedException,
)


@dataclass(frozen=True)
class Statement:
    """One executed statement: the template's name, its SQL, wall seconds and rows returned (-1 for a stream)."""

    name: str
    sql: str
    seconds: float
    rows: int


class EngineError(UserError):
    """DuckDB refused a statement; `name` is the template and `statement` its SQL."""

    def __init__(self, name: str, statement: str, what: str, remedy: str = "") -> None:
        super().__init__(what, name, remedy)
        self.name = name
        self.statement = statement


_TYPE = re.compile(
    r"\bto (?:type )?'?((?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER|8|16|32|64|128)?|DOUBLE|FLOAT|BOOL(?:EAN)?"
    r"|UUID|BLOB|DATE|TIME(?:STAMP)?(?:TZ|_S|_MS|_NS)?|INTERVAL|ENUM|DECIMAL(?:\(\d+, ?\d+\))?))\b"
)
_COLUMN = re.compile(r'(?:source column |converting column )"?([^"\n.]+)')


_NO_MEMORY = re.compile(r"\b(?:out of memory|failed to (?:pin|allocate)|could not allocate)\b", re.IGNORECASE)
_DISK_FULL = re.compile("no space left on device|file too large|disk quota exceeded", re.IGNORECASE)


def _safe_text(error: duckdb.Error, statement: str = "") -> str:
    """What may be shown of an engine error that `statement` raised.

    A value may hold any text, also that of a message. So of a message that may quote one, only names of
    types and names that stand in the statement itself are shown.
    """
    text = str(error).strip()
    kind = type(error).__name__.removesuffix("Exception")
    if _DISK_FULL.search(text):
        return "a file could not be written: the disk is full, or a limit on the size of files is reached"
    if _ended_short(error):
        return "out of memory at the end of a transaction"
    if "attached in read-only mode" in text:
        return "the database is open for reading only"
    if isinstance(error, _SPEAKS_OF_NO_VALUE) and "CSV" not in text:
        # Without a header line, a file's first values become the names of its columns.
        # So do the values of a column in PIVOT.
        if re.search(r"read_\w+\s*\(|from\s+'|\bpivot", statement, re.IGNORECASE):
            text = text.split("Candidate bindings")[0].split("Did you mean")[0]
        return " ".join(text.split("\n\n")[0].split())[:400]
    columns = [name.strip() for name in _COLUMN.findall(text)]
    known = [name for name in columns if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement)]
    where = f" in column {known[-1]}" if known else _line(text, statement)
    if isinstance(error, duckdb.ConversionException):
        types = _TYPE.findall(text)
        target = f" to {types[-1]}" if types else ""
        return f"a value{where} could not be converted{target} (the value is withheld: it may be private)"
    if isinstance(error, duckdb.ConstraintException):
        return _broken_constraint(text)
    return f"{kind} error{where} (its text is withheld: it may quote a private value)"


def _ended_short(error: duckdb.Error) -> bool:
    """Whether a transaction could not be ended for want of memory. DuckDB 1.5 has no kind of its own for that."""
    return isinstance(error, duckdb.TransactionException) and bool(_NO_MEMORY.search(str(error)))


def _line(text: str, statement: str) -> str:
    """The line of the statement that the message points at, as the statement has it."""
    numbers = [int(n) for n in re.findall(r"\nLINE (\d{1,6}):", text)]
    lines = statement.split("\n")
    if not numbers or not 1 <= numbers[-1] <= len(lines):
        return ""
    return f" in `{' '.join(lines[numbers[-1] - 1].split())[:100]}`"


def _remedy(error: duckdb.Error) -> str:
    """What helps against an error of resources."""
    if _DISK_FULL.search(str(error)):
        return "free some space, or choose another folder"
    if isinstance(error, duckdb.OutOfMemoryException) or _ended_short(error):
        return "raise --memory-limit, lower --threads, or name a roomy --temp-directory"
    words = ("failed to create directory", "could not write", "cannot open file")
    if isinstance(error, duckdb.IOException) and any(w in str(error).lower() for w in words):
        return "is a folder missing or read-only?"
    return ""


def _broken_constraint(text: str) -> str:
    """What may be shown of a broken constraint. NOT NULL and CHECK messages hold no value."""
    text = text.removeprefix("Constraint Error: ")
    if text.startswith(("NOT NULL constraint failed", "CHECK constraint failed")):
        return "a row breaks a constraint: " + " ".join(text.split())[:400]
    if text.lower().startswith("violates foreign key"):
        return "a row breaks a foreign key (its values are withheld: they may be private)"
    if "duplicate key" in text.lower():
        return "two rows have the same PRIMARY KEY or UNIQUE values (withheld: they may be private)"
    return "a row breaks a constraint (its text is withheld: it may quote a private value)"


class Db:
    """A DuckDB connection with a trace. Make one with `Db.open` or `Db.over`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path | None, owned: bool) -> None:
        self.con = con
        self.path = path
        self._owned = owned
        self.trace: deque[Statement] = deque(maxlen=10_000)
        self._temporary: list[str] = []
        self.run_sql("settings", "SET python_enable_replacements = false")
        self.run_sql("settings", "SET enable_progress_bar = false")
        # Names are qualified with it: a file and a schema in it may have the same name.
        self.database = str(self.rows_sql("current_database", "select current_database()")[0][0])

    @classmethod
    def open(
        cls,
        path: Path | str | None = None,
        *,
        read_only: bool = False,
        sandbox: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> Db:
        """Open a database file, or one in memory (`path=None`).

        `settings` may hold threads, memory_limit and temp_directory. `sandbox=True` forbids files, network and
        further changes of settings, for databases that came from elsewhere.
        """
        config: dict[str, Any] = {k: str(v) for k, v in (settings or {}).items() if v is not None}
        unknown = sorted(set(config) - set(_SETTINGS))
        if unknown:
            raise UserError(f"unknown setting {unknown[0]!r}", remedy="known: " + ", ".join(_SETTINGS))
        # A folder to spill to can only be named while files may be reached.
        late = sandbox and "temp_directory" in config
        if sandbox and not late:
            config["enable_external_access"] = "false"
        where = ":memory:" if path is None else str(path)
        if read_only and path is not None and not Path(path).is_file():
            raise UserError("no such file", str(path))
        new = path is not None and not Path(path).exists()
        if new:
            # A new file is one that every version we support can read, the shells of its readers included.
            config["storage_compatibility_version"] = _STORAGE
        try:
            con = duckdb.connect(where, read_only=read_only, config=config)
        except duckdb.Error as error:
            if new:
                Path(where).unlink(missing_ok=True)  # a beginning of a file would pass for a broken one
            raise _connect_fault(error, where) from None
        try:
            db = cls(con, None if path is None else Path(path), owned=True)
            if late:
                db.run_sql("settings", "SET enable_external_access = false")
            if sandbox:
                db.run_sql("settings", "SET lock_configuration = true")
        except BaseException:
            con.close()
            raise
        return db

    @classmethod
    def over(cls, con: duckdb.DuckDBPyConnection) -> Db:
        """Work on a user's connection through a cursor of our own, so that its settings stay as they are.

        The cursor has the same current database and schema. It doesn't see temporary tables of `con`, nor what its
        open transaction has not committed.
        """
        try:
            home = con.sql("select current_database(), current_schema()").fetchall()[0]
            cursor = con.cursor()
            cursor.execute(f"use {sql.ident(*home)}").fetchall()
        except duckdb.Error as error:
            raise UserError(
                f"the connection can't be used: {_safe_text(error)}", remedy="open a new one"
            ) from None
        rows = cursor.sql(
            "select path from duckdb_databases() where database_name = current_database()"
        ).fetchall()
        path = Path(rows[0][0]) if rows and rows[0][0] else None
        return cls(cursor, path, owned=True)

    # -- statements ---------------------------------------------------------------------------------------------

    def run(self, template: str, /, **context: Any) -> None:
        """Execute the template `sql/<template>.sql` for its effect."""
        self.run_sql(template, sql.render(template, **context))

    def rows(self, template: str, /, **context: Any) -> list[tuple[Any, ...]]:
        """Execute a template and fetch all rows as tuples."""
        return self.rows_sql(template, sql.render(template, **context))

    def arrow(self, template: str, /, **context: Any) -> pa.Table:
        """Execute a template and fetch an Arrow table."""
        return self.arrow_sql(template, sql.render(template, **context))

    def run_sql(self, name: str, text: str, params: list[Any] | None = None) -> None:
        """Execute SQL text for its effect; `name` stands in the trace."""
        with self._traced(name, text) as rows:
            rows.append(
                len(
                    self.con.execute(text, params).fetchall() if params else self.con.execute(text).fetchall()
                )
            )

    def script_sql(self, name: str, text: str) -> None:
        """Execute each statement of a script for its effect. A script may not begin or end a transaction."""
        try:
            statements = self.con.extract_statements(text)
        except duckdb.Error as error:
            raise EngineError(name, text, _safe_text(error, text)) from None
        for number, statement in enumerate(statements, start=1):
            place = f"{name} (statement {number})"
            if statement.type == duckdb.StatementType.TRANSACTION:
                raise EngineError(place, statement.query, "a script may not begin or end a transaction")
            self.run_sql(place, statement.query.strip())

    def rows_sql(self, name: str, text: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Execute SQL text and fetch all rows as tuples."""
        with self._traced(name, text) as rows:
            result = self.con.execute(text, params) if params else self.con.execute(text)
            found: list[tuple[Any, ...]] = result.fetchall()
            rows.append(len(found))
        return found

    def arrow_sql(self, name: str, text: str) -> pa.Table:
        """Execute SQL text and fetch an Arrow table."""
        with self._traced(name, text) as rows:
            table = self.con.sql(text).to_arrow_table()
            rows.append(table.num_rows)
        return table

    def numpy_sql(self, name: str, text: str) -> dict[str, np.ndarray[Any, Any]]:
        """Execute SQL text and fetch a dict of numpy arrays, one a column."""
        with self._traced(name, text) as rows:
            found: dict[str, np.ndarray[Any, Any]] = self.con.sql(text).fetchnumpy()
            rows.append(len(next(iter(found.values()))) if found else 0)
        return found

    @contextmanager
    def stream_sql(self, name: str, text: str, batch: int = 122_880) -> Iterator[pa.RecordBatchReader]:
        """Stream a query as Arrow batches from a cursor of its own; drained and closed at the end."""
        cursor = self.con.cursor()
        try:
            with self._traced(name, text):
                reader = cursor.sql(text).to_arrow_reader(batch)
            yield reader
        finally:
            cursor.close()

    def insert_arrow(self, name: str, text: str, relation: str, reader: Any) -> None:
        """Run `text`, which reads the Arrow object `reader` under the name `relation`."""
        self.con.register(relation, reader)
        try:
            self.run_sql(name, text)
        finally:
            self.con.unregister(relation)

    def arrow_over(self, name: str, text: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Fetch an Arrow table of a query that reads `tables` (Arrow) by their names."""
        for relation, data in tables.items():
            self.con.register(relation, data)
        try:
            return self.arrow_sql(name, text)
        finally:
            for relation in tables:
                self.con.unregister(relation)

    def temporary(self, what: str) -> str:
        """A quoted name, used once, for a temporary table. The table goes with the end of `passing`."""
        self._temporary.append(sql.ident(f"_{what}_{next(_NUMBERS)}"))
        return self._temporary[-1]

    @contextmanager
    def passing(self) -> Iterator[set[str]]:
        """Temporary tables that are made inside are dropped at the end, but for those in the set that it gives."""
        before, kept = set(self._temporary), set[str]()
        yield kept
        for name in [n for n in self._temporary if n not in before | kept]:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop what `temporary` named, if it is there. Any other relation stays."""
        if name in self._temporary:
            self._temporary.remove(name)
            self.run_sql("drop", f"drop table if exists {name}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together, or none does."""
        self.run_sql("transaction", "BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self.con.execute("ROLLBACK").fetchall()
            raise
        self.run_sql("transaction", "COMMIT")

    def close(self) -> None:
        """Close the connection (or the cursor over a user's connection)."""
        if self._owned:
            self.con.close()

    def __enter__(self) -> Db:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _traced(self, name: str, text: str) -> Iterator[list[int]]:
        rows: list[int] = []
        start = time.perf_counter()
        try:
            yield rows
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            raise EngineError(name, text, _safe_text(error, text), _remedy(error)) from None
        except RuntimeError as error:
            if "interrupt" in str(error).lower():  # so DuckDB reports Ctrl-C
                raise KeyboardInterrupt from None
            raise
        finally:
            seconds = time.perf_counter() - start
            self.trace.append(Statement(name, text, seconds, rows[0] if rows else -1))


# What DuckDB says when it can't open a file -> what is wrong, and the remedy.
_CONNECT_FAULTS = {
    "could not set lock": ("is in use by another process", "close it there first"),
    "different configuration": (
        "is open in this process already, with other settings",
        "close that connection first",
    ),
    "not a valid duckdb": ("is not a DuckDB database file", "name another file"),
    "cannot launch in-memory database": ("is not a DuckDB database file", "name another file"),
    "newer version of duckdb": ("was written by a newer DuckDB", "upgrade it: pip install --upgrade duckdb"),
    "is a directory": ("is a folder", "name a file"),
    "not a directory": ("can't be opened: a part of its path is a file, not a folder", "name another file"),
    "no such file": ("can't be made or opened there", "choose another folder"),
    "permission denied": (
        "can't be opened: no permission",
        "choose another folder, or ask for the right to write",
    ),
    "read-only file system": ("can't be written: the file system is read-only", "choose another folder"),
    "no space left": ("can't be written: the disk is full", "free some space"),
    "file too large": ("can't be written: a limit on the size of files is reached", "choose another folder"),
    "out of memory": ("can't be opened within the memory limit", "raise --memory-limit"),
    "memory must": ("the memory limit is not understood", "write it as 4GB or 500MB"),
    "unit for memory": ("the memory limit is not understood", "write it as 4GB or 500MB"),
}


def _connect_fault(error: duckdb.Error, where: str) -> UserError:
    """The fault of a file that can't be opened. Paths are left out: they may hold the words that are looked for."""
    text = " ".join(str(error).split())
    plain = re.sub(r'"[^"]*"', "", text).lower()
    for words, (what, remedy) in _CONNECT_FAULTS.items():
        if words in plain:
            return UserError(what, where, remedy)
    return UserError(text[:300], where, "is it a DuckDB file, writable, and not open elsewhere?")
