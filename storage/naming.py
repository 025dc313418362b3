"""Aliases, tags, other names, and forgetting for good: what changes about a generator while its versions do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, delete, insert, select, update

from difreg.storage import tables as t
from difreg.storage.declared import unknown
from difreg.storage.weighed import Weighed

_DISTANCES = (t.weight_distance.c.a_id, t.weight_distance.c.b_id)


class Naming(Weighed):
    """What generators and versions are called."""

    def set_alias(self, name: str, alias: str, number: int | None) -> int | None:
        """Let ``alias`` name version ``number`` of ``name``, or nothing (None); the number it named before.

        Raises
        ------
        NotFoundError
            If there is no such generator. Whether it has that version is the caller's to know.
        """
        key, c = self._ids([name])[name], t.alias.c
        mine = (c.generator_id == key, c.name == alias)
        before: int | None = self._execute(select(c.number).where(*mine)).scalar()
        self._execute(delete(t.alias).where(*mine))
        if number is not None:
            self._execute(insert(t.alias).values(generator_id=key, name=alias, number=number))
        return before

    def set_tags(self, name: str, tags: Mapping[str, str], without: Iterable[str] = ()) -> None:
        """Give ``name`` these tags, a key it has a new value, and take the keys ``without`` away.

        Raises
        ------
        NotFoundError
            If there is no such generator.
        """
        key, c = self._ids([name])[name], t.tag.c
        self._execute(delete(t.tag).where(c.generator_id == key, c.key.in_([*tags, *without])))
        if tags:
            self._execute(insert(t.tag), [{"generator_id": key, "key": k, "value": v} for k, v in tags.items()])

    def children(self, name: str) -> list[str]:
        """Generators on record that declare ``name`` as a parent, those that were removed excepted, by name."""
        query = select(t.generator.c.name).join(t.parent, t.parent.c.child_id == t.generator.c.id).distinct()
        query = query.where(t.parent.c.parent_name == name, t.generator.c.removed.is_(None))
        return sorted(child for (child,) in self._execute(query))

    def rename(self, old: str, new: str) -> None:
        """Give a generator another name, which nothing on record has; its children declare it under the new one.

        Raises
        ------
        NotFoundError
            If there is no generator ``old``.
        """
        key = self._ids([old])[old]
        self._execute(update(t.generator).where(t.generator.c.id == key).values(name=new))
        self._execute(update(t.parent).where(t.parent.c.parent_name == old).values(parent_name=new))

    def forget(self, name: str) -> None:
        """Delete a generator with its versions and all that rests on them; its history stays, and so do its arrays.

        Raises
        ------
        NotFoundError
            If there is no such generator.
        """
        record = self.recorded(name)
        if record is None:
            raise unknown(name)
        mine = t.version.c.generator_id == record.id
        own = select(t.version.c.id).where(mine)
        for column in (t.image.c.version_id, t.skipped.c.version_id, t.weights.c.version_id, *_DISTANCES):
            self._execute(delete(column.table).where(column.in_(own)))
        self._execute(delete(t.version).where(mine))
        self._execute(delete(t.generator).where(t.generator.c.id == record.id))
        self._retire({p.name for p in record.parents})

    def own_arrays(self, name: str) -> set[str]:
        """Digests of the arrays that versions of ``name`` need and no other generator's."""
        g = t.generator.c.name
        mine, others = self._needed(g == name), self._needed(g != name)
        return mine - others

    def unused(self, digests: Iterable[str]) -> set[str]:
        """Those of ``digests`` whose array no version needs."""
        return set(digests) - self._needed()

    def _needed(self, *which: ColumnElement[bool]) -> set[str]:
        """Digests of the arrays of versions and of their weights."""
        v, w = t.version.c, t.weights.c
        version = select(v.digest).join(t.generator, t.generator.c.id == v.generator_id).where(*which)
        weights = select(w.digest).join(t.version, v.id == w.version_id)
        weights = weights.join(t.generator, t.generator.c.id == v.generator_id).where(*which)
        return {digest for query in (version, weights) for (digest,) in self._execute(query)}
