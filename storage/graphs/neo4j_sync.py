"""One registry's part of a Neo4j database brought to the catalogue's state, batch by batch.

The server keeps a hash beside every node and edge, so each sync begins by asking what is there: after a crash of either
side the next one sends what is missing and removes what is stale. A batch is one transaction, run again by the driver
where that is safe, and it fails when another process has begun a sync since: the one that began last wins.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any

import neo4j
import networkx as nx

from difreg.errors import StorageError
from difreg.storage.graphs.projection import Difference, Held, Projection, checked, difference
from difreg.storage.graphs.protocol import Progress, Synced

STATE = "DifregRegistry"  # the node that says what a registry's part of the database holds
BATCH = 10_000
_FENCE = f"MATCH (s:{STATE} {{of: $registry}}) SET s.beat = timestamp() WITH s WHERE s.writer = $writer"


@dataclass(frozen=True)
class State:
    """What a database says of one registry's part of it; ``digest`` is None where no sync has come to its end."""

    digest: str | None = None
    by: str | None = None
    nodes: int | None = None
    edges: int | None = None
    synced: datetime | None = None
    labels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def state(session: neo4j.Session, registry: str) -> State:
    """What the database holds of ``registry``."""
    found = session.execute_read(_state, registry)
    if found is None:
        return State()
    synced = found["synced"].to_native() if found.get("synced") else None
    labels, types = (tuple(checked(name) for name in found.get(key, ())) for key in ("labels", "types"))
    told = {key: found.get(key) for key in ("digest", "by", "nodes", "edges")}
    return State(**told, synced=synced, labels=labels, types=types)


def _state(tx: neo4j.ManagedTransaction, registry: str) -> dict[str, Any] | None:
    row = tx.run(f"MATCH (s:{STATE} {{of: $registry}}) RETURN properties(s)", registry=registry).single()
    return None if row is None else dict(row[0])


class Writer:
    """One sync of one registry.

    Parameters
    ----------
    session
        Open for writing.
    registry
        The registry's id, which every node of it carries.
    """

    def __init__(self, session: neo4j.Session, registry: str, progress: Progress | None = None) -> None:
        self._session = session
        self._own = {"registry": registry, "writer": secrets.token_hex(8)}
        self._progress = progress
        self._done, self._total = 0, 0

    def sync(self, wanted: Projection, digest: str, by: str) -> Synced:
        """Bring the database to ``wanted``, and note that it is of the state ``digest``, projected ``by`` a version.

        Raises
        ------
        StorageError
            If another process takes over.
        """
        self._prepare(wanted)
        labels, types = self._session.execute_write(self._take_over, sorted(wanted.nodes), sorted(wanted.types))
        change = difference(wanted, _held(self._session, self._own["registry"], labels, types))
        sent = self._apply(change)
        self._session.execute_write(self._finish, digest, by, wanted)
        return sent

    def _prepare(self, wanted: Projection) -> None:
        """Make the constraints and indexes that are not there."""
        unique = "CREATE CONSTRAINT IF NOT EXISTS FOR (n:{}) REQUIRE ({}) IS UNIQUE"
        index = "CREATE INDEX IF NOT EXISTS FOR (n:{}) ON ({})"
        needed: dict[tuple[str, tuple[str, ...]], str] = {(STATE, ("of",)): unique}
        for label in sorted(wanted.nodes):
            needed |= {(label, ("registry", "id")): unique, (label, ("registry", "name")): index}
        rows = self._session.execute_read(_run, "SHOW INDEXES YIELD labelsOrTypes, properties, state")
        there = {(of[0], tuple(names)) for of, names, online in rows if of and online == "ONLINE"}
        missing = [key for key in needed if key not in there]
        for label, names in missing:
            cypher = needed[label, names].format(label, ", ".join(f"n.{name}" for name in names))
            self._session.execute_write(_run, cypher)
        if missing:
            self._session.execute_read(_run, "CALL db.awaitIndexes(300)")

    def _take_over(
        self, tx: neo4j.ManagedTransaction, labels: list[str], types: list[str]
    ) -> tuple[list[str], list[str]]:
        """Make this the one sync that may write. Labels and types there were before are kept, to be looked through."""
        tx.run(f"MERGE (s:{STATE} {{of: $registry}}) SET s.beat = timestamp()", self._own).consume()
        before = _state(tx, self._own["registry"]) or {}
        known = [sorted({*new, *before.get(key, ())}) for key, new in (("labels", labels), ("types", types))]
        cypher = f"MATCH (s:{STATE} {{of: $registry}}) SET s.writer = $writer, s.labels = $labels, s.types = $types"
        tx.run(f"{cypher} REMOVE s.digest", self._own, labels=known[0], types=known[1]).consume()
        return known[0], known[1]

    def _apply(self, change: Difference) -> Synced:
        done = _counted(change)
        self._total = sum(astuple(done))
        for (label, kind), old in change.stale_edges.items():
            match = f"MATCH (a:{checked(label)} {{registry: $registry, id: row[0]}})-[x:{checked(kind)}]->()"
            for batch in _batches(old):
                grouped: dict[str, list[int]] = {}
                for start, made in batch:
                    grouped.setdefault(start, []).append(made)
                rows = [[start, hashes] for start, hashes in grouped.items()]
                self._send(f"{match} WHERE coalesce(x._hash, 0) IN row[1] DELETE x", rows, len(batch))
        for label, keys in change.stale_nodes.items():
            for batch in _batches(keys):
                self._send(f"MATCH (n:{checked(label)} {{registry: $registry, id: row}}) DETACH DELETE n", batch)
        for label, new in change.nodes.items():
            # Not "+=": what is not known any more has to go, too.
            merge = f"MERGE (n:{label} {{registry: $registry, id: row[0]}}) SET n = row[2]"
            own = "SET n.registry = $registry, n.id = row[0], n._hash = row[1]"
            for batch in _batches(new):
                self._send(f"{merge} {own}", batch, exact=True)
        for (label, kind, end), rows in change.edges.items():
            match = f"MATCH (a:{label} {{registry: $registry, id: row[0]}})"
            match += f" MATCH (b:{end} {{registry: $registry, id: row[1]}})"
            for batch in _batches(rows):
                self._send(f"{match} MERGE (a)-[x:{kind} {{_hash: row[2]}}]->(b) SET x += row[3]", batch, exact=True)
        return done

    def _send(self, body: str, rows: list[Any], size: int | None = None, exact: bool = False) -> None:
        """One batch, in one transaction. ``exact``: each row must have made or found what it is for."""
        self._session.execute_write(self._batch, f"UNWIND $rows AS row {body} RETURN count(*)", rows, exact)
        self._done += len(rows) if size is None else size
        if self._progress is not None:
            self._progress(self._done, self._total, "the graph")

    def _batch(self, tx: neo4j.ManagedTransaction, cypher: str, rows: list[Any], exact: bool) -> None:
        self._fence(tx)
        (made,) = _run(tx, cypher, {**self._own, "rows": rows})[0]
        if exact and made != len(rows):
            hint = "Send all of it again: difreg graph sync --rebuild."
            raise StorageError("The graph in Neo4j was changed by somebody else during the sync.", hint)

    def _fence(self, tx: neo4j.ManagedTransaction) -> None:
        """Take the lock that all syncs of this registry share, and only then ask whether it is still ours."""
        if not _run(tx, f"{_FENCE} RETURN true", self._own):
            hint = "It goes on; ask difreg graph status."
            raise StorageError("Another process began to sync this registry's graph, and this one stopped.", hint)

    def _finish(self, tx: neo4j.ManagedTransaction, digest: str, by: str, wanted: Projection) -> None:
        self._fence(tx)
        nodes, edges = wanted.counts
        told = {"digest": digest, "by": by, "nodes": nodes, "edges": edges, "synced": datetime.now(UTC)}
        told |= {"labels": sorted(wanted.nodes), "types": sorted(wanted.types)}
        cypher = f"MATCH (s:{STATE} {{of: $registry}}) SET s += $told REMOVE s.writer, s.beat"
        _run(tx, cypher, {**self._own, "told": told})


def plan(session: neo4j.Session, registry: str, wanted: Projection, anew: bool) -> Synced:
    """What a sync would send and remove; ``anew``, to a database that holds nothing of ``registry``."""
    known = state(session, registry)
    if anew:
        return _counted(difference(wanted, Held({}, {})))
    labels, types = sorted({*wanted.nodes, *known.labels}), sorted({*wanted.types, *known.types})
    return _counted(difference(wanted, _held(session, registry, labels, types)))


def _held(session: neo4j.Session, registry: str, labels: list[str], types: list[str]) -> Held:
    """Hashes of all that is there. What carries none, such as an edge made by hand, counts as 0."""
    nodes: dict[str, dict[str, int]] = {}
    edges: dict[str, dict[tuple[str, str], list[int]]] = {}
    kinds, own = "|".join(map(checked, types)) or "NONE", {"registry": registry}
    for label in map(checked, labels):
        one = f"MATCH (n:{label} {{registry: $registry}})"
        nodes[label] = dict(session.execute_read(_run, f"{one} RETURN n.id, coalesce(n._hash, 0)", own))
        cypher = f"{one}-[x:{kinds}]->() RETURN n.id, type(x), collect(coalesce(x._hash, 0))"
        edges[label] = {(key, kind): hashes for key, kind, hashes in session.execute_read(_run, cypher, own)}
    return Held(nodes, edges)


def _counted(change: Difference) -> Synced:
    parts = (change.nodes, change.edges, change.stale_nodes, change.stale_edges)
    return Synced(*(sum(map(len, part.values())) for part in parts))


def read(session: neo4j.Session, registry: str) -> Any:
    """What the database holds of ``registry``, as the networkx graph it was made of."""
    graph: Any = nx.MultiDiGraph()
    known = state(session, registry)
    own = {"registry": registry}
    for label in known.labels:
        one = f"MATCH (n:{label} {{registry: $registry}})"
        for (props,) in session.execute_read(_run, f"{one} RETURN properties(n)", own):
            key = props["id"]
            facts = {k: v for k, v in props.items() if k not in {"id", "registry", "_hash"}}
            graph.add_node(key, label=label, **facts)
    kinds = "|".join(known.types) or "NONE"
    for label in known.labels:
        cypher = f"MATCH (n:{label} {{registry: $registry}})-[x:{kinds}]->(m) RETURN n.id, m.id, type(x), properties(x)"
        for start, end, kind, props in session.execute_read(_run, cypher, own):
            graph.add_edge(start, end, type=kind, **{k: v for k, v in props.items() if k != "_hash"})
    return graph


def _run(tx: neo4j.ManagedTransaction, cypher: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of an answer. Labels and types in ``cypher`` are checked names, all else is a parameter."""
    return [tuple(row.values()) for row in tx.run(cypher, parameters)]


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]
