"""The shipped yardstick is whole, is what the committed list says, and any damage to it is seen."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difreg.errors import IncompatibleError, StorageError
from difreg.registry import background as backgrounds
from difreg.registry.background import get, load, parse, save
from difreg.registry.sketches import pack

FOLDER = files("difreg.registry.backgrounds")
FACTS = FOLDER.joinpath("wavelet-1.background-2.json").read_bytes()
ARRAYS = FOLDER.joinpath("wavelet-1.background-2.safetensors").read_bytes()


def test_shipped_counts() -> None:
    made = get("wavelet-1")
    assert (made.name, made.denoiser) == ("background-2", "wavelet-1")
    assert (made.facts["photographs"], made.facts["negatives"], made.facts["whitening_sets"]) == (71, 71, 34)
    assert made.negatives.shape == (71, 3, 16, 16)
    assert made.panel.shape == (36, 192)
    assert len(set(made.panel_names)) == 36
    assert made.photo_mean.shape == (3, 16, 16)
    assert made.whitening.centre.shape == made.whitening.weights.shape == (192,)


def test_shipped_directions_are_of_unit_length() -> None:
    for rows in (get().panel, get().jpeg):
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_default_is_kept_and_found_by_name() -> None:
    assert get() is get()
    assert get("wavelet-1", "background-2").digest == get("wavelet-1").digest == json.loads(FACTS)["digest"]


@pytest.mark.parametrize("name", ["background-3", "", "../background-2", "/etc/passwd", "background-2\0", "bäckground"])
def test_an_unknown_background_is_refused(name: str) -> None:
    with pytest.raises(IncompatibleError):
        get("wavelet-1", name)
    with pytest.raises(IncompatibleError):
        get(name=name)
    with pytest.raises(IncompatibleError):
        get(denoiser=name)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, len(ARRAYS) - 1), st.integers(1, 255))
def test_a_changed_array_byte_is_seen(place: int, change: int) -> None:
    damaged = ARRAYS[:place] + bytes([ARRAYS[place] ^ change]) + ARRAYS[place + 1 :]
    with pytest.raises(StorageError, match="damaged"):
        parse(FACTS, damaged)


@pytest.mark.parametrize("key", list(json.loads(FACTS)))
def test_a_changed_fact_is_seen(key: str) -> None:
    facts = json.loads(FACTS)
    del facts[key]
    with pytest.raises(StorageError):
        parse(json.dumps(facts).encode(), ARRAYS)


@pytest.mark.parametrize("facts", [b"", b"{", b"\xff\xfe", b"[1]", b"null"])
def test_facts_that_are_none_are_refused(facts: bytes) -> None:
    with pytest.raises(StorageError):
        parse(facts, ARRAYS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        load(tmp_path / "none.json")


def _listed() -> list[dict[str, str]]:
    return list(csv.DictReader(FOLDER.joinpath("photographs-1.csv").read_text(encoding="utf-8").splitlines()))


def test_no_photograph_makes_and_tests() -> None:
    rows = _listed()
    assert {r["half"] for r in rows} == {"make", "test"}
    for column in ("file", "sha256"):
        halves = [{r[column] for r in rows if r["half"] == half} for half in ("make", "test")]
        assert [len(h) for h in halves] == [71, 71]
        assert not halves[0] & halves[1]
    assert all(len(r["sha256"]) == 64 for r in rows)


def test_both_halves_come_from_every_source() -> None:
    halves = [{r["file"].split("/")[0] for r in _listed() if r["half"] == half} for half in ("make", "test")]
    assert halves[0] == halves[1]
    assert len(halves[0]) == 4


@pytest.mark.zoo
def test_the_list_names_the_collections_photographs(collection: Path) -> None:
    from difreg.lineage.background_builder import read_split

    halves = read_split(collection)
    assert {half: len(paths) for half, paths in halves.items()} == {"make": 71, "test": 71}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    shipped = get()
    packed, scale = pack(shipped.negatives)
    photographs, photographs_scale = pack(shipped.photographs)
    facts = {**shipped.facts, "name": "background-9"}
    arrays = {
        "photo_mean": shipped.photo_mean.astype(np.float32),
        "photographs": photographs,
        "photographs_scale": photographs_scale,
        "negatives": packed,
        "negatives_scale": scale,
        "centre": shipped.whitening.centre.astype(np.float32),
        "weights": shipped.whitening.weights.astype(np.float32),
        "panel": shipped.panel.astype(np.float32),
        "jpeg": shipped.jpeg.astype(np.float32),
    }
    path = save(tmp_path / "new", facts, arrays)
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "wavelet-1.background-9.json",
        "wavelet-1.background-9.safetensors",
    ]
    back = load(path)
    assert back.name == "background-9"
    assert back.digest != shipped.digest
    assert (back.panel_names, back.calibrations) == (shipped.panel_names, shipped.calibrations)
    for name in ("photo_mean", "photographs", "negatives", "panel", "jpeg"):
        assert np.array_equal(getattr(back, name), getattr(shipped, name))
    assert np.array_equal(back.whitening.weights, shipped.whitening.weights)
    again = save(tmp_path / "again", facts, arrays)
    assert again.read_bytes() == path.read_bytes()
    assert backgrounds.load(again).digest == back.digest
