"""What Neo4j answers, in the forms that every store gives: its own types become plain values, bookkeeping goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import neo4j
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from difreg.storage.graphs.neo4j_sync import STATE

_HASH = "_hash"
_OWN = frozenset({"id", "registry", _HASH})


def plain(value: Any, keys: Mapping[str, str]) -> Any:
    """``value`` without what is the store's.

    Parameters
    ----------
    keys
        The key (``Generator:sd14``) of every node at the end of a relationship, by the server's id of it.
    """
    if isinstance(value, Node):
        label = next((name for name in sorted(value.labels) if name != STATE), "")
        return {"label": label, "properties": _properties(value, _OWN, keys)}
    if isinstance(value, Relationship):
        ends = [keys.get(node.element_id, "") if node is not None else "" for node in value.nodes]
        properties = _properties(value, {_HASH}, keys)
        return {"type": value.type, "start": ends[0], "end": ends[1], "properties": properties}
    if isinstance(value, Path):
        return {name: [plain(item, keys) for item in getattr(value, name)] for name in ("nodes", "relationships")}
    if isinstance(value, dict):
        return _properties(value, _OWN if _HASH in value else (), keys)
    if isinstance(value, list | tuple):
        return [plain(item, keys) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Date | DateTime):
        return value.to_native()
    if isinstance(value, Time):
        return value.iso_format()
    if isinstance(value, Duration) and not value.months:
        return value.days * 86_400 + value.seconds + value.nanoseconds / 1e9
    return str(value)


def _properties(held: Any, without: Iterable[str], keys: Mapping[str, str]) -> dict[str, Any]:
    return {name: plain(item, keys) for name, item in sorted(held.items()) if name not in without}


def ends(values: Iterable[Any]) -> set[str]:
    """The server's ids of the nodes at the ends of all relationships in an answer."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, Relationship):
            found |= {node.element_id for node in value.nodes if node is not None}
        elif isinstance(value, Path):
            found |= ends(value.relationships)
        elif isinstance(value, dict):
            found |= ends(value.values())
        elif isinstance(value, list | tuple):
            found |= ends(value)
    return found


def keys(tx: neo4j.ManagedTransaction, wanted: set[str]) -> dict[str, str]:
    """The keys of nodes by the server's ids of them."""
    if not wanted:
        return {}
    rows = tx.run("MATCH (n) WHERE elementId(n) IN $ids RETURN elementId(n), n.id", ids=sorted(wanted))
    return {row[0]: str(row[1]) for row in rows}
