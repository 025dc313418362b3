"""The catalogue: what is registered, in SQL, as the one truth from which every graph and figure is made.

Nothing is written to disk before the first write; until then the catalogue reads as empty. Reads see one snapshot,
writes are all or nothing and queue up behind one another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, exc, insert, inspect, select, update

from difreg.errors import StorageError
from difreg.names import shown
from difreg.storage import connection as db
from difreg.storage import tables
from difreg.storage.transaction import Transaction

__all__ = ["Catalog", "Transaction"]


class Catalog:
    """The catalogue at a database URL.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql://...``.

    Raises
    ------
    StorageError
        If ``url`` is no such thing. Every method raises it where the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._url = db.parse(url)
        self._file = db.file_of(self._url)
        self._opened: Engine | None = None
        self._owner = os.getpid()

    def exists(self) -> bool:
        """Whether anything was ever written."""
        with db.explained(self._url), self._connection(write=False) as connection:
            return connection is not None

    def schema(self) -> int | None:
        """The schema that is stored, without upgrading it; None where nothing was ever written."""
        with db.explained(self._url), self._connection(write=False, upgrade=False) as connection:
            return None if connection is None else self._schema(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that reads one snapshot, of an empty catalogue where there is none yet."""
        with db.explained(self._url), self._connection(write=False) as connection:
            if connection is not None:
                yield Transaction(connection)
                return
        with db.memory().begin() as empty:
            _make(empty)
            yield Transaction(empty)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is kept when the block ends and undone, whole, when anything is raised in it."""
        if self._file is not None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                hint = "Check its permissions, or give another --home."
                folder = shown(str(self._file.parent))
                raise StorageError(f"{folder} cannot be made: {error.strerror}.", hint) from error
        with db.explained(self._url), self._connection(write=True) as connection:
            assert connection is not None  # noqa: S101 (a write makes what is missing)
            yield Transaction(connection)

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        if self._opened is not None:
            self._opened.dispose()
        self._opened = None

    @contextmanager
    def _connection(self, write: bool, upgrade: bool = True) -> Iterator[Connection | None]:
        """A connection in a transaction on a catalogue of this version; None where there is none to read.

        Without ``upgrade`` it may be of an earlier one.
        """
        if self._opened is not None and self._owner != os.getpid():
            self._opened.dispose(close=False)  # a fork must not touch its parent's connections
        self._owner = os.getpid()
        missing = self._file is not None and not self._file.exists()
        if missing:
            self.close()
            if not write:
                yield None
                return
        if self._opened is None:
            self._opened = db.connect(self._url)
        options = db.options(self._opened, write)
        with self._opened.connect().execution_options(**options) as connection, connection.begin():
            if write:
                db.lock(connection)
            made = inspect(connection).has_table("meta")
            old = made and self._schema(connection) < tables.SCHEMA
            if write and not made:
                _make(connection)
            if not (old and upgrade):
                yield connection if made or write else None
                return
        self._upgrade()
        with self._connection(write) as upgraded:
            yield upgraded

    def _upgrade(self) -> None:
        """Bring an earlier schema to today's, a SQLite file after a copy of it is kept beside it."""
        from difreg.storage import migrations

        assert self._opened is not None  # noqa: S101 (its schema was read just now)
        options = db.options(self._opened, write=True, rebuild=True)
        with self._opened.connect().execution_options(**options) as connection:
            try:
                with connection.begin():
                    db.lock(connection)
                    found = self._schema(connection)
                    if found < tables.SCHEMA:  # nobody else was faster
                        connection.execute(update(tables.meta).values(value=tables.meta.c.value))  # can it be written?
                        if self._file is not None:
                            db.backup(self._file, str(found))
                        migrations.upgrade(connection, found)
            except exc.OperationalError as error:
                if "readonly" not in str(error.orig) and "read-only" not in str(error.orig):
                    raise
                hint = "Make it writable once: the first command that may write to it upgrades it, after a backup."
                raise StorageError(f"{db.place(self._url)} was made by an earlier difreg.", hint) from error

    def _schema(self, connection: Connection) -> int:
        """The schema of a catalogue that is there and is not newer than this difreg."""
        found = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "schema")).scalar()
        if found is None or not found.isdecimal():
            hint = "Another program's file lies there, or it is damaged: restore it, or give another --home."
            raise StorageError(f"{db.place(self._url)} is not one of difreg's.", hint)
        if int(found) > tables.SCHEMA:
            hint = "Upgrade difreg: pip install --upgrade difreg."
            raise StorageError(f"{db.place(self._url)} was made by a newer difreg (schema {found}).", hint)
        return int(found)


def _make(connection: Connection) -> None:
    tables.Row.metadata.create_all(connection)
    connection.execute(insert(tables.meta).values(key="schema", value=str(tables.SCHEMA)))
