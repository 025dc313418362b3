"""A registry's storage in memory: what is written there can be looked at, and reaches neither catalogue nor arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray
from sqlalchemy import insert, select

from difreg.storage import connection as db
from difreg.storage import tables
from difreg.storage.blob_places import Blobs
from difreg.storage.blobs import Tensors, dumps, loads
from difreg.storage.catalog import Catalog


class RehearsedCatalog(Catalog):
    """A copy of a catalogue, of one moment; nobody else's writing waits for it."""

    def __init__(self, real: Catalog) -> None:
        super().__init__(f"{db.SQLITE}:memory:")
        self._file, self._opened = None, db.memory()
        opened = db.explained(real._url), real._connection(write=False), self._opened.connect()
        with opened[0], opened[1] as source, opened[2] as copy:
            if source is None:
                return
            with copy.begin():
                tables.Row.metadata.create_all(copy)
                for table in tables.Row.metadata.sorted_tables:
                    if rows := [dict(row) for row in source.execute(select(table)).mappings()]:
                        copy.execute(insert(table), rows)
            copy.exec_driver_sql("PRAGMA foreign_keys = ON")
            copy.commit()


class RehearsedBlobs:
    """Arrays that were there before, and new ones, which stay in memory; ``Blobs`` tells what each method does."""

    def __init__(self, real: Blobs) -> None:
        self._real = real
        self._new: dict[str, bytes] = {}

    def put(self, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> str:
        """Keep arrays and give their digest."""
        data = dumps(tensors, metadata)
        digest = hashlib.sha256(data).hexdigest()
        self._new[digest] = data
        return digest

    def get(self, digest: str) -> Tensors:
        """Arrays of a blob."""
        return self.read(digest)[0]

    def read(self, digest: str) -> tuple[Tensors, dict[str, str]]:
        """Arrays and metadata of a blob."""
        data = self._new.get(digest)
        return self._real.read(digest) if data is None else loads(data, len(data))

    def verify(self, digest: str) -> bool:
        """Whether the blob is there, undamaged."""
        return digest in self._new or self._real.verify(digest)

    def delete(self, digest: str) -> None:
        """Forget a new one; those that were there before stay."""
        self._new.pop(digest, None)

    def digests(self) -> Iterator[str]:
        """Digests of all blobs, sorted."""
        yield from sorted({*self._new, *self._real.digests()})
