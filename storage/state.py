"""The catalogue's state in sixteen digits, which every answer names: few plain queries, so that it stays cheap."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from difreg.storage import tables as t
from difreg.storage.declared import FACTS, Base


class State(Base):
    """What the whole catalogue comes to."""

    def digest(self) -> str:
        """Sixteen hexadecimal digits that name the catalogue's state.

        They change with the generators, what is declared about them, their aliases, latest fingerprints and families.
        """
        g, v = t.generator.c, t.version.c
        own = [g.name, g.observed, g.removed, *(g[fact] for fact in FACTS)]
        query = select(g.id, *own, t.family.c.name.label("family"), v.number, v.digest)
        joined = t.generator.outerjoin(t.family, t.family.c.id == g.family_id)
        joined = joined.outerjoin(t.version, (v.generator_id == g.id) & (v.number == g.last_number))
        rows = self._execute(query.select_from(joined)).all()
        parents = self._grouped(select(t.parent))
        shown = _shown(rows, parents)
        tags, aliases = self._grouped(select(t.tag)), self._grouped(select(t.alias))
        state = [
            [row.name, *_told(row), sorted(parents[row.id], key=_first), sorted(tags[row.id]), sorted(aliases[row.id])]
            for row in rows
            if row.id in shown
        ]
        state.sort(key=_first)
        return hashlib.sha256(json.dumps(state, default=_written).encode()).hexdigest()[:16]

    def _grouped(self, query: Any) -> defaultdict[int, list[list[Any]]]:
        """The rest of every row, by the generator its first column names."""
        out: defaultdict[int, list[list[Any]]] = defaultdict(list)
        for key, *rest in self._execute(query):
            out[key].append(rest)
        return out


def _told(row: Any) -> list[Any]:
    """What is told of a generator; of one that was removed, that it is a declared parent."""
    _, _, observed, removed, *facts, family, number, digest = row
    alive = observed and removed is None
    return [alive, *facts, family, *([number, digest] if alive else [])]


def _shown(rows: Any, parents: defaultdict[int, list[list[Any]]]) -> set[int]:
    """Ids of generators that were not removed, and of all their declared ancestors."""
    ids = {row.name: row.id for row in rows}
    ahead = [row.id for row in rows if row.removed is None]
    shown = set(ahead)
    while ahead:
        above = (ids.get(parent[0]) for parent in parents[ahead.pop()])
        fresh = {key for key in above if key is not None} - shown
        shown |= fresh
        ahead += fresh
    return shown


def _first(row: list[Any]) -> Any:
    return [row[0], str(row[1])]


def _written(value: date | datetime) -> str:
    return value.isoformat()
