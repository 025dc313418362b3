"""Neo4j: several registries in a database, syncs that are cut off, and servers that do not answer as they should."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import neo4j
import networkx as nx
import pytest
from graph_samples import lineage
from neo4j_server import Line, forget, fresh, server
from painting import write_set
from test_graph_contract import told

import difreg
from difreg.cli.main import run
from difreg.errors import DifregError, InputError, StorageError
from difreg.settings import Settings, resolve
from difreg.storage.graphs import Synced, neo4j_connection, neo4j_sync, open_store
from difreg.storage.graphs.neo4j_connection import Place, check_version, place
from difreg.storage.graphs.neo4j_store import Neo4jStore

WORD = "a-secret-word"


@pytest.fixture
def store() -> Iterator[Neo4jStore]:
    with fresh() as store:
        yield store


@contextmanager
def session() -> Iterator[neo4j.Session]:
    with neo4j_connection.connect(server()) as driver, driver.session() as session:
        yield session


def ran(cypher: str, **parameters: Any) -> list[Any]:
    """What another program does in the database."""
    with session() as opened:
        return opened.run(cypher, parameters).values()


def registry_of(store: Neo4jStore) -> str:
    return store._registry


# What is sent


def test_only_what_changed_is_sent(store: Neo4jStore) -> None:
    graph = lineage()
    store.sync(graph, "a")
    assert store.sync(graph, "a") == Synced()
    graph.nodes["Generator:mj"]["version"] = 2
    graph.add_edge("Generator:mj", "Generator:sd14", type="DECLARED_PARENT", relation="fine-tune")
    graph.add_edge("Generator:mj", "Generator:sd14", type="DECLARED_PARENT", relation="merge")
    assert store.plan(graph, "b") == Synced(nodes=1, edges=2)
    assert store.holds("a")
    assert store.sync(graph, "b") == Synced(nodes=1, edges=2)
    graph.remove_node("Family:family-1")
    assert store.plan(graph, "c") == Synced(stale_nodes=1, stale_edges=2)
    assert store.sync(graph, "c") == Synced(stale_nodes=1, stale_edges=2)
    assert told(store.read()) == told(graph)


def test_what_others_did_to_it_is_mended_and_what_is_theirs_stays(store: Neo4jStore) -> None:
    store.sync(lineage(), "a")
    own = {"r": registry_of(store)}
    ran("MATCH (n {registry: $r, id: 'Family:family-1'}) DETACH DELETE n", **own)
    ran("MATCH (a {registry: $r, id: 'Generator:mj'}) CREATE (a)-[:KIN {kinship: 99}]->(a)", **own)
    ran("MATCH (:Generator {registry: $r})-[x:KIN {kinship: 8.5}]->() DELETE x", **own)
    ran("MATCH (a {registry: $r, id: 'Generator:mj'}) CREATE (a)-[:SEEN_IN]->(:Case {of: $r})", **own)
    try:
        assert store.sync(lineage(), "a") == Synced(nodes=1, edges=3, stale_edges=1)
        assert told(store.read()) == told(lineage())
        assert ran("MATCH (:Case {of: $r})<-[:SEEN_IN]-(a) RETURN a.name", **own) == [["mj"]]
    finally:
        ran("MATCH (n:Case {of: $r}) DETACH DELETE n", **own)


ASKED = [
    "MATCH (n) RETURN count(n)",
    "MATCH (n:Generator) RETURN n.name ORDER BY n.name",
    "MATCH (:Generator)-[r]->() RETURN type(r), count(r) ORDER BY type(r)",
    "MATCH (a:Generator), (b:Family) RETURN count(*)",
    "OPTIONAL MATCH (n:Only) RETURN n.name",
    "MATCH (a {name: 'mj'}) WHERE EXISTS { (b:Only) } RETURN a.name",
    "RETURN COUNT { (b:Generator) } AS n, COUNT { MATCH (b)-->(c) } AS m",
    "MATCH (a {name: 'mj'}) RETURN size([(b:Generator)-[:KIN]-(a) | b.name]) AS n",
    "RETURN size([(b:Only)-[:KIN]-(c) | b.name]) AS n",
    "MATCH (n:Generator) WHERE n.name = 'mj' OR n.name = 'only' RETURN count(n)",
    "MATCH p = shortestPath((a:Generator {name: 'mj'})-[:DERIVED_FROM*1..9]->(b:Generator {name: 'sd14'}))"
    " RETURN length(p), b.name",
    "MATCH (f:Family) CALL { WITH f MATCH (f)--(x) RETURN count(x) AS n } RETURN f.name, n ORDER BY n",
    "RETURN 1 AS n UNION ALL MATCH (n:Only) RETURN 2 AS n",
    "MATCH ((a)-[:DERIVED_FROM]->(b)){1,3} RETURN count(*) AS n",
    "MATCH (n:Generator|Only WHERE n.version > 0) RETURN count(n)",
]


def test_a_registry_sees_nothing_of_another(store: Neo4jStore) -> None:
    store.sync(lineage(), "a")
    before = [store.query(cypher) for cypher in ASKED]
    other = nx.MultiDiGraph()
    for key, facts in lineage().nodes(data=True):
        other.add_node(key, **facts | {"version": 7})
    for name in ("only", "other"):
        other.add_node(f"Only:{name}", label="Only", name=name, version=3)
    other.add_edge("Only:only", "Only:other", type="KIN", kinship=1.0)
    with fresh() as second:
        second.sync(other, "b")
        assert [store.query(cypher) for cypher in ASKED] == before
        assert store.query("MATCH (n:Only) RETURN n").rows == ()
        assert second.query("MATCH (n:Generator) RETURN DISTINCT n.version AS v").rows == ({"v": 7},)
        store.sync(nx.MultiDiGraph(), "c")
        assert told(second.read()) == told(other)


def test_bookkeeping_is_not_seen(store: Neo4jStore) -> None:
    store.sync(lineage(), "a")
    (row,) = store.query("MATCH p = (a {name: 'mj'})-[r:KIN]->(b) RETURN a, r, p, properties(r) AS q, a {.*} AS m").rows
    text = json.dumps(row)
    assert "_hash" not in text
    assert registry_of(store) not in text
    assert store.query("MATCH (s:DifregRegistry) RETURN s").rows == ()


# Syncs that are cut off


class CutError(Exception):
    """What stops a sync in a test."""


def changed() -> Any:
    """Another state of the sample: of everything something stays, something goes and something comes."""
    graph = lineage()
    graph.remove_node("Generator:$name")
    graph.nodes["Generator:mj"]["version"] = 5
    for number, (*_, facts) in enumerate(graph.edges(data=True)):
        if facts["type"] == "CROSS_DETECTS" and number % 2:
            facts["score"] = number / 8
    graph.add_node("Generator:new", label="Generator", name="new")
    graph.add_edge("Generator:new", "Generator:mj", type="KIN", kinship=3.0)
    return graph


def test_a_sync_that_is_cut_off_at_any_batch_is_made_whole_by_the_next(
    store: Neo4jStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neo4j_sync, "BATCH", 9)
    batches: list[int] = []
    store.sync(lineage(), "a")
    store.sync(changed(), "b", lambda *_: batches.append(1))
    assert len(batches) > 10
    for at in range(len(batches)):
        store.sync(lineage(), "a")
        left = iter(range(at))

        def stop(*_: Any, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise CutError

        with pytest.raises(CutError):
            store.sync(changed(), "b", stop)
        assert not store.holds("a")
        assert not store.holds("b")
        assert store.status().digest is None
        store.sync(changed(), "b")
        assert store.holds("b")
        assert told(store.read()) == told(changed())


def test_of_two_syncs_at_once_the_one_that_began_last_wins(store: Neo4jStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neo4j_sync, "BATCH", 9)
    second = Neo4jStore(server(), registry_of(store))

    def meanwhile(*_: Any) -> None:
        second.sync(changed(), "b")

    with pytest.raises(StorageError, match="Another process began to sync"):
        store.sync(lineage(), "a", meanwhile)
    second.close()
    assert store.holds("b")
    assert told(store.read()) == told(changed())


def test_a_lost_connection_is_taken_up_again(store: Neo4jStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neo4j_sync, "BATCH", 30)
    line = Line(server())
    through = Neo4jStore(line.where, registry_of(store))
    through.sync(lineage(), "a", lambda *_: line.cut())
    assert told(store.read()) == told(lineage())
    through.close()
    line.close()


def test_a_server_that_goes_away_is_one_line_and_what_was_sent_is_kept(
    store: Neo4jStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neo4j_sync, "BATCH", 30)
    monkeypatch.setattr(neo4j_connection, "PATIENCE", 0.5)
    line = Line(server())
    through = Neo4jStore(line.where, registry_of(store))
    with pytest.raises(StorageError, match="went away during the sync") as caught:
        through.sync(lineage(), "a", lambda *_: line.close())
    one_line(caught.value)
    through.close()
    sent = store.sync(lineage(), "a")
    assert 0 < sent.edges < lineage().number_of_edges() or sent.nodes < lineage().number_of_nodes()
    assert told(store.read()) == told(lineage())


# Servers that do not answer as they should


def one_line(error: DifregError) -> str:
    text = f"{error.message} {error.hint}"
    assert "\n" not in text
    assert error.hint
    assert WORD not in text
    return text


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """A peer that answers whatever comes with ``reply`` and hangs up; its host and port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        try:
            while True:
                peer, _ = listening.accept()
                with peer:
                    peer.recv(1 << 12)
                    peer.sendall(reply)
        except OSError:
            return

    Thread(target=take, daemon=True).start()
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def refused(where: Place) -> str:
    store = Neo4jStore(where, "none")
    try:
        with pytest.raises(StorageError) as caught:
            store.holds("x")
        return one_line(caught.value)
    finally:
        store.close()


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_server_that_is_down(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = refused(Place(f"{scheme}://127.0.0.1:{port}", None, "neo4j", WORD))
    assert f"No Neo4j answers at {scheme}://127.0.0.1:{port}." in said
    assert "DIFREG_GRAPH_URL" in said


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"", "write bolt+s://"),
        (bytes.fromhex("15030300020228"), "bolt+s://"),  # what TLS answers to what is not TLS
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "7687"),
        (bytes(4), "version 5"),  # no version of Bolt in common
        (b"\xff" * 64, "Bolt"),
    ],
)
@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_peer_that_is_no_neo4j_or_requires_tls(scheme: str, reply: bytes, message: str) -> None:
    with answering(reply) as host:
        said = refused(Place(f"{scheme}://{host}", None, "neo4j", WORD))
    assert message.replace("bolt", scheme) in said or message in said
    assert f"{scheme}://{host}" in said


def test_a_wrong_password_and_none_at_all() -> None:
    where = server()
    if where.password is None:
        pytest.skip("the server asks for no password")
    said = refused(replace(where, password=WORD))
    assert "does not let the user 'neo4j' in" in said
    assert "DIFREG_GRAPH_PASSWORD_FILE" in said
    assert "without a password" in refused(replace(where, user=None, password=None))


def test_a_wrong_database() -> None:
    said = refused(replace(server(), database="nosuch"))
    assert "no database 'nosuch'" in said
    assert "DIFREG_GRAPH_DATABASE" in said


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_server_without_tls_asked_by_tls(scheme: str) -> None:
    where = server()
    if not where.url.startswith("bolt://"):
        pytest.skip("the server may have TLS")
    plain = where.url.replace("bolt:", f"{scheme}:")
    said = refused(replace(where, url=plain.replace(":", "+s:", 1)))
    assert "No TLS could be agreed on" in said
    assert plain in said


def test_a_server_before_5() -> None:
    for agent in ("Neo4j/5.26.29", "Neo4j/2025.10.1", "Neo4j/v5.11.0 compatible", "Other/1.0"):
        check_version(agent, "bolt://host")
    with pytest.raises(StorageError, match=r"Neo4j/4\.4\.12") as caught:
        check_version("Neo4j/4.4.12", "bolt://host")
    assert "Upgrade" in one_line(caught.value)


# Where it is and who we are


def settings(tmp_path: Path, url: str, **more: str) -> Settings:
    return Settings(tmp_path, "sqlite:///x", graph_url=url, **more)


@pytest.mark.parametrize(
    "url",
    [
        f"bolt://neo4j:{WORD}@host",
        f"neo4j+s://{WORD}@host",
        f"postgres://host/{WORD}",
        "bolt://",
        "bolt://host:port",
        f"bolt://host/{WORD}",
        f"neo4j://host?policy={WORD}",
        f"bolt://host#{WORD}",
        "bolt://[::1",
        "Embedded",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="DIFREG_GRAPH_URL") as caught:
        place(settings(tmp_path, url))
    one_line(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("neo4j+s://abc.databases.neo4j.io", "neo4j+s://abc.databases.neo4j.io"),
        ("bolt://[::1]:7687/", "bolt://[::1]:7687"),
        ("bolt+ssc://host:7688", "bolt+ssc://host:7688"),
    ],
)
def test_urls_that_can_be_used(url: str, shown: str, tmp_path: Path) -> None:
    store = open_store(settings(tmp_path, url, graph_database="team"), "id")
    assert store.where == ("neo4j", f"{shown}, database team")


def test_the_password_comes_from_the_environment_or_a_file_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFREG_GRAPH_URL", "bolt://host")
    monkeypatch.setenv("DIFREG_GRAPH_PASSWORD", WORD)
    given = resolve(tmp_path)
    where = place(given)
    assert where.auth == ("neo4j", WORD)
    assert WORD not in repr(given) + repr(where) + repr(Neo4jStore(where, "id"))
    file = tmp_path / "word"
    monkeypatch.setenv("DIFREG_GRAPH_PASSWORD_FILE", str(file))
    with pytest.raises(InputError, match="both set"):
        place(resolve(tmp_path))
    monkeypatch.delenv("DIFREG_GRAPH_PASSWORD")
    monkeypatch.setenv("DIFREG_GRAPH_USER", "me")
    file.write_text(f" {WORD}\r\n")
    assert place(resolve(tmp_path)).auth == ("me", f" {WORD}")
    for content in (b"", b"\n", b"a\nb", b"\xff\xfe", b"x" * 5000):
        file.write_bytes(content)
        with pytest.raises(InputError, match="password's file"):
            place(resolve(tmp_path))
    file.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        place(resolve(tmp_path))


# The command line


@pytest.fixture
def configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home whose graph is to lie in the server."""
    where = server()
    monkeypatch.setenv("DIFREG_GRAPH_URL", where.url)
    if where.password is not None:
        monkeypatch.setenv("DIFREG_GRAPH_USER", where.user or "neo4j")
        monkeypatch.setenv("DIFREG_GRAPH_PASSWORD", where.password)
    yield home
    with difreg.open(home) as registry:
        known = registry.graph_status().registry
    if known:
        forget(where, known)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(arguments)
    return code, *capsys.readouterr()


def test_add_is_followed_by_the_graph_and_status_tells(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path / "one", 1, 4, 1)
    write_set(tmp_path / "two", 2, 4, 2)
    code, out, _ = call(capsys, "graph", "status", "--format", "json")
    state = json.loads(out)
    assert (code, state["schema"], state["reachable"], state["current"]) == (0, "difreg/graph-status", True, False)
    assert call(capsys, "graph", "sync")[0] == call(capsys, "graph", "sync", "--dry-run")[0] == 2
    assert not configured.exists()

    code, out, err = call(capsys, "add", "one", str(tmp_path / "one"), "--format", "json")
    assert (code, "graph" in err) == (0, False)
    assert json.loads(out)["graph"] == {"current": True, "problem": None}
    code, out, _ = call(capsys, "query", "MATCH (g:Generator) RETURN g.name AS name", "--format", "json")
    assert json.loads(out)["rows"] == [{"name": "one"}]

    with socket.create_server(("127.0.0.1", 0)) as free:
        down = f"bolt://127.0.0.1:{free.getsockname()[1]}"
    with monkeypatch.context() as patch:
        patch.setenv("DIFREG_GRAPH_URL", down)
        code, out, err = call(capsys, "add", "two", str(tmp_path / "two"))
        assert code == 0
        assert [line for line in err.splitlines() if "graph" in line] == [
            f"the graph is behind: No Neo4j answers at {down}. Start it, or correct DIFREG_GRAPH_URL; unset it for the "
            "embedded graph. Then: difreg graph sync"
        ]
        code, out, _ = call(capsys, "graph", "status")
        assert (code, "not reachable: No Neo4j answers" in out) == (0, True)
        assert call(capsys, "graph", "status", "--fail-on", "behind")[0] == 1
        code, out, err = call(capsys, "query", "MATCH (n) RETURN n")
        assert (code, out, err.count("\n")) == (2, "", 1)

    code, out, _ = call(capsys, "graph", "status")
    assert "behind: 1 change since" in out
    assert call(capsys, "graph", "status", "--fail-on", "behind")[0] == 1
    code, out, _ = call(capsys, "graph", "sync", "--dry-run", "--format", "json")
    planned = json.loads(out)
    assert call(capsys, "graph", "status", "--fail-on", "behind")[0] == 1
    code, out, _ = call(capsys, "graph", "sync", "--format", "json")
    sent = json.loads(out)
    assert (code, sent["schema"], sent["sent_nodes"], sent["removed_nodes"]) == (0, "difreg/graph-sync", 2, 0)
    assert sent == {**planned, "dry_run": False}
    assert "nothing had changed" in call(capsys, "graph", "sync")[1]
    assert f"{sent['nodes']} nodes and {sent['edges']} edges sent" in call(capsys, "graph", "sync", "--rebuild")[1]
    code, out, _ = call(capsys, "graph", "status", "--fail-on", "behind")
    assert (code, "it is of the registry's state" in out) == (0, True)


def test_a_dry_run_gives_the_registry_no_id(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("DIFREG_GRAPH_URL")
        write_set(tmp_path / "one", 1, 4, 1)
        assert call(capsys, "add", "one", str(tmp_path / "one"))[0] == 0
    assert "2 nodes and 1 edge would be sent" in call(capsys, "graph", "sync", "--dry-run")[1]
    assert json.loads(call(capsys, "graph", "status", "--format", "json")[1])["registry"] is None


def test_the_embedded_graph_is_synced_too(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_set(tmp_path / "one", 1, 4, 1)
    assert "nothing was synced yet" in call(capsys, "graph", "status")[1]
    assert not home.exists()
    assert json.loads(call(capsys, "add", "one", str(tmp_path / "one"), "--format", "json")[1])["graph"] is None
    assert "2 nodes and 1 edge sent" in call(capsys, "graph", "sync")[1]
    assert "nothing had changed" in call(capsys, "graph", "sync")[1]
    assert "2 nodes, 1 edge, last synced" in call(capsys, "graph", "status", "--fail-on", "behind")[1]
    call(capsys, "tag", "one", "a=b")
    assert "behind: 1 change since" in call(capsys, "graph", "status")[1]
