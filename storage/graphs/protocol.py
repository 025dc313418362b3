"""What every graph store does: hold the projection of one state of the catalogue, and answer read-only Cypher over it.

The projection is never the truth. It is named by the catalogue's digest and made again from the graph at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

LIMIT = 1000
TIMEOUT = 10.0
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class QueryResult:
    """Rows of an answer; ``truncated`` where there were more than the limit.

    Nodes are ``{label, properties}``, relationships ``{type, start, end, properties}`` with their ends as keys such as
    ``Generator:sd14``, paths ``{nodes, relationships}``.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    truncated: bool


@dataclass(frozen=True)
class Status:
    """What a store holds.

    Attributes
    ----------
    kind, place
        The engine, and where it keeps the graph.
    digest
        Of the catalogue's state; None where there is nothing yet, or a sync has not come to its end.
    nodes, edges
        How many there are, None where that is not known.
    synced
        When the last sync ended.
    """

    kind: str
    place: str
    digest: str | None = None
    nodes: int | None = None
    edges: int | None = None
    synced: datetime | None = None


@dataclass(frozen=True)
class Synced:
    """What one sync sent and removed."""

    nodes: int = 0
    edges: int = 0
    stale_nodes: int = 0
    stale_edges: int = 0


class GraphStore(Protocol):
    """A place that holds the lineage graph and answers Cypher over it."""

    @property
    def where(self) -> tuple[str, str]:
        """Kind and place, which can be told without reaching it."""

    def holds(self, digest: str) -> bool:
        """Whether the projection of this state is there and whole, so that :meth:`sync` can be spared."""

    def sync(self, graph: Any, digest: str, progress: Progress | None = None) -> Synced:
        """Make the projection that of ``graph``, a ``networkx.MultiDiGraph`` of difreg's schema.

        Its nodes are keyed ``Label:name`` and carry ``label``, its edges ``type``; all else are properties.
        """

    def plan(self, graph: Any, digest: str, *, anew: bool = False) -> Synced:
        """What :meth:`sync` would send and remove, or send to an empty store if ``anew``; nothing is changed."""

    def read(self) -> Any:
        """What is held, as a ``networkx.MultiDiGraph`` like the one that was given."""

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
    ) -> QueryResult:
        """Answer read-only Cypher with at most ``limit`` rows within ``timeout`` seconds.

        Raises
        ------
        InputError
            If the text is refused or wrong, a parameter is missing, or the answer takes too long or too much.
        """

    def status(self) -> Status:
        """What the store holds, without changing it."""

    def close(self) -> None:
        """Let go of connections and memory."""
