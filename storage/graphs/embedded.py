"""Cypher without a server: the lineage graph in kglite, kept as one file a state of the catalogue.

Loading 2,000 generators with 100,000 cross-detections from the file takes a tenth of a second, building them anew about
two and their networkx graph more (40 generators: a thousandth, and three hundredths), so the file is kept. It is a
cache: whatever is wrong with it, it is made again. Queries pass the guard, then the engine's own reader, and run on a
graph that is read-only.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kglite

from difreg import __version__
from difreg.errors import InputError
from difreg.names import shown
from difreg.storage.graphs.guard import check
from difreg.storage.graphs.protocol import LIMIT, TIMEOUT, Progress, QueryResult, Status, Synced
from difreg.storage.graphs.request import bound, check_limits
from difreg.storage.graphs.values import MARK, plain

BATCH = 20_000
WORK = 3_000_000  # rows and steps of one query: three gigabytes at most
SUFFIX = f"-{__version__}.kgl"
_TEMPORARY = ".tmp-"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STALE = 3600.0
_EXPLAIN = "EXPLAIN\n"

kglite.set_query_warning_policy("silent")


class EmbeddedStore:
    """The lineage graph in this process.

    Parameters
    ----------
    home
        The registry's folder; the file lies under its ``graph``. Where it cannot be written, memory is enough.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "graph"
        self._graph: Any = None
        self._digest: str | None = None
        self._keys: dict[int, str] = {}

    @property
    def where(self) -> tuple[str, str]:
        """Kind and place."""
        return "embedded", str(self._folder)

    def holds(self, digest: str) -> bool:
        """Whether this state is loaded, or its file is there and whole; it is loaded then."""
        if self._graph is not None and self._digest == digest:
            return True
        try:
            graph = kglite.from_bytes(self._path(digest).read_bytes())
        except (OSError, ValueError, kglite.KgError):
            return False
        self._use(graph, digest)
        return True

    def sync(self, graph: Any, digest: str, progress: Progress | None = None) -> Synced:  # noqa: ARG002
        """Build the projection of ``graph``, use it, and keep its file in place of older ones."""
        path = self._path(digest)
        if self.holds(digest):
            return Synced()
        made = _built(graph)
        with suppress(OSError):
            _write(path, made.to_bytes())
            self._tidy(path)
        self._use(made, digest)
        return Synced(graph.number_of_nodes(), graph.number_of_edges())

    def plan(self, graph: Any, digest: str, *, anew: bool = False) -> Synced:
        """Nothing where this state is held, else all of ``graph``."""
        held = not anew and self.holds(digest)
        return Synced() if held else Synced(graph.number_of_nodes(), graph.number_of_edges())

    def read(self) -> Any:
        """What is loaded, as networkx."""
        import networkx as nx

        graph: Any = nx.MultiDiGraph()
        if self._graph is None:
            return graph
        nodes = self._graph.cypher("MATCH (n) RETURN n.id AS key, labels(n) AS labels, properties(n) AS p").to_list()
        for row in nodes:
            graph.add_node(plain(row["key"], self._key), label=row["labels"][0], **plain(row["p"], self._key))
        cypher = "MATCH (a)-[x]->(b) RETURN a.id AS s, b.id AS e, type(x) AS kind, properties(x) AS p"
        for row in self._graph.cypher(cypher).to_list():
            start, end = (plain(row[side], self._key) for side in ("s", "e"))
            graph.add_edge(start, end, **(plain(row["p"], self._key) | {"type": row["kind"]}))
        return graph

    def query(
        self, cypher: str, parameters: Mapping[str, Any] | None = None, limit: int = LIMIT, timeout: float = TIMEOUT
    ) -> QueryResult:
        """Answer read-only Cypher; see :meth:`GraphStore.query`."""
        checked = check(cypher)
        given = bound(checked.parameters, parameters or {})
        check_limits(limit, timeout)
        if self._graph is None:
            self._use(kglite.KnowledgeGraph(), "")
        options = {"params": given, "timeout_ms": max(1, round(timeout * 1000)), "max_work_units": WORK}
        with _Explained(timeout, before=1):
            self._inspect(checked.text, options)
        with _Explained(timeout):
            view = self._graph.cypher(checked.text, row_limit=limit + 1, hide_structural_keys=True, **options)
            rows = view.to_list()
        columns = tuple(view.columns)
        plainly = tuple({name: plain(row[name], self._key) for name in columns} for row in rows[:limit])
        return QueryResult(columns, plainly, truncated=len(rows) > limit)

    def status(self) -> Status:
        """The state that is loaded, else that of the newest file, and what is in it."""
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=_age)
        digest = self._digest or (files[0].name.removesuffix(SUFFIX) if files else None)
        if digest is None or not self.holds(digest):
            return Status(*self.where)
        nodes, edges = (
            self._graph.cypher(f"MATCH {what} RETURN count(*) AS n").to_list()[0]["n"]
            for what in ("(a)", "(a)-[r]->(b)")
        )
        return Status(*self.where, digest, nodes, edges, _made(self._path(digest)))

    def close(self) -> None:
        """Let go of the graph; the file stays."""
        self._graph, self._digest, self._keys = None, None, {}

    def _path(self, digest: str) -> Path:
        if not re.fullmatch(r"[0-9A-Za-z]{1,64}", digest):
            raise ValueError(f"not a digest: {digest!r}")
        return self._folder / f"{digest}{SUFFIX}"

    def _use(self, graph: Any, digest: str) -> None:
        graph.read_only(True)
        self._graph, self._digest, self._keys = graph, digest, {}

    def _inspect(self, text: str, options: Mapping[str, Any]) -> None:
        """Let the engine read the query first: it, too, must find nothing in it that reads a file."""
        plan = self._graph.cypher(f"{_EXPLAIN}{text}", **options)
        if any(not isinstance(step, dict) or "csv" in str(step.get("operation")).lower() for step in plan.to_list()):
            raise InputError("LOAD CSV would read a file.", "Pass the rows by --param, and UNWIND them.")

    def _key(self, slot: int) -> str:
        """The key of the node in a slot of the engine; all are read at the first question."""
        if not self._keys:
            found = self._graph.cypher("MATCH (n) RETURN elementId(n) AS slot, n.id AS key").to_list()
            self._keys = {int(row["slot"]): str(row["key"]).removeprefix(MARK) for row in found}
        return self._keys.get(slot, str(slot))

    def _tidy(self, kept: Path) -> None:
        """Remove the files of older states, and what killed processes left behind."""
        for path in self._folder.glob("*.kgl"):
            if path != kept:
                path.unlink(missing_ok=True)
        for path in self._folder.glob(f"{_TEMPORARY}*"):
            if _age(path) > _STALE:
                path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    made = _made(path)
    return 0.0 if made is None else time.time() - made.timestamp()


def _made(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _write(path: Path, data: bytes) -> None:
    """Write ``data`` under ``path`` at once: another process sees all of it or the file before it."""
    path.parent.mkdir(exist_ok=True)  # but no home: asking makes none
    temporary = path.with_name(f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _built(graph: Any) -> Any:
    """``graph`` in a new engine. Values go in as parameters, labels and types as checked names: no text is Cypher."""
    made = kglite.KnowledgeGraph()
    nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key, facts in graph.nodes(data=True):
        properties = {name: value for name, value in facts.items() if name != "label" and value is not None}
        nodes[_name(facts["label"])].append({"id": MARK + key, "p": properties})
    for label, rows in nodes.items():
        for batch in _batches(rows):
            made.cypher(f"UNWIND $rows AS r CREATE (n:{label} {{id: r.id}}) SET n += r.p", params={"rows": batch})
    edges: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    labels = {key: facts["label"] for key, facts in graph.nodes(data=True)}
    for start, end, facts in graph.edges(data=True):
        properties = {name: value for name, value in facts.items() if name != "type" and value is not None}
        group = (labels[start], _name(facts["type"]), labels[end])
        edges[group].append({"s": MARK + start, "e": MARK + end, "p": properties})
    for (start, kind, end), rows in edges.items():
        pattern = f"MATCH (a:{start} {{id: r.s}}) MATCH (b:{end} {{id: r.e}}) CREATE (a)-[x:{kind}]->(b) SET x += r.p"
        for batch in _batches(rows):
            made.cypher(f"UNWIND $rows AS r {pattern}", params={"rows": batch})
    for label in nodes:
        made.cypher(f"CREATE INDEX FOR (n:{label}) ON (n.name)")
    return made


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a label or type: {name!r}")
    return name


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]


class _Explained:
    """Turns what the engine raises into one line for the user.

    Parameters
    ----------
    before
        Lines that were put before the user's.
    """

    def __init__(self, timeout: float, before: int = 0) -> None:
        self._timeout = timeout
        self._before = before

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, InputError | KeyboardInterrupt | SystemExit | MemoryError):
            return
        text = str(error)
        if isinstance(error, kglite.CypherTimeoutError) and "max_work_units" not in text:
            hint = "Begin at one node ({name: ...}), bound the paths, or give more --timeout."
            raise InputError(f"The query took longer than {self._timeout:g} s.", hint) from error
        if "max_work_units" in text:
            hint = "Begin at one node ({name: ...}), bound the paths, or join fewer patterns."
            raise InputError(f"The query takes more than {WORK:,} steps.", hint) from error
        if isinstance(error, kglite.KgError | ValueError | TypeError | OverflowError | RecursionError):
            raise InputError(f"The query failed: {_told(text, self._before)}.") from error
        if type(error).__name__ == "PanicException":
            raise InputError("The query broke the graph engine.", "Write it in a simpler form.") from error


def _told(text: str, before: int) -> str:
    """The first line of the engine's message, its positions counted in the query as the user wrote it."""
    line = text.strip().partition("\n")[0]
    line = re.sub(r"^(Cypher|Schema)( \w+)? error:? ?(at )?", "", line)
    line = re.sub(r"\bline (\d+), ", lambda m: f"line {int(m[1]) - before}, ", line, count=1)
    offset = before * len(_EXPLAIN)
    line = re.sub(r"\bat position (\d+)", lambda m: f"at position {int(m[1]) - offset}", line, count=1)
    return shown(line, 300).rstrip(".")
