"""What the graph stores cost, and whether they keep what they promise. One JSON line a figure.

    python -m benchmarks.graph
    python -m benchmarks.graph --only kills --kills 5

Neo4j is started from the folder that --server names (``neo4j start HOME`` prints its URL), and stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import networkx as nx

from benchmarks import graph_faults
from benchmarks.graph_faults import PASSWORD, Figure, server, store_at
from difreg.storage.graphs.embedded import EmbeddedStore
from difreg.storage.graphs.projection import Held, difference, project

FIGURES = ("embedded", "neo4j", "kills", "hostile")
ANCESTRY = "MATCH (m:Generator {name: $name})-[:DERIVED_FROM*1..10]->(a) RETURN a.name"
BATCH = 10_000


def lineage(families: int, size: int, seed: int = 1) -> nx.MultiDiGraph[str]:
    """Generators in families that are trees, with the edges the rule for large registries leaves.

    That is cross-detection of each with all of its family (more than its 50 strongest) and kinship to its ten nearest.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    drawn = random.Random(seed)  # noqa: S311 (made data)
    for family in range(families):
        name = f"family-{family + 1}"
        graph.add_node(f"Family:{name}", label="Family", name=name, support=0.98, size=size)
        members = [f"generator-{family}-{i}" for i in range(size)]
        for i, member in enumerate(members):
            key, facts = f"Generator:{member}", {"version": 1, "observed": True, "base": i == 0}
            graph.add_node(key, label="Generator", name=member, family=name, reliability=drawn.random(), **facts)
            digest = f"{drawn.getrandbits(256):064x}"
            graph.add_node(f"Fingerprint:{digest}", label="Fingerprint", digest=digest, name=f"{member}:1", images=20)
            graph.add_edge(key, f"Fingerprint:{digest}", type="HAS_FINGERPRINT")
            graph.add_edge(key, f"Family:{name}", type="MEMBER_OF")
            if i:
                told = {"direction": "declared", "probability": 0.99, "support": 1.0, "reason": "declared"}
                graph.add_edge(key, f"Generator:{members[(i - 1) // 2]}", type="DERIVED_FROM", **told)
            for other in members[i + 1 : i + 6]:
                told = {"kinship": drawn.gauss(15, 2), "likelihood_ratio": 1e6, "probability": 0.999, "support": 1.0}
                graph.add_edge(key, f"Generator:{other}", type="KIN", low=10.0, high=20.0, **told)
        for one in members:
            for two in members:
                if one != two:
                    scores = {name: drawn.random() for name in ("score", "auc", "accuracy", "p_value")}
                    graph.add_edge(f"Generator:{one}", f"Generator:{two}", type="CROSS_DETECTS", n=20, **scores)
    return graph


def embedded(options: argparse.Namespace) -> Iterator[Figure]:
    """The embedded store: sync, sync again, ancestry."""
    graph = lineage(options.families, options.size)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder))
        yield {"figure": "embedded", **synced(store, graph)}
        yield {"figure": "ancestry", "engine": "embedded", **ancestry(store, graph, options.queries)}
        store.close()


def synced(store: Any, graph: Any) -> Figure:
    """Seconds of a first sync, of one with nothing new, and what that one sends."""
    cross = sum(facts["type"] == "CROSS_DETECTS" for *_, facts in graph.edges(data=True))
    first, sent = timed(lambda: store.sync(graph, "a"))
    again, none = timed(lambda: store.sync(graph, "a"))
    return {
        "nodes": graph.number_of_nodes(),
        "edges": graph.number_of_edges(),
        "cross_detects": cross,
        "sync_seconds": round(first, 1),
        "sent_edges": sent.edges,
        "again_seconds": round(again, 2),
        "again_sent_edges": none.edges,
    }


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that an action takes, and what it gives."""
    begun = time.perf_counter()
    given = action()
    return time.perf_counter() - begun, given


def ancestry(store: Any, graph: Any, queries: int) -> Figure:
    """Milliseconds of the ancestors of one generator, at random."""
    drawn = random.Random(2)  # noqa: S311 (which generators)
    names = sorted(facts["name"] for _, facts in graph.nodes(data=True) if facts["label"] == "Generator")
    for _ in range(queries // 5):
        store.query(ANCESTRY, {"name": drawn.choice(names)})
    took = [timed(lambda: store.query(ANCESTRY, {"name": drawn.choice(names)}))[0] for _ in range(queries)]
    return {"queries": queries, "median_ms": ms(statistics.median(took)), "p95_ms": ms(sorted(took)[-queries // 20])}


def ms(seconds: float) -> float:
    """Milliseconds, rounded."""
    return round(1000 * seconds, 3)


def on_neo4j(options: argparse.Namespace) -> Iterator[Figure]:
    """The same on a Neo4j, beside the bare statement with the same rows before and after it."""
    graph = lineage(options.families, options.size)
    quiet: Any = {"notifications_min_severity": "OFF"}
    with (
        server(options.server / "neo4j") as (_, url),
        neo4j.GraphDatabase.driver(url, auth=("neo4j", PASSWORD), **quiet) as driver,
    ):
        first, store = store_at(url, "first"), store_at(url, "bench")
        first.sync(lineage(1, 5), "a")  # makes the indexes
        first.close()
        before = bare(driver, graph, "bare-1")
        figures = synced(store, graph)
        after = bare(driver, graph, "bare-2")
        ratio = round(2 * figures["sync_seconds"] / (before + after), 2)
        yield {"figure": "neo4j", **figures, "bare_seconds": [round(before, 1), round(after, 1)], "ratio": ratio}
        yield {"figure": "one_more", **one_more(store, graph)}
        told = ancestry(store, graph, options.queries)
        trip = round_trip(driver, options.queries)
        beyond = round(told["median_ms"] - trip, 3)
        yield {"figure": "ancestry", "engine": "neo4j", **told, "round_trip_ms": trip, "beyond_ms": beyond}
        store.close()


def bare(driver: Any, graph: Any, registry: str) -> float:
    """Seconds of ``UNWIND ... MERGE`` and nothing else, with the rows of ``graph``."""
    rows = difference(project(graph), Held({}, {}))
    begun = time.perf_counter()
    with driver.session() as session:
        for label, nodes in rows.nodes.items():
            merge = f"UNWIND $rows AS r MERGE (n:{label} {{registry: $registry, id: r.key}}) SET n += r.p"
            send(session, merge, registry, [{"key": key, "p": p} for key, _, p in nodes])
        for (start, kind, end), edges in rows.edges.items():
            ends = (f"MATCH ({n}:{of} {{registry: $registry, id: r.{n}}})" for n, of in (("a", start), ("b", end)))
            merge = f"UNWIND $rows AS r {' '.join(ends)} MERGE (a)-[x:{kind}]->(b) SET x += r.p"
            send(session, merge, registry, [{"a": one, "b": two, "p": p} for one, two, _, p in edges])
    return time.perf_counter() - begun


def send(session: Any, cypher: str, registry: str, rows: list[Any]) -> None:
    """``rows`` in batches, each its own transaction."""
    for begin in range(0, len(rows), BATCH):
        batch = rows[begin : begin + BATCH]
        session.execute_write(lambda tx, batch=batch: tx.run(cypher, registry=registry, rows=batch).consume())


def one_more(store: Any, graph: Any) -> Figure:
    """A sync after one generator joined a family and is scored with all of it."""
    family = [key for key, facts in graph.nodes(data=True) if facts.get("family") == "family-1"]
    graph.add_node("Generator:new", label="Generator", name="new", family="family-1")
    for other in family:
        graph.add_edge("Generator:new", other, type="CROSS_DETECTS", score=0.5, n=20)
        graph.add_edge(other, "Generator:new", type="CROSS_DETECTS", score=0.5, n=20)
    seconds, sent = timed(lambda: store.sync(graph, "b"))
    return {"seconds": round(seconds, 2), "sent_nodes": sent.nodes, "sent_edges": sent.edges}


def round_trip(driver: Any, queries: int) -> float:
    """Milliseconds of the driver's ``RETURN 1`` in a transaction like a query's; the median."""
    work = neo4j.unit_of_work(timeout=10.0)(lambda tx: tx.run("RETURN 1").values())

    def ask() -> None:
        with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
            session.execute_read(work)

    for _ in range(queries // 5):
        ask()
    return ms(statistics.median(timed(ask)[0] for _ in range(queries)))


def figures(only: list[str], options: argparse.Namespace) -> Iterator[Figure]:
    """The figures that were asked for, one by one."""
    script = options.server / "neo4j"
    if "embedded" in only:
        yield from embedded(options)
    if "neo4j" in only:
        yield from on_neo4j(options)
    if "kills" in only:
        yield graph_faults.client_kills(script, options.kills, options.generators, seed=1)
        yield graph_faults.server_kills(script, max(1, options.kills // 4), options.generators, seed=2)
    if "hostile" in only:
        yield from graph_faults.hostile(script)


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument(
        "--server", type=Path, default=Path("../shared/neo4j"), help="folder of a script that starts it"
    )
    parser.add_argument("--families", type=int, default=8)
    parser.add_argument("--size", type=int, default=250)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--generators", type=int, default=200, help="of the registries whose syncs are cut off")
    options = parser.parse_args()
    for figure in figures(options.only, options):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"benchmark": "graph", **figure, "peak_mib": peak}), flush=True)


if __name__ == "__main__":
    main()
