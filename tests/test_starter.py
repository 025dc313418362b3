"""The starter registry: what ships, how it is installed, that it says nothing it does not know, and how it is made."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import IncompatibleError
from difreg.lineage import starter
from difreg.lineage.answers import Traced
from difreg.lineage.bundles.bundle import Bundle
from difreg.lineage.bundles.importing import opened
from difreg.lineage.families import communities
from difreg.lineage.keeping.scoring import accepted
from difreg.lineage.starter.building import SAMPLES, TITLES, build, entries
from difreg.registry.metadata import DeclaredParent, Metadata, is_evidence
from difreg.storage.blobs import loads

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo"
STABLE_DIFFUSION = "Stable Diffusion v1.x / LDM, KL-f8 decoder"
LARGEST = 3 << 20
TOLERANCE = 2e-3  # of a sketch's largest number: two steps of the half floats it is kept in


@pytest.fixture(scope="module")
def shipped() -> Iterator[Bundle]:
    with opened(starter.path()) as bundle:
        yield bundle


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("starter") / "home"
    with difreg.open(home) as registry:
        assert registry.install_starter().changed
    return home


@pytest.fixture
def registry(installed: Path, tmp_path: Path) -> Iterator[Registry]:
    """One with the starter registry in it."""
    shutil.copytree(installed, tmp_path / "home")
    with difreg.open(tmp_path / "home") as opened_:
        yield opened_


# What ships


def test_it_is_small_and_holds_numbers_alone(shipped: Bundle) -> None:
    assert starter.path().stat().st_size <= LARGEST
    told = shipped.file.manifest().decode()
    assert not re.search(r"/(tmp|root|home|work)/|\\\\|@", told)
    for generator in shipped.manifest.generators:
        for version in generator.versions:
            assert all(re.fullmatch(r"\d\d\.(png|webp)", image.file) for image in version.files)
            assert not version.skipped
    for digest in shipped.file.digests:
        arrays, _ = loads(shipped.file.blob(digest))
        assert all(array.size < 40 * 768 for array in arrays.values())  # sketches are 256 times smaller than images


def test_what_is_not_sure_or_was_jpeg_says_so_and_is_no_evidence(shipped: Bundle) -> None:
    held = [g for g in shipped.manifest.generators if g.observed]
    assert len(held) == 40
    silent = {g.name for g in held if not is_evidence(g.declared.tags)}
    jpeg = {g.name for g in held if g.declared.tags.get("source_format") == "JPEG"}
    assert jpeg == {"ti-cookiedoth", "sd1x-vincegmz-dogreg"}
    assert silent == jpeg | {g.name for g in held if g.declared.certainty not in {"proven", "stated"}}
    assert "midjourney-2022-07" in silent
    assert all(g.declared.note and g.declared.source for g in held)
    assert {g.name for g in shipped.manifest.generators if not g.observed} >= {"sd-v1-2", "sd-v2-0"}


def test_what_is_no_evidence_holds_no_family_together(registry: Registry) -> None:
    with registry._catalog.read() as tx:
        silent = {g.name for g in tx.generators() if not is_evidence(g.tags)}
        edges = accepted(tx)
        whole = {frozenset(f.members) - silent for f in tx.families()}
    without = communities([e for e in edges if not {e.a, e.b} & silent])
    assert {frozenset(c.members) for c in without} == {f for f in whole if len(f) > 1}


def test_the_page_tells_what_is_in_it(shipped: Bundle) -> None:
    page = (ROOT / "docs" / "starter.md").read_text("utf-8")
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip("`"): row[1:] for row in cells if len(row) == 6}
    titles = {m: t.title for t in shipped.manifest.titles for m in t.members}
    held = {g.name: g.declared for g in shipped.manifest.generators if g.observed}
    assert set(told) == set(held)
    for name, facts in held.items():
        family, certainty, evidence, source, date = told[name]
        assert family == titles.get(name, family), name
        assert certainty == facts.certainty, name
        assert evidence == ("yes" if is_evidence(facts.tags) else "no"), name
        assert f"images: {source}" == facts.source, name
        assert date == (facts.released or f"not before {facts.not_before}"), name


# Installing


def test_it_loads_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["starter", "install"]) == 0
    assert capsys.readouterr().out.startswith("installed starter-1: 40 generators, ")
    with difreg.open() as registry:
        before = registry.history().changes
    assert run(["starter", "install"]) == 0
    assert capsys.readouterr().out == "starter-1 is installed already; nothing to do\n"
    assert run(["starter", "install", "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["changed"]) == ("difreg/starter-install", False)
    assert {g["action"] for g in answer["generators"]} == {"unchanged"}
    with difreg.open() as registry:
        assert registry.history().changes == before
        assert registry.doctor().sound


def test_init_can_load_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--starter", "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["created"] is True
    assert answer["starter"]["changed"] is True
    with difreg.open() as registry:
        assert len(registry.list().generators) == len(answer["starter"]["generators"])
        titles = {f.title for f in registry.families().families}
    assert STABLE_DIFFUSION in titles
    assert titles <= set(TITLES.values())
    assert run(["init", "--starter"]) == 0
    out = capsys.readouterr().out
    assert "is there already" in out
    assert "nothing to do" in out


def test_what_is_here_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    with difreg.open(home) as registry:
        mine = registry.add("glide", sorted((DEMO / "anime").glob("*.webp"))[:4], metadata=Metadata(note="mine"))
        registry.add("other", sorted((DEMO / "noise0").glob("*.webp"))[:4])
    assert run(["starter", "install", "--home", str(home)]) == 0
    out = capsys.readouterr().out
    assert "installed starter-1: 39 generators" in out
    assert "left as it is: glide (" in out
    with difreg.open(home) as registry:
        shown = registry.show("glide")
        assert [v.digest for v in shown.versions] == [mine.digest]
        assert shown.generator.notes == "mine"
        assert shown.generator.released is None
        assert registry.show("other").versions
        assert registry.show("midjourney-2022-07").generator.certainty == "inferred"
        assert registry.doctor().sound
        assert not registry.install_starter().changed


def test_one_that_was_removed_or_damaged_comes_back(registry: Registry) -> None:
    registry.remove("sd-v2-1", purge=True)
    done = registry.install_starter()
    assert [g.name for g in done.generators if g.versions] == ["sd-v2-1"]
    digest = registry.show("glide").versions[0].digest
    next(Path(registry.settings.blobs).rglob(f"*{digest[2:]}*")).unlink()
    assert registry.install_starter().restored == (digest,)


def test_a_registry_of_another_denoiser_is_refused(tmp_path: Path) -> None:
    with difreg.open(tmp_path / "new") as registry:
        with pytest.raises(IncompatibleError, match="periodic-fast-1") as caught:
            registry.init(denoiser="periodic-fast-1", starter=True)
        assert "--home" in caught.value.hint
        assert not registry.settings.home.exists()
        registry.init(denoiser="periodic-fast-1")
        for install in (registry.install_starter, lambda: registry.init(starter=True)):
            with pytest.raises(IncompatibleError, match="denoiser"):
                install()
        assert registry.list().generators == ()


# Evidence


def test_a_generator_that_is_no_evidence_decides_nothing(tmp_path: Path) -> None:
    images = sorted((DEMO / "anime").glob("*.webp"))
    with difreg.open(tmp_path) as registry:
        registry.add("anime", images[:12])
        registry.add("noise0", sorted((DEMO / "noise0").glob("*.webp")))
        before, seen = registry.trace(images[12:]), registry.detect(images[12:])
        assert before.verdict == "kin"
        assert {i.generator for i in seen.images} > {None}
        registry.tag("anime", {"evidence": "no"})
        after, unseen = registry.trace(images[12:]), registry.detect(images[12:])
        assert after.verdict == "insufficient"  # neither kin, nor none in the face of what is seen
        assert after.candidates == before.candidates
        assert "anime" in {c.code: c.text for c in after.warnings}["no_evidence"]
        assert {i.generator for i in unseen.images} == {None}
        registry.tag("anime", remove=["evidence"])
        assert registry.trace(images[12:]).verdict == "kin"


def test_an_audit_does_not_ask_it(tmp_path: Path) -> None:
    images = sorted((DEMO / "anime").glob("*.webp"))
    with difreg.open(tmp_path) as registry:
        registry.add("parent", images[:12])
        registry.add("child", images[12:], metadata=Metadata(parents=(DeclaredParent("parent"),)))
        assert [row.generator for row in registry.audit().agree] == ["child"]
        registry.tag("parent", {"evidence": "no"})
        assert "evidence=no" in {row.generator: row.text for row in registry.audit().silent}["child"]


def test_a_stranger_to_what_is_no_evidence_is_none(tmp_path: Path) -> None:
    with difreg.open(tmp_path) as registry:
        registry.add("noise0", [DEMO / "noise0"], metadata=Metadata(tags={"evidence": "no"}))
        registry.add("noise1", [DEMO / "noise1"])
        found = registry.trace([DEMO / "anime"])
    assert found.verdict == "none"
    assert "no_evidence" not in {c.code for c in found.warnings}


# Made from the collection


@pytest.mark.zoo
@pytest.mark.parametrize(
    ("sample", "own", "verdicts"),
    [
        ("mj", "midjourney-2022-07", {"kin"}),
        ("sd14", "sd-v1-4-dif", {"kin"}),
        ("glide", "glide", {"none", "insufficient"}),
    ],
)
def test_the_samples_are_traced_without_their_own_entry(
    collection: Path, registry: Registry, sample: str, own: str, verdicts: set[str]
) -> None:
    found: Traced = registry.trace([collection / "dif-samples" / sample / "1_fake"], exclude=[own])
    assert found.verdict in verdicts
    if found.verdict == "kin":
        assert found.title == STABLE_DIFFUSION
        assert found.probability >= 0.99


@pytest.mark.zoo
def test_every_set_of_the_collection_is_in_it(collection: Path, shipped: Bundle) -> None:
    made = {e.name: e.facts for e in entries(collection)}
    held = {g.name: g.declared for g in shipped.manifest.generators if g.observed}
    assert held == made
    assert set(held) == {f.name for f in (collection / "generators").iterdir()} | set(SAMPLES.values())


@pytest.mark.zoo
def test_made_again_it_is_the_same(collection: Path, shipped: Bundle, tmp_path: Path) -> None:
    only = ("dallemini-dcsan", "glide", "ti-cookiedoth")
    shas = {build(collection, tmp_path / f"{k}.difreg", only).sha256 for k in range(2)}
    assert len(shas) == 1
    with opened(tmp_path / "0.difreg") as again:
        for mine in (g for g in again.manifest.generators if g.observed):
            theirs = next(g for g in shipped.manifest.generators if g.name == mine.name)
            assert theirs.declared == mine.declared
            (one,), (two,) = mine.versions, theirs.versions
            assert (one.files, one.created, one.identity) == (two.files, two.created, two.identity)
            arrays, others = (loads(b.file.blob(v.digest))[0] for b, v in ((again, one), (shipped, two)))
            assert arrays.keys() == others.keys()
            for name, array in arrays.items():
                limit = TOLERANCE * float(np.nanmax(np.abs(array.astype(float))))
                alike = np.allclose(array.astype(float), others[name].astype(float), rtol=0, atol=limit, equal_nan=True)
                assert alike, name
