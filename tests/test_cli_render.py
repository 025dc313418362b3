"""Answers as text, JSON and CSV, from answers made by hand: no library call."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from difreg import numerals
from difreg.cli import declared, list_, show, trace_view
from difreg.cli.output import Format, chosen_format, write_file
from difreg.cli.render import Grid, Sheet, as_csv, as_json, as_text
from difreg.errors import InputError
from difreg.lineage.answers import (
    Candidate,
    Caveat,
    Failure,
    GeneratorDetail,
    Images,
    Listing,
    Part,
    Provenance,
    Shown,
    Skipped,
    Traced,
    TracedEach,
    VersionRow,
)
from difreg.registry.metadata import DeclaredParent, Metadata

MADE = Provenance(difreg="0", denoiser="wavelet", background="background-1", prior=0.5)


def candidate(name: str, family: str | None = "sd") -> Candidate:
    return Candidate(name, 1, 0.5, 12.34, 3.2e5, 0.9999, 10.0, 14.0, 0.987, 0.8, family)


def traced(**changes: object) -> Traced:
    plain = Traced(
        MADE,
        query="case",
        verdict="kin",
        family="sd",
        title="Stable Diffusion",
        probability=0.9981,
        likelihood_ratio=3.2e5,
        none_probability=0.0002,
        candidates=(candidate("sd-1"), candidate("mj")),
        indistinguishable=("sd-1", "mj"),
        placement=None,
        parts=(),
        images=Images(10),
        reliability=0.81,
        needed_images=None,
        warnings=(Caveat("jpeg", "JPEG's grid is strong."),),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.998, ".998"),
        (0.9996, ">.999"),
        (1.0, ">.999"),
        (0.0004, "<.001"),
        (0.0, "<.001"),
        (None, "-"),
        (math.nan, "-"),
    ],
)
def test_a_probability_is_never_rounded_to_certainty(value: float | None, text: str) -> None:
    assert numerals.probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1.000"), (-0.12, "-.120"), (-0.0001, ".000"), (0.5, ".500"), (-1.5, "-1.500")]
)
def test_shares(value: float, text: str) -> None:
    assert numerals.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.2e5, "3e5"), (119.6, "120"), (2.44, "2.4"), (6e-4, "6e-4"), (math.inf, "inf"), (math.nan, "-"), (0.0, "0")],
)
def test_likelihood_ratios(value: float, text: str) -> None:
    assert numerals.ratio(value) == text


def test_text_is_neither_markup_nor_escapes() -> None:
    text = as_text(["[red]x[/red] \x1b[31m :smile:", Grid(["[b]c"], [["[/]\x1b]0;t\x07\u202e"]])])
    assert "[red]x[/red]" in text
    assert "[/]" in text
    assert "[b]c" in text
    assert ":smile:" in text
    assert not set("\x1b\x07\u202e") & set(text)


def test_text_is_never_cut_without_a_terminal() -> None:
    assert "a" * 150 + "  " + "b" * 150 in as_text([Grid(["x", "y"], [["a" * 150, "b" * 150]])])


def test_text_folds_cells_in_a_terminal_and_loses_nothing() -> None:
    text = as_text([Grid(["x", "y"], [["a" * 60, "b" * 60]])], width=50)
    assert text.count("a") == 60
    assert max(map(len, text.splitlines())) <= 50


def test_json_escapes_what_a_terminal_would_act_on_and_still_parses() -> None:
    name = "é\x9b31m\u202e\x7f\U000e0001\U0001f600"
    text = as_json(traced(query=name))
    assert "é" in text
    assert "\U0001f600" in text
    assert not set("\x9b\u202e\x7f\U000e0001") & set(text)
    assert json.loads(text)["query"] == name


def test_json_has_null_for_what_is_no_number() -> None:
    document = json.loads(as_json(traced(probability=math.nan, likelihood_ratio=math.inf)))
    assert document["probability"] is None
    assert document["likelihood_ratio"] is None
    assert list(document)[:2] == ["schema", "schema_version"]


def test_no_csv_cell_starts_a_formula_and_numbers_stay_numbers() -> None:
    sheet = Sheet(
        ["t", "n", "b", "none", "tags"], [["=1+1", -2.5, True, math.nan, {"k": "v"}], ["@x", 1, False, None, ()]]
    )
    rows = list(csv.reader(io.StringIO(as_csv(sheet))))
    assert rows[1] == ["'=1+1", "-2.5", "true", "", "k=v"]
    assert rows[2] == ["'@x", "1", "false", "", ""]


def test_a_csv_row_is_one_line() -> None:
    assert as_csv(Sheet(["t"], [["a\nb\r\x1b"]])).splitlines() == ["t", r"a\nb\r\x1b"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            "Family Stable Diffusion (sd-1, mj): probability .998 that one of its members, or a sibling,"
            " made these 10 images.",
        ),
        (
            {"family": None, "title": None, "indistinguishable": ("mj",), "candidates": (candidate("mj", None),)},
            "Generator mj: probability .998 that it, or a sibling, made these 10 images.",
        ),
        (
            {"verdict": "none", "none_probability": 0.97},
            "No registered generator made these 10 images: P(no relative) = .970",
        ),
        (
            {"verdict": "insufficient", "needed_images": 6, "reliability": 0.31},
            "Too few images: about 6 more needed (reliability .310 < .500)",
        ),
        (
            {"verdict": "mixed", "parts": (Part(("a",), "kin", "x", 0.9),) * 2},
            "More than one origin: of these 10 images, 1 is of x (P .900) and 1 is of x (P .900).",
        ),
    ],
)
def test_a_trace_begins_with_its_verdict(changes: dict[str, object], sentence: str) -> None:
    assert trace_view.text(traced(**changes))[0] == sentence


def test_a_trace_says_what_cannot_be_told_apart_its_doubts_and_its_yardstick() -> None:
    text = as_text(trace_view.text(traced()))
    assert "2 members cannot be told apart: sd-1, mj" in text
    assert "warning: JPEG's grid is strong." in text
    assert "10.0 to 14.0" in text
    assert text.splitlines()[-1] == "background background-1, denoiser wavelet, prior .500, n = 10 images, difreg 0"


def test_a_table_of_traces_names_a_family_only_where_it_is_the_verdict() -> None:
    rows = trace_view.text_each(TracedEach(MADE, (traced(), traced(verdict="none")), ()))[1].rows  # type: ignore[union-attr]
    assert [(row[1], row[2], row[5]) for row in rows] == [("kin", "Stable Diffusion", "sd-1"), ("none", "-", "sd-1")]


def test_a_trace_shows_ten_candidates_unless_asked_for_all() -> None:
    many = traced(candidates=tuple(candidate(f"g{n}") for n in range(14)))
    assert "g9" in as_text(trace_view.text(many))
    assert "g10" not in as_text(trace_view.text(many))
    assert "and 4 more: --all" in as_text(trace_view.text(many))
    assert "g13" in as_text(trace_view.text(many, everyone=True))


def test_every_query_keeps_a_row_of_csv() -> None:
    sheet = trace_view.sheet((traced(), traced(query="empty", candidates=())), (Failure("bad", "no images"),))
    rows = list(csv.DictReader(io.StringIO(as_csv(sheet))))
    assert [(r["query"], r["candidate"]) for r in rows] == [
        ("case", "sd-1"),
        ("case", "mj"),
        ("empty", ""),
        ("bad", ""),
    ]
    assert rows[-1]["verdict"] == "failed"
    assert rows[-1]["reason"] == "no images"
    assert {len(row) for row in sheet.rows} == {len(sheet.columns)}


def test_show_and_list_as_text() -> None:
    row = GeneratorDetail("x", 1, None, 3, 0.5, "2022", None, False, True, ("a",), {"k": "v"}, (), "a note", None)
    version = VersionRow(
        1,
        "f" * 64,
        "lattice",
        "wavelet",
        "background-1",
        3,
        0.5,
        datetime(2024, 1, 2, tzinfo=UTC),
        (Skipped("f", "c", "r"),),
    )
    text = as_text(show._text(Shown(MADE, row, (version,))))
    assert all(part in text for part in ("note: a note", "tags: k=v", "2024-01-02 00:00", "f" * 12))
    assert "f" * 13 not in text
    assert as_text(list_._text(Listing(MADE, ()))).startswith("No generator is registered yet")


def test_the_suffix_chooses_the_format() -> None:
    assert chosen_format(None, Path("x.CSV")) is Format.csv
    assert chosen_format(None, None) is Format.table
    assert chosen_format(Format.json, Path("x.dat")) is Format.json
    with pytest.raises(InputError, match="no suffix"):
        chosen_format(None, Path("x.dat"))
    with pytest.raises(InputError, match="different formats"):
        chosen_format(Format.json, Path("x.csv"))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "x.txt"
    write_file(file, "old\n")

    def full(self: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(file), "replace", full)
    with pytest.raises(InputError, match="No space left"):
        write_file(file, "new\n")
    assert file.read_text() == "old\n"
    assert [p.name for p in file.parent.iterdir()] == ["x.txt"]


def test_options_are_laid_over_the_row_of_the_csv() -> None:
    row = Metadata(released="2022", base=True, note="row", tags={"a": "1"})
    given = Metadata(parents=(DeclaredParent("p"),), tags={"b": "2"})
    merged = declared.overlay(row, given)
    assert merged == Metadata(released="2022", parents=(DeclaredParent("p"),), note="row", tags={"a": "1", "b": "2"})
    child = Metadata(parents=(DeclaredParent("p"),))
    assert declared.overlay(child, Metadata(base=True)) == Metadata(base=True)
    assert declared.overlay(child, Metadata(note="n")).parents == child.parents
    assert declared.overlay(None, given) is given
