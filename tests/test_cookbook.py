"""The cookbook: every question gives the same rows in every store, and says what is wrong with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from neo4j_server import fresh

from difreg.errors import DifregError, InputError
from difreg.lineage import cookbook, graph
from difreg.lineage.cookbook.kinds import KINDS
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.graphs import GraphStore
from difreg.storage.graphs.embedded import EmbeddedStore
from difreg.storage.graphs.guard import check
from difreg.storage.graphs.scope import scope
from difreg.storage.records import CrossRecord, FamilyRecord, KinshipRecord, NewVersion, ParentRecord

FOLDER = Path(cookbook.__file__).parent
IMAGES = {"base": 40, "tuned": 12, "merged": 30, "other": 16, "far": 15} | dict.fromkeys(
    ("mj", "early", "late", "liar", "alone", "loose", "pair"), 20
)
OLDER, NEWER = datetime(2026, 1, 2, 3, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC)
KIN = {  # pair: kinship, probability
    ("base", "merged"): (20.0, 0.9999),
    ("base", "mj"): (18.0, 0.9998),
    ("base", "tuned"): (16.0, 0.97),
    ("merged", "mj"): (14.0, 0.999),
    ("merged", "tuned"): (15.0, 0.998),
    ("far", "other"): (9.0, 0.99),
    ("mj", "other"): (6.0, 0.96),
    ("loose", "pair"): (8.0, 0.98),
}


def fill(tx: Transaction) -> None:
    """Two families that a bridge joins, declarations that images and dates speak against, a stub, kin without
    family, and one alone."""
    told: dict[str, dict[str, Any]] = {
        "base": {"base": True, "released": "2022-08-22", "released_latest": date(2022, 8, 22)},
        "tuned": {"parents": [ParentRecord("base", "fine-tune", "its card"), ParentRecord("stub")]},
        "liar": {"parents": [ParentRecord("base", "fine-tune")]},
        "early": {"released": "2020", "released_latest": date(2020, 12, 31), "parents": [ParentRecord("late")]},
        "late": {"not_before": "2021", "not_before_earliest": date(2021, 1, 1)},
    }
    for name in IMAGES:
        tx.declare(name, observed=True, **told.get(name, {}))
        settings = ("lattice", "wavelet-1", "background-1", 256, None, "test", IMAGES[name], 0.9, 0.5, 0.0)
        created = NEWER if name in ("alone", "mj") else OLDER
        tx.add_version(name, NewVersion(f"d{name}", f"i{name}", *settings, created=created))
    tx.set_families(
        [
            FamilyRecord("family-1", "Stable Diffusion", 0.99, ("base", "merged", "mj", "tuned")),
            FamilyRecord("family-2", None, 0.9, ("far", "other")),
        ]
    )
    rows = [_kin(a, b, z, p) for (a, b), (z, p) in KIN.items()]
    rows.append(_kin("base", "liar", -1.0, 0.001, accepted=False))
    for name in IMAGES:
        tx.replace_kinship(name, [row for row in rows if name in (row.a, row.b)])
        tx.replace_cross(name, [c for c in _cross() if name in (c.fingerprint, c.images)])


def _kin(a: str, b: str, z: float, probability: float, accepted: bool = True) -> KinshipRecord:
    return KinshipRecord(a, b, 1, 1, z / 25, z, z / 4, probability, z - 2, z + 2, 0.95, accepted)


def _cross() -> list[CrossRecord]:
    aucs = {("base", "mj"): 0.99, ("mj", "base"): 0.7, ("base", "tuned"): 0.9, ("tuned", "base"): 0.8}
    return [CrossRecord(f, i, 1, 1, 0.1, auc, 0.9, 0.001, IMAGES[i]) for (f, i), auc in aucs.items()]


def lineage(folder: Path) -> Any:
    """The projection of that catalogue; ``alone`` is new in June, and ``pair`` came by import, older than that."""
    with Catalog(f"sqlite:///{folder / 'catalog.db'}").write() as tx:
        fill(tx)
        made = graph.build(tx)
    for _, facts in made.nodes(data=True):
        if facts["label"] == "Generator":
            facts["created"] = (NEWER if facts["name"] in ("alone", "pair") else OLDER).isoformat()
    return made


@pytest.fixture(scope="module", params=("embedded", "neo4j"))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    folder = tmp_path_factory.mktemp("cookbook")
    if request.param == "neo4j":
        with fresh() as neo4j:
            neo4j.sync(lineage(folder), "abc1")
            yield neo4j
        return
    embedded = EmbeddedStore(folder)
    embedded.sync(lineage(folder), "abc1")
    yield embedded
    embedded.close()


def told(value: Any) -> Any:
    """A path as its names, a node as its key."""
    if isinstance(value, dict) and value.keys() == {"nodes", "relationships"}:
        return " ".join(node["properties"]["name"] for node in value["nodes"])
    return value["properties"]["name"] if isinstance(value, dict) else value


def rows(store: GraphStore, question: str, /, *columns: str, **given: Any) -> list[tuple[Any, ...]]:
    """The rows a question gives, of these columns alone; all but ``reason`` where none are named."""
    asked = cookbook.find(question)
    answer = store.query(asked.cypher, asked.bound(given))
    shown = columns or [c for c in answer.columns if c != "reason"]
    return [tuple(told(row[c]) for c in shown) for row in answer.rows]


SHARED = "ancestor of family-1"
LIKELY = pytest.approx(0.9999, abs=1e-4)
EXPECTED: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        "ancestors",
        {"name": "mj"},
        [
            (SHARED, True, 1, "declared", LIKELY, f"mj {SHARED}"),
            ("base", False, 2, "declared", None, f"mj {SHARED} base"),
        ],
    ),
    ("ancestors", {"name": "base"}, []),
    (
        "descendants",
        {"name": "base"},
        [
            (SHARED, True, 1, "declared", None, f"base {SHARED}"),
            ("tuned", False, 1, "declared", 0.97, "base tuned"),
            ("merged", False, 2, "declared", LIKELY, f"base {SHARED} merged"),
            ("mj", False, 2, "declared", LIKELY, f"base {SHARED} mj"),
            ("stub", False, 2, "declared", None, f"base {SHARED} stub"),
        ],
    ),
    ("common-ancestor", {"a": "merged", "b": "mj"}, [(SHARED, 1, 1, f"merged {SHARED}", f"mj {SHARED}")]),
    ("common-ancestor", {"a": "base", "b": "mj"}, [("base", 0, 2, "base", f"mj {SHARED} base")]),
    (
        "common-ancestor",  # two are equally near
        {"a": "tuned", "b": "mj"},
        [
            (SHARED, 2, 1, f"tuned stub {SHARED}", f"mj {SHARED}"),
            ("base", 1, 2, "tuned base", f"mj {SHARED} base"),
        ],
    ),
    ("common-ancestor", {"a": "mj", "b": "other"}, []),
    (
        "siblings",
        {"name": "merged"},
        [
            ("mj", SHARED, True, "declared", LIKELY, f"merged {SHARED} mj"),
            ("stub", SHARED, True, "declared", None, f"merged {SHARED} stub"),
        ],
    ),
    (
        "kin",
        {"name": "mj"},
        [
            ("base", "family-1", 18.0, 16.0, 20.0, 0.9998, 0.95, "mj base"),
            ("merged", "family-1", 14.0, 12.0, 16.0, 0.999, 0.95, "mj merged"),
            ("other", "family-2", 6.0, 4.0, 8.0, 0.96, 0.95, "mj other"),
        ],
    ),
    ("strongest-path", {"a": "tuned", "b": "mj"}, [(0.998, 2, "tuned - merged - mj", "tuned merged mj")]),
    ("strongest-path", {"a": "mj", "b": "base"}, [(0.9998, 1, "mj - base", "mj base")]),
    ("strongest-path", {"a": "mj", "b": "alone"}, []),
    (
        "families",
        {},
        [
            ("family-1", "Stable Diffusion", 4, 0.99, ["base", "merged", "mj", "tuned"]),
            ("family-2", None, 2, 0.9, ["far", "other"]),
        ],
    ),
    ("bridges", {}, [("mj", "family-1", "other", "family-2", 6.0, 0.96, 0.95, "mj other")]),
    ("orphans", {}, [("alone", 20, 0.9, None, "alone")]),
    (
        "contradicted",
        {},
        [
            ("early", "late", "unknown", "dates", None, 20, 20, None, "early late"),
            ("liar", "base", "fine-tune", "images", 0.001, 20, 40, None, "liar base"),
        ],
    ),
    (
        "undeclared",
        {},
        [
            ("merged", SHARED, "declared", LIKELY, 0.95, f"merged {SHARED}"),
            ("mj", SHARED, "declared", LIKELY, 0.95, f"mj {SHARED}"),
        ],
    ),
    ("unregistered", {}, [("stub", 1, ["tuned"])]),
    (
        "changed",
        {"since": "2026-05"},
        [
            ("alone", NEWER.isoformat(), "new", 1, 20, None, "alone"),
            ("mj", NEWER.isoformat(), "new version", 1, 20, "family-1", "mj"),
            ("pair", NEWER.isoformat(), "new", 1, 20, None, "pair"),
        ],
    ),
    ("changed", {"since": "2026-06-01T14:00:01+02:00"}, []),
    (
        "few-images",
        {},
        [
            ("base", "KIN", "tuned", 12, 0.97, 0.95, "base tuned"),
            ("merged", "KIN", "tuned", 12, 0.998, 0.95, "merged tuned"),
            ("tuned", "DERIVED_FROM", "base", 12, 0.97, 0.95, "tuned base"),
            ("tuned", "DERIVED_FROM", "stub", 12, None, None, "tuned stub"),
            ("far", "KIN", "other", 15, 0.99, 0.95, "far other"),
        ],
    ),
    ("few-images", {"images": 12}, []),
    ("one-sided", {}, [("base", "mj", 0.99, 20, 0.7, 40, pytest.approx(0.29), "base mj")]),
]


@pytest.mark.parametrize(("name", "given", "expected"), EXPECTED, ids=lambda v: v if isinstance(v, str) else "")
def test_a_question_is_answered(
    name: str, given: dict[str, Any], expected: list[tuple[Any, ...]], store: GraphStore
) -> None:
    assert rows(store, name, **given) == expected


def test_a_date_is_a_bound_of_its_first_moment(store: GraphStore) -> None:
    for since in ("2026-06-01", "2026-06", "2026-06-01T12:00Z", date(2026, 6, 1), NEWER):
        assert rows(store, "changed", "generator", since=since) == [("alone",), ("mj",), ("pair",)]
    assert len(rows(store, "changed", "generator", since="2026")) == len(IMAGES) + 1  # and the stub
    assert rows(store, "one-sided", "gap", gap=0.05) == [(pytest.approx(0.29),), (pytest.approx(0.1),)]


def test_steps_say_why(store: GraphStore) -> None:
    assert all("declared" in reason for (reason,) in rows(store, "descendants", "reason", name="base"))


def test_every_question_is_tested_and_every_file_is_a_question() -> None:
    assert {name for name, *_ in EXPECTED} == set(cookbook.ORDER) == {f.stem for f in FOLDER.glob("*.cypher")}
    assert len(cookbook.ORDER) == 15


@pytest.mark.parametrize("question", cookbook.questions(), ids=lambda q: q.name)
def test_a_question_declares_the_parameters_it_uses(question: cookbook.Question) -> None:
    assert check(question.cypher).parameters == {p.name for p in question.parameters}
    assert scope(check(question.cypher).text).text.count("$difreg_registry") >= 1
    assert question.about.endswith(".")
    assert all(p.kind in KINDS and p.about for p in question.parameters)


# Parameters


@pytest.mark.parametrize(
    ("name", "given", "message", "hint"),
    [
        ("kin", {}, "@kin needs name.", "--param name=NAME"),
        ("common-ancestor", {"b": "x"}, "@common-ancestor needs a.", "--param a=NAME"),
        ("common-ancestor", {}, "@common-ancestor needs a and b.", "--param a=NAME --param b=NAME"),
        ("kin", {"nme": "mj"}, "@kin has no parameter 'nme'.", "It takes name."),
        ("families", {"x": 1}, "@families has no parameter 'x'.", "it takes none."),
        ("kin", {"name": 3}, "@kin takes a generator's name as name, not '3'.", "--param name=NAME"),
        ("kin", {"name": ["mj"]}, "@kin takes a generator's name as name, not '[\"mj\"]'.", "--param name=NAME"),
        ("kin", {"name": None}, "not 'null'.", "--param name=NAME"),
        ("few-images", {"images": "many"}, "@few-images takes a whole number as images, not 'many'.", "images=16"),
        ("few-images", {"images": 1.5}, "not '1.5'.", "images=16"),
        ("few-images", {"images": True}, "not 'true'.", "images=16"),
        ("one-sided", {"gap": "x"}, "@one-sided takes a number as gap, not 'x'.", "gap=0.5"),
        ("changed", {"since": "yesterday"}, "not 'yesterday'.", "since=2026-11-24"),
        ("changed", {"since": "2026-11-24T10:00"}, "with its zone, as since", "since=2026-11-24"),
        ("changed", {"since": "2026-02-30"}, "not '2026-02-30'.", "since=2026-11-24"),
        ("changed", {"since": "\x1b[31m"}, "not '\\x1b[31m'.", "since=2026-11-24"),
    ],
)
def test_a_parameter_that_does_not_fit_is_one_clean_line(
    name: str, given: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        cookbook.find(name).bound(given)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert not re.search(r"[\n\x1b]", caught.value.message + caught.value.hint)


def test_a_default_holds_until_another_value_is_given() -> None:
    assert cookbook.find("few-images").bound({}) == {"images": 16}
    assert cookbook.find("@few-images").bound({"images": 4}) == {"images": 4}
    assert cookbook.find("one-sided").bound({"gap": 1}) == {"gap": 1.0}


def test_a_question_that_is_none_has_a_suggestion() -> None:
    with pytest.raises(DifregError, match="no question '@ancestor'") as caught:
        cookbook.find("@ancestor")
    assert caught.value.hint == "Did you mean @ancestors?"
    with pytest.raises(DifregError) as caught:
        cookbook.find("@zzz")
    assert "difreg query --list" in caught.value.hint


# The page


PAGE = (Path(__file__).parent.parent / "docs" / "cypher.md").read_text("utf-8")
PASTED = re.findall(r"^```cypher\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("cypher", PASTED, ids=range(len(PASTED)))
def test_what_the_page_pastes_is_answered(cypher: str, store: GraphStore) -> None:
    assert len(PASTED) == 3
    assert store.query(cypher).rows


def test_the_page_tells_every_property(tmp_path: Path) -> None:
    made = lineage(tmp_path)
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
    for facts in [f for _, f in made.nodes(data=True)] + [f for *_, f in made.edges(data=True)]:
        kind = facts.get("label") or facts["type"]
        assert set(facts) - {"label", "type"} <= set(re.findall(r"`(\w+)`", rows[kind])), kind


def test_the_style_names_labels_and_types_that_there_are() -> None:
    style = (Path(__file__).parent.parent / "docs" / "difreg.grass").read_text("utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(re.findall(r"^(?:node|relationship)\.(\w+) \{$", style, re.MULTILINE)) <= rows
    assert style.count("{\n") == style.count("\n}")
