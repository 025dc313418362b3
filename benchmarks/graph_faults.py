"""What a graph store survives: kill -9 of the client and of the server in the middle of a sync, hostile questions.

After every kill the next sync has to end equal to the catalogue, edge by edge.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import networkx as nx

from difreg.errors import DifregError
from difreg.storage.graphs.embedded import EmbeddedStore
from difreg.storage.graphs.guard import Checked
from difreg.storage.graphs.neo4j_connection import Place
from difreg.storage.graphs.neo4j_store import Neo4jStore

Figure = dict[str, Any]
PASSWORD = "difreg-test-password"  # noqa: S105 (of a server on this machine alone, gone with the benchmark)
WORKER = """
import sys
from benchmarks.graph_faults import made, store_at
url, registry, generators, state = sys.argv[1:]
graph, store = made(int(generators), int(state)), store_at(url, registry)
store.holds("x")
print("ready", flush=True)
sys.stdin.readline()
store.sync(graph, f"s{state}")
print("done", flush=True)
"""


@contextmanager
def server(script: Path) -> Iterator[tuple[Path, str]]:
    """A Neo4j server of its own: the folder of its data, and its URL."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "neo4j"
        url = told(script, "start", home)
        try:
            yield home, url
        finally:
            if (home / "pid").exists():
                told(script, "stop", home)


def told(script: Path, *words: str | Path) -> str:
    """What the script that starts and stops servers says."""
    done = subprocess.run([script, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def store_at(url: str, registry: str) -> Neo4jStore:
    """A registry's store on a server of :func:`server`."""
    return Neo4jStore(Place(url, None, "neo4j", PASSWORD), registry)


def made(generators: int, state: int) -> nx.MultiDiGraph[str]:
    """A lineage of generators that are all scored by all; in another state all scores and some generators differ."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    drawn = random.Random(state)  # noqa: S311 (made data)
    names = [f"g{i}" for i in range(generators) if drawn.random() < 0.95]
    for name in names:
        graph.add_node(f"Generator:{name}", label="Generator", name=name, version=state)
    for one in names:
        for two in names:
            score = round(drawn.random(), 6)
            graph.add_edge(f"Generator:{one}", f"Generator:{two}", type="CROSS_DETECTS", score=score, n=20)
    for child, parent in zip(names[1:], names, strict=False):
        graph.add_edge(f"Generator:{child}", f"Generator:{parent}", type="DERIVED_FROM", direction="declared")
    return graph


def compared(graph: Any) -> tuple[Any, ...]:
    """Every node and every edge, in a form that can be compared."""
    edges = Counter((one, two, repr(sorted(facts.items()))) for one, two, facts in graph.edges(data=True))
    return dict(graph.nodes(data=True)), edges


def client_kills(script: Path, kills: int, generators: int, seed: int) -> Figure:
    """Kill -9 of the syncing process at random moments of a sync."""
    drawn = random.Random(seed)  # noqa: S311 (moments)
    with server(script) as (_, url):
        store = store_at(url, "kills")
        for state in (0, 1):
            begun = time.monotonic()
            store.sync(made(generators, state), f"s{state}")
            whole = time.monotonic() - begun
        equal, finished, left = 0, 0, []
        while len(left) < kills and finished < 3 * kills:
            state += 1
            process = started(url, generators, state)
            time.sleep(drawn.uniform(0, whole))
            process.kill()
            if "done" in process.communicate()[0]:
                finished += 1  # too late, and no kill of a sync
                continue
            left.append(store.sync(made(generators, state), f"s{state}").edges)
            equal += compared(store.read()) == compared(made(generators, state)) and store.holds(f"s{state}")
        store.close()
    told_of = {"too_late": finished, "edges_left_to_send": sorted(left), "sync_seconds": round(whole, 2)}
    return {"figure": "client_kills", "kills": len(left), "equal_after_next_sync": equal, **told_of}


def started(url: str, generators: int, state: int) -> Any:
    """A process that begins to sync now."""
    command = [sys.executable, "-c", WORKER, url, "kills", str(generators), str(state)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def server_kills(script: Path, kills: int, generators: int, seed: int) -> Figure:
    """Kill -9 of the server at random moments of a sync, after which it is started again at once."""
    drawn = random.Random(seed)  # noqa: S311 (moments)
    equal, rode_out = 0, 0
    with server(script) as (home, url):
        port = url.rpartition(":")[2]
        store = store_at(url, "kills")
        begun = time.monotonic()
        store.sync(made(generators, 1), "s1")
        whole = time.monotonic() - begun
        store.close()
        for kill in range(kills):
            state = kill + 2
            process = started(url, generators, state)
            time.sleep(drawn.uniform(0, whole))
            told(script, "kill", home)
            told(script, "start", home, port)
            rode_out += "done" in process.communicate()[0]
            store = store_at(url, "kills")
            store.sync(made(generators, state), f"s{state}")
            equal += compared(store.read()) == compared(made(generators, state)) and store.holds(f"s{state}")
            store.close()
    return {"figure": "server_kills", "kills": kills, "equal_after_next_sync": equal, "sync_went_on": rode_out}


def hostile(script: Path) -> Iterator[Figure]:
    """The hostile questions of the tests, with the guard and with the guard taken away."""
    with tempfile.TemporaryDirectory() as folder, server(script) as (_, url):
        for name, store in (("embedded", EmbeddedStore(Path(folder))), ("neo4j", store_at(url, "hostile"))):
            for guarded in (True, False):
                yield {"figure": "hostile", "engine": name, "guard": guarded, **attacked(store, Path(folder), guarded)}
            store.close()


def attacked(store: Any, folder: Path, guarded: bool) -> Figure:
    """How many hostile questions were refused, wrote something, or read a file."""
    from tests.graph_samples import HOSTILE, SECRET, lineage

    module = sys.modules[type(store).__module__]
    secret = folder / "secret.csv"
    secret.write_text(f"{SECRET},1\n{SECRET},2\n")
    place = str(secret) if store.where[0] == "embedded" else secret.as_uri()
    store.sync(lineage(), "abc1")
    before = compared(store.read())
    asked = refused = writes = reads = 0
    check = module.check  # type: ignore[attr-defined]
    for cypher in HOSTILE:
        text = cypher.replace("{{", "{").replace("}}", "}").replace("file://{file}", "{file}").replace("{file}", place)
        if not guarded and ("*]" in text or "FORMAT" in text):
            continue  # neither writes nor reads a file
        asked += 1
        if not guarded:
            module.check = lambda t: Checked(t, frozenset({"file"} if "$file" in t else ()))  # type: ignore[attr-defined]
        try:
            answer = repr(store.query(text, {"file": place}))
        except DifregError as error:
            refused, answer = refused + 1, error.message
        finally:
            module.check = check  # type: ignore[attr-defined]
        reads += SECRET in answer
        writes += compared(store.read()) != before
    return {"queries": asked, "refused": refused, "writes": writes, "file_reads": reads}
