"""The report: every section says what the answers say, whatever the size of the registry, and nothing named acts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import networkx as nx
import pytest
from answer_samples import MADE, background, material
from lineage_samples import HOSTILE

import difreg
from difreg.cli.main import run
from difreg.lineage.answers import Audited, Families, Listing
from difreg.lineage.figures.report import CROSS, DRAWN, SECTIONS, TREE, Material, report_page

KEYS = [section.key for section in SECTIONS]


def data(page: str) -> dict[str, list[object]]:
    found = re.search(r'<script id="figures" type="application/json">(.*?)</script>', page)
    assert found is not None
    told: dict[str, list[object]] = json.loads(found.group(1))
    return told


def empty() -> Material:
    nothing = Listing(MADE, generators=()), Families(MADE, families=(), singletons=())
    return Material(*nothing, Audited(MADE, agree=(), contradict=(), silent=()), background(), nx.MultiDiGraph(), None)


def test_the_contents_lead_to_every_section() -> None:
    page = report_page(material("a", "b", "c"))
    assert re.findall(r'<a href="#(\w+)">', page) == KEYS
    assert re.findall(r'<section id="(\w+)">', page) == KEYS
    assert set(data(page)) == {"lineage", "tree", "kinship", "accuracy", "calibration"}


def test_it_says_what_the_answers_say() -> None:
    page = report_page(material("a", "b", "c"))
    for said in (
        "Registry report: 3 generators, 1 family",
        ">.200 weak</td>",
        "from scratch",
        "Contradicted (1)",
        "The images cannot say (1)",
        "card says otherwise",
        "Without kin, 1 generator: c.",
        "b" * 64,
        "No order and no direction is read from images",
    ):
        assert said in page
    assert "In agreement" not in page


def test_an_empty_registry_has_a_report_that_says_what_to_do() -> None:
    page = report_page(empty())
    assert re.findall(r'<section id="(\w+)">', page) == KEYS
    assert "difreg add NAME IMAGES" in page
    assert "there is no family" in page
    assert "A tree needs two generators" in page
    assert "Nothing is declared" in page
    assert set(data(page)) == {"calibration"}


def test_one_generator_has_no_tree() -> None:
    page = report_page(material("a"))
    assert set(data(page)) == {"lineage", "calibration"}


def test_a_large_registry_keeps_its_tables_and_names_what_draws_the_rest() -> None:
    names = [f"generator-{k:04}" for k in range(2000)]
    page = report_page(material(*names, families=40))
    assert f"are more than the {DRAWN} that can be read here. difreg plot lineage -o lineage.html" in page
    assert f"are more than the {CROSS} that can be read here. difreg plot matrix --metric accuracy -o a" in page
    assert f"are more than the {TREE} that can be read here. difreg plot tree -o tree.html" in page
    assert page.count("<tr>") > 2040
    assert len(page) < 8_000_000
    assert set(data(page)) == {"calibration"}


def test_names_stay_text() -> None:
    for text in HOSTILE:
        page = report_page(material(*(f"{text}{k}" for k in range(4)), text=text))
        assert page.count("<script") == 3
        assert "<img" not in page.partition("<script>")[0]
        assert "\u202e" not in page
        assert "\x1b" not in page


def test_the_command_writes_it(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sketching import sketch_file

    file = tmp_path / "folder" / "report.html"
    assert run(["init", "-q"]) == 0
    assert run(["report", "-o", str(file)]) == 0
    assert "Nothing is registered yet" in file.read_text("utf-8")
    for number in (1, 2):
        assert run(["add", f"g{number}", str(sketch_file(tmp_path, number)), "-q"]) == 0
    capsys.readouterr()
    assert run(["report", "-o", str(file), "--dark"]) == 0
    assert capsys.readouterr().err == f"wrote {file}\n"
    page = file.read_text("utf-8")
    assert 'data-scheme="dark"' in page
    with difreg.open(home) as registry:
        made = registry.report()
        assert [g.name for g in made.listing.generators] == ["g1", "g2"]
        assert made.tree is not None
        assert made.accuracy is not None
        assert str(registry.list().provenance.registry) in page


def test_it_is_a_page(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "-o", str(tmp_path / "report.pdf")]) == 2
    assert "does not end in .html. Write -o report.html; a browser prints it to PDF." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
