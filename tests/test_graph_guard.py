"""The guard: what only reads and is bounded passes, all else is refused, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difreg.errors import InputError
from difreg.storage.graphs.guard import check
from difreg.storage.graphs.tokens import LONGEST, Kind, tokenize

WRITES = [
    "CREATE (n:Generator)",
    "create (n)",
    "cReAtE (n)",
    "MATCH (n) SET n.x = 1",
    "MATCH (n) SET n:Other",
    "MATCH (n) SET\n\t n += {a: 1} RETURN n",
    "MATCH (n) DELETE n",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) NODETACH DELETE n",
    "MATCH (n) REMOVE n.name",
    "MERGE (n:Generator {name: 'x'}) ON CREATE SET n.a = 1",
    "MATCH (n) FOREACH (x IN [1] | SET n.a = x)",
    "INSERT (:Generator)",
    "DROP INDEX i",
    "CREATE INDEX FOR (n:Generator) ON (n.name)",
    "ALTER USER neo4j SET PASSWORD 'x'",
    "GRANT ROLE admin TO me",
    "MATCH (n)/* x */DELETE/* y */n",
    "MATCH (n) // read only\nDELETE n",
    "MATCH (n) //\rDELETE n",
    "MATCH (n) // x\u2028DELETE n",
    "/* MATCH */ MERGE (n)",
    "MATCH (n) RETURN n UNION CREATE (m) RETURN m AS n",
    "CALL { CREATE (n) RETURN n } RETURN n",
    "MATCH (n) CALL (n) { SET n.x = 1 } RETURN n",
    "RETURN 'it\\'s' SET n.x = 1",
    'RETURN "a\\\\" CREATE (n)',
    "RETURN 1.SET n.x = 1",
    "RETURN 1 AS as SET n.x = 1",
    "WITH [1] AS l RETURN l[0..]SET n.x = 1",
    "MATCH (n) \u017fET n.x = 1",
    "MATCH (n) \uff33\uff25\uff34 n.x = 1",
    "MATCH (n)\u00a0SET\u2003n.x = 1",
]
OTHERS = [
    ("LOAD CSV FROM 'file:///etc/passwd' AS r RETURN r", "read a file"),
    ("load/**/csv with headers from 'x' AS r RETURN r", "read a file"),
    ("MATCH (n) LOAD CSV FROM 'x' AS r RETURN r", "read a file"),
    ("CALL apoc.load.json('file:///etc/passwd')", "apoc.load.json"),
    ("CALL `apoc`.`export`.`csv.all`('x', {})", "apoc.export.csv.all"),
    ("CALL dbms.listConfig()", "dbms.listconfig"),
    ("CALL db.ontology.clear()", "db.ontology.clear"),
    ("CALL db.labels.evil()", "db.labels.evil"),
    ("MATCH (n) CALL table.delete({}) YIELD x RETURN x", "table.delete"),
    ("RETURN apoc.cypher.runFirstColumnSingle('CREATE (n)', {})", "not part of Cypher"),
    ("RETURN `apoc`.x(1)", "not part of Cypher"),
    ("CALL { RETURN 1 AS x } IN TRANSACTIONS RETURN x", "transactions"),
    ("CALL { RETURN 1 AS x } IN 4 CONCURRENT TRANSACTIONS RETURN x", "transactions"),
    ("USING PERIODIC COMMIT 5 MATCH (n) RETURN n", "transactions"),
    ("COPY (MATCH (n) RETURN n) TO 'x.csv'", "COPY"),
    ("EXPORT DATABASE 'x'", "EXPORT"),
    ("IMPORT DATABASE 'x'", "IMPORT"),
    ("SHOW USERS", "SHOW"),
    ("EXPLAIN MATCH (n) RETURN n", "EXPLAIN"),
    ("USE system MATCH (n) RETURN n", "USE"),
    ("`MATCH` (n) RETURN n", "cannot begin"),
    ("RETURN 1; RETURN 2", "more than one statement"),
    ("RETURN 1 FORMAT CSV", "FORMAT CSV"),
    ("", "empty"),
    (" /* nothing */ ;", "empty"),
    ("RETURN '" + "x" * LONGEST + "'", "characters"),
    ("RETURN 'open", "no closing"),
    ("RETURN `open``", "no closing"),
    ("RETURN 1 /* open", "no end"),
    ("RETURN '\\u0027 CREATE (n)'", "Unicode escape"),
    ("RETURN '\\\\u0027'", "Unicode escape"),
    ("MATCH (n) \\u0053ET n.x = 1", "outside quotes"),
    ("RETURN `a\\u0060`", "backticks"),
    ("MATCH (a)\u2014>(b) RETURN a", "U+2014"),
    ("MATCH (n)\u200bRETURN n", "U+200B"),
    ("RETURN (1", "never closed"),
    ("RETURN (1]", "closes nothing"),
    ("RETURN " + "(" * 60 + "1" + ")" * 60, "deep"),
    ("RETURN 1 AS x" + " UNION RETURN 1 AS x" * 60, "UNION"),
    ("MATCH (n) RETURN n" + ".a" * 60, "parts"),
]
UNBOUNDED = [
    "MATCH (a)-[*]->(b) RETURN b",
    "MATCH (a)-[:KIN*]-(b) RETURN b",
    "MATCH (a)-[r:KIN|MEMBER_OF * ]-(b) RETURN b",
    "MATCH (a)-[:KIN*2..]-(b) RETURN b",
    "MATCH (a)<-[:KIN*..]-(b) RETURN b",
    "MATCH (a)-[:KIN*..51]-(b) RETURN b",
    "MATCH (a)-[:KIN*1..99999999999999999999]-(b) RETURN b",
    "MATCH (a)-[:KIN*51]-(b) RETURN b",
    "MATCH (a)-[:KIN*1..$n]-(b) RETURN b",
    "MATCH (a)-[:KIN*1..0xff]-(b) RETURN b",
    "MATCH (a)-[:KIN*/**/]-(b) RETURN b",
    "MATCH (a)-[:KIN* {low: 1}]-(b) RETURN b",
    "MATCH (a)-[where*]-(b) RETURN b",
    "MATCH (a)-[:where*]-(b) RETURN b",
    "MATCH (a)-[:where* WHERE true]-(b) RETURN b",
    "MATCH (a)-[r WHERE r.x > 1 *1..]-(b) RETURN b",
    "MATCH p=shortestPath((a)-[:KIN*]-(b)) RETURN p",
    "MATCH (a) WHERE EXISTS { (a)-[:KIN*]-() } RETURN a",
    "RETURN [(a)-[:KIN*]-(b) | b.name]",
    "MATCH ((a)-[:KIN]-(b))+ RETURN a",
    "MATCH ((a)-[:KIN]-(b))* RETURN a",
    "MATCH (x) ((a)--(b)){2,} (y) RETURN a",
    "MATCH (x) ((a)<--(b)){1,60} (y) RETURN a",
    "MATCH (x) ((a)-->(b)){,} (y) RETURN a",
    "MATCH (a)-[:KIN]->+(b) RETURN b",
    "MATCH (a)-->*(b) RETURN b",
    "MATCH (a)-[:KIN]-{3,}(b) RETURN b",
    "MATCH p = ANY SHORTEST (a)-[:KIN]-+(b) RETURN p",
]
HARMLESS = [
    "MATCH (n) RETURN n;",
    "MATCH (n) RETURN n.set, n.Create, n . delete",
    "MATCH (n:Set)-[:CREATE]->(m {delete: 1, merge: 2}) RETURN n {.remove, .*}",
    "RETURN 'CREATE (n) // DELETE /* x */ ; LOAD CSV' AS t, \"it's * SET\" AS u",
    "RETURN 1 AS `delete`, 2 AS `LOAD CSV` // CREATE (n)",
    "RETURN $set AS x, $`create` AS y",
    "MATCH (start)-[r:KIN]-(end) RETURN start.name, end.name",
    "MATCH (load) RETURN load.csv",
    "MATCH (a)-[:DERIVED_FROM*1..10]->(b) RETURN b.name",
    "MATCH (a)-[:DERIVED_FROM*..50]->(b)-[:KIN*2]-(c) RETURN b.name",
    "MATCH (a)-[r:KIN {low: 2 * 3}]-(b) WHERE r.low * 2 > 1 RETURN count(*) * 2",
    "MATCH (a)-[r:KIN WHERE r.low * 60 > 1]-(b) RETURN a",
    "MATCH ((a)-[:KIN]-(b)){1,5} RETURN a",
    "MATCH (a)-[:KIN]->{,5}(b) RETURN a",
    "RETURN (1 + 2) * (3 - 4), [1, 2][0] * 3, size([(a)--(b) | 1]) + 1, size((a)--(b)) * 2",
    "MATCH (n) RETURN COUNT { (n)--() } + 1 AS c, *",
    "MATCH (n) WHERE EXISTS { MATCH (n)-[:KIN]-(m) WHERE m.name = 'x' } RETURN n",
    "MATCH (n) CALL (n) { WITH n RETURN 1 AS x } RETURN x",
    "CALL { MATCH (n) RETURN n } RETURN n",
    "CALL db.labels() YIELD label RETURN label",
    "CALL DB.relationshipTypes",
    "RETURN date.truncate('month', date('2022-08-22')) AS d",
    "MATCH (n) WHERE n.name IN ['a'] AND (n.x OR NOT (n.y)) RETURN n",
    "MATCH (n)\u00a0RETURN\u2003n.größe",
    "RETURN 'C:\\\\temp\\d' =~ '.*\\\\d+'",
    "WITH {set: 1, create: {delete: 2}} AS m RETURN m.set",
]


@pytest.mark.parametrize("cypher", WRITES)
def test_a_write_is_refused(cypher: str) -> None:
    with pytest.raises(InputError, match=r"would change|cannot begin") as caught:
        check(cypher)
    assert caught.value.hint


@pytest.mark.parametrize(("cypher", "reason"), OTHERS)
def test_what_reaches_outside_the_graph_or_is_read_in_two_ways_is_refused(cypher: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        check(cypher)
    assert reason in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("cypher", UNBOUNDED)
def test_a_path_without_a_bound_is_refused_with_the_fix(cypher: str) -> None:
    with pytest.raises(InputError, match="relationships") as caught:
        check(cypher)
    assert "*1..50" in caught.value.hint


@pytest.mark.parametrize("cypher", HARMLESS)
def test_what_only_looks_dangerous_passes(cypher: str) -> None:
    assert check(cypher).text


def test_comments_go_and_positions_stay() -> None:
    checked = check("MATCH (n) /* a\nb */ WHERE n.x = '/* no */ // no' RETURN $x, $`y z` // end")
    assert checked.text == "MATCH (n)     \n     WHERE n.x = '/* no */ // no' RETURN $x, $`y z`"
    assert checked.parameters == {"x", "y z"}


PIECES = st.sampled_from(
    [*"'\"`\\/*-[](){}<>.,:;|$+=\n ", "//", "/*", "*/", "MATCH ", "RETURN ", "SET ", "CALL ", "1", "..", "n", "\u017f"]
)


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_passes_or_is_refused(text: str) -> None:
    for cypher in (text, f"MATCH {text}", f"RETURN {text} AS x"):
        try:
            checked = check(cypher)
        except InputError:
            continue
        assert check(checked.text).text == checked.text


LITERAL = st.lists(st.sampled_from([*"abé/*-'\" \n", "//", "/*", "*/", "CREATE"]), max_size=20).map("".join)
COMMENT = st.sampled_from(["/* ' */", '// "\n', "/* // */", "/**/", "// */\n", " "])


@given(st.lists(st.tuples(COMMENT, LITERAL, st.sampled_from("'\"")), min_size=1, max_size=5))
def test_stripping_comments_never_changes_a_string(parts: list[tuple[str, str, str]]) -> None:
    literals = [q + text.replace(q, f"\\{q}") + q for _, text, q in parts]
    items = (comment + literal + comment for (comment, _, _), literal in zip(parts, literals, strict=True))
    text = "RETURN " + ",".join(items)
    stripped = tokenize(text)[1]
    assert [t.text for t in tokenize(stripped)[0] if t.kind is Kind.string] == literals
    assert len(stripped) <= len(text)
