"""A query narrowed to one registry: every node of every pattern, nothing else, and positions that stay the user's."""

from __future__ import annotations

import pytest
from graph_samples import HARMLESS
from hypothesis import given
from hypothesis import strategies as st

from difreg.errors import InputError
from difreg.storage.graphs.guard import check
from difreg.storage.graphs.scope import PARAMETER, scope

TEST = f"registry: ${PARAMETER}"
# § stands where the test of the registry has to be, alone; with what is known already, +.
PATTERNS = [
    "MATCH (n§) RETURN n",
    "MATCH (§) RETURN 1 AS one",
    "MATCH (n:Generator§) RETURN n",
    "MATCH (n:Generator {name: 'x'+}) RETURN n",
    "MATCH (n:A|B&!C§) RETURN n",
    "MATCH (n:(A|B)&C§) RETURN n",
    "MATCH (n IS Generator§) RETURN n",
    "MATCH (n§ WHERE n.x > (1 + 2)) RETURN n",
    "MATCH (n:A {x: (1 + 2), y: [1, (3)]+} WHERE n.x > 1) RETURN (n)",
    "MATCH (`odd (name`§)-->(b§) RETURN b",
    "MATCH p = (a§)-[r:KIN|DERIVED_FROM*1..9 {x: 1}]->(b§)<--(c§)--(§) RETURN p",
    "MATCH (a§), (b§) WHERE (a.x) > (b.x) RETURN a",
    "OPTIONAL MATCH (a§) WITH (a) AS a MATCH (a§)-[]-(b§) RETURN count(a), (b)",
    "MATCH p = shortestPath((a§)-[:KIN*1..9]-(b§)) RETURN length(p)",
    "MATCH ((a§)-[:KIN]->(b§)){1,3} RETURN a",
    "MATCH (x§)((a§)-[:KIN]->(b§) WHERE a.n > (1)){1,3}(y§) RETURN a",
    "MATCH (a§) WHERE EXISTS { (a§)-[:KIN]-() } RETURN a",
    "MATCH (a§) WHERE EXISTS { (b:Generator§) } RETURN a",
    "MATCH (a§) RETURN COUNT { (b§) } AS c, count(a)",
    "RETURN COLLECT { MATCH (b§) RETURN b.name } AS c",
    "RETURN COUNT { p = (b§)--(§) } AS c",
    "MATCH (a§) RETURN [(a§)-->(b:Generator {x: 1+}) | b.name] AS l",
    "MATCH (a§) WHERE (a§)-[:KIN]-(:Generator§) AND NOT (a§)<--(§) RETURN a",
    "MATCH (a§) CALL (a) { MATCH (a§)--(b§) RETURN b } RETURN b",
    "MATCH (f:Family§) CALL { WITH f MATCH (f§)<-[:MEMBER_OF]-(g§) RETURN count(g) AS n } RETURN n",
    "RETURN 1 AS x UNION MATCH (x§) RETURN x",
    "MATCH (n§) USING INDEX n:Generator(name) RETURN n",
    "UNWIND [(1), (2)] AS x RETURN (x) - (1), size([x]), (x)-1, -(x)",
    "RETURN '(a)-->(b)' AS t, `(a)--(b)`.x AS u",
    "MATCH (n {}§) RETURN n {.name, x: (1)} AS m",
    "MATCH (n§) RETURN CASE WHEN (n.x) THEN (1) ELSE (2) END AS c",
    "MATCH (n§) RETURN n.match AS match, {match: (n)} AS m",
]


@pytest.mark.parametrize("marked", PATTERNS)
def test_every_pattern_of_a_node_is_narrowed_and_nothing_else(marked: str) -> None:
    if "{ (a§)-[:KIN]-() }" in marked:
        marked = marked.replace("-()", "-(§)")
    plain = marked.replace("§", "").replace("+}", "}")
    told = scope(check(plain).text).text
    wanted = marked.replace("{}§", f"{{{TEST}}}").replace("+}", f", {TEST}}}").replace("§", f" {{{TEST}}} ")
    assert " ".join(told.split()) == " ".join(wanted.split())


@pytest.mark.parametrize("cypher", ["MATCH (n $map) RETURN n", "MATCH (n:$(x)) RETURN n", "MATCH (n + 1) RETURN n"])
def test_what_cannot_be_read_for_certain_is_refused(cypher: str) -> None:
    with pytest.raises(InputError, match="cannot be read for certain"):
        scope(cypher)


@given(st.sampled_from([cypher for cypher, _ in HARMLESS] + [p.replace("§", "").replace("+}", "}") for p in PATTERNS]))
def test_positions_are_those_of_the_text_as_written(cypher: str) -> None:
    text = check(cypher).text
    scoped = scope(text)
    assert check(scoped.text).text == scoped.text
    back = [scoped.original(at) for at in range(len(scoped.text) + 1)]
    assert back == sorted(back)
    assert (back[0], back[-1]) == (0, len(text))
    kept = [at for at in range(len(scoped.text)) if back[at] != back[at + 1]]
    assert "".join(scoped.text[at] for at in kept) == text
