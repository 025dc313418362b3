"""Weights of versions' decoders, and their distances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import delete, insert, or_, select

from difreg.storage import tables as t
from difreg.storage.records import NewWeights, WeightDistanceRecord, WeightsRecord
from difreg.storage.versions import Versions, newest

_OWN = tuple(f.name for f in fields(NewWeights))


class Weighed(Versions):
    """What is kept of weights, one record a version at most."""

    def set_weights(self, version_id: int, new: NewWeights, distances: Iterable[WeightDistanceRecord]) -> None:
        """Keep ``new`` as the weights of a version, in the place of those it had, with their distances to others."""
        w, d = t.weights, t.weight_distance
        self._execute(delete(w).where(w.c.version_id == version_id))
        self._execute(delete(d).where(or_(d.c.a_id == version_id, d.c.b_id == version_id)))
        self._execute(insert(w).values(version_id=version_id, **{f: getattr(new, f) for f in _OWN}))
        if rows := [vars(x) for x in distances]:
            self._execute(insert(d), rows)

    def weights(self, version_id: int) -> WeightsRecord | None:
        """The weights of a version, also of a generator that was removed."""
        rows = self._execute(_select().where(t.version.c.id == version_id))
        return next(iter(_records(rows)), None)

    def every_weights(self) -> list[WeightsRecord]:
        """All weights on record, by generator and version, those of removed generators too."""
        return sorted(_records(self._execute(_select())), key=lambda w: (w.generator, w.number))

    def latest_weights(self) -> list[WeightsRecord]:
        """Weights of the latest versions of observed generators, by name."""
        return sorted(_records(self._execute(_select().where(*newest()))), key=lambda w: w.generator)

    def weight_distances(self, version_id: int | None = None) -> list[WeightDistanceRecord]:
        """All distances on record, or those of one version."""
        d = t.weight_distance.c
        query = select(d.a_id, d.b_id, d.relative, d.error, d.rounding).order_by(d.a_id, d.b_id)
        if version_id is not None:
            query = query.where(or_(d.a_id == version_id, d.b_id == version_id))
        return [WeightDistanceRecord(*row) for row in self._execute(query)]


def _select() -> Any:
    w, v = t.weights.c, t.version.c
    query = select(*(w[f] for f in _OWN), t.generator.c.name, v.number, v.id)
    query = query.join(t.version, v.id == w.version_id)
    return query.join(t.generator, t.generator.c.id == v.generator_id)


def _records(rows: Any) -> list[WeightsRecord]:
    return [WeightsRecord(*row) for row in rows]
