"""What is computed from the fingerprints and can be computed again: kinship, cross-detection, families."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, tuple_, update

from difreg.storage import tables as t
from difreg.storage.declared import Base
from difreg.storage.records import CrossRecord, FamilyRecord, KinshipRecord

_A, _B = t.generator.alias("a"), t.generator.alias("b")
_KIN = (
    "a_version",
    "b_version",
    "cosine",
    "kinship",
    "log10_likelihood_ratio",
    "probability",
    "low",
    "high",
    "support",
    "accepted",
)
_CROSS = ("fingerprint_version", "images_version", "score", "auc", "accuracy", "p_value", "n")
_CROSSED = t.cross_detection.join(_A, _A.c.id == t.cross_detection.c.fingerprint_id).join(
    _B, _B.c.id == t.cross_detection.c.images_id
)


class Derived(Base):
    """Kinship, cross-detection and families."""

    def kinship(self, name: str | None = None) -> list[KinshipRecord]:
        """Stored kinship, of one generator or of all, sorted by the two names."""
        c = t.kinship.c
        query: Any = select(_A.c.name, _B.c.name, *(c[field] for field in _KIN))
        query = query.select_from(t.kinship).join(_A, _A.c.id == c.a_id).join(_B, _B.c.id == c.b_id)
        if name is not None:
            query = query.where(or_(_A.c.name == name, _B.c.name == name))
        return sorted((KinshipRecord(*row) for row in self._execute(query)), key=lambda k: (k.a, k.b))

    def replace_kinship(self, name: str, rows: Iterable[KinshipRecord]) -> None:
        """Put ``rows`` in the place of all kinship that ``name`` has.

        Raises
        ------
        NotFoundError
            If a generator does not exist.
        """
        rows = list(rows)
        ids = self._ids({name, *(r.a for r in rows), *(r.b for r in rows)})
        self._execute(delete(t.kinship).where(or_(t.kinship.c.a_id == ids[name], t.kinship.c.b_id == ids[name])))
        new = [{"a_id": ids[r.a], "b_id": ids[r.b], **{f: getattr(r, f) for f in _KIN}} for r in map(_ordered, rows)]
        if new:
            self._execute(insert(t.kinship), new)

    def cross(self, name: str | None = None) -> list[CrossRecord]:
        """Cross-detection scores, of one generator (in either part) or of all, sorted by fingerprint and images."""
        c = t.cross_detection.c
        query: Any = select(_A.c.name, _B.c.name, *(c[field] for field in _CROSS))
        query = query.select_from(_CROSSED)
        if name is not None:
            query = query.where(or_(_A.c.name == name, _B.c.name == name))
        return sorted((CrossRecord(*row) for row in self._execute(query)), key=lambda r: (r.fingerprint, r.images))

    def replace_cross(self, name: str, rows: Iterable[CrossRecord]) -> None:
        """Put ``rows`` in the place of all cross-detection that ``name`` has a part in.

        Raises
        ------
        NotFoundError
            If a generator does not exist.
        """
        rows = list(rows)
        ids = self._ids({name, *(r.fingerprint for r in rows), *(r.images for r in rows)})
        c = t.cross_detection.c
        self._execute(delete(t.cross_detection).where(or_(c.fingerprint_id == ids[name], c.images_id == ids[name])))
        new = [
            {"fingerprint_id": ids[r.fingerprint], "images_id": ids[r.images], **{f: getattr(r, f) for f in _CROSS}}
            for r in rows
        ]
        if new:
            self._execute(insert(t.cross_detection), new)

    def prune_cross(self, keep: int = 50) -> int:
        """Delete, for each fingerprint, all but the ``keep`` highest scores and those within its family.

        Returns
        -------
        The number of rows deleted.
        """
        c = t.cross_detection.c
        order = (c.score.desc().nulls_last(), c.images_id)
        place = func.row_number().over(partition_by=c.fingerprint_id, order_by=order).label("place")
        kin = func.coalesce(_A.c.family_id == _B.c.family_id, False).label("kin")
        ranked: Any = select(c.fingerprint_id, c.images_id, place, kin)
        r = ranked.select_from(_CROSSED).subquery()
        low = select(r.c.fingerprint_id, r.c.images_id).where(r.c.place > keep, r.c.kin.is_(False))
        gone = self._execute(delete(t.cross_detection).where(tuple_(c.fingerprint_id, c.images_id).in_(low)))
        return int(gone.rowcount)

    def families(self) -> list[FamilyRecord]:
        """Families by name, their members sorted."""
        members: dict[int, list[str]] = defaultdict(list)
        g = t.generator.c
        for key, name in self._execute(select(g.family_id, g.name).where(g.family_id.is_not(None))):
            members[key].append(name)
        c = t.family.c
        rows = self._execute(select(c.id, c.name, c.title, c.support))
        records = (FamilyRecord(name, title, support, tuple(sorted(members[k]))) for k, name, title, support in rows)
        return sorted(records, key=lambda f: f.name)

    def set_families(self, families: Iterable[FamilyRecord]) -> None:
        """Put ``families`` in the place of all there are; one whose name stays keeps its title unless given another.

        Raises
        ------
        NotFoundError
            If a member does not exist.
        """
        families = list(families)
        ids = self._ids({m for f in families for m in f.members})
        titles: dict[str, str | None] = dict(self._execute(select(t.family.c.name, t.family.c.title)).all())
        self._execute(update(t.generator).where(t.generator.c.family_id.is_not(None)).values(family_id=None))
        self._execute(delete(t.family))
        for f in families:
            title = titles.get(f.name) if f.title is None else f.title
            made = insert(t.family).values(name=f.name, title=title, support=f.support).returning(t.family.c.id)
            key = self._execute(made).scalar_one()
            keys = [ids[m] for m in f.members]
            self._execute(update(t.generator).where(t.generator.c.id.in_(keys)).values(family_id=key))


def _ordered(r: KinshipRecord) -> KinshipRecord:
    """``r`` with its generators in the order of their names."""
    if r.a <= r.b:
        return r
    fields = {field: getattr(r, field) for field in _KIN}
    return KinshipRecord(r.b, r.a, **{**fields, "a_version": r.b_version, "b_version": r.a_version})
