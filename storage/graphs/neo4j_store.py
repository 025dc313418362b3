"""Cypher on a Neo4j server that a team shares: the lineage graph of one registry among others in a database.

A question passes the guard, is narrowed to this registry, planned by the server without being run (nothing in the plan
may read a file or write), and then run in a transaction that only reads, with a time limit the server keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import neo4j
from neo4j.exceptions import Neo4jError

from difreg import __version__
from difreg.errors import InputError
from difreg.names import shown
from difreg.storage.graphs import neo4j_sync, neo4j_values
from difreg.storage.graphs.guard import PROCEDURES, Checked, check
from difreg.storage.graphs.neo4j_connection import Place, connect, explained
from difreg.storage.graphs.projection import project
from difreg.storage.graphs.protocol import LIMIT, TIMEOUT, Progress, QueryResult, Status, Synced
from difreg.storage.graphs.request import bound, check_limits
from difreg.storage.graphs.scope import PARAMETER, Scoped, scope

_PLACED = re.compile(r"\(line \d+, column \d+ \(offset: (\d+)\)\)")
_EXPLAIN = "EXPLAIN "
_FETCH = 10_000  # rows at once


class Neo4jStore:
    """The part of a Neo4j database that is one registry's.

    Parameters
    ----------
    where
        The server, the database and who we are there.
    registry
        The registry's id; every node of it carries it, and no question sees others.
    """

    def __init__(self, where: Place, registry: str) -> None:
        if not registry:
            raise ValueError("a registry needs an id")
        self._where, self._registry = where, registry
        self._driver: neo4j.Driver | None = None
        self._planned: set[str] = set()

    @property
    def where(self) -> tuple[str, str]:
        """Kind and place."""
        database = f", database {shown(self._where.database, 60)}" if self._where.database else ""
        return "neo4j", f"{self._where.url}{database}"

    def holds(self, digest: str) -> bool:
        """Whether the last sync came to its end, was of this state, and was this difreg's."""
        found = self._state()
        return found.digest == digest and found.by == __version__

    def sync(self, graph: Any, digest: str, progress: Progress | None = None) -> Synced:
        """Send what the server lacks and remove what is stale; see :mod:`difreg.storage.graphs.neo4j_sync`."""
        wanted = project(graph)
        with explained(self._where, "the sync"), self._session(write=True) as session:
            return neo4j_sync.Writer(session, self._registry, progress).sync(wanted, digest, __version__)

    def plan(self, graph: Any, digest: str, *, anew: bool = False) -> Synced:  # noqa: ARG002
        """What the server lacks and what is stale there, by its own account."""
        wanted = project(graph)
        with explained(self._where), self._session() as session:
            return neo4j_sync.plan(session, self._registry, wanted, anew)

    def read(self) -> Any:
        """What is held, as networkx."""
        with explained(self._where), self._session() as session:
            return neo4j_sync.read(session, self._registry)

    def query(
        self, cypher: str, parameters: Mapping[str, Any] | None = None, limit: int = LIMIT, timeout: float = TIMEOUT
    ) -> QueryResult:
        """Answer read-only Cypher; see :meth:`GraphStore.query`."""
        checked = check(cypher)
        given = bound(checked.parameters - {PARAMETER}, parameters or {}) | {PARAMETER: self._registry}
        check_limits(limit, timeout)
        scoped = scope(checked.text)

        @neo4j.unit_of_work(timeout=timeout)
        def work(tx: neo4j.ManagedTransaction) -> QueryResult:
            if scoped.text not in self._planned:
                with _explained_query(checked, scoped, timeout, before=len(_EXPLAIN)):
                    _inspect(tx, scoped.text, given)
                self._planned.add(scoped.text)
            with _explained_query(checked, scoped, timeout):
                result = tx.run(scoped.text, given)
                columns = tuple(result.keys())
                rows = result.fetch(limit + 1)
                result.consume()  # lets go of the rest
                values = [row.values() for row in rows[:limit]]
                known = neo4j_values.keys(tx, neo4j_values.ends(values))
            plainly = tuple(
                dict(zip(columns, (neo4j_values.plain(v, known) for v in row), strict=True)) for row in values
            )
            return QueryResult(columns, plainly, truncated=len(rows) > limit)

        with explained(self._where, "the query"), self._session(fetch=min(limit + 1, _FETCH)) as session:
            return session.execute_read(work)

    def status(self) -> Status:
        """What the database says of this registry."""
        found = self._state()
        return Status(*self.where, found.digest, found.nodes, found.edges, found.synced)

    def close(self) -> None:
        """Close the connections."""
        if self._driver is not None:
            self._driver.close()
        self._driver, self._planned = None, set()

    def _state(self) -> neo4j_sync.State:
        with explained(self._where), self._session() as session:
            return neo4j_sync.state(session, self._registry)

    def _session(self, write: bool = False, fetch: int = _FETCH) -> neo4j.Session:
        self._driver = self._driver or connect(self._where)
        mode = neo4j.WRITE_ACCESS if write else neo4j.READ_ACCESS
        return self._driver.session(database=self._where.database, default_access_mode=mode, fetch_size=fetch)


def _inspect(tx: neo4j.ManagedTransaction, text: str, given: dict[str, Any]) -> None:
    """Let the server plan the query first: it, too, must find nothing in it that writes, reads a file or is unknown."""
    summary = tx.run(f"{_EXPLAIN}{text}", given).consume()
    if summary.query_type != "r":
        raise InputError("The query would change the graph.", "Queries only read.")
    for step in _steps(summary.plan):
        name = str(step.get("operatorType", "")).partition("@")[0].lower()
        details = str((step.get("args") or {}).get("Details", "")).partition("(")[0].strip().lower()
        if "csv" in name:
            raise InputError("LOAD CSV would read a file.", "Pass the rows by --param, and UNWIND them.")
        if name == "procedurecall" and details not in PROCEDURES:
            raise InputError(f"The procedure '{shown(details, 60)}' cannot be called.", "Use Cypher's own clauses.")


def _steps(plan: Any) -> Iterator[dict[str, Any]]:
    ahead = [plan] if plan else []
    while ahead:
        step = ahead.pop()
        yield step
        ahead += step.get("children") or []


@contextmanager
def _explained_query(checked: Checked, scoped: Scoped, timeout: float, before: int = 0) -> Iterator[None]:
    """Turn what is wrong with a query, not with the server, into one line for the user.

    Parameters
    ----------
    before
        How many characters were put before the query.
    """
    try:
        yield
    except Neo4jError as error:
        code = error.code or ""
        if "TransactionTimedOut" in code or code.endswith(".Transaction.Terminated"):
            hint = "Begin at one node ({name: ...}), bound the paths, or give more --timeout."
            raise InputError(f"The query took longer than {timeout:g} s.", hint) from None
        if code.endswith("MemoryPoolOutOfMemoryError"):  # the driver would try it again
            hint = "Begin at one node ({name: ...}), bound the paths, or join fewer patterns."
            raise InputError("The query takes more memory than the server gives it.", hint) from None
        if code.endswith(".Statement.AccessMode"):
            raise InputError("The query would change the graph.", "Queries only read.") from None
        if ".Statement." in code or ".ClientError.Procedure." in code:
            raise InputError(f"The query failed: {_told(error, checked, scoped, before)}.") from None
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"The query failed: {shown(str(error), 300).rstrip('.')}.") from None


def _told(error: Neo4jError, checked: Checked, scoped: Scoped, before: int) -> str:
    """The first line of the server's message, its position counted in the query as the user wrote it."""
    line = (error.message or "").strip().partition("\n")[0]
    place = _PLACED.search(line)
    line = re.sub(r": expected .*", "", line.replace(place[0], "") if place else line).strip().rstrip(".")
    if place is None:
        return shown(line, 300)
    ahead = checked.text[: scoped.original(int(place[1]) - before)]
    row, column = ahead.count("\n") + 1, len(ahead) - ahead.rfind("\n")
    return shown(f"{line} (line {row}, column {column})", 300)
