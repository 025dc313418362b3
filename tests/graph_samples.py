"""A lineage graph with odd names, and what is asked of it: the same of every graph store."""

from __future__ import annotations

from typing import Any

import networkx as nx

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
    (
        "CALL db.labels() YIELD label WITH label WHERE label IN ['Family', 'Generator'] RETURN label ORDER BY label",
        ["Family", "Generator"],
    ),
    ("MATCH (g:Generator) WHERE 'a' IN g.tags AND g.released =~ '2022.*' RETURN g.name", ["sd14"]),
]
