"""``difreg query`` as scripts see it, on a catalogue with two families, and the library call behind it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import pytest

import difreg
from difreg.cli.main import run
from difreg.cli.query import parsed
from difreg.errors import InputError
from difreg.lineage import graph as lineage_graph
from difreg.storage.catalog import Catalog

HOSTILE = "it's (a) {name}"
NAMES = ("mj", "sd14", "42", "bold (b)")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose catalogue is empty and whose lineage graph is made here."""
    for name in ("DIFREG_DATABASE_URL", "DIFREG_GRAPH_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    with Catalog(f"sqlite:///{tmp_path / 'home' / 'catalog.db'}").write() as tx:
        tx.log("init", "", "test")
        for name in NAMES:
            tx.declare(name, observed=True)

    def build(_: object) -> Any:
        graph = nx.MultiDiGraph()
        for name in ("mj", "sd14", HOSTILE):
            graph.add_node(
                f"Generator:{name}", label="Generator", name=name, version=2, base=name == "sd14", tags=["a", "b"]
            )
        graph.add_node("Generator:=1+1", label="Generator", name="=1+1\x1b[31m")
        graph.add_edge(
            "Generator:mj", "Generator:sd14", type="DERIVED_FROM", direction="declared", probability=0.987654321
        )
        return graph

    monkeypatch.setattr(lineage_graph, "build", build)
    return tmp_path / "home"


@pytest.fixture
def query(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()

    def call(*arguments: str) -> Outcome:
        code = run(["query", *arguments])
        return Outcome(code, *capsys.readouterr())

    return call


def test_the_table_reads_well(query: Any) -> None:
    cypher = (
        "MATCH p = (m {name: 'mj'})-[r:DERIVED_FROM*1..10]->(a) "
        "RETURN a, a.name, r[0] AS r, p, a.tags, a.base, r[0].probability AS P, a.x"
    )
    code, out, err = query(cypher)
    assert (code, err) == (0, "")
    first, header, row = out.splitlines()
    assert first == "1 row"
    assert header.split()[:2] == ["a", "a.name"]
    for cell in (
        "(:Generator sd14)",
        "[:DERIVED_FROM Generator:mj -> Generator:sd14]",
        "a, b",
        "yes",
        "0.987654",
        " -",
    ):
        assert cell in row
    assert "(:Generator mj) .. (:Generator sd14)" in row


def test_nothing_found_is_an_answer(query: Any) -> None:
    assert query("MATCH (f:Family) RETURN f") == (0, "0 rows\n", "")


def test_json(query: Any) -> None:
    code, out, _ = query("MATCH (a)-[r:DERIVED_FROM]->(b) RETURN b.name AS name, r", "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["schema"], answer["schema_version"]) == ("difreg/query", 1)
    assert answer["columns"] == ["name", "r"]
    assert answer["rows"] == [
        {
            "name": "sd14",
            "r": {
                "type": "DERIVED_FROM",
                "start": "Generator:mj",
                "end": "Generator:sd14",
                "properties": {"direction": "declared", "probability": 0.987654321},
            },
        }
    ]
    assert answer["truncated"] is False
    assert answer["provenance"]["registry"]


def test_csv_holds_lists_and_structures_and_starts_no_formula(query: Any, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    cypher = "MATCH (g:Generator) RETURN g.name AS name, g.tags AS tags, {a: 1} AS m ORDER BY name"
    assert query(cypher, "-o", str(file)) == (0, "", f"wrote {file}\n")
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [row["name"] for row in rows] == ["'=1+1\\x1b[31m", HOSTILE, "mj", "sd14"]
    assert rows[2] == {"name": "mj", "tags": "a; b", "m": '{"a": 1}'}


def test_parameters_are_typed(query: Any) -> None:
    found = query(
        *("RETURN $a AS a, $b AS b, $c AS c, $d AS d, $e AS e, $f AS f", "--format", "json"),
        *("--param", "a=3", "--param", "b=true", "--param", 'c=["x", 1.5]', "--param", "d=sd14", "--param", "$e=null"),
        *("--param", "f=a=b"),
    )
    assert json.loads(found.out)["rows"] == [{"a": 3, "b": True, "c": ["x", 1.5], "d": "sd14", "e": None, "f": "a=b"}]
    assert parsed(['a="3"', "b=", "c={}", "d=NaN", "e=[", "f=-1e3"]) == {
        "a": "3",
        "b": "",
        "c": "{}",
        "d": "NaN",
        "e": "[",
        "f": -1000.0,
    }


@pytest.mark.parametrize("assignment", ["a", "=1", "a b=1", "a=99999999999999999999", "a=[99999999999999999999]"])
def test_a_parameter_that_is_none_is_refused(assignment: str, query: Any) -> None:
    code, out, err = query("RETURN $a", "--param", assignment)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--param" in err


def test_a_parameter_is_no_cypher(query: Any) -> None:
    cypher = "MATCH (g:Generator {name: $name}) RETURN g.name AS n"
    assert query(cypher, "--param", f"name={HOSTILE}").out.splitlines()[2] == HOSTILE
    assert query(cypher, "--param", "name='}) DETACH DELETE g //").out == "0 rows\n"
    assert query("MATCH (g) RETURN count(g) AS n").out.split() == ["1", "row", "n", "4"]


def test_the_row_limit_is_said_on_standard_error(query: Any) -> None:
    code, out, err = query("MATCH (g:Generator) RETURN g.name", "--limit", "2", "--format", "json")
    assert code == 0
    assert json.loads(out)["truncated"] is True
    assert len(json.loads(out)["rows"]) == 2
    assert err == "only the first 2 rows are shown: give more --limit\n"
    assert query("MATCH (g:Generator) RETURN g.name", "--limit", "4").err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["MATCH (n) DETACH DELETE n"], "Queries only read"),
        (["LOAD CSV FROM 'file:///etc/passwd' AS r RETURN r"], "UNWIND"),
        (["MATCH (a)-[*]->(b) RETURN b"], "Write *1..50."),
        (["MATCH (n) RETRUN n"], "line 1, col 19: Pattern"),
        (["MATCH (n) WHERE n.name = $x RETURN n"], "--param x=VALUE"),
        (["UNWIND range(1, 9000) AS a UNWIND range(1, 9000) AS b RETURN count(*)", "--timeout", "0.05"], "--timeout"),
        (["RETURN 1", "--limit", "0"], "limit"),
        (["RETURN 1", "--timeout", "0"], "time limit"),
        ([""], "empty"),
    ],
)
def test_a_refusal_is_one_line_with_the_fix(arguments: list[str], message: str, query: Any) -> None:
    code, out, err = query(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


# The cookbook


def test_the_cookbook_is_listed(query: Any) -> None:
    code, out, err = query("--list")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert len([name for name in lines if name.startswith("@")]) == 15
    assert "images=16" in lines["@few-images"]
    assert "a, b" in lines["@common-ancestor"]
    listed = json.loads(query("--list", "--format", "json").out)
    assert (listed["schema"], len(listed["questions"])) == ("difreg/questions", 15)
    kin = next(q for q in listed["questions"] if q["name"] == "kin")
    assert kin["parameters"][0] == {
        "name": "name", "kind": "generator", "about": "whose kin", "required": True, "default": None,
    }  # fmt: skip
    assert kin["cypher"].startswith("MATCH path = (:Generator {name: $name})-[k:KIN]-")
    assert len(list(csv.DictReader(io.StringIO(query("--list", "--format", "csv").out)))) == 15


def test_a_named_question_is_answered(query: Any) -> None:
    code, out, _ = query("@ancestors", "--param", "name=mj", "--format", "json")
    answer = json.loads(out)
    assert (code, answer["schema"]) == (0, "difreg/query")
    assert [(row["ancestor_name"], row["steps"], row["direction"]) for row in answer["rows"]] == [
        ("sd14", 1, "declared")
    ]
    assert query("@ancestors", "--param", "name=mj").out.splitlines()[2].startswith("sd14")


def test_a_name_that_looks_like_a_number_is_text(query: Any) -> None:
    assert query("@kin", "--param", "name=42") == (0, "0 rows\n", "")
    assert query("@few-images", "--param", "images=42").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["@nosuch"], "difreg query --list"),
        (["@ancestor"], "Did you mean @ancestors?"),
        (["@kin"], "--param name=NAME"),
        (["@kin", "--param", "nam=mj"], "It takes name."),
        (["@kin", "--param", "name=mjj"], "Did you mean mj?"),
        (["@kin", "--param", "name=mj:1"], "mj:1"),
        (["@few-images", "--param", "images=few"], "whole number"),
        (["@changed", "--param", "since=2026-13"], "a date"),
        (["--list", "@kin"], "--list"),
        (["--list", "-o", "x.html"], "--list"),
        ([], "empty"),
    ],
)
def test_a_wrong_question_is_one_line_with_the_fix(arguments: list[str], message: str, query: Any) -> None:
    code, out, err = query(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert message in err


# The drawing


def test_an_answer_is_drawn(query: Any, tmp_path: Path) -> None:
    file = tmp_path / "sub.html"
    assert query("@ancestors", "--param", "name=mj", "-o", str(file)) == (0, "", f"wrote {file}\n")
    page = file.read_text()
    assert "<title>2 nodes, 1 relationship</title>" in page
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    cypher = "MATCH (g:Generator) RETURN g ORDER BY g.name"
    code, out, err = query(cypher, "--limit", "1", "-o", str(file))
    assert (code, out, err.splitlines()) == (
        0, "", ["only the first 1 row are shown: give more --limit", f"wrote {file}"],
    )  # fmt: skip
    assert "Only the first 1 row of the answer are drawn" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RETURN 1 AS x"], "no nodes or relationships"),
        (["MATCH (g:Generator) RETURN g", "--format", "json"], "Leave out --format."),
        (["MATCH (g:Generator) DELETE g"], "Queries only read"),
    ],
)
def test_what_cannot_be_drawn_writes_no_file(arguments: list[str], message: str, query: Any, tmp_path: Path) -> None:
    code, out, err = query(*arguments, "-o", str(tmp_path / "sub.html"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not (tmp_path / "sub.html").exists()


def test_no_query_changes_the_catalogue_and_a_refused_one_writes_nothing(query: Any, home: Path) -> None:
    def state() -> tuple[str, int]:
        with Catalog(f"sqlite:///{home / 'catalog.db'}").read() as tx:
            return tx.digest(), len(tx.changes())

    before = state()
    assert query("MATCH (n) SET n.x = 1").code == 2
    assert not (home / "graph").exists()
    assert query("MATCH (n) RETURN n").code == 0
    assert len(list((home / "graph").iterdir())) == 1
    assert state() == before


def test_asking_an_empty_place_makes_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "MATCH (n) RETURN n", "--home", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out == "0 rows\n"
    assert not (tmp_path / "none").exists()


def test_the_library_rebuilds_only_when_the_catalogue_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    build = lineage_graph.build
    monkeypatch.setattr(lineage_graph, "build", lambda tx: (built.append(1), build(tx))[1])
    cypher = "MATCH (g:Generator) WHERE g.name = $name RETURN g.version AS v"
    for _ in range(2):
        with difreg.open(home) as registry:
            for _ in range(2):
                answer = registry.query(cypher, parameters={"name": "mj"})
                assert (answer.columns, answer.rows, answer.truncated) == (("v",), ({"v": 2},), False)
    assert len(built) == 1
    (file,) = (home / "graph").iterdir()
    file.write_bytes(b"damaged")
    with difreg.open(home) as registry:
        assert registry.query(cypher, parameters={"name": "mj"}).rows == ({"v": 2},)
        with pytest.raises(InputError):
            registry.query("CREATE (n)")
    assert len(built) == 2


def test_the_engines_are_loaded_late() -> None:
    code = (
        "import sys, difreg.cli.main, difreg.lineage.api\n"
        "print([m for m in ('kglite', 'networkx', 'neo4j') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
