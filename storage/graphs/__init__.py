"""Stores that answer Cypher over the lineage graph, behind one protocol; which one is used is a setting."""

from __future__ import annotations

from difreg.errors import InputError
from difreg.settings import Settings
from difreg.storage.graphs.protocol import GraphStore, QueryResult, Status

__all__ = ["GraphStore", "QueryResult", "Status", "open_store"]


def open_store(settings: Settings) -> GraphStore:
    """The store that ``settings.graph_url`` names.

    Raises
    ------
    InputError
        If it names none there is.
    """
    if settings.graph_url == "embedded":
        from difreg.storage.graphs.embedded import EmbeddedStore

        return EmbeddedStore(settings.home)
    raise InputError("DIFREG_GRAPH_URL names no graph store of this difreg.", "Set it to 'embedded', or unset it.")
