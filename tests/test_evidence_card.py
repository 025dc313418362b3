"""The evidence card: it says what the answer says, holds its pictures, and nothing named can act in it."""

from __future__ import annotations

import base64
import io
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from painting import paint, write_set
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import difreg
from difreg.cli.main import run
from difreg.lineage.answers import Evidence, Traced
from difreg.lineage.api import Registry
from difreg.lineage.figures.card import card_page
from difreg.lineage.figures.card_words import turning_prior
from difreg.lineage.tracing import DECIDED
from difreg.lineage.verdicts import sentence

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> list[str]:
        return [str(attrs["src"]) for tag, attrs in self.tags if tag == "img"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cards")
    with difreg.open(root / "home") as registry:
        for seed, (name, pattern) in enumerate({"a": 1, "b": 1, "c": 2}.items()):
            write_set(root / "sets" / name, pattern, 10, seed)
            registry.add(name, [root / "sets" / name])
    write_set(root / "cases" / "pure", 1, 10, 50)
    write_set(root / "cases" / "odd", 1, 9, 51)
    Image.fromarray(paint(7, 0, strength=0.0)).save(root / "cases" / "odd" / "odd.png")
    for folder in ("one", "two"):
        (root / "cases" / "mixed").mkdir(exist_ok=True)
        for path in write_set(root / "scratch" / folder, 1 if folder == "one" else 2, 8, 52 if folder == "one" else 53):
            shutil.move(path, root / "cases" / "mixed" / f"{folder}{path.name}")
    return root


@pytest.fixture(scope="module")
def traces(root: Path) -> dict[str, tuple[Traced, Evidence]]:
    with difreg.open(root / "home") as registry:
        found = {t.query.rpartition("/")[2]: t for t in registry.trace_each(root / "cases").traces}
        return {name: (traced, registry.evidence(traced)) for name, traced in found.items()}


def test_the_verdicts(traces: dict[str, tuple[Traced, Evidence]]) -> None:
    told = {name: (t.verdict, sum(r.agrees is False for r in t.agreement)) for name, (t, _) in traces.items()}
    assert told == {"pure": ("kin", 0), "odd": ("kin", 1), "mixed": ("mixed", 0)}
    mixed, _ = traces["mixed"]
    assert [(p.verdict, p.nearest in ("a", "b"), len(p.images)) for p in mixed.parts] == [
        ("kin", True, 8),
        ("kin", False, 8),
    ]
    assert {Path(f).name[:3] for f in mixed.parts[0].images} == {"one"}
    assert "disagree" not in sentence(traces["pure"][0])
    assert sentence(traces["odd"][0]).endswith("; 1 image disagrees.")
    assert sentence(mixed).startswith("More than one origin: of these 16 images, 8 are of ")


@pytest.mark.parametrize("name", ["pure", "odd", "mixed"])
def test_a_card_says_what_the_answer_says(traces: dict[str, tuple[Traced, Evidence]], name: str) -> None:
    traced, evidence = traces[name]
    page = Page(card_page([(traced, evidence)]))
    for said in (
        sentence(traced),
        traced.query,
        "How every number was made",
        "What would change the verdict",
        evidence.background.digest,
        str(traced.provenance.registry),
        *(image.sha256 for image in traced.provenance.images),
        *(w.digest for w in evidence.witnesses),
        *(caveat.text for caveat in traced.warnings),
    ):
        assert said in page.text


def test_images_that_disagree_are_shown(root: Path, traces: dict[str, tuple[Traced, Evidence]]) -> None:
    html = card_page([traces["odd"]])
    figure = re.search(r'<figure class="against"><img src="data:image/jpeg;base64,([^"]+)"', html)
    assert figure is not None
    seen = Image.open(io.BytesIO(base64.b64decode(figure.group(1)))).convert("RGB")
    meant = Image.open(root / "cases" / "odd" / "odd.png").convert("RGB").resize(seen.size)
    differ = sum(abs(x - y) for x, y in zip(seen.tobytes(), meant.tobytes(), strict=True)) / len(meant.tobytes())
    assert differ < 8


def test_pictures_carry_nothing_else_of_the_file(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "private"
    shutil.copytree(root / "cases" / "pure", folder)
    for path in folder.iterdir():
        info = PngInfo()
        info.add_text("prompt", "a secret")
        Image.open(path).save(path, pnginfo=info, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00")
    with difreg.open(root / "home") as registry:
        traced = registry.trace([folder])
        page = Page(card_page([(traced, registry.evidence(traced))]))
    data = [base64.b64decode(p.partition(",")[2]) for p in page.pictures]
    assert data
    assert all(b"secret" not in d and b"Exif" not in d for d in data)


def test_a_file_that_changed_is_not_shown(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "moving"
    shutil.copytree(root / "cases" / "pure", folder)
    with difreg.open(root / "home") as registry:
        traced = registry.trace([folder])
        evidence = registry.evidence(traced)
    files = sorted(folder.iterdir())
    shown = len(Page(card_page([(traced, evidence)])).pictures)
    Image.fromarray(paint(1, 1)).save(files[0])
    files[1].unlink()
    page = card_page([(traced, evidence)])
    assert len(Page(page).pictures) == shown - 2
    assert page.count("no picture") == 2


def test_nothing_named_acts(traces: dict[str, tuple[Traced, Evidence]]) -> None:
    traced, evidence = traces["odd"]
    evil = HOSTILE
    hostile = replace(
        traced,
        query=evil,
        title=evil,
        family="f",
        candidates=tuple(replace(c, generator=evil, family=evil) for c in traced.candidates),
        indistinguishable=(evil, "b"),
        agreement=tuple(replace(r, file=f"{evil}/{k}{evil}") for k, r in enumerate(traced.agreement)),
        warnings=tuple(replace(c, text=evil) for c in traced.warnings),
        provenance=replace(
            traced.provenance, images=tuple(replace(i, file=f"{evil}\u202e\n") for i in traced.provenance.images)
        ),
    )
    history = tuple(replace(row, subject=evil, text=evil) for row in evidence.history)
    witnesses = tuple(replace(w, generator=evil) for w in evidence.witnesses)
    html = card_page([(hostile, replace(evidence, history=history, witnesses=witnesses))])
    page = Page(html)
    assert all(p.startswith("data:image/jpeg;base64,") for p in page.pictures)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "a", "link", "form"})
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert evil in page.text
    assert "\u202e" not in html
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_the_turning_prior_turns_it(root: Path, traces: dict[str, tuple[Traced, Evidence]]) -> None:
    limit = turning_prior(traces["pure"][0])
    assert limit is not None
    odds = limit / (1 - limit)
    with difreg.open(root / "home") as registry:
        verdicts = [
            registry.trace([root / "cases" / "pure"], prior=o / (1 + o)).verdict for o in (odds * 0.99, odds * 1.01)
        ]
    assert verdicts == ["kin", "insufficient"]
    assert 0.5 < limit < 1
    assert DECIDED == 0.95


def test_the_command_writes_one_card_or_many_and_adds_nothing(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with difreg.open(root / "home") as registry:
        before = registry.list()
    home = ["--home", str(root / "home")]
    one, many = tmp_path / "card.html", tmp_path / "cards.html"
    assert run([*home, "trace", str(root / "cases" / "odd"), "-o", str(one)]) == 0
    assert run([*home, "trace", "--each", str(root / "cases"), "-o", str(many)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"wrote {one}\nwrote {many}\n"
    assert one.read_text("utf-8").count("<article") == 1
    assert many.read_text("utf-8").count("<article") == 3
    with difreg.open(root / "home") as registry:
        assert registry.list() == before


def test_a_card_is_no_other_format(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--home", str(root / "home"), "trace", str(root / "cases" / "odd"), "-o", str(tmp_path / "x.html")]
    assert run([*arguments, "--format", "json"]) == 2
    assert "Leave out --format" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
    assert run([*arguments[:-1], str(tmp_path / "x.csv")]) == 0
    assert "images_disagreeing" in (tmp_path / "x.csv").read_text()


def test_each_reads_the_registry_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    traceable = Registry._traceable
    monkeypatch.setattr(Registry, "_traceable", lambda *a, **k: read.append(1) or traceable(*a, **k))
    with difreg.open(root / "home") as registry:
        assert len(registry.trace_each(root / "cases").traces) == 3
    assert len(read) == 1
