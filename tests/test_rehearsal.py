"""``--dry-run``: what would be done is told as the doing tells it, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sketching import sketch_file

from difreg.cli.main import run

DEMO = Path(__file__).parent.parent / "demo"
Ask = Callable[..., dict[str, Any]]


def contents(folder: Path) -> dict[str, str]:
    """Every file below ``folder`` with the digest of its bytes."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture
def ask(home: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """A verb's answer, without what no two runs share; it must end with 0."""

    def call(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*arguments, "--format", "json", "-q"]) == 0
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        for part in (answer, answer.get("starter"), *answer.get("generators", ())):
            for fleeting in ("seconds", "provenance"):
                if isinstance(part, dict):
                    part.pop(fleeting, None)
        return answer

    return call


@pytest.fixture
def filled(ask: Ask, tmp_path: Path) -> Ask:
    ask("add", "a", str(sketch_file(tmp_path, 1)))
    ask("add", "child", str(sketch_file(tmp_path, 2)), "--parent", "a")
    ask("add", "twin", str(sketch_file(tmp_path, 1, seed=9)))
    return ask


def undone(answer: dict[str, Any]) -> dict[str, Any]:
    """``answer`` as it is where nothing is a dry run."""
    parts = [{**g, "dry_run": False} if "dry_run" in g else g for g in answer.get("generators", ())]
    whole = {**answer, "dry_run": False} | ({"generators": parts} if parts else {})
    inner = answer.get("starter")
    return whole | {"starter": undone(inner)} if isinstance(inner, dict) else whole


@pytest.mark.parametrize(
    "command",
    [
        ("add", "a", "1-5-0-12.sketch", "--append"),
        ("add", "a", "1-0-0-12.sketch", "--note", "of the same images"),
        ("add", "kin", "1-5-0-12.sketch", "--parent", "a", "--tag", "k=v"),
        ("add", "--each", "each"),
        ("rename", "a", "b"),
        ("alias", "a:1", "prod"),
        ("alias", "--remove", "child", "old"),
        ("tag", "a", "k=v"),
        ("starter", "install"),
        ("init", "--starter"),
        ("import-dif", "chk_0.pt", "--name", "paper", "--assume-denoiser", "wavelet-1"),
        ("families", "rename", "family-1", "The first"),
        ("families", "rename", "family-1", ""),
        ("graph", "sync"),
        ("graph", "sync", "--rebuild"),
    ],
    ids=" ".join,
)
def test_it_tells_what_the_doing_tells_and_writes_nothing(
    filled: Ask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    sketch_file(tmp_path, 1, seed=5)
    for first, name in enumerate(("one", "two")):
        (tmp_path / "each" / name).mkdir(parents=True)
        for image in sorted((DEMO / "noise0").glob("*.webp"))[4 * first :][:4]:
            shutil.copy(image, tmp_path / "each" / name)
    filled("alias", "child", "old")
    filled("families", "rename", "family-1", "Old title")
    curves = {"Train Real": [0.01] * 30, "Train Fake": [0.4] * 30, "Loss": [0.1] * 30}
    array = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 3, 256, 256)).astype(np.float32))
    torch.save({"Fingerprint": array, **curves}, tmp_path / "chk_0.pt")
    before, digest = contents(home), filled("list")
    told = filled(*command, "--dry-run")
    assert contents(home) == before
    assert filled("list") == digest
    assert told["dry_run"] is True
    assert filled(*command) == undone(told)
    assert contents(home) != before


@pytest.mark.parametrize(
    "command",
    [("add", "a", "1-0-0-12.sketch"), ("starter", "install"), ("init",), ("init", "--starter"), ("graph", "sync")],
    ids=" ".join,
)
def test_no_home_is_made(
    ask: Ask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    sketch_file(tmp_path, 1)
    assert ask(*command, "--dry-run")["dry_run"]
    assert not home.exists()


@pytest.mark.parametrize(
    "command",
    [
        ("rename", "a", "child"),
        ("tag", "nobody", "k=v"),
        ("alias", "a:7", "prod"),
        ("families", "rename", "family-9", "x"),
        ("import-dif", "none", "--name", "x"),
        ("init", "--denoiser", "periodic-1"),
    ],
)
def test_what_would_be_refused_is(filled: Ask, home: Path, command: tuple[str, ...]) -> None:
    before = contents(home)
    assert run([*command, "--dry-run"]) == run([*command]) == 2
    assert contents(home) == before


def test_people_are_told_that_nothing_was_done(filled: Ask, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    more = str(sketch_file(tmp_path, 3))
    for command, said in (
        (("add", "c", more), "would add c version 1"),
        (("rename", "a", "b"), "a would be b"),
        (("alias", "a", "prod"), "a@prod would be version 1"),
        (("tag", "a", "k=v"), "a would have 1 tag"),
        (("starter", "install"), "would install starter-1: 40 generators"),
        (("families", "rename", "family-1", "T"), "family-1 would be titled T"),
        (("families", "rename", "family-1", ""), "family-1 would have no title"),
    ):
        capsys.readouterr()
        assert run([*command, "--dry-run"]) == 0
        assert capsys.readouterr().out.startswith(said)


def test_a_registry_goes_on_after_a_rehearsal(home: Path, tmp_path: Path) -> None:
    import difreg

    with difreg.open(home) as registry:
        assert registry.add("a", [sketch_file(tmp_path, 1)], dry_run=True).version == 1
        assert registry.list().generators == ()
        assert registry.add("a", [sketch_file(tmp_path, 1)]).created
        assert [g.name for g in registry.list().generators] == ["a"]
        assert registry.verify().sound
