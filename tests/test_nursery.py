"""The nursery of the benchmarks: its names, its growth that goes on where it was, and what it calls kin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nursery import document
from benchmarks.nursery.figures import interval, meaning_figures, relation_figures
from benchmarks.nursery.growing import grow
from benchmarks.nursery.recipe import FULL, QUICK, Recipe
from benchmarks.nursery.relations import CONTROL, HARD, OTHER, SAME, STRANGERS, relation, shared_data
from benchmarks.nursery.scoring import Scored
from benchmarks.nursery.shelf import Row, Shelf, load
from difreg.errors import InputError

TINY = replace(QUICK, steps=30, pool=2)
MEASURED = Path(document.__file__).with_name("measured.jsonl")
PAGE = Path(__file__).parents[1] / "docs" / "nursery.md"


def table(recipe: Recipe) -> dict[str, Row]:
    return {n.name: Row(n, run.architecture.name, 0, 0, 0, 0) for run in recipe.runs() for n in run.nodes}


def test_names_are_stable_and_parents_come_first() -> None:
    seen: set[str] = set()
    for run in FULL.runs():
        for node in run.nodes:
            assert node.name not in seen
            assert {node.parent, node.second} - {""} <= seen
        seen |= {n.name for n in run.nodes}
    assert len(seen) == 158
    assert {"N1", "N1.A5", "N1.A50C50", "P1.M", "T1.X", "N1.Downenc", "V2"} <= seen


@pytest.fixture(scope="module")
def grown(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nursery")
    grow(collection, folder, TINY, ["wavelet-1"])
    return folder


@pytest.mark.zoo
def test_grown_sets_have_disjoint_content_and_their_ancestry(grown: Path) -> None:
    sets = load(grown, "wavelet-1")
    assert list(sets) == list(table(TINY))
    facts = json.loads((grown / "nursery.json").read_text())
    assert not set(facts["photographs"]["a"]) & set(facts["photographs"]["b"])
    for made in sets.values():
        assert made.sketches.shape[1:] == (3, 16, 16)
        assert set(made.pools) <= {"a", "b"}
        assert len(made.pools) == len(made.sketches) <= 4
    assert sets["N1"].row.distance == sets["N1.E"].row.distance == 0
    tuned = [sets[f"N1.A{p}"].row.distance for p in (5, 10, 20, 50, 100)]
    assert tuned == sorted(tuned)
    assert tuned[0] > 0
    assert sets["N1.X"].row.distance > 1  # new weights


@pytest.mark.zoo
def test_growth_goes_on_where_it_was_and_gives_the_same_bytes(collection: Path, grown: Path) -> None:
    shelf = Shelf(grown)
    kept = shelf.sketch_file("N1.B100", "wavelet-1")
    lost = [shelf.sketch_file("N1.K", "wavelet-1"), shelf.model_file("T1"), shelf.sketch_file("T1", "wavelet-1")]
    before = [f.read_bytes() for f in lost]
    written = kept.stat().st_mtime_ns
    for file in lost:
        file.unlink()
    grow(collection, grown, TINY, ["wavelet-1"])
    assert [f.read_bytes() for f in lost] == before
    assert list(shelf.rows()) == list(table(TINY))
    assert kept.stat().st_mtime_ns == written


@pytest.mark.zoo
def test_two_recipes_never_mix(collection: Path, grown: Path) -> None:
    with pytest.raises(InputError, match="another recipe"):
        grow(collection, grown, replace(TINY, seed=2), ["wavelet-1"])


def test_relations_follow_ancestry_and_not_names() -> None:
    rows = table(FULL)

    def told(one: str, two: str) -> str:
        assert relation(rows[one], rows[two]) == relation(rows[two], rows[one])
        return relation(rows[one], rows[two])

    assert told("N1", "N1") == told("N1", "N1.E") == told("N1.K", "N1.E") == told("N1.A50", "N1.A50") == SAME
    assert told("N1", "N1.A10") == "tuned 10 %"
    assert told("N1", "N1.D") == "distilled"
    assert told("N1", "N1.Downenc") == "distilled, own encoder"
    assert told("N1", "N1.M") == "merge and founder"
    assert told("N1.M", "N1.B100") == "merge and its parents"
    assert told("N1.A50C50", "N1.B50C50") == "cousins, same data last"
    assert told("N1.A50C50", "N1.B50F50") == "cousins, no data in common"
    assert told("N1", "N1.X") == told("N1.D", "N1.X") == CONTROL
    assert told("N1", "N2.A10") == HARD
    assert told("N1", "T1") == OTHER
    assert told("N1", "R1") == told("T1", "V2") == STRANGERS[1]
    assert shared_data(rows["N1.A10"], rows["N2.A100"]) == "both tuned, same data"
    assert shared_data(rows["N1"], rows["N2.A100"]) == "one tuned"


def pair(kind: str, z: float, families: tuple[str, str] = ("N1", "N1"), least: float = 5) -> Scored:
    values = np.full(3, z)
    return Scored("q", "o", kind, "", families, values, values / 20, values, np.ones(3, bool), least)


def test_a_bin_of_kinship_is_shared_among_the_kinds_found_in_it() -> None:
    pairs = [pair(SAME, 9), pair("tuned 50 %", 4.5), pair("distilled", 4.5), pair(HARD, 0.5, ("N1", "N2"))]
    bins = {tuple(f["z"]): f["of_bin"] for f in meaning_figures(pairs)}  # type: ignore[arg-type]
    assert bins[8, 10]["same decoder"] == 1  # type: ignore[index]
    assert bins[4, 5]["tuned by half"] == bins[4, 5]["distilled"] == 0.5  # type: ignore[index]
    assert bins[None, 1]["strangers"] == 1  # type: ignore[index]
    assert bins[12, None] is None


def test_an_interval_is_over_families_and_not_over_pairs() -> None:
    many = [pair(SAME, 9)] * 500
    few = [pair(SAME, 1, ("T1", "T1"))] * 500
    low, high = interval([*many, *few], lambda p: float(p.accepted.mean()))
    assert (low, high) == (0, 1)
    figures = {f["relation"]: f for f in relation_figures([*many, *few, pair(HARD, 0, ("N1", "T1"))])}
    assert figures[SAME]["accepted"] == 0.5


@pytest.mark.skipif(not MEASURED.exists(), reason="not measured yet")
def test_the_page_shows_what_was_measured() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert document.renewed(page, document.figures(MEASURED)) == page
