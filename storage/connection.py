"""Connections to the catalogue's database: how SQLite is made safe to share, and how failures read to a user.

SQLite runs in WAL mode (readers and a writer do not wait for each other) with foreign keys on, and a writer takes the
lock when it begins, so that two of them queue up instead of failing. PostgreSQL gets the same by an advisory lock.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text

from difreg.errors import StorageError
from difreg.names import shown

WAIT = 30  # seconds for another writer to finish
PATIENCE = {"connect_timeout": 10}  # seconds for a server to answer
LOCK = 0x646966726567  # "difreg"
SQLITE = "sqlite:///"
WRITE = "difreg_write"
REBUILD = "difreg_rebuild"

NO_RIGHT = "42501"
HINTS = {
    "permission denied": "Ask the server's owner for the right to make and write tables in that database.",
    "password": "Set the password in DIFREG_DATABASE_URL, or in the PGPASSWORD variable or ~/.pgpass.",
    "does not exist": "Make it first, or name another in DIFREG_DATABASE_URL: createdb NAME.",
    "locked": "Another difreg is writing; try again when it is done.",
    "busy": "Another difreg is writing; try again when it is done.",
    "full": "Free some disk space and try again.",
    "readonly": "The folder or the file is read-only: change its permissions, or give another --home.",
    "read-only": "The folder or the file is read-only: change its permissions, or give another --home.",
    "not a database": "Another program's file lies there: move it away, or give another --home.",
    "malformed": "The file is damaged: restore it from a copy of the home.",
    "no such": "The file is not a catalogue of difreg, or is damaged: restore it from a copy of the home.",
    "unable to open": "Check that the folder exists and is yours to use, or give another --home.",
    "i/o error": "The disk fails, or is full: check it.",
}


def parse(url: str) -> URL:
    """``url`` as SQLAlchemy's; everything after ``sqlite:///`` is a path, whatever characters it holds.

    Raises
    ------
    StorageError
        If it is no database URL.
    """
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return URL.create("sqlite", database=url[len(SQLITE) :])
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise _no_url("DIFREG_DATABASE_URL is not a database URL.") from error
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "postgresql":
        raise _no_url(f"DIFREG_DATABASE_URL names '{shown(parsed.drivername, 40)}', which difreg does not use.")
    return parsed


def _no_url(message: str) -> StorageError:
    return StorageError(message, "Use sqlite:///FILE or postgresql://HOST/DATABASE, or unset it.")


def file_of(url: URL) -> Path | None:
    """The SQLite file, or None for a server."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def connect(url: URL) -> Engine:
    """An engine for ``url``; nothing is opened yet.

    Raises
    ------
    StorageError
        If the driver is not installed.
    """
    path = file_of(url)
    if path is not None:
        return _sqlite(path)
    try:
        patience = {} if "connect_timeout" in url.query else PATIENCE
        return create_engine(url, pool_pre_ping=True, connect_args=patience)
    except (exc.NoSuchModuleError, ImportError) as error:
        hint = "Install it: pip install 'difreg[postgres]'."
        raise StorageError("The driver for PostgreSQL is not installed.", hint) from error


def memory() -> Engine:
    """An empty SQLite database that lives as long as its engine."""
    return create_engine("sqlite://")


def _sqlite(path: Path) -> Engine:
    # A catalogue on a medium that cannot be written has no place for WAL's side files, so nobody else can write it.
    fixed = path.exists() and not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    target = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1" if fixed else str(path)

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(target, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=fixed)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # The mode stays with the file. Whoever else holds the lock now sets it too; a file that is no database or
        # cannot be written says so at the first statement.
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA journal_mode = WAL")
        return connection

    engine = create_engine(f"{SQLITE}{quote(str(path))}", creator=opened)

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if write else 'ON'}")
        # A table that is made anew under its own name must not take along the rows that point at it.
        rebuild = connection.get_execution_options().get(REBUILD)
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if rebuild else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def options(engine: Engine, write: bool, rebuild: bool = False) -> dict[str, Any]:
    """Execution options of a connection that reads a snapshot, or writes, or rebuilds tables."""
    if engine.dialect.name == "postgresql" and not write:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {WRITE: write, REBUILD: rebuild}


def backup(path: Path, label: str) -> Path:
    """Copy a SQLite catalogue, whole and consistent, to ``NAME.backup-LABEL-TIME`` beside it, and give the copy's path.

    Raises
    ------
    StorageError
        If there is no room for it, or the folder cannot be written; nothing is left behind then.
    """
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    copy = path.with_name(f"{path.name}.backup-{label}-{time}")
    part = copy.with_name(f".{copy.name}.part")
    try:
        with closing(sqlite3.connect(path, timeout=WAIT)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(copy)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        hint = "Free some disk space, or see to the folder's permissions, and try again."
        raise StorageError(f"{shown(str(path))} cannot be backed up: {shown(str(error))}.", hint) from error
    return copy


def lock(connection: Connection) -> None:
    """Wait until no other writer is at work (SQLite's ``BEGIN IMMEDIATE`` has done so already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn a database's failure into a :class:`StorageError` that names the catalogue and the way out, no password."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StorageError(f"{place(url)} has too many connections open.", "Try again with fewer jobs.") from error
    except exc.DBAPIError as error:
        # Integrity, data and programming errors, but for a missing right, are our own mistakes and stay what they are.
        refused = getattr(error.orig, "sqlstate", None) == NO_RIGHT
        usual = {exc.OperationalError, exc.DatabaseError, exc.InterfaceError, exc.InternalError}
        if type(error) not in usual and not refused:
            raise
        raise _storage(url, error.orig) from error
    except sqlite3.Error as error:
        raise _storage(url, error) from error


def _storage(url: URL, error: BaseException | None) -> StorageError:
    reason = next(iter(str(error).strip().splitlines()), "no reason given")
    if url.password:
        reason = reason.replace(str(url.password), "***")
    server = "Check that the server runs and that DIFREG_DATABASE_URL and the password are right."
    default = "Run it again with --traceback for the details." if file_of(url) else server
    hint = next((h for sign, h in HINTS.items() if sign in reason.lower()), default)
    return StorageError(f"{place(url)} cannot be used: {shown(reason)}.", hint)


def place(url: URL) -> str:
    """Where the catalogue is, as it may be shown: no user, password or options."""
    path = file_of(url)
    if path is not None:
        return f"The catalogue {shown(str(path))}"
    return f"The catalogue {url.get_backend_name()}://{shown(url.host or 'localhost')}/{shown(url.database or '')}"
