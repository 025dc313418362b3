"""A cache beside the catalogue: small facts by a blob's digest, so that not every blob is read for every question.

It holds nothing that cannot be made again. Whatever goes wrong with it, a locked file, a full disk or damage, is no
error: what it does not give is computed, and a damaged file is thrown away. Any number of processes may use it.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

WAIT = 5.0  # seconds for another writer to finish
_MAKE = "CREATE TABLE IF NOT EXISTS entry (digest TEXT PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL)"
_MANY = 500  # beyond so many digests the whole table is read


class Index:
    """Bytes by digest in a SQLite file of its own.

    Parameters
    ----------
    path
        The file; it and its folder are made by the first :meth:`put`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, digests: Iterable[str]) -> dict[str, bytes]:
        """What is known of ``digests``; entries that are damaged are left out."""
        wanted = set(digests)
        found: dict[str, bytes] = {}

        def read(connection: sqlite3.Connection) -> None:
            query, some = "SELECT digest, data, crc FROM entry", sorted(wanted)
            if len(wanted) <= _MANY:
                query += f" WHERE digest IN ({','.join('?' * len(some))})"
            rows = connection.execute(query, some if len(wanted) <= _MANY else [])
            found.update((key, data) for key, data, crc in rows if key in wanted and zlib.crc32(data) == crc)

        if wanted and self.path.is_file():
            self._try(read)
        return found

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Remember ``entries``, if that can be done."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_MAKE)
            rows = [(key, data, zlib.crc32(data)) for key, data in entries.items()]
            connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")

        if entries:
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._try(write)

    def clear(self) -> None:
        """Throw everything away."""
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.path.with_name(self.path.name + suffix).unlink()

    def _try(self, action: Callable[[sqlite3.Connection], None]) -> None:
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                action(connection)
        except sqlite3.OperationalError:
            return  # locked, full, read-only, or nothing in it yet
        except (sqlite3.DatabaseError, TypeError):
            self.clear()
