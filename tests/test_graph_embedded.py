"""The embedded store: what goes in comes out, nothing gets changed or read besides, and the file is only a cache."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from difreg.errors import InputError
from difreg.settings import Settings
from difreg.storage.graphs import open_store
from difreg.storage.graphs.embedded import SUFFIX, EmbeddedStore

SECRET = "s3cr3t-of-this-machine"  # noqa: S105 (what a hostile query is after)
NAMES = [
    "mj",
    "sd14",
    "quote ' and \" quote",
    "'}) DETACH DELETE n //",
    '"}) SET n.x = 1 /*',
    "` RETURN 1; CREATE (x)",
    "\\' \\u0027 {name: 1}",
    "$name",
    "\x1b[31m\u202e",
]
EVERYTHING = "MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN n, r, m"


def lineage() -> Any:
    """mj descends from sd14 by a bridge; every odd name is a generator of its own; all scored by all."""
    graph = nx.MultiDiGraph()
    for number, name in enumerate(NAMES):
        graph.add_node(f"Generator:{name}", label="Generator", name=name, version=1, base=number == 1, tags=["a", "b"])
        graph.add_node(f"Fingerprint:f{number}", label="Fingerprint", digest=f"00{number}", reliability=0.5)
        graph.add_edge(f"Generator:{name}", f"Fingerprint:f{number}", type="HAS_FINGERPRINT")
    graph.add_node("Generator:sd14", released="2022-08-22", set="property", create=3, note=None)
    graph.add_node("Ancestor:family-1", label="Ancestor", name="family-1", family="family-1")
    graph.add_node("Family:family-1", label="Family", name="family-1", caption="SD", support=0.9)
    for name in ("mj", "sd14"):
        graph.add_edge(f"Generator:{name}", "Family:family-1", type="MEMBER_OF")
    graph.add_edge("Generator:mj", "Ancestor:family-1", type="DERIVED_FROM", direction="dates", probability=0.7)
    graph.add_edge("Ancestor:family-1", "Generator:sd14", type="DERIVED_FROM", direction="declared", probability=0.9)
    graph.add_edge("Generator:mj", "Generator:sd14", type="KIN", kinship=8.5, low=float("-inf"))
    for one in NAMES:
        for two in NAMES:
            graph.add_edge(f"Generator:{one}", f"Generator:{two}", type="CROSS_DETECTS", score=0.25, n=10)
    graph.add_edge("Generator:mj", "Generator:sd14", type="CROSS_DETECTS", score=0.5, n=20)
    return graph


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path)
    store.sync(lineage(), "abc1")
    yield store
    store.close()


def cell(store: EmbeddedStore, cypher: str, **parameters: Any) -> Any:
    """The only value of an answer."""
    (row,) = store.query(cypher, parameters).rows
    (value,) = row.values()
    return value


def column(store: EmbeddedStore, cypher: str, **parameters: Any) -> list[Any]:
    return [value for row in store.query(cypher, parameters).rows for value in row.values()]


# What is in it


def test_every_node_edge_and_property_is_there(store: EmbeddedStore) -> None:
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


def test_ancestry_by_a_bounded_path(store: EmbeddedStore) -> None:
    found = column(store, "MATCH (:Generator {name: 'mj'})-[:DERIVED_FROM*1..10]->(a:Generator) RETURN a.name")
    assert found == ["sd14"]


def test_a_long_chain_is_followed_to_its_bound(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    for i in range(40):
        graph.add_node(f"Generator:g{i}", label="Generator", name=f"g{i}")
    for i in range(39):
        graph.add_edge(f"Generator:g{i}", f"Generator:g{i + 1}", type="DERIVED_FROM")
    store = EmbeddedStore(tmp_path)
    store.sync(graph, "c")
    assert cell(store, "MATCH (:Generator {name: 'g0'})-[:DERIVED_FROM*1..50]->(a) RETURN count(a)") == 39


def test_nodes_relationships_and_paths_come_back_plain(store: EmbeddedStore) -> None:
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


def test_other_values_come_back_plain(store: EmbeddedStore) -> None:
    cypher = "RETURN null AS a, {id: 1, title: 'x'} AS b, [1, [true]] AS c, date('2022-08-22') AS d, 1.5 AS e"
    (row,) = store.query(cypher).rows
    assert str(row.pop("d")) == "2022-08-22"
    assert cell(store, "MATCH (g {name: 'mj'})-[:KIN]-() RETURN g.id") == "Generator:mj"
    assert row == {"a": None, "b": {"id": 1, "title": "x"}, "c": [1, [True]], "e": 1.5}


# What cannot be done to it

HOSTILE = [
    "CREATE (n:Generator {name: 'evil'})",
    "create(n)",
    "MATCH (n) SET n.name = 'evil'",
    "MATCH (n) sEt n:Evil RETURN n",
    "MATCH (n) SET n += {x: 1}",
    "MATCH (n) DELETE n",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) NODETACH DELETE n",
    "MATCH (n) REMOVE n.name",
    "MERGE (n:Generator {name: 'evil'})",
    "MATCH (n) FOREACH (x IN [1] | SET n.x = x)",
    "INSERT (:Generator {name: 'evil'})",
    "CREATE INDEX FOR (n:Generator) ON (n.version)",
    "DROP INDEX FOR (n:Generator) ON (n.name)",
    "CREATE CONSTRAINT FOR (n:Generator) REQUIRE n.name IS UNIQUE",
    "MATCH (n)/**/DELETE/**/n",
    "MATCH (n) // harmless\nDETACH DELETE n",
    "MATCH (n)\u00a0DETACH\u2003DELETE n",
    "MATCH (n) \u017fET n.x = 1",
    "MATCH (n) \\u0053ET n.x = 1",
    "RETURN '\\u0027 CREATE (n) //'",
    "RETURN 1; MATCH (n) DETACH DELETE n",
    "CALL { MATCH (n) DELETE n } RETURN 1",
    "CALL { MATCH (n) DELETE n } IN TRANSACTIONS",
    "RETURN 1 AS x UNION MATCH (n) SET n.y = 1 RETURN 1 AS x",
    "CALL table.delete({node_type: 'Generator'})",
    "CALL db.ontology.clear()",
    "CALL `db`.ontology.declare({ontology: {}})",
    "CALL db.cdc.enable()",
    "LOAD CSV FROM '{file}' AS row RETURN row",
    "load\tcsv WITH HEADERS FROM 'file://{file}' AS row RETURN row",
    "LOAD/* */CSV FROM '{file}' AS row RETURN row",
    'LOAD // x\nCSV FROM "{file}" AS row RETURN row',
    "/* MATCH */LOAD CSV FROM $file AS row RETURN row",
    "L\u200bOAD CSV FROM '{file}' AS row RETURN row",
    "\uff2cOAD CSV FROM '{file}' AS row RETURN row",
    "CALL {{ LOAD CSV FROM '{file}' AS row RETURN row }} RETURN row",
    "MATCH (n) LOAD CSV FROM '{file}' AS row RETURN row",
    "EXPLAIN LOAD CSV FROM '{file}' AS row RETURN row",
    "PROFILE LOAD CSV FROM '{file}' AS row RETURN row",
    "CYPHER 5 LOAD CSV FROM '{file}' AS row RETURN row",
    "CALL apoc.load.csv('{file}')",
    "MATCH (a)-[*]->(b) RETURN count(*)",
    "MATCH (n) RETURN n FORMAT CSV",
]


@pytest.mark.parametrize("cypher", HOSTILE)
def test_a_hostile_query_is_refused_and_changes_and_reads_nothing(
    cypher: str, store: EmbeddedStore, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"{SECRET},1\n")
    before = store.query(EVERYTHING)
    files = {path.name: path.read_bytes() for path in (tmp_path / "graph").iterdir()}
    text = cypher.replace("{{", "{").replace("}}", "}").replace("{file}", str(secret))
    with pytest.raises(InputError) as caught:
        store.query(text, {"file": str(secret)})
    assert SECRET not in caught.value.message + caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    assert store.query(EVERYTHING) == before
    assert {path.name: path.read_bytes() for path in (tmp_path / "graph").iterdir()} == files


@pytest.mark.parametrize("cypher", [q for q in HOSTILE if "*]" not in q and "FORMAT" not in q and "\\u0027" not in q])
def test_the_engine_alone_changes_nothing_either(
    cypher: str, store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line of defence, with the guard taken away."""
    import difreg.storage.graphs.embedded as module
    from difreg.storage.graphs.guard import Checked

    secret = tmp_path / "secret.csv"
    secret.write_text(f"{SECRET},1\n")
    before = store.query(EVERYTHING)
    text = cypher.replace("{{", "{").replace("}}", "}").replace("{file}", str(secret))
    with monkeypatch.context() as patch:
        patch.setattr(module, "check", lambda text: Checked(text, frozenset({"file"} if "$file" in text else ())))
        try:
            answer = repr(store.query(text, {"file": str(secret)}))
        except InputError as error:
            answer = error.message
    assert SECRET not in answer
    assert store.query(EVERYTHING) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_read_as_cypher(name: str, store: EmbeddedStore) -> None:
    before = store.query(EVERYTHING)
    assert cell(store, "MATCH (g:Generator {name: $name}) RETURN g.name", name=name) == name
    assert cell(store, "MATCH (g:Generator) WHERE g.name IN $names RETURN g.name", names=[name]) == name
    assert column(store, "MATCH (g:$label) RETURN g", label=f"Generator {name}") == []
    assert store.query(EVERYTHING) == before


def test_labels_and_types_that_are_no_names_are_refused(tmp_path: Path) -> None:
    for label, kind in (("A) DETACH DELETE (n", "KIN"), ("A", "KIN]->() CREATE (x")):
        graph = nx.MultiDiGraph()
        graph.add_node("a", label=label)
        graph.add_edge("a", "a", type=kind)
        with pytest.raises(ValueError, match="not a label or type"):
            EmbeddedStore(tmp_path).sync(graph, "x")


HARMLESS = [
    ("MATCH (a:Generator {name: 'mj'})-[:DERIVED_FROM*1..10]->(b) RETURN b.name ORDER BY b.name", ["family-1", "sd14"]),
    ("MATCH (a:Ancestor) OPTIONAL MATCH (a)-[:KIN]-(b) RETURN b.name", [None]),
    ("MATCH (f:Family)<-[:MEMBER_OF]-(g) WITH f, count(g) AS n WHERE n > 1 RETURN n", [2]),
    ("UNWIND ['CREATE', 'SET'] AS w RETURN toLower(w) AS l", ["create", "set"]),
    ("MATCH ()-[r:CROSS_DETECTS]->() RETURN max(r.score) AS m", [0.5]),
    ("MATCH p = shortestPath((a {name: 'mj'})-[:DERIVED_FROM*1..10]->(b {name: 'sd14'})) RETURN length(p)", [2]),
    ("RETURN 'LOAD CSV FROM x // /* */ ; DELETE' AS t", ["LOAD CSV FROM x // /* */ ; DELETE"]),
    ("MATCH (g {name: 'sd14'}) RETURN g.set AS s", ["property"]),
    ("MATCH (g:Generator {create: 3}) RETURN g.name", ["sd14"]),
    ("MATCH (g {name: 'sd14'}) RETURN g.create AS `delete`", [3]),
    ("MATCH (g:Family) WHERE EXISTS { (g)<-[:MEMBER_OF]-() } RETURN g.name", ["family-1"]),
    ("MATCH (g:Generator) WHERE NOT EXISTS { (g)-[:HAS_FINGERPRINT]->() } RETURN g.name", []),
    ("MATCH (g:Family) RETURN count { (g)<-[:MEMBER_OF]-() } AS c", [2]),
    ("MATCH (f:Family) CALL { WITH f MATCH (f)<-[:MEMBER_OF]-(g) RETURN count(g) AS n } RETURN n", [2]),
    ("MATCH (a)-[k:KIN]-(b) WHERE k.kinship * 2 > 16 RETURN count(*) AS c", [2]),
    ("MATCH (start)-[k:KIN]->(stop) RETURN stop.name", ["sd14"]),
    ("MATCH (g:Generator) WHERE g.name = 'mj' /* DELETE */ RETURN g.name // SET", ["mj"]),
    ("MATCH (g {name: 'mj'}) RETURN CASE WHEN g.base THEN 'base' ELSE 'other' END AS x", ["other"]),
    ("RETURN [x IN range(1, 3) WHERE x > 1 | x * 2] AS l", [[4, 6]]),
    ("MATCH (g {name: 'sd14'}) RETURN g {.name, .set} AS m", [{"name": "sd14", "set": "property"}]),
    ("MATCH (g:Generator) WHERE g.name STARTS WITH 'sd' RETURN g.name;", ["sd14"]),
    ("RETURN 1 AS x UNION RETURN 2 AS x", [1, 2]),
    ("CALL db.labels() YIELD label RETURN count(label) AS c", [4]),
    ("MATCH (g:Generator) WHERE 'a' IN g.tags AND g.released =~ '2022.*' RETURN g.name", ["sd14"]),
]


@pytest.mark.parametrize(("cypher", "expected"), HARMLESS)
def test_a_harmless_query_is_answered(cypher: str, expected: list[Any], store: EmbeddedStore) -> None:
    assert column(store, cypher) == expected


# Limits and errors


def test_rows_are_limited_and_it_is_said(store: EmbeddedStore) -> None:
    several = store.query("MATCH (g:Generator) RETURN g.name", limit=3)
    assert (len(several.rows), several.truncated) == (3, True)
    exactly = store.query("MATCH (g:Generator) RETURN g.name", limit=len(NAMES))
    assert (len(exactly.rows), exactly.truncated) == (len(NAMES), False)
    none = store.query("MATCH (g:Generator) WHERE false RETURN g.name AS x, 1 AS y")
    assert (none.columns, none.rows, none.truncated) == (("x", "y"), (), False)


def test_time_is_limited_and_it_is_said(store: EmbeddedStore) -> None:
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"longer than 0\.2 s") as caught:
        store.query("MATCH (a)-[:CROSS_DETECTS*1..9]-(b) RETURN count(*)", timeout=0.2)
    assert time.monotonic() - begun < 5
    assert "--timeout" in caught.value.hint


def test_work_is_limited_and_it_is_said(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difreg.storage.graphs.embedded.WORK", 5000)
    with pytest.raises(InputError, match="more than 5,000 steps"):
        store.query("MATCH (a), (b), (c), (d) RETURN a, b, c, d")


@pytest.mark.parametrize(
    ("cypher", "message"),
    [
        ("MATCH (n) RETURN nosuch(n)", "nosuch"),
        ("MATCH (n) RETRUN n", "line 1"),
        ("MATCH (n)\n// comment\nRETURN x", "'x'"),
        ("MATCH (n) RETURN n.\n  ,", "line "),
        ("MATCH (n) RETURN ~n", "position 17"),
        ("RETURN 1 / 0 AS x", "zero"),
        ("RETURN $x", "$x"),
        ("RETURN `\x1b[31m` AS x", "\\x1b[31m"),
        ("RETURN '\ud800' AS x", ""),
    ],
)
def test_a_mistake_is_one_clean_line(cypher: str, message: str, store: EmbeddedStore) -> None:
    with pytest.raises(InputError) as caught:
        store.query(cypher)
    told = caught.value.message
    assert message in told
    assert not {"\n", "\x1b"} & set(told + caught.value.hint)


@pytest.mark.parametrize(
    ("value", "limit", "timeout"), [(object(), 10, 1), (1 << 64, 10, 1), (1, 0, 1), (1, 10, 0), (1, 10, float("nan"))]
)
def test_what_cannot_be_used_is_refused(value: Any, limit: int, timeout: float, store: EmbeddedStore) -> None:
    with pytest.raises(InputError):
        store.query("RETURN $x AS x", {"x": value}, limit, timeout)


def test_parameters_keep_their_types(store: EmbeddedStore) -> None:
    for value in (3, -1.5, True, None, "3", "a'\"`\\", ["a", 1, None], []):
        assert cell(store, "RETURN $x AS x", x=value) == value


# The file


def test_the_file_spares_the_build(store: EmbeddedStore, tmp_path: Path) -> None:
    again = EmbeddedStore(tmp_path)
    assert again.status().digest == "abc1"
    assert again.holds("abc1")
    assert again.query(EVERYTHING) == store.query(EVERYTHING)
    assert not again.holds("abc2")
    with pytest.raises(InputError):
        again.query("MATCH (n) SET n.x = 1")


def test_only_the_newest_state_is_kept(store: EmbeddedStore, tmp_path: Path) -> None:
    store.sync(lineage(), "abc2")
    assert [path.name for path in (tmp_path / "graph").iterdir()] == [f"abc2{SUFFIX}"]
    assert not store.holds("abc1")


@pytest.mark.parametrize("damage", [b"", b"junk" * 100, None, 300])
def test_a_damaged_file_is_made_again(damage: bytes | int | None, store: EmbeddedStore, tmp_path: Path) -> None:
    (file,) = (tmp_path / "graph").iterdir()
    whole = file.read_bytes()
    if damage is None:
        file.write_bytes(whole[: len(whole) // 2])
    elif isinstance(damage, int):
        file.write_bytes(whole[:-damage] + bytes(damage))
    else:
        file.write_bytes(damage)
    again = EmbeddedStore(tmp_path)
    assert not again.holds("abc1")
    again.sync(lineage(), "abc1")
    assert EmbeddedStore(tmp_path).holds("abc1")


def test_no_home_and_no_room_are_no_reason_to_fail(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "none")
    store.sync(lineage(), "abc1")
    assert cell(store, "MATCH (g:Generator) RETURN count(g)") == len(NAMES)
    assert not (tmp_path / "none").exists()
    (tmp_path / "graph").write_text("a file where the folder would be")
    store = EmbeddedStore(tmp_path)
    store.sync(lineage(), "abc1")
    assert cell(store, "MATCH (g:Generator) RETURN count(g)") == len(NAMES)


def test_a_write_that_is_cut_off_harms_nothing(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = (tmp_path / "graph").iterdir()
    whole = file.read_bytes()

    def cut(path: Path, data: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(data[:100])
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut)
        store.sync(lineage(), "abc1")
    assert [(path, path.read_bytes()) for path in (tmp_path / "graph").iterdir()] == [(file, whole)]


def test_processes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\nfrom test_graph_embedded import lineage, EmbeddedStore\n"
        "for turn in range(15):\n"
        "    store, digest = EmbeddedStore(Path(sys.argv[1])), 'abc' + str(turn % 3)\n"
        "    if not store.holds(digest): store.sync(lineage(), digest)\n"
        "    n = store.query('MATCH (n) RETURN count(n) AS n').rows[0]['n']\n"
        "    assert n == lineage().number_of_nodes(), n\n"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, str(tmp_path), here]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
    assert not [path for path in (tmp_path / "graph").iterdir() if path.suffix != ".kgl"]


def test_the_setting_chooses_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(tmp_path, "sqlite:///x")), EmbeddedStore)
    with pytest.raises(InputError, match="DIFREG_GRAPH_URL"):
        open_store(Settings(tmp_path, "sqlite:///x", graph_url="bolt://user:pass@host"))
