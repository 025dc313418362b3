"""Answers on the lineage graph in a store that answers Cypher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from difreg.lineage.answers.common import Answer


@dataclass(frozen=True)
class GraphSynced(Answer):
    """Answer of ``graph sync``: how much there is, what was sent and what was removed, or would be if ``dry_run``."""

    schema: ClassVar[str] = "difreg/graph-sync"
    store: str
    place: str
    nodes: int
    edges: int
    sent_nodes: int
    sent_edges: int
    removed_nodes: int
    removed_edges: int
    dry_run: bool = False


@dataclass(frozen=True)
class GraphStatus(Answer):
    """Answer of ``graph status``.

    Attributes
    ----------
    store, place
        The engine and where it keeps the graph.
    reachable, problem
        Whether it answered, and what it or the network complained of.
    registry
        The id that every node of this registry carries in a server's database; None before the first sync to one.
    digest, current
        The catalogue's state that is held (None: none, or a sync was cut off), and whether it is today's.
    changes
        Lines of the history since the last sync; None where that is not known.
    """

    schema: ClassVar[str] = "difreg/graph-status"
    store: str
    place: str
    reachable: bool
    problem: str | None
    registry: str | None
    digest: str | None
    current: bool
    changes: int | None
    nodes: int | None
    edges: int | None
    synced: datetime | None


@dataclass(frozen=True)
class GraphFollowed:
    """Whether a server's graph followed a change of the catalogue, and what kept it from that."""

    current: bool
    problem: str | None
