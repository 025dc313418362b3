"""Model cards: what their front matter declares, and hostile ones refused in a line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketching import sketch_file

import difreg
from difreg.cli.main import run
from difreg.errors import InputError
from difreg.registry.cards import MAX_CARD, MAX_FRONT, read_card
from difreg.registry.metadata import DeclaredParent, Metadata


def card(tmp_path: Path, front: str, body: str = "# A model\n") -> Path:
    path = tmp_path / "README.md"
    path.write_bytes(f"---\n{front}\n---\n{body}".encode())
    return path


def parents(tmp_path: Path, front: str) -> list[tuple[str, str, str | None]]:
    return [(p.name, p.relation, p.source) for p in read_card(card(tmp_path, front)).parents]


def test_a_card_as_the_hub_has_them(tmp_path: Path) -> None:
    front = """\
license: creativeml-openrail-m
base_model: runwayml/stable-diffusion-v1-5   # the one of 2022
base_model_relation: finetune
tags:
- text-to-image
- base_model:adapter:other/thing
widget:
- text: "a cat: sitting"
  output: {url: images/0.png}
model-index: [{name: x, results: []}]
date: 2023-01-01
thumbnail: |
  several
  lines"""
    found = read_card(card(tmp_path, front))
    parent = DeclaredParent("stable-diffusion-v1-5", "fine-tune", "model card: runwayml/stable-diffusion-v1-5")
    assert found == Metadata(parents=(parent,), licence="creativeml-openrail-m")


@pytest.mark.parametrize(
    ("word", "relation"),
    [("finetune", "fine-tune"), ("adapter", "adapter"), ("merge", "merge"), ("quantized", "quantised")],
)
def test_every_relation(tmp_path: Path, word: str, relation: str) -> None:
    front = f"base_model: a/b\nbase_model_relation: {word}"
    assert parents(tmp_path, front) == [("b", relation, "model card: a/b")]


def test_several_base_models_in_their_order(tmp_path: Path) -> None:
    front = "base_model:\n- x/one\n- 'y/two'\n- z/one\n- three/\nbase_model_relation: merge"
    names = [(name, source) for name, _, source in parents(tmp_path, front)]
    assert names == [("one", "model card: x/one"), ("two", "model card: y/two"), ("three", "model card: three/")]


def test_without_a_relation_it_is_unknown(tmp_path: Path) -> None:
    assert parents(tmp_path, "base_model: [a/b]") == [("b", "unknown", "model card: a/b")]


@pytest.mark.parametrize(
    "front",
    [
        "title: x",
        "base_model:\nlicense:",
        "base_model: []",
        "base_model: null",
        "x: !!python/object/apply:os.system [ls]",
    ],
)
def test_nothing_declared(tmp_path: Path, front: str) -> None:
    assert read_card(card(tmp_path, front)) == Metadata()


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: mit", "mit"),
        ("license: [mit, apache-2.0]", "mit, apache-2.0"),
        ("license: other\nlicense_name: flux-1-dev", "flux-1-dev"),
        ("license: other", "other"),
        ("license: no", "no"),
        ("license: 1.0", "1.0"),
    ],
)
def test_licences(tmp_path: Path, front: str, licence: str) -> None:
    assert read_card(card(tmp_path, front)).licence == licence


def test_windows_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes("\ufeff---\r\nlicense: mit\r\n---\r\nbody".encode())
    assert read_card(path).licence == "mit"


MERGED = "\n".join(["a0: &a0 {k: v}", *(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 40))])
DOUBLED = "\n".join(["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))])


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("base_model: {a: b}", "neither text nor a list"),
        ("base_model: [[a]]", "neither text nor a list"),
        ("base_model: &x [*x]", "not sound YAML"),
        (f"{DOUBLED}\nbase_model: *a59", "neither text nor a list"),
        (f"base_model: {'x' * 201}", "neither text nor a list"),
        (f"base_model: [{', '.join(['x'] * 33)}]", "neither text nor a list"),
        ("base_model: ../../etc/..", "begins with '.'"),
        ("base_model: a/-x", "begins with '-'"),
        ('base_model: "a/\\e[31m"', "control or invisible"),
        ("base_model: a/b\nbase_model_relation: cousin", "'cousin'"),
        ("base_model: a/b\nbase_model_relation: [merge, adapter]", "more than one"),
        ("- a\n- b", "no keys"),
        ("just text", "no keys"),
        ("a: [", "not sound YAML (line"),
        ("a: b: c", "not sound YAML (line 2)"),
        ("? [a, b]\n: c\n? {d: e}\n: f", "not sound YAML"),
        ("a: &b *c", "not sound YAML"),
        ("a: \x01", "not sound YAML"),
        ("[" * 30_000, "not sound YAML"),
        ("{a: " * 15_000, "not sound YAML"),
        (f"a: {'x' * MAX_FRONT}", "longer than"),
    ],
    ids=range(21),
)
def test_hostile_cards_are_refused_in_a_line(tmp_path: Path, front: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read_card(card(tmp_path, front))
    assert told in caught.value.message
    assert len(caught.value.message) < 250
    assert not {"\n", "\x1b"} & set(caught.value.message)
    assert caught.value.hint


def test_merge_keys_do_not_multiply(tmp_path: Path) -> None:
    assert read_card(card(tmp_path, f"{MERGED}\nlicense: mit")).licence == "mit"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"# A model\n", "no front matter"),
        (b"", "no front matter"),
        (b"---\nlicense: mit\n", "no front matter"),
        (b"---\nlicense: \xff\n---\n", "not UTF-8"),
        (b"---\nlicense: mit\n---\n" + b"x" * MAX_CARD, "larger than"),
    ],
)
def test_what_is_no_card(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "README.md").write_bytes(data)
    with pytest.raises(InputError, match=told):
        read_card(tmp_path / "README.md")


def test_no_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, told in (("none", "cannot be read"), ("", "not a regular file"), ("pipe", "not a regular file")):
        with pytest.raises(InputError, match=told):
            read_card(tmp_path / name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    try:
        read_card(card(tmp_path, text.encode("utf-8", "replace").decode()))
    except InputError as error:
        told = error.message
    else:
        told = ""
    assert "\n" not in told


def test_options_override_the_card_and_the_card_the_csv(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sketch = str(sketch_file(tmp_path, 1))
    path = str(card(tmp_path, "base_model: a/b\nbase_model_relation: adapter\nlicense: mit"))
    (tmp_path / "facts.csv").write_text("name,parent,license,released,url\nx,c,gpl,2022,https://x.org\ny,c,gpl,2022,\n")
    facts = ["--metadata", str(tmp_path / "facts.csv"), "--card", path, "-q"]
    assert run(["add", "x", sketch, *facts]) == 0
    assert run(["add", "y", sketch, *facts, "--parent", "own:merge", "--licence", "cc0"]) == 0
    assert run(["add", "b", sketch, "--card", path]) == 2
    assert "its own parent" in capsys.readouterr().err
    with difreg.open() as registry:
        x, y = (registry.show(name).generator for name in "xy")
        assert "b" in {g.name for g in registry.list().generators if not g.observed}
    assert ([(p.name, p.relation) for p in x.parents], x.licence, x.released) == ([("b", "adapter")], "mit", "2022")
    assert (x.url, [p.source for p in x.parents]) == ("https://x.org", ["model card: a/b"])
    assert ([(p.name, p.relation) for p in y.parents], y.licence) == ([("own", "merge")], "cc0")


def test_no_card_for_many(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "--each", str(tmp_path), "--card", str(card(tmp_path, "license: mit"))]) == 2
    assert "--metadata CSV" in capsys.readouterr().err


def test_the_parser_is_loaded_for_cards_alone() -> None:
    import subprocess
    import sys

    code = "import sys, difreg.lineage.api, difreg.registry.cards; print('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
