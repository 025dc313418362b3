"""The lineage graph as rows that a server can be given, and what of them a server has already.

Every node and every edge has a hash of all that it says. A server keeps them, and what it has to be sent is found by
comparing hashes; nothing is remembered on this side, so no crash can make the two disagree.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Properties = dict[str, Any]
Node = tuple[int, Properties]
Target = tuple[str, str, Properties]


@dataclass(frozen=True)
class Projection:
    """Rows of a lineage graph.

    Attributes
    ----------
    nodes
        (hash, properties) by label and key, such as ``nodes["Generator"]["Generator:sd14"]``.
    edges
        (label of the end, key of the end, properties) by start's label, type, start's key and hash.
    """

    nodes: dict[str, dict[str, Node]]
    edges: dict[str, dict[str, dict[str, dict[int, Target]]]]

    @property
    def counts(self) -> tuple[int, int]:
        """How many nodes and edges there are."""
        held = (to for types in self.edges.values() for starts in types.values() for to in starts.values())
        return sum(map(len, self.nodes.values())), sum(map(len, held))

    @property
    def types(self) -> set[str]:
        """Types of the edges."""
        return {kind for types in self.edges.values() for kind in types}


def project(graph: Any) -> Projection:
    """The rows of ``graph``, a ``networkx.MultiDiGraph`` of difreg's schema.

    Raises
    ------
    ValueError
        If a label, a type or a property's name is not one, so that no text of a user can be read as Cypher.
    """
    nodes: dict[str, dict[str, Node]] = defaultdict(dict)
    labels: dict[str, str] = {}
    for key, facts in graph.nodes(data=True):
        properties = _known(facts, "label")
        labels[key] = checked(facts["label"])
        nodes[labels[key]][key] = (_hash(key, properties), properties)
    edges: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    for start, end, facts in graph.edges(data=True):
        kind, properties = checked(facts["type"]), _known(facts, "type")
        held, place = edges[labels[start]][kind][start], 0
        while (key := _hash(start, kind, end, place, properties)) in held:
            place += 1  # the same edge twice
        held[key] = (labels[end], end, properties)
    return Projection(dict(nodes), edges)


def checked(name: str) -> str:
    """``name`` if it can be a label, a type or a property without quotes.

    Raises
    ------
    ValueError
        If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a label or type: {name!r}")
    return name


def _known(facts: Properties, but: str) -> Properties:
    return {checked(name): value for name, value in facts.items() if name != but and value is not None}


def _hash(*parts: Any) -> int:
    """63 bits of BLAKE2b: an integer of every engine, and never below 1, which stands for no hash at all."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1 or 1


@dataclass(frozen=True)
class Held:
    """What a server has: hashes of nodes by label and key, and of edges by start's label, start's key and type."""

    nodes: dict[str, dict[str, int]]
    edges: dict[str, dict[tuple[str, str], list[int]]]


@dataclass(frozen=True)
class Difference:
    """What a server lacks and what it has too much, as rows for ``UNWIND``.

    Attributes
    ----------
    nodes
        By label: [key, hash, properties].
    edges
        By start's label, type and end's label: [start's key, end's key, hash, properties].
    stale_nodes
        By label: keys.
    stale_edges
        By start's label and type: [start's key, hash].
    """

    nodes: dict[str, list[list[Any]]]
    edges: dict[tuple[str, str, str], list[list[Any]]]
    stale_nodes: dict[str, list[str]]
    stale_edges: dict[tuple[str, str], list[list[Any]]]


def difference(wanted: Projection, held: Held) -> Difference:
    """What has to be sent and removed, so that ``held`` becomes ``wanted``."""
    nodes = {
        label: [[key, made, props] for key, (made, props) in rows.items() if held.nodes.get(label, {}).get(key) != made]
        for label, rows in wanted.nodes.items()
    }
    stale = {
        label: [key for key in rows if key not in wanted.nodes.get(label, {})] for label, rows in held.nodes.items()
    }
    new: dict[tuple[str, str, str], list[list[Any]]] = defaultdict(list)
    for label, types in wanted.edges.items():
        for kind, starts in types.items():
            for start, rows in starts.items():
                there = set(held.edges.get(label, {}).get((start, kind), ()))
                for made, (end_label, end, props) in rows.items():
                    if made not in there:
                        new[label, kind, end_label].append([start, end, made, props])
    old: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for label, groups in held.edges.items():
        for (start, kind), hashes in groups.items():
            rows = wanted.edges.get(label, {}).get(kind, {}).get(start, {})
            old[label, kind] += [[start, made] for made in hashes if made not in rows]
    return Difference(*(_filled(part) for part in (nodes, new, stale, old)))


def _filled(groups: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    return {key: rows for key, rows in groups.items() if rows}
