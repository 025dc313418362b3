"""Versions of generators' fingerprints: immutable, numbered 1, 2, 3 ... without gaps for each generator."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from difreg.storage import tables as t
from difreg.storage.declared import Declared
from difreg.storage.records import ImageRecord, NewVersion, SkippedRecord, VersionRecord, VersionRef

_OWN = ("digest", "identity", "solver", "denoiser", "background", "canvas", "seed", "tool")
MANY = 500  # beyond so many names a query takes all rows
_QUALITY = ("images", "reliability", "separation", "jpeg")


class Versions(Declared):
    """Versions and the images they rest on."""

    def add_version(self, name: str, new: NewVersion) -> VersionRecord:
        """Keep ``new`` as the next version of ``name``, which is made, observed and brought back as need be."""
        key = self._ensure(name, True, {})
        count = update(t.generator).where(t.generator.c.id == key).values(last_number=t.generator.c.last_number + 1)
        number = self._execute(count.returning(t.generator.c.last_number)).scalar_one()
        own = {field: getattr(new, field) for field in _OWN + _QUALITY}
        created = new.created or datetime.now(UTC)
        values = {"generator_id": key, "number": number, "created": created, "caveats": [list(c) for c in new.caveats]}
        version = self._execute(insert(t.version).values({**own, **values}).returning(t.version.c.id)).scalar_one()
        for table, rows in ((t.image, new.files), (t.skipped, new.skipped)):
            if rows:
                numbered = [{"version_id": version, "place": i, **vars(r)} for i, r in enumerate(rows)]
                self._execute(insert(table), numbered)
        caveats = tuple(new.caveats)
        return VersionRecord(version, name, key, number, created=created, caveats=caveats, **own)

    def versions(self, name: str) -> list[VersionRecord]:
        """All versions of ``name``, oldest first, also of a generator that was removed."""
        return _records(self._execute(_select().where(t.generator.c.name == name).order_by(t.version.c.number)))

    def version(self, name: str, number: int) -> VersionRecord | None:
        """Version ``number`` of ``name``, also of a generator that was removed."""
        query = _select().where(t.generator.c.name == name, t.version.c.number == number)
        return next(iter(_records(self._execute(query))), None)

    def latest(self, name: str) -> VersionRecord | None:
        """The latest version of ``name``; None where there is none, or it is a stub or was removed."""
        return next(iter(_records(self._execute(_latest().where(t.generator.c.name == name)))), None)

    def latest_all(self) -> list[VersionRecord]:
        """The latest version of every observed generator, by name."""
        return sorted(_records(self._execute(_latest())), key=lambda v: v.generator)

    def every_version(self) -> list[VersionRecord]:
        """Every version on record, by generator and number, those of removed generators too."""
        return sorted(_records(self._execute(_select())), key=lambda v: (v.generator, v.number))

    def latest_refs(self) -> list[VersionRef]:
        """What names the latest version of every generator with images, by name; quicker than :meth:`latest_all`."""
        return self._refs(t.version.c.images > 0)

    def foreign_refs(self, denoiser: str) -> list[VersionRef]:
        """The same of generators whose latest version has no images, and that denoiser."""
        return self._refs(t.version.c.images == 0, t.version.c.denoiser == denoiser)

    def _refs(self, *which: ColumnElement[bool]) -> list[VersionRef]:
        own, v = t.generator.c, t.version.c
        query = select(own.name, v.number, v.digest).join(t.version, v.generator_id == own.id)
        rows = self._execute(query.where(*newest(), *which))
        return sorted((VersionRef(*row) for row in rows), key=lambda r: r.generator)

    def measures(self, names: Collection[str]) -> dict[str, tuple[float, int]]:
        """Reliability and number of images of the latest version of each of ``names`` that has one."""
        own, v = t.generator.c, t.version.c
        query = select(own.name, v.reliability, v.images).join(t.version, v.generator_id == own.id).where(*newest())
        rows = self._execute(query.where(own.name.in_(sorted(names))) if len(names) < MANY else query)
        return {name: (reliability, images) for name, reliability, images in rows if name in names}

    def images(self, version_id: int) -> list[ImageRecord]:
        """The images a version rests on, in the order of its sketches."""
        c = t.image.c
        query = select(c.file, c.size, c.sha256, c.pixels).where(c.version_id == version_id).order_by(c.place)
        return [ImageRecord(*row) for row in self._execute(query)]

    def skipped(self, version_id: int) -> list[SkippedRecord]:
        """The images that were given for a version and not used."""
        c = t.skipped.c
        query = select(c.file, c.code, c.reason).where(c.version_id == version_id).order_by(c.place)
        return [SkippedRecord(*row) for row in self._execute(query)]


def _select() -> Any:
    v = t.version.c
    columns = [v[field] for field in (*_OWN, "created", *_QUALITY, "caveats")]
    query = select(v.id, t.generator.c.name, v.generator_id, v.number, *columns)
    return query.join(t.generator, t.generator.c.id == v.generator_id)


def _latest() -> Any:
    """One row a generator, because a number is used once and versions are only ever deleted with their generator."""
    return _select().where(*newest())


def newest() -> tuple[ColumnElement[bool], ...]:
    """What holds of the latest versions of observed generators."""
    g = t.generator.c
    return (g.observed.is_(True), g.removed.is_(None), t.version.c.number == g.last_number)


def _records(rows: Any) -> list[VersionRecord]:
    return [VersionRecord(*(*own, tuple((code, text) for code, text in caveats))) for *own, caveats in rows]
