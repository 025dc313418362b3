"""What every graph store keeps to: the same graph in, the same rows out, and nothing changed or read besides."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from graph_samples import HARMLESS, HOSTILE, NAMES, SECRET, lineage
from neo4j_server import fresh

from difreg.errors import InputError
from difreg.storage.graphs import GraphStore, Synced
from difreg.storage.graphs.embedded import EmbeddedStore
from difreg.storage.graphs.memory import MemoryStore

CYPHER = ("embedded", "neo4j")


def opened(kind: str, path: Path) -> Iterator[GraphStore]:
    """An empty store of a kind; one for Neo4j skips where there is no server."""
    if kind == "neo4j":
        with fresh() as store:
            yield store
        return
    store = EmbeddedStore(path) if kind == "embedded" else MemoryStore()
    yield store
    store.close()


@pytest.fixture(params=(*CYPHER, "networkx"))
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    yield from opened(request.param, tmp_path)


@pytest.fixture(params=CYPHER)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    yield from opened(request.param, tmp_path)


@pytest.fixture
def store(empty: GraphStore) -> GraphStore:
    """The sample, in a store that answers Cypher."""
    empty.sync(lineage(), "abc1")
    return empty


def told(graph: Any) -> tuple[Any, ...]:
    """Every node and edge of a graph, in a form that can be compared."""
    nodes = {key: {k: v for k, v in facts.items() if v is not None} for key, facts in graph.nodes(data=True)}
    return nodes, Counter((start, end, repr(sorted(facts.items()))) for start, end, facts in graph.edges(data=True))


def cell(store: GraphStore, cypher: str, **parameters: Any) -> Any:
    """The only value of an answer."""
    (row,) = store.query(cypher, parameters).rows
    (value,) = row.values()
    return value


def column(store: GraphStore, cypher: str, **parameters: Any) -> list[Any]:
    return [value for row in store.query(cypher, parameters).rows for value in row.values()]


# What is in it


def test_what_goes_in_comes_out(any_store: GraphStore) -> None:
    assert not any_store.holds("abc1")
    assert told(any_store.read()) == ({}, Counter())
    assert any_store.status().digest is None
    planned = any_store.plan(lineage(), "abc1")
    assert told(any_store.read()) == ({}, Counter())
    done = any_store.sync(lineage(), "abc1")
    assert planned == done == any_store.plan(lineage(), "abc1", anew=True)
    assert told(any_store.read()) == told(lineage())
    assert done == Synced(lineage().number_of_nodes(), lineage().number_of_edges())
    assert any_store.holds("abc1")
    assert not any_store.holds("abc2")
    held = any_store.status()
    assert (held.digest, held.nodes, held.edges) == ("abc1", done.nodes, done.edges)


def test_a_sync_brings_every_change(any_store: GraphStore) -> None:
    graph = lineage()
    any_store.sync(graph, "abc1")
    graph.remove_node("Generator:$name")
    graph.remove_edge("Generator:mj", "Family:family-1")
    del graph.nodes["Generator:sd14"]["released"]
    graph.nodes["Generator:mj"]["version"] = 2
    for *_, facts in graph.edges("Generator:sd14", data=True):
        if facts["type"] == "CROSS_DETECTS":
            facts["score"] = 0.125
            del facts["n"]
    graph.add_node("Lab:x", label="Lab", name="x")
    graph.add_edge("Lab:x", "Generator:mj", type="MADE", year=2022)
    graph.add_edge("Lab:x", "Generator:mj", type="MADE", year=2022)
    any_store.sync(graph, "abc2")
    assert told(any_store.read()) == told(graph)
    any_store.sync(nx.MultiDiGraph(), "abc3")
    assert told(any_store.read()) == ({}, Counter())
    assert any_store.holds("abc3")


def test_networkx_answers_no_cypher() -> None:
    with pytest.raises(InputError, match="no Cypher"):
        MemoryStore().query("MATCH (n) RETURN n")


def test_every_node_edge_and_property_is_there(store: GraphStore) -> None:
    graph = lineage()
    assert cell(store, "MATCH (n) RETURN count(n)") == graph.number_of_nodes()
    assert cell(store, "MATCH ()-[r]->() RETURN count(r)") == graph.number_of_edges()
    for label in ("Generator", "Fingerprint", "Ancestor", "Family"):
        found = column(store, f"MATCH (n:{label}) RETURN n")
        held = [
            {k: v for k, v in n.items() if k != "label" and v is not None}
            for _, n in graph.nodes(data=True)
            if n["label"] == label
        ]
        assert sorted(map(repr, ({"label": label, "properties": dict(sorted(p.items()))} for p in held))) == sorted(
            repr({"label": n["label"], "properties": dict(sorted(n["properties"].items()))}) for n in found
        )
    assert sorted(column(store, "MATCH (g:Generator) RETURN g.name")) == sorted(NAMES)
    assert column(
        store, "MATCH (:Generator {name: 'mj'})-[r:CROSS_DETECTS]->(:Generator {name: 'sd14'}) RETURN r.n"
    ) in (
        [10, 20],
        [20, 10],
    )


def test_ancestry_by_a_bounded_path(store: GraphStore) -> None:
    found = column(store, "MATCH (:Generator {name: 'mj'})-[:DERIVED_FROM*1..10]->(a:Generator) RETURN a.name")
    assert found == ["sd14"]


def test_a_long_chain_is_followed_to_its_bound(empty: GraphStore) -> None:
    graph = nx.MultiDiGraph()
    for i in range(40):
        graph.add_node(f"Generator:g{i}", label="Generator", name=f"g{i}")
    for i in range(39):
        graph.add_edge(f"Generator:g{i}", f"Generator:g{i + 1}", type="DERIVED_FROM")
    empty.sync(graph, "c")
    assert cell(empty, "MATCH (:Generator {name: 'g0'})-[:DERIVED_FROM*1..50]->(a) RETURN count(a)") == 39


def test_nodes_relationships_and_paths_come_back_plain(store: GraphStore) -> None:
    sd14 = {"name": "sd14", "version": 1, "base": True, "tags": ["a", "b"], "released": "2022-08-22", "set": "property"}
    sd14["create"] = 3
    node = {"label": "Generator", "properties": sd14}
    kin = {"type": "KIN", "start": "Generator:mj", "end": "Generator:sd14"}
    cypher = "MATCH p = (a)-[r:KIN]->(b:Generator) RETURN b, r, p, properties(b) AS q, b {.*} AS m, collect(b) AS l"
    (row,) = store.query(cypher).rows
    assert row["b"] == node
    assert row["r"].pop("properties") == {"kinship": 8.5, "low": float("-inf")}
    assert row["r"] == kin
    assert [n["properties"]["name"] for n in row["p"]["nodes"]] == ["mj", "sd14"]
    assert [r["start"] for r in row["p"]["relationships"]] == ["Generator:mj"]
    assert row["q"] == row["m"] == sd14
    assert row["l"] == [node]
    assert list(row) == ["b", "r", "p", "q", "m", "l"]


def test_other_values_come_back_plain(store: GraphStore) -> None:
    cypher = "RETURN null AS a, {id: 1, title: 'x'} AS b, [1, [true]] AS c, date('2022-08-22') AS d, 1.5 AS e"
    (row,) = store.query(cypher).rows
    assert str(row.pop("d")) == "2022-08-22"
    assert cell(store, "MATCH (g {name: 'mj'})-[:KIN]-() RETURN g.id") == "Generator:mj"
    assert row == {"a": None, "b": {"id": 1, "title": "x"}, "c": [1, [True]], "e": 1.5}


# What cannot be done to it


def aimed(cypher: str, place: str) -> str:
    """A hostile query that is after the file at a place."""
    text = cypher.replace("{{", "{").replace("}}", "}")
    return text.replace("file://{file}" if place.startswith("file:") else "{file}", place).replace("{file}", place)


def written(secret: Path, store: GraphStore) -> str:
    """The file as the engine would read it: Neo4j takes URLs alone."""
    return str(secret) if store.where[0] == "embedded" else secret.as_uri()


@pytest.mark.parametrize("cypher", HOSTILE)
def test_a_hostile_query_is_refused_and_changes_and_reads_nothing(
    cypher: str, store: GraphStore, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"{SECRET},1\n{SECRET},2\n")
    before = told(store.read())
    files = {path.name: path.read_bytes() for path in tmp_path.glob("graph/*")}
    place = written(secret, store)
    text = aimed(cypher, place)
    with pytest.raises(InputError) as caught:
        store.query(text, {"file": place})
    assert SECRET not in caught.value.message + caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    assert told(store.read()) == before
    assert {path.name: path.read_bytes() for path in tmp_path.glob("graph/*")} == files


@pytest.mark.parametrize("cypher", [q for q in HOSTILE if "*]" not in q and "FORMAT" not in q and "\\u0027" not in q])
def test_the_engine_alone_changes_nothing_either(
    cypher: str, store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line of defence, with the guard taken away."""
    from difreg.storage.graphs.guard import Checked

    module = sys.modules[type(store).__module__]

    secret = tmp_path / "secret.csv"
    secret.write_text(f"{SECRET},1\n{SECRET},2\n")
    before = told(store.read())
    place = written(secret, store)
    text = aimed(cypher, place)
    with monkeypatch.context() as patch:
        patch.setattr(module, "check", lambda text: Checked(text, frozenset({"file"} if "$file" in text else ())))
        try:
            answer = repr(store.query(text, {"file": place}))
        except InputError as error:
            answer = error.message
    assert SECRET not in answer
    assert told(store.read()) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_read_as_cypher(name: str, store: GraphStore) -> None:
    before = told(store.read())
    assert cell(store, "MATCH (g:Generator {name: $name}) RETURN g.name", name=name) == name
    assert cell(store, "MATCH (g:Generator) WHERE g.name IN $names RETURN g.name", names=[name]) == name
    assert told(store.read()) == before


def test_labels_and_types_that_are_no_names_are_refused(empty: GraphStore) -> None:
    for label, kind in (("A) DETACH DELETE (n", "KIN"), ("A", "KIN]->() CREATE (x")):
        graph = nx.MultiDiGraph()
        graph.add_node("a", label=label)
        graph.add_edge("a", "a", type=kind)
        with pytest.raises(ValueError, match="not a label or type"):
            empty.sync(graph, "x")


@pytest.mark.parametrize(("cypher", "expected"), HARMLESS)
def test_a_harmless_query_is_answered(cypher: str, expected: list[Any], store: GraphStore) -> None:
    assert column(store, cypher) == expected


# Limits and errors


def test_rows_are_limited_and_it_is_said(store: GraphStore) -> None:
    several = store.query("MATCH (g:Generator) RETURN g.name", limit=3)
    assert (len(several.rows), several.truncated) == (3, True)
    exactly = store.query("MATCH (g:Generator) RETURN g.name", limit=len(NAMES))
    assert (len(exactly.rows), exactly.truncated) == (len(NAMES), False)
    none = store.query("MATCH (g:Generator) WHERE false RETURN g.name AS x, 1 AS y")
    assert (none.columns, none.rows, none.truncated) == (("x", "y"), (), False)


def test_time_is_limited_and_it_is_said(store: GraphStore) -> None:
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"longer than 0\.2 s") as caught:
        store.query("MATCH (a)-[:CROSS_DETECTS*1..9]-(b) RETURN count(*)", timeout=0.2)
    assert time.monotonic() - begun < 5
    assert "--timeout" in caught.value.hint


@pytest.mark.parametrize(
    ("cypher", "message"),
    [
        ("MATCH (n) RETURN nosuch(n)", "nosuch"),
        ("MATCH (n) RETRUN n", "line 1"),
        ("MATCH (n)\n// comment\nRETURN x", "x"),
        ("MATCH (n) RETURN n.\n  ,", "line "),
        ("MATCH (n) RETURN ~n", "1"),
        ("RETURN 1 / 0 AS x", "zero"),
        ("RETURN $x", "$x"),
        ("RETURN `\x1b[31m` AS x", "\\x1b[31m"),
        ("RETURN '\ud800' AS x", ""),
    ],
)
def test_a_mistake_is_one_clean_line(cypher: str, message: str, store: GraphStore) -> None:
    with pytest.raises(InputError) as caught:
        store.query(cypher)
    told = caught.value.message
    assert message in told
    assert not {"\n", "\x1b"} & set(told + caught.value.hint)


@pytest.mark.parametrize(
    ("value", "limit", "timeout"), [(object(), 10, 1), (1 << 64, 10, 1), (1, 0, 1), (1, 10, 0), (1, 10, float("nan"))]
)
def test_what_cannot_be_used_is_refused(value: Any, limit: int, timeout: float, store: GraphStore) -> None:
    with pytest.raises(InputError):
        store.query("RETURN $x AS x", {"x": value}, limit, timeout)


def test_parameters_keep_their_types(store: GraphStore) -> None:
    for value in (3, -1.5, True, None, "3", "a'\"`\\", ["a", 1, None], []):
        assert cell(store, "RETURN $x AS x", x=value) == value
