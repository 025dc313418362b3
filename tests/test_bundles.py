"""Bundles: whole in and whole out, refused where anything in them is not what difreg writes, never half imported."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import DifregError, IncompatibleError, InputError, NotFoundError
from difreg.lineage.bundles import container as bundle_file
from difreg.registry.metadata import DeclaredParent, Metadata
from difreg.storage.blobs import dumps, loads
from difreg.storage.transaction import Transaction

DEMO = Path(__file__).parent.parent / "demo"
Files = dict[str, bytes]


def images(name: str, first: int = 0, count: int = 4) -> list[Path]:
    return sorted((DEMO / name).glob("*.webp"))[first : first + count]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of three generators, one of two versions, with all that can be declared; its bundles lie beside it."""
    home = tmp_path_factory.mktemp("bundles") / "home"
    broken = home.parent / "broken.png"
    broken.write_bytes(b"no image")
    with difreg.open(home) as registry:
        facts = Metadata(released="2022-08", source="the card", note="a [red]note", licence="MIT", tags={"k": "v=w"})
        registry.add("noise0", [*images("noise0", 0, 8), broken], metadata=facts)
        child = Metadata(parents=(DeclaredParent("noise0", "fine-tune", "card"), DeclaredParent("stub", "merge")))
        registry.add("noise1", images("noise1", 0, 8), metadata=child)
        registry.add("noise0", images("noise0", 8, 8))
        registry.add("anime", images("anime", 0, 8), metadata=Metadata(base=True))
        registry.alias("noise0:1", "prod")
        with registry._catalog.write() as tx:
            (family,) = tx.families()
            tx.set_families([replace(family, title="Upscalers")])
        registry.export_bundle(home.parent / "all.difreg")
        registry.export_bundle(home.parent / "one.difreg", ["anime"])
        registry.export_bundle(home.parent / "child.difreg", ["noise1"])
    return home


@pytest.fixture
def bundle(source: Path) -> Path:
    return source.parent / "all.difreg"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "target") as registry:
        yield registry


@pytest.fixture
def filled(source: Path, tmp_path: Path) -> Iterator[Registry]:
    """A copy of the source."""
    shutil.copytree(source, tmp_path / "filled")
    with difreg.open(tmp_path / "filled") as registry:
        yield registry


def told(registry: Registry) -> dict[str, Any]:
    """All that a registry says of its generators, times included, but the folders of files."""
    out: dict[str, Any] = {}
    with registry._catalog.read() as tx:
        for g in tx.generators():
            versions = [
                (replace(v, id=0, generator_id=0), [replace(i, file=Path(i.file).name) for i in tx.images(v.id)])
                for v in tx.versions(g.name)
            ]
            skipped = [(Path(s.file).name, s.code, s.reason) for v in tx.versions(g.name) for s in tx.skipped(v.id)]
            out[g.name] = (replace(g, id=0, created=g.created.min), versions, skipped)
        out["kinship"] = [_rounded(k) for k in tx.kinship()]
        out["cross"] = [_rounded(c) for c in tx.cross()]
        out["families"] = tx.families()
    return out


def _rounded(row: Any) -> Any:
    """A row of scores without their last bits, in which the order of sums shows."""
    return replace(row, **{k: round(v, 9) for k, v in vars(row).items() if isinstance(v, float)})


def files(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}


def written(path: Path, entries: Files) -> Path:
    """A bundle laid out as difreg does, whatever is in it."""
    rest = {name: data for name, data in entries.items() if name != "manifest.json"}
    blobs = [(name[6:70], data) for name, data in sorted(rest.items())]
    bundle_file.write(path, entries["manifest.json"], blobs)
    return path


def changed(bundle: Path, path: Path, change: Callable[[Any], None]) -> Path:
    """``bundle`` with its manifest changed."""
    entries = files(bundle)
    manifest = json.loads(entries["manifest.json"])
    change(manifest)
    return written(path, {**entries, "manifest.json": json.dumps(manifest).encode()})


def refused(registry: Registry, path: Path, kind: type[DifregError] = InputError) -> DifregError:
    """The error of importing ``path``, which leaves no home behind."""
    with pytest.raises(kind) as caught:
        registry.import_bundle(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    assert not registry.settings.home.exists()
    return caught.value


# In and out


def test_a_round_trip_into_an_empty_home_keeps_everything(source: Path, bundle: Path, target: Registry) -> None:
    answer = target.import_bundle(bundle)
    assert {(g.name, g.action, g.versions) for g in answer.generators} == {
        ("anime", "new", 1),
        ("noise0", "new", 2),
        ("noise1", "new", 1),
        ("stub", "new", 0),
    }
    with difreg.open(source) as registry:
        before, after = told(registry), told(target)
    assert after == before
    assert after["noise0"][2] == [("broken.png", "broken", after["noise0"][2][0][2])]
    assert after["families"][0].title == "Upscalers"
    assert target.verify().problems == target.doctor().problems == ()


def test_an_export_is_the_same_bytes_again_and_from_the_copy(bundle: Path, target: Registry, tmp_path: Path) -> None:
    target.import_bundle(bundle)
    for name in ("a.difreg", "b.difreg"):
        target.export_bundle(tmp_path / name)
        assert (tmp_path / name).read_bytes() == bundle.read_bytes()


def test_importing_again_changes_nothing(bundle: Path, target: Registry) -> None:
    target.import_bundle(bundle)
    state, lines = told(target), len(target.history().changes)
    answer = target.import_bundle(bundle)
    assert {g.action for g in answer.generators} == {"unchanged"}
    assert (told(target), len(target.history().changes)) == (state, lines)


def test_a_dry_run_writes_nothing(bundle: Path, target: Registry) -> None:
    answer = target.import_bundle(bundle, dry_run=True)
    assert sum(g.versions for g in answer.generators) == 4
    assert not target.settings.home.exists()


def test_named_generators_bring_their_ancestors_as_stubs(source: Path, target: Registry) -> None:
    target.import_bundle(source.parent / "child.difreg")
    rows = {g.name: g for g in target.list().generators}
    assert {name: row.observed for name, row in rows.items()} == {"noise0": False, "noise1": True, "stub": False}
    assert rows["noise0"].released == "2022-08"
    target.import_bundle(source.parent / "all.difreg")
    assert [v.version for v in target.show("noise0").versions] == [1, 2]


def test_no_folder_of_the_exporter_is_in_a_bundle(source: Path, bundle: Path) -> None:
    data = files(bundle)["manifest.json"]
    assert str(DEMO).encode() not in data
    assert str(source.parent).encode() not in data


def test_what_cannot_be_exported(source: Path, target: Registry, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        target.export_bundle(tmp_path / "x.difreg")
    with difreg.open(source) as registry:
        for name in ("nobody", "stub"):
            with pytest.raises(NotFoundError):
                registry.export_bundle(tmp_path / "x.difreg", [name])
        with pytest.raises(InputError, match="does not end in"):
            registry.export_bundle(tmp_path / "x.zip")
    assert not list(tmp_path.glob("*.difreg")) + list(tmp_path.glob(".tmp*"))


# Into a registry that has such names


def test_new_versions_follow_under_the_next_numbers(filled: Registry, target: Registry, tmp_path: Path) -> None:
    filled.export_bundle(tmp_path / "old.difreg", ["noise0"])
    target.import_bundle(tmp_path / "old.difreg")
    filled.add("noise0", images("noise0", 16, 8))
    filled.export_bundle(tmp_path / "x.difreg", ["noise0"])
    answer = target.import_bundle(tmp_path / "x.difreg")
    assert [(g.action, g.versions) for g in answer.generators] == [("extended", 1)]
    mine, theirs = target.show("noise0").versions, filled.show("noise0").versions
    assert [(v.version, v.created) for v in mine] == [(v.version, v.created) for v in theirs]
    assert [g.action for g in target.import_bundle(tmp_path / "old.difreg").generators] == ["unchanged"]


def test_a_registry_that_has_only_the_latest_takes_what_comes_after(
    filled: Registry, target: Registry, tmp_path: Path
) -> None:
    target.add("noise0", images("noise0", 8, 8))
    filled.add("noise0", images("noise0", 16, 8))
    filled.export_bundle(tmp_path / "x.difreg", ["noise0"])
    (row,) = target.import_bundle(tmp_path / "x.difreg").generators
    assert (row.versions, row.note) == (1, "1 older left out")
    assert [v.version for v in target.show("noise0").versions] == [1, 2]


def test_images_that_came_back_come_back_here(target: Registry, tmp_path: Path) -> None:
    with difreg.open(tmp_path / "other") as other:
        for first in (0, 4, 0):
            other.add("a", images("anime", first))
        other.export_bundle(tmp_path / "x.difreg")
        target.add("a", images("anime", 0))
        target.import_bundle(tmp_path / "x.difreg")
        digests = [v.digest for v in target.show("a").versions]
        assert digests == [v.digest for v in other.show("a").versions]
        assert digests[0] == digests[2] != digests[1]
    assert [g.action for g in target.import_bundle(tmp_path / "x.difreg").generators] == ["unchanged"]


def test_other_images_under_a_name_are_a_conflict(bundle: Path, target: Registry) -> None:
    target.add("noise0", images("anime"))
    before = told(target)
    with pytest.raises(InputError, match="'noise0' versions: other images here than in the bundle") as caught:
        target.import_bundle(bundle)
    assert "--rename noise0=NEW" in caught.value.hint
    assert told(target) == before
    answer = target.import_bundle(bundle, dry_run=True)
    assert [(c.generator, c.fact) for c in answer.conflicts] == [("noise0", "versions")]
    target.import_bundle(bundle, rename={"noise0": "theirs"})
    assert {p.name for p in target.show("noise1").generator.parents} == {"stub", "theirs"}
    assert len(target.show("theirs").versions) == 2


def test_histories_that_went_apart_are_a_conflict(
    bundle: Path, filled: Registry, target: Registry, tmp_path: Path
) -> None:
    target.import_bundle(bundle)
    target.add("noise0", images("noise0", 0, 6))
    filled.add("noise0", images("noise0", 2, 6))
    filled.export_bundle(tmp_path / "x.difreg")
    with pytest.raises(InputError, match="both went on apart"):
        target.import_bundle(tmp_path / "x.difreg")


def test_contradicting_facts_are_conflicts_and_skipping_leaves_them(bundle: Path, target: Registry) -> None:
    facts = Metadata(released="2023", parents=(DeclaredParent("anime", "merge"),), tags={"k": "other"})
    target.add("noise0", images("noise0", 0, 8), metadata=facts)
    answer = target.import_bundle(bundle, dry_run=True)
    assert {c.fact for c in answer.conflicts} == {"released", "tag k"}
    mine = target.show("noise0").generator
    target.import_bundle(bundle, skip_existing=True)
    assert target.show("noise0").generator.released == mine.released == "2023"
    assert len(target.show("noise0").versions) == 1
    assert len(target.show("noise1").versions) == 1


def test_a_base_here_cannot_get_parents(bundle: Path, target: Registry) -> None:
    target.add("noise1", images("noise1", 0, 8), metadata=Metadata(base=True))
    with pytest.raises(InputError, match="no parents"):
        target.import_bundle(bundle)


def test_facts_that_were_not_known_here_are_added(bundle: Path, target: Registry) -> None:
    target.add("noise0", images("noise0", 0, 8))
    target.import_bundle(bundle)
    shown = target.show("noise0").generator
    assert (shown.released, shown.tags) == ("2022-08", {"k": "v=w"})
    assert [v.version for v in target.show("noise0").versions] == [1, 2]


def test_a_removed_generator_comes_back(bundle: Path, filled: Registry) -> None:
    filled.remove("anime")
    filled.import_bundle(bundle)
    assert [v.version for v in filled.show("anime").versions] == [1, 2]


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"nobody": "x"}, "no generator 'nobody'"),
        ({"anime": "a:b"}, "cannot be a generator name"),
        ({"anime": "noise0"}, "Two generators"),
    ],
)
def test_renaming_that_cannot_be(bundle: Path, target: Registry, rename: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        target.import_bundle(bundle, rename=rename)
    assert not target.settings.home.exists()


def test_arrays_that_are_missing_here_come_back(bundle: Path, filled: Registry) -> None:
    (lost, *_) = sorted(filled.settings.home.glob("blobs/*/*.safetensors"))
    lost.unlink()
    assert [p.code for p in filled.verify().problems] == ["missing_blob"]
    assert filled.import_bundle(bundle).restored == (lost.stem,)
    assert filled.verify().problems == ()


def test_an_import_that_fails_leaves_no_row(bundle: Path, target: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    target.init()
    real, calls = Transaction.add_version, []

    def failing(self: Transaction, *given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise RuntimeError("power cut")
        return real(self, *given)

    monkeypatch.setattr(Transaction, "add_version", failing)
    with pytest.raises(RuntimeError):
        target.import_bundle(bundle)
    assert target.list().generators == ()
    assert {p.code for p in target.doctor(fix=True).problems} == {"orphan_blob"}
    assert target.doctor().problems == ()
    monkeypatch.undo()
    assert len(target.import_bundle(bundle).generators) == 4


# What a bundle cannot do


def test_scores_in_a_manifest_are_not_read(bundle: Path, target: Registry, tmp_path: Path) -> None:
    def lie(manifest: Any) -> None:
        for g in manifest["generators"]:
            for v in g["versions"]:
                v |= {"reliability": 1.0, "separation": 1.0, "jpeg": 0.0, "caveats": [], "kinship": [["anime", 99.0]]}

    target.import_bundle(changed(bundle, tmp_path / "x.difreg", lie))
    assert all(v.reliability < 0.95 for name in ("noise0", "noise1") for v in target.show(name).versions)
    assert target.doctor().problems == ()


def _at(manifest: Any, name: str) -> Any:
    return next(g for g in manifest["generators"] if g["name"] == name)


def _first(manifest: Any) -> Any:
    return _at(manifest, "anime")["versions"][0]


CHANGES: dict[str, Callable[[Any], Any]] = {
    "other format": lambda m: m.update(format="zip"),
    "no generators": lambda m: m.pop("generators"),
    "generators no list": lambda m: m.update(generators={}),
    "name escapes": lambda m: _at(m, "anime").update(name="../x"),
    "name hostile": lambda m: _at(m, "anime").update(name="a\x1b[31m"),
    "name no text": lambda m: _at(m, "anime").update(name=7),
    "name twice": lambda m: _at(m, "anime").update(name="noise1"),
    "own parent": lambda m: _at(m, "anime").update(parents=[["anime", "merge", None]], base=None),
    "relation": lambda m: _at(m, "noise1").update(parents=[["noise0", "aunt", None]]),
    "date": lambda m: _at(m, "noise0").update(released="soon"),
    "base and parent": lambda m: _at(m, "noise1").update(base=True),
    "long note": lambda m: _at(m, "noise0").update(note="x" * 100_000),
    "tag": lambda m: _at(m, "noise0").update(tags={"a=b": "c"}),
    "alias to nothing": lambda m: _at(m, "noise0").update(aliases={"prod": 9}),
    "alias like a number": lambda m: _at(m, "noise0").update(aliases={"v1": 1}),
    "observed without versions": lambda m: _at(m, "anime").update(versions=[]),
    "numbers twice": lambda m: _at(m, "noise0")["versions"][1].update(number=1),
    "number negative": lambda m: _first(m).update(number=-1),
    "number huge": lambda m: _first(m).update(number=1 << 70),
    "number is truth": lambda m: _first(m).update(number=True),
    "digest is a path": lambda m: _first(m).update(digest="../../etc/passwd"),
    "digest of another": lambda m: _first(m).update(digest="0" * 64),
    "identity": lambda m: _first(m).update(identity="0" * 64),
    "canvas": lambda m: _first(m).update(canvas=512),
    "image hash": lambda m: _first(m)["images"][0].__setitem__(2, "0" * 64),
    "image pixels": lambda m: _first(m)["images"][0].__setitem__(3, "0" * 64),
    "image left out": lambda m: _first(m)["images"].pop(),
    "images swapped": lambda m: _first(m)["images"].reverse(),
    "no images at all": lambda m: _first(m).update(images=[]),
    "file is a path": lambda m: _first(m)["images"][0].__setitem__(0, "../../x.png"),
    "time without zone": lambda m: _first(m).update(created="2026-01-01T00:00:00"),
    "time impossible": lambda m: _first(m).update(created="0001-01-01T00:00:00+14:00"),
    "denoiser of one": lambda m: _first(m).update(denoiser="periodic-1"),
    "title no text": lambda m: m.update(titles=[{"title": 1, "members": []}]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_manifest_that_cannot_be_is_refused(
    bundle: Path, target: Registry, tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    error = refused(target, changed(bundle, tmp_path / "x.difreg", change))
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(schema=2), "has schema 2; this difreg reads schema 1"),
        (lambda m: m.update(schema="1"), "has schema '1'"),
        (lambda m: _first(m).update(solver="magic"), "cannot check"),
        (lambda m: _first(m).update(background="background-9"), "cannot check"),
    ],
)
def test_what_a_newer_difreg_wrote_asks_for_an_upgrade(
    bundle: Path, target: Registry, tmp_path: Path, change: Callable[[Any], Any], message: str
) -> None:
    assert message in refused(target, changed(bundle, tmp_path / "x.difreg", change), IncompatibleError).message


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{", b"\xff", b'{"format": "difreg-bundle", "format": 1}', b'{"schema": NaN}', b"[" * 200_000],
    ids=["empty", "list", "cut", "bytes", "twice", "nan", "deep"],
)
def test_a_manifest_that_is_no_json_is_refused(bundle: Path, target: Registry, tmp_path: Path, text: bytes) -> None:
    refused(target, written(tmp_path / "x.difreg", {**files(bundle), "manifest.json": text}))


def _other_arrays(source: Path, change: Callable[[Any], Any], path: Path) -> Path:
    """The bundle of one generator with its arrays changed, every digest made to fit."""
    entries = files(source.parent / "one.difreg")
    manifest = json.loads(entries["manifest.json"])
    (name,) = (n for n in entries if n != "manifest.json")
    arrays, facts = loads(entries.pop(name))
    arrays = {k: v.copy() for k, v in arrays.items()}
    made = change(arrays)
    data = made if isinstance(made, bytes) else dumps(arrays, facts)
    digest = hashlib.sha256(data).hexdigest()
    manifest["generators"][0]["versions"][0]["digest"] = digest
    return written(path, {"manifest.json": json.dumps(manifest).encode(), f"blobs/{digest}.safetensors": data})


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.update(fingerprint=a["fingerprint"] * 1.01),
        lambda a: a.update(sketches=a["sketches"] * np.float16(0.5)),
        lambda a: a.update(sketches=a["sketches"][:, :, :8]),
        lambda a: a.update(sketches=a["sketches"].astype(np.float32)),
        lambda a: a.update(scale=a["scale"] * np.inf),
        lambda a: a.update(scale=-a["scale"]),
        lambda a: a.update(scale=a["scale"] * 1e6),
        lambda a: a.update(more=np.zeros(3)),
        lambda a: a.pop("contents"),
        lambda a: a.update(contents=a["contents"][::-1]),
        lambda a: a.update(solved=np.zeros((3, 32, 32), np.float32), solution=np.zeros(2, np.uint8)),
        lambda _: b"no safetensors",
        lambda a: dumps(a, {"format": "difreg-version-1", "denoiser": "periodic-1"}),
        lambda a: dumps(a, {"format": "difreg-version-2", "denoiser": "wavelet-1"}),
    ],
)
def test_arrays_that_are_not_of_the_version_are_refused(
    source: Path, target: Registry, tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    refused(target, _other_arrays(source, change, tmp_path / "x.difreg"), DifregError)


def test_a_bundle_of_another_denoiser_is_refused(bundle: Path, tmp_path: Path) -> None:
    with difreg.open(tmp_path / "other") as registry:
        registry.init(denoiser="periodic-1")
        with pytest.raises(IncompatibleError, match="this registry of periodic-1"):
            registry.import_bundle(bundle)
        assert registry.list().generators == ()


# The file itself


def _zip(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], **options: Any) -> Path:
    """An archive whose entries are plain files unless told otherwise."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in entries:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.external_attr = info.external_attr or (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data, options.get("compression", zipfile.ZIP_STORED) if name == BLOB else None)
    return path


def _link(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


BLOB = f"blobs/{'0' * 64}.safetensors"


@pytest.mark.parametrize(
    "name",
    [
        "../../evil",
        "/etc/cron.d/evil",
        "blobs/../../x.safetensors",
        "C:\\x",
        "blobs/",
        "manifest.json ",
        "é.safetensors",
    ],
)
def test_an_entry_of_any_other_name_is_refused(bundle: Path, target: Registry, tmp_path: Path, name: str) -> None:
    path = tmp_path / "in" / "x.difreg"
    path.parent.mkdir()
    entries = [(n, d) for n, d in files(bundle).items()]
    assert "no place in a bundle" in refused(target, _zip(path, [*entries, (name, b"evil")])).message
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_links_bombs_and_doubles_are_refused(bundle: Path, target: Registry, tmp_path: Path) -> None:
    manifest, *blobs = files(bundle).items()
    path = tmp_path / "x.difreg"
    assert "is a link" in refused(target, _zip(path, [manifest, (_link(BLOB), b"/etc/passwd")])).message
    bomb = _zip(path, [manifest, (BLOB, bytes(1 << 26))], compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 1 << 20
    assert "compressed" in refused(target, bomb).message
    with pytest.warns(UserWarning, match="Duplicate"):
        _zip(path, [manifest, *blobs, blobs[0]])
    assert "twice" in refused(target, path).message
    assert "no place" in refused(target, _zip(path, [*blobs, manifest])).message
    assert "no ZIP" in refused(target, _zip(path, [])).message
    zero = b"\0" * 60
    spare = (BLOB, zero)
    assert "not those its manifest names" in refused(target, _zip(path, [manifest, *blobs, spare])).message
    assert "not those its manifest names" in refused(target, _zip(path, [manifest, *blobs[1:]])).message
    assert "its digest" in refused(target, _zip(path, [manifest, *blobs[1:], (blobs[0][0], zero)])).message


@pytest.mark.parametrize(("place", "form"), [(20, "<2L"), (42, "<L"), (8, "<H"), (12, "<H")])
def test_a_table_of_contents_that_lies_is_refused(
    bundle: Path, target: Registry, tmp_path: Path, place: int, form: str
) -> None:
    data = bytearray(bundle.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    huge = {"<2L": (0xFFFFFFF0, 0xFFFFFFF0), "<L": (7,), "<H": (9,)}[form]
    struct.pack_into(form, data, entry + place, *huge)
    (tmp_path / "x.difreg").write_bytes(data)
    if place != 12:  # the time of an entry says nothing
        refused(target, tmp_path / "x.difreg")
    else:
        assert target.import_bundle(tmp_path / "x.difreg").generators


def test_bytes_around_or_between_are_refused(bundle: Path, target: Registry, tmp_path: Path) -> None:
    data, path = bundle.read_bytes(), tmp_path / "x.difreg"
    middle = data.index(b"PK\x03\x04", 10)
    for whole in (
        b"#!/bin/sh\n" + data,
        data + b"more",
        data[:middle] + b"hidden" + data[middle:],
        data[:-1],
        b"",
        b"PK",
    ):
        path.write_bytes(whole)
        refused(target, path)


@pytest.mark.parametrize(
    ("sign", "message"), [(b"PK\x03\x04", "where its neighbour ends"), (b"PK\x01\x02", "to nothing")]
)
def test_bytes_hidden_with_every_offset_made_to_fit_are_refused(
    source: Path, target: Registry, tmp_path: Path, sign: bytes, message: str
) -> None:
    data, hidden = (source.parent / "one.difreg").read_bytes(), b"hidden"
    place = data.index(sign, 10)
    entry = data.rindex(b"PK\x01\x02")
    (begin,) = struct.unpack_from("<L", data, len(data) - 6)
    (second,) = struct.unpack_from("<L", data, entry + 42)
    made = bytearray(data[:place] + hidden + data[place:])
    struct.pack_into("<L", made, len(made) - 6, begin + len(hidden))
    struct.pack_into("<L", made, entry + len(hidden) + 42, second + len(hidden) * (second >= place))
    (tmp_path / "x.difreg").write_bytes(made)
    with zipfile.ZipFile(tmp_path / "x.difreg") as archive:
        assert archive.testzip() is None
    assert message in refused(target, tmp_path / "x.difreg").message


def test_what_is_no_file_is_refused(target: Registry, tmp_path: Path) -> None:
    refused(target, tmp_path / "nothing.difreg")
    refused(target, tmp_path)


def test_more_than_a_bundle_may_hold_is_refused(
    bundle: Path, target: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MOST_BYTES", "MOST_ENTRIES", "MOST_MANIFEST", "LIMIT"):
        with monkeypatch.context() as patched:
            patched.setattr(bundle_file, limit, 3)
            refused(target, bundle)


def _contents(registry: Registry) -> list[Any]:
    with registry._catalog.read() as tx:
        return [
            (g.name, g.observed, g.released, g.base, [(v.number, v.digest, v.created) for v in tx.versions(g.name)])
            for g in tx.generators()
        ]


def _whole_or_nothing(data: bytes, expected: Any = None) -> None:
    """Import ``data`` into a new home: refused without a trace, or sound and, where told, as expected."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.difreg"
        path.write_bytes(data)
        with difreg.open(Path(folder) / "home") as registry:
            try:
                registry.import_bundle(path)
            except DifregError:
                assert not registry.settings.home.exists()
                return
            assert expected is None or _contents(registry) == expected
            assert registry.verify().problems == ()


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@QUICK
@given(data=st.data())
def test_any_change_of_bytes_is_refused_or_changes_nothing(source: Path, data: st.DataObject) -> None:
    whole = (source.parent / "one.difreg").read_bytes()
    with difreg.open(source) as registry:
        expected = [row for row in _contents(registry) if row[0] == "anime"]
    # Half of the changes hit what is not arrays: the manifest and the tables.
    ends = st.integers(0, 2500) | st.integers(len(whole) - 200, len(whole) - 1)
    places = data.draw(st.lists(ends | st.integers(0, len(whole) - 1), min_size=1, max_size=4))
    kind = data.draw(st.sampled_from(["flip", "insert", "delete", "cut"]))
    changed = bytearray(whole)
    for place in sorted(places, reverse=True):
        if kind == "flip":
            changed[place] ^= data.draw(st.integers(1, 255))
        elif kind == "insert":
            changed[place:place] = data.draw(st.binary(min_size=1, max_size=8))
        elif kind == "delete":
            del changed[place : place + data.draw(st.integers(1, 8))]
        else:
            del changed[place:]
    _whole_or_nothing(bytes(changed), expected)


@QUICK
@given(data=st.data())
def test_any_change_of_the_manifest_is_taken_whole_or_refused(source: Path, data: st.DataObject) -> None:
    """The same where somebody made the archive's own checks fit."""
    entries = files(source.parent / "one.difreg")
    text = bytearray(entries["manifest.json"])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2) | st.just(b'"'))
    with tempfile.TemporaryDirectory() as folder:
        whole = written(Path(folder) / "x.difreg", {**entries, "manifest.json": bytes(text)}).read_bytes()
    _whole_or_nothing(whole)


# The command line


def test_the_verbs(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, home = tmp_path / "x.difreg", str(tmp_path / "home")
    assert run(["--home", str(source), "export", "bundle", "-o", str(out), "noise0", "anime"]) == 0
    assert "2 generators, 3 versions, SHA-256 " in capsys.readouterr().err
    assert run(["--home", home, "import", str(out), "--dry-run", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["dry_run"] is True
    assert run(["--home", home, "import", str(out), "--rename", "anime=theirs"]) == 0
    assert "theirs     anime" in capsys.readouterr().out
    assert run(["--home", home, "tag", "theirs", "k=v"]) == run(["--home", str(source), "list"]) == 0
    capsys.readouterr()
    for arguments in (
        ["import", str(out), "--rename", "anime"],
        ["import", str(source.parent / "broken.png")],
        ["export", "bundle", "-o", str(out), "--as", "csv"],
        ["export", "lineage", "noise0", "-o", "x.csv"],
    ):
        assert run(["--home", home, *arguments]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_dry_run_with_conflicts_says_so_by_its_exit(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(tmp_path / "home")
    assert run(["--home", home, "add", "anime", *map(str, images("noise0")), "-q"]) == 0
    assert run(["--home", home, "import", str(bundle), "--dry-run"]) == 2
    assert "conflict: anime, versions: " in capsys.readouterr().out
    assert run(["--home", home, "import", str(bundle), "--skip-existing"]) == 0
