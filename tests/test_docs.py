"""The documentation is true: verbs, options and links exist, and README's commands do what README shows."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import difreg
from difreg.cli import failures
from difreg.cli.main import app, run

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
FORBIDDEN = ("/tmp/", "/root/", "/home/", "\u2014")  # noqa: S108 - paths of a machine; a dash we do not use
FENCE = re.compile(r"^```([\w{}-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[<>]?-?\d*\.?\d+(?:e-?\d+)?")
GROUP: Any = typer.main.get_command(app)


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))


COMMANDS: dict[tuple[str, ...], Any] = dict(_commands(GROUP))


def _options(command: Any) -> set[str]:
    own = {o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("-")}
    return own | {"-h", "--help"}


def _fences(page: Path, *kinds: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text("utf-8")) if kind in kinds]


def _shown_commands(page: Path) -> Iterator[list[str]]:
    """Command lines of difreg in a page: lines of code blocks, and code spans."""
    text = page.read_text("utf-8")
    lines = [line.removeprefix("$ ").strip() for _, body in FENCE.findall(text) for line in body.splitlines()]
    lines += [" ".join(span.split()) for span in re.findall(r"`(difreg [^`]+)`", FENCE.sub("", text))]
    for line in lines:
        if line.startswith("difreg "):
            yield shlex.split(line, comments=True)


def test_every_verb_is_in_the_readme_and_the_reverse() -> None:
    table = README.read_text("utf-8").partition("\n## Verbs\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    assert len(told) == len(set(told))
    assert set(told) == {path[0] for path in COMMANDS}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_options_shown_exist(page: Path) -> None:
    for words in _shown_commands(page):
        if words[1] == "VERB" or words[1] in _options(GROUP):
            continue
        path = tuple(words[1:3]) if tuple(words[1:3]) in COMMANDS else tuple(words[1:2])
        assert path in COMMANDS, words
        given = {w.partition("=")[0] for w in words if re.fullmatch(r"--?[a-zA-Z][\w-]*(=.*)?", w)}
        assert given <= _options(COMMANDS[path]), words


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_options_named_in_the_text_exist(page: Path) -> None:
    known = set().union(*(_options(command) for command in (GROUP, *COMMANDS.values())))
    scripts = [*(ROOT / "benchmarks").rglob("*.py"), ROOT / "demo/make.py"]
    others = {o for s in scripts for o in re.findall(r'add_argument\(\s*"(--[\w-]+)"', s.read_text("utf-8"))} | {
        "--strict"
    }
    text = FENCE.sub("", page.read_text("utf-8"))
    named = {o for span in re.findall(r"`([^`\n]+)`", text) for o in re.findall(r"(?<![\w-])--[a-z][\w-]*", span)}
    assert named - others <= known


def test_every_dependency_has_its_row() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.split(r"[<>=~! \[]", d, maxsplit=1)[0] for d in declared}
    table = (ROOT / "docs" / "dependencies.md").read_text("utf-8").partition("\n## ")[0]
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", table, re.MULTILINE)) - {"package"} == names


def test_every_tool_of_development_is_named() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    told = (ROOT / "docs" / "dependencies.md").read_text("utf-8").partition("\n## For development\n")[2]
    rows = set(re.findall(r"^\| ([a-z0-9-]+) \|", told, re.MULTILINE)) - {"package"}
    assert rows == {re.split(r"[<>=~! \[]", d, maxsplit=1)[0] for d in groups["docs"]}
    assert set(re.findall(r"`([\w-]+)`", told.partition("\n| ")[0])) - {"dev", "docs"} == {
        re.split(r"[<>=~! \[]", d, maxsplit=1)[0] for d in groups["dev"]
    } - {"psycopg"}


def test_every_exit_code_and_variable_is_documented_and_the_reverse() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == {
        failures.DONE,
        failures.FINDING,
        failures.REFUSED,
        failures.INTERRUPTED,
    }
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-dir"].values()
    code = "\n".join(file.read_text("utf-8") for folder in folders for file in (ROOT / folder).rglob("*.py"))
    read = set(re.findall(r"DIFREG_[A-Z_]+", code))
    assert set(re.findall(r"DIFREG_[A-Z_]+", page)) == read
    told = {v for page in PAGES for v in re.findall(r"DIFREG_[A-Z_]+", page.read_text("utf-8"))}
    assert {v for v in told if not v.startswith("DIFREG_TEST_")} == read


def test_the_page_of_all_commands_is_what_the_code_says() -> None:
    path = ROOT / "docs" / "reference.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    page = reference.page()
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == page, "run make reference"
    sections = dict(re.findall(r"^## difreg ([\w -]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert set(sections) == {" ".join(path) for path in COMMANDS}
    common = _written(page.partition("\n## Options of every verb\n")[2].partition("\n## ")[0])
    for path, command in COMMANDS.items():
        shown = {o for p in command.params if not getattr(p, "hidden", False) for o in (*p.opts, *p.secondary_opts)}
        told = _written(sections[" ".join(path)])
        assert {o for o in shown if o.startswith("-")} - common == told - common, path


def _written(section: str) -> set[str]:
    """Options in the first column of a page's tables."""
    cells = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"(?<!\S)--?[a-zA-Z][\w-]*", re.sub(r"[,/]", " ", cell))}


def test_every_answer_is_in_the_page_of_python() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    modules = {f.stem for f in (ROOT / "lineage" / "answers").glob("*.py")} - {"__init__"}
    assert set(re.findall(r"automodule:: difreg\.lineage\.answers\.(\w+)", page)) == modules


def test_what_is_said_of_the_release_agrees() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == difreg.__version__
    (newest, *_) = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest == difreg.__version__
    paper = citation["references"][0]
    shown = " ".join(README.read_text("utf-8").split())
    assert paper["title"] in shown
    assert all(f"{a['family-names']}, {a['given-names']}" in shown for a in paper["authors"])


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert ROOT in file.parents, target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text("utf-8")), re.MULTILINE)
            assert anchor in {_slug(h) for h in headings}, target


def test_no_page_is_out_of_reach() -> None:
    index = ROOT / "docs" / "index.md"
    assert "(docs/index.md)" in README.read_text("utf-8")
    pages = {page.name for page in PAGES} - {README.name, index.name}
    assert set(re.findall(r"\(([\w-]+\.md)\)", index.read_text("utf-8"))) == pages
    trees = [
        line for body in _fences(index, "{toctree}") for line in body.splitlines() if re.fullmatch(r"[\w-]+", line)
    ]
    assert sorted(f"{name}.md" for name in trees) == sorted(pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_forbidden_words(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not [word for word in FORBIDDEN if word in text]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.png")), ids=lambda p: p.name)
def test_pictures_are_small(picture: Path) -> None:
    assert picture.stat().st_size <= 250_000


def _steps(block: str) -> Iterator[tuple[list[str], str, int]]:
    """Commands of a console block with the output shown, and the status a following ``echo $?`` shows."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        command, _, output = part.partition("\n")
        if command != "echo $?":
            status = int(following.split("\n")[1]) if following.startswith("echo $?\n") else 0
            yield shlex.split(command), output, status


def _told(text: str) -> list[str]:
    """Words of an output, numbers masked: last digits may differ from machine to machine."""
    return NUMBER.sub("#", text).split()


WITHOUT = ROOT / "docs" / "midjourney.md"  # its images are not ours to ship
CONSOLES = [page for page in PAGES if _fences(page, "console") and page != WITHOUT]


@pytest.mark.parametrize("page", CONSOLES, ids=lambda p: p.name)
def test_commands_do_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    (tmp_path / "demo").symlink_to(ROOT / "demo", target_is_directory=True)
    blocks = _fences(page, "console")
    assert blocks
    for words, shown, status in (step for block in blocks for step in _steps(block)):
        assert words[0] == "difreg"
        assert run(words[1:]) == status, words
        said = capsys.readouterr()
        assert _told(said.out + said.err) == _told(shown), words


def test_the_readme_is_run() -> None:
    assert README in CONSOLES
    assert sum(block.count("$ difreg ") for block in _fences(README, "console")) >= 6


@pytest.mark.parametrize("page", [page for page in PAGES if _fences(page, "python")], ids=lambda p: p.name)
def test_the_python_shown_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").symlink_to(ROOT / "demo", target_is_directory=True)
    for block in _fences(page, "python"):
        exec(compile(block, page.name, "exec"), {})  # noqa: S102 - our own documentation
        shown = re.findall(r"print\(.*\)  # (.+)", block)
        assert _told(capsys.readouterr().out) == _told(" ".join(shown))
