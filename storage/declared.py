"""Generators and what is declared about them: dates, parents, tags, aliases.

A declared parent that is not registered becomes a stub, so that the lineage has a place for it; a stub nobody
declares any more, and about which nothing is known, goes again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import CTE, Connection, Executable, Row, delete, exists, insert, select, update

from difreg.errors import NotFoundError
from difreg.names import shown
from difreg.storage import tables as t
from difreg.storage.records import GeneratorRecord, ParentRecord

_DATES = ("released", "released_latest", "not_before", "not_before_earliest")
FACTS = ("base", *_DATES, "source", "certainty", "note", "licence", "url")


class Base:
    """A connection inside a transaction, and the look-ups all groups of methods need."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> Any:
        """The result of ``statement``, whose columns no type checker can know."""
        return self._connection.execute(statement, rows)

    def _ids(self, names: Iterable[str]) -> dict[str, int]:
        """Ids by name, of ``names`` and maybe others.

        Raises
        ------
        NotFoundError
            If one of ``names`` has no row.
        """
        known = {name: key for key, name in self._execute(select(t.generator.c.id, t.generator.c.name))}
        for name in names:
            if name not in known:
                raise unknown(name)
        return known


class Declared(Base):
    """Generators and their declared facts."""

    def generators(self, observed: bool | None = None) -> list[GeneratorRecord]:
        """All generators by name, or only the observed ones (True) or the stubs (False).

        A removed one is left out unless a generator that is shown declares it as its parent: then it is a stub.
        """
        needed = _needed()
        rows = self._execute(_select().where(t.generator.c.id.in_(select(needed.c.id)))).all()
        records = self._records(rows, every=True)
        return sorted((r for r in records if observed in (None, r.observed)), key=lambda r: r.name)

    def generator(self, name: str) -> GeneratorRecord | None:
        """One generator, or None where :meth:`generators` has none of that name."""
        record = self.recorded(name)
        if record is None or not record.removed:
            return record
        needed = _needed()
        shows = self._execute(select(needed.c.id).where(needed.c.id == record.id)).first() is not None
        return record if shows else None

    def recorded(self, name: str) -> GeneratorRecord | None:
        """One generator on record, also one that was removed and shows nowhere."""
        row = self._execute(_select().where(t.generator.c.name == name)).first()
        return None if row is None else self._records([row], every=False)[0]

    def declare(
        self,
        name: str,
        *,
        observed: bool,
        released: str | None = None,
        released_latest: date | None = None,
        not_before: str | None = None,
        not_before_earliest: date | None = None,
        base: bool | None = None,
        source: str | None = None,
        certainty: str | None = None,
        note: str | None = None,
        licence: str | None = None,
        url: str | None = None,
        parents: Sequence[ParentRecord] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> GeneratorRecord:
        """Add a generator or facts about it; None changes nothing, and one that was removed is back.

        Parameters
        ----------
        observed
            True makes it an observed one. False never makes a stub of an observed one that is there.
        parents
            Replace all that were declared before.
        tags
            Are added to those it has; a key it has gets the new value.
        """
        dates = (released, released_latest, not_before, not_before_earliest)
        given = (base, *dates, source, certainty, note, licence, url)
        facts = {key: value for key, value in zip(FACTS, given, strict=True) if value is not None}
        key = self._ensure(name, observed, facts)
        if parents is not None:
            self._set_parents(key, parents)
        if tags:
            self._execute(delete(t.tag).where(t.tag.c.generator_id == key, t.tag.c.key.in_(list(tags))))
            self._execute(insert(t.tag), [{"generator_id": key, "key": k, "value": v} for k, v in tags.items()])
        record = self.generator(name)
        assert record is not None  # noqa: S101 (it was just made)
        return record

    def _ensure(self, name: str, observed: bool, facts: Mapping[str, Any]) -> int:
        """Id of the generator ``name``, made or brought back if need be, with ``facts`` written to it."""
        row = self._execute(select(t.generator).where(t.generator.c.name == name)).first()
        if row is None:
            values = {"name": name, "observed": observed, "last_number": 0, "created": datetime.now(UTC), **facts}
            made = self._execute(insert(t.generator).values(values).returning(t.generator.c.id)).scalar_one()
            return int(made)
        seen = observed or (row.observed and row.removed is None)
        change = update(t.generator).where(t.generator.c.id == row.id)
        self._execute(change.values({"observed": seen, "removed": None, **facts}))
        return int(row.id)

    def _set_parents(self, key: int, parents: Sequence[ParentRecord]) -> None:
        before = {p for (p,) in self._execute(select(t.parent.c.parent_name).where(t.parent.c.child_id == key))}
        self._execute(delete(t.parent).where(t.parent.c.child_id == key))
        rows = {(p.name, p.relation): p for p in parents}.values()
        if rows:
            new = [{"child_id": key, "parent_name": p.name, "relation": p.relation, "source": p.source} for p in rows]
            self._execute(insert(t.parent), new)
            names = {p.name for p in rows}
            query = select(t.generator.c.name).where(t.generator.c.name.in_(names))
            for name in sorted(names - {n for (n,) in self._execute(query)}):
                self._ensure(name, False, {})
        self._retire(before)

    def _retire(self, names: Iterable[str]) -> None:
        """Remove those of ``names`` that are stubs nobody declares and about which nothing is known."""
        child, own = t.generator.alias(), t.generator.c
        asked = select(t.parent.c.child_id).join(child, child.c.id == t.parent.c.child_id)
        asked = asked.where(t.parent.c.parent_name == own.name, child.c.removed.is_(None))
        bare = [own[fact].is_(None) for fact in FACTS]
        facts = [exists().where(t.parent.c.child_id == own.id), exists().where(t.tag.c.generator_id == own.id)]
        stub = update(t.generator).where(own.name.in_(sorted(names)), own.observed.is_(False), *bare)
        stub = stub.where(~asked.correlate(t.generator).exists(), *(~f for f in facts))
        self._execute(stub.values(removed=datetime.now(UTC)))

    def _records(self, rows: Sequence[Row[Any]], every: bool) -> list[GeneratorRecord]:
        """Records of generator rows with their parents, tags and aliases, in one query each."""
        parents: dict[int, list[ParentRecord]] = defaultdict(list)
        tags: dict[int, dict[str, str]] = defaultdict(dict)
        declared = select(t.parent).order_by(t.parent.c.parent_name, t.parent.c.relation)
        aliases: dict[int, dict[str, int]] = defaultdict(dict)
        labels = select(t.tag).order_by(t.tag.c.key)
        named = select(t.alias).order_by(t.alias.c.name)
        if not every:
            keys = [row.id for row in rows]
            declared = declared.where(t.parent.c.child_id.in_(keys))
            labels = labels.where(t.tag.c.generator_id.in_(keys))
            named = named.where(t.alias.c.generator_id.in_(keys))
        for child, name, relation, source in self._execute(declared):
            parents[child].append(ParentRecord(name, relation, source))
        for key, label, value in self._execute(labels):
            tags[key][label] = value
        for key, alias, number in self._execute(named):
            aliases[key][alias] = number
        return [
            GeneratorRecord(
                id=row.id,
                name=row.name,
                observed=row.observed and row.removed is None,
                removed=row.removed is not None,
                family=row.family,
                parents=tuple(parents.get(row.id, ())),
                tags=tags.get(row.id, {}),
                created=row.created,
                aliases=aliases.get(row.id, {}),
                **{fact: getattr(row, fact) for fact in FACTS},
            )
            for row in rows
        ]


def unknown(name: str) -> NotFoundError:
    """The error for a generator that does not exist."""
    return NotFoundError(f"There is no generator '{shown(name, 60)}'.", "`difreg list` shows those there are.")


def _select() -> Any:
    """Generators with the name of their family."""
    query = select(t.generator, t.family.c.name.label("family"))
    return query.outerjoin(t.family, t.family.c.id == t.generator.c.family_id)


def _needed() -> CTE:
    """Ids of the generators that were not removed, and of all their declared ancestors."""
    start = select(t.generator.c.id).where(t.generator.c.removed.is_(None)).cte("needed", recursive=True)
    up = select(t.generator.c.id).join(t.parent, t.parent.c.parent_name == t.generator.c.name)
    return start.union(up.join(start, start.c.id == t.parent.c.child_id))
