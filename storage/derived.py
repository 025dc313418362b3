"""What is computed from the fingerprints and can be computed again: kinship, cross-detection, families."""

from __future__ import annotations

import math
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
    "replicates",
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
        rows = (_ordered(KinshipRecord(*row)) for row in self._execute(query))  # renaming may have turned a pair
        return sorted(rows, key=lambda k: (k.a, k.b))

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

    def cross_extent(self) -> dict[str, tuple[int, float]]:
        """How many scores each fingerprint has stored, and the lowest of them, by its generator's name."""
        c = t.cross_detection.c
        told = (func.count(), func.count(c.score), func.min(c.score))
        rows = self._execute(select(c.fingerprint_id, *told).group_by(c.fingerprint_id))
        names: dict[int, str] = dict(self._execute(select(t.generator.c.id, t.generator.c.name)).all())
        # A score that is not a number ranks below all others.
        return {names[key]: (n, low if n == known else -math.inf) for key, n, known, low in rows}

    def prune_cross(self, keep: int = 50, names: Iterable[str] | None = None) -> int:
        """Delete, for each fingerprint, all but the ``keep`` highest scores and those within its family.

        Parameters
        ----------
        names
            Generators whose fingerprints are looked at; all where None.

        Returns
        -------
        The number of rows deleted.
        """
        c = t.cross_detection.c
        order = (c.score.desc().nulls_last(), c.images_id)
        place = func.row_number().over(partition_by=c.fingerprint_id, order_by=order).label("place")
        kin = func.coalesce(_A.c.family_id == _B.c.family_id, False).label("kin")
        ranked: Any = select(c.fingerprint_id, c.images_id, place, kin).select_from(_CROSSED)
        if names is not None:
            ids = self._ids(names)
            ranked = ranked.where(c.fingerprint_id.in_([ids[name] for name in names]))
        r = ranked.subquery()
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

    def set_title(self, name: str, title: str | None) -> None:
        """Give a family a title, or take it away."""
        self._execute(update(t.family).where(t.family.c.name == name).values(title=title))

    def set_families(self, families: Iterable[FamilyRecord]) -> set[str]:
        """Put ``families`` in the place of all there are; one whose name stays keeps its title unless given another.

        Returns
        -------
        The generators that have another family now.

        Raises
        ------
        NotFoundError
            If a member does not exist.
        """
        families = list(families)
        ids = self._ids({m for f in families for m in f.members})
        c, g = t.family.c, t.generator.c
        before = {row.name: row for row in self._execute(select(c.id, c.name, c.title, c.support))}
        members = self._execute(select(g.name, c.name).join(t.family, c.id == g.family_id)).all()
        homes: dict[str, str | None] = dict(members)
        after = {m: f.name for f in families for m in f.members}
        moved = {name for name in {*homes, *after} if homes.get(name) != after.get(name)}
        keys: dict[str | None, int | None] = {None: None}
        for f in families:
            known = before.pop(f.name, None)
            if known is None:
                made = insert(t.family).values(name=f.name, title=f.title, support=f.support)
                keys[f.name] = self._execute(made.returning(c.id)).scalar_one()
                continue
            keys[f.name] = known.id
            title = known.title if f.title is None else f.title
            if (title, repr(f.support)) != (known.title, repr(known.support)):
                self._execute(update(t.family).where(c.id == known.id).values(title=title, support=f.support))
        for name in sorted(moved):
            change = update(t.generator).where(g.id == ids[name])
            self._execute(change.values(family_id=keys[after.get(name)]))
        if before:
            self._execute(delete(t.family).where(c.name.in_(list(before))))
        return moved


def _ordered(r: KinshipRecord) -> KinshipRecord:
    """``r`` with its generators in the order of their names."""
    if r.a <= r.b:
        return r
    fields = {field: getattr(r, field) for field in _KIN}
    return KinshipRecord(r.b, r.a, **{**fields, "a_version": r.b_version, "b_version": r.a_version})
