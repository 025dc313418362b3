"""The lineage graph as networkx has it: what algorithms, figures and exports work on. It answers no Cypher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from difreg.errors import InputError
from difreg.storage.graphs.protocol import LIMIT, TIMEOUT, Progress, QueryResult, Status, Synced


class MemoryStore:
    """The graph that was given last, in this process alone."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._digest: str | None = None

    @property
    def where(self) -> tuple[str, str]:
        """Kind and place."""
        return "networkx", "memory"

    def holds(self, digest: str) -> bool:
        """Whether the graph of this state is here."""
        return self._digest == digest

    def sync(self, graph: Any, digest: str, progress: Progress | None = None) -> Synced:  # noqa: ARG002
        """Keep a copy of ``graph``."""
        self._graph, self._digest = graph.copy(), digest
        return Synced(graph.number_of_nodes(), graph.number_of_edges())

    def plan(self, graph: Any, digest: str, *, anew: bool = False) -> Synced:  # noqa: ARG002
        """All of ``graph``."""
        return Synced(graph.number_of_nodes(), graph.number_of_edges())

    def read(self) -> Any:
        """A copy of what is held."""
        import networkx as nx

        return nx.MultiDiGraph() if self._graph is None else self._graph.copy()

    def query(
        self,
        cypher: str,  # noqa: ARG002
        parameters: Mapping[str, Any] | None = None,  # noqa: ARG002
        limit: int = LIMIT,  # noqa: ARG002
        timeout: float = TIMEOUT,  # noqa: ARG002
    ) -> QueryResult:
        """Refuse: no engine that reads Cypher works on networkx.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError("networkx answers no Cypher.", "Ask the embedded store: unset DIFREG_GRAPH_URL.")

    def status(self) -> Status:
        """What is held."""
        if self._graph is None:
            return Status(*self.where)
        return Status(*self.where, self._digest, self._graph.number_of_nodes(), self._graph.number_of_edges())

    def close(self) -> None:
        """Let go of the graph."""
        self._graph, self._digest = None, None
