"""Stores that answer Cypher over the lineage graph, behind one protocol; which one is used is a setting."""

from __future__ import annotations

from difreg.settings import Settings
from difreg.storage.graphs.protocol import GraphStore, QueryResult, Status, Synced

__all__ = ["EMBEDDED", "GraphStore", "QueryResult", "Status", "Synced", "open_store"]

EMBEDDED = "embedded"


def open_store(settings: Settings, registry: str = "") -> GraphStore:
    """The store that ``settings.graph_url`` names.

    Parameters
    ----------
    registry
        The registry's id, which tells it from others in one database of a server.

    Raises
    ------
    InputError
        If it names none there is.
    """
    if settings.graph_url == EMBEDDED:
        from difreg.storage.graphs.embedded import EmbeddedStore

        return EmbeddedStore(settings.home)
    from difreg.storage.graphs.neo4j_connection import place
    from difreg.storage.graphs.neo4j_store import Neo4jStore

    return Neo4jStore(place(settings), registry)
