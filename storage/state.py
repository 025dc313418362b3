"""The catalogue's state in sixteen digits, which every answer names: few plain queries, so that it stays cheap."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from sqlalchemy import select

from difreg.storage import tables as t
from difreg.storage.declared import FACTS, Base

TOLD = tuple(fact for fact in FACTS if not fact.endswith(("_latest", "_earliest")))  # which follow from the rest


class State(Base):
    """What the whole catalogue comes to."""

    def digest(self) -> str:
        """Sixteen hexadecimal digits that name the catalogue's state.

        They change with the generators, what is declared about them, their aliases, latest fingerprints, families,
        families' titles and weights.
        """
        g, v = t.generator.c, t.version.c
        alive = (g.observed & g.removed.is_(None)).label("alive")
        own = [g.name, alive, g.removed.is_(None).label("kept"), *(g[fact] for fact in TOLD)]
        family = t.family.c
        query = select(g.id, *own, family.name.label("family"), v.number, v.digest, family.title, t.weights.c.digest)
        joined = t.generator.outerjoin(t.family, t.family.c.id == g.family_id)
        joined = joined.outerjoin(t.version, (v.generator_id == g.id) & (v.number == g.last_number))
        joined = joined.outerjoin(t.weights, t.weights.c.version_id == v.id)
        rows = self._execute(query.select_from(joined)).all()
        parents = self._grouped(select(t.parent))
        shown = _shown(rows, parents)
        tags, aliases = self._grouped(select(t.tag)), self._grouped(select(t.alias))
        more = [{key: sorted(rows, key=_first) for key, rows in m.items()} for m in (parents, tags, aliases)]
        state = [[row.name, *_told(row), [m.get(row.id) for m in more]] for row in rows if row.id in shown]
        state.sort(key=_name)
        return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]

    def _grouped(self, query: Any) -> defaultdict[int, list[list[Any]]]:
        """The rest of every row, by the generator its first column names."""
        out: defaultdict[int, list[list[Any]]] = defaultdict(list)
        for key, *rest in self._execute(query):
            out[key].append(rest)
        return out


def _told(row: Any) -> tuple[Any, ...]:
    """What is told of a generator; of one that was removed, that it is a declared parent."""
    alive, told, title, weights = row[2], tuple(row[4:-2]), row[-2], row[-1]
    named = told if title is None else (*told, title)
    named = named if weights is None else (*named, {"weights": weights})
    return (alive, *named) if alive else (alive, *told[:-2])


def _shown(rows: Any, parents: defaultdict[int, list[list[Any]]]) -> set[int]:
    """Ids of generators that were not removed, and of all their declared ancestors."""
    ids = {row.name: row.id for row in rows}
    ahead = [row.id for row in rows if row.kept]
    shown = set(ahead)
    while ahead:
        above = (ids.get(parent[0]) for parent in parents.get(ahead.pop(), ()))
        fresh = {key for key in above if key is not None} - shown
        shown |= fresh
        ahead += fresh
    return shown


def _first(row: list[Any]) -> list[str]:
    return [row[0], str(row[1])]


def _name(row: list[Any]) -> str:
    return str(row[0])
