"""The command line as scripts see it: help, exit codes, streams, JSON, on a small registry of made images."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from PIL import Image

from difreg.cli.main import PLOTS, VERBS, run
from difreg.lineage import answers
from difreg.lineage.answers import Answer

HEAVY = ("torch", "numpy", "plotly", "pandas", "neo4j", "sqlmodel", "sqlalchemy", "PIL", "networkx", "kglite")
HOSTILE = "a\x1b[31m\x07\u202e[red]b"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Bench:
    """A registry of three generators, made once: a and b share a pattern, c has its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root / "home"
        for seed, (folder, pattern) in enumerate({"a": 1, "b": 1, "c": 2}.items()):
            make_images(root / "generators" / folder, pattern, seed)
        make_images(root / "unknown", 1, 9)
        (root / "unknown" / "broken.png").write_bytes(b"no image")
        for seed, folder in enumerate(("x", "y"), 20):
            make_images(root / "few" / folder, 1, seed, count=3)
        (root / "facts.csv").write_text("name,released,parent\na,2022-08,none\nb,2022-09,a\n")


def make_images(folder: Path, pattern: int, seed: int, count: int = 12) -> None:
    """PNGs of smooth noise with a 16-periodic pattern."""
    folder.mkdir(parents=True)
    tile = np.random.default_rng(1000 + pattern).normal(0, 5, (16, 16, 3))
    rng = np.random.default_rng(seed)
    for number in range(count):
        coarse = rng.normal(128, 30, (8, 8, 3)).clip(0, 255).astype(np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC), dtype=float)
        noisy = smooth + rng.normal(0, 2, smooth.shape) + np.tile(tile, (16, 16, 1))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("cli"))
    each, facts = str(bench.root / "generators"), str(bench.root / "facts.csv")
    assert run(["--home", str(bench.home), "add", "--each", each, "--metadata", facts, "-q"]) == 0
    sketch = str(bench.root / "unknown.sketch")
    assert run(["sketch", str(bench.root / "unknown"), "-o", sketch, "--home", str(bench.home), "-q"]) == 0
    return bench


@pytest.fixture
def difreg(bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a verb in this process on the bench's registry."""
    monkeypatch.setenv("DIFREG_HOME", str(bench.home))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(bench.root)
    capsys.readouterr()

    def call(*arguments: str) -> Outcome:
        code = run([str(bench.root / "few") if argument == "few" else argument for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return call


def spawn(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "difreg", *arguments], capture_output=True, text=True, **options)


# Help


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom difreg.cli.main import run\n"
        "assert run(['--help']) == 0 and run(['trace', '--help']) == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


PAGES = (
    [(v.name,) for v in VERBS]
    + [("plot", v.name) for v in PLOTS]
    + [
        ("graph", "sync"),
        ("graph", "status"),
        ("background", "show"),
        ("background", "build"),
        ("lab", "blank"),
    ]
)


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_verb_has_help_with_an_example(
    path: tuple[str, ...], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path, flag]) == 0
    out = capsys.readouterr().out
    assert f"Usage: difreg {' '.join(path)}" in out
    assert f"    difreg {' '.join(path)}" in out.partition("Examples:")[2]
    assert all(option in out for option in ("--home", "--format", "--quiet", "-o"))
    assert "--traceback" not in out


def test_the_front_page_groups_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for heading, verb in (("Fingerprints:", "add"), ("Lineage:", "trace"), ("The registry's life:", "background")):
        assert f"  {verb} " in out.partition(heading)[2].partition("\n\n")[0]
    assert all(f"\n  {verb.name} " in out for verb in VERBS)
    assert run([]) == 2
    assert capsys.readouterr().out.splitlines() == out.splitlines()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from difreg.lineage import starter
    from difreg.registry import background, denoisers

    assert run(["--version"]) == 0
    first, *others, last = capsys.readouterr().out.splitlines()
    assert last == f"starter registry {starter.NAME}"
    assert first.startswith("difreg 0.")
    assert others == [
        f"denoiser {name} with {background.get(name).name}" + (", the default" if name == denoisers.DEFAULT else "")
        for name in denoisers.names()
    ]


@pytest.mark.parametrize("group", ["graph", "background", "families", "plot"])
def test_a_group_of_verbs_has_examples(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group, "-h"]) == 0
    assert f"    difreg {group} " in capsys.readouterr().out.partition("Examples:")[2]


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trce"], "Did you mean 'trace'? See 'difreg --help'."),
        (["trace", "--bogus"], "See 'difreg trace --help'."),
        (["compare", "a"], "Missing argument 'B'"),
        (["add"], "Give a NAME and IMAGES, or --each DIR."),
        (["add", "--each", "generators", "--note", "x"], "--metadata CSV"),
        (["add", "x", "generators/a", "--tag", "k"], "Write key=value."),
        (["add", "x", "generators/a", "--released", "soon"], "2022-08-22"),
        (["add", "x", "generators/a", "--base", "--parent", "a"], "not both"),
        (["add", "x", "generators/a", "--parent", "a:aunt"], "fine-tune"),
        (["add", "x", "nowhere"], "nowhere"),
        (["trace"], "either IMAGES or --each DIR"),
        (["trace", "unknown", "--prior", "0"], "--prior 0 "),
        (["trace", "unknown", "--prior", "nan"], "--prior nan "),
        (["trace", "unknown", "--exclude", "nobody"], "nobody"),
        (["list", "--format", "xml"], "'table', 'json', 'csv'"),
        (["list", "-o", "x.pdf"], ".json, .csv or .txt"),
        (["list", "-o", "x.csv", "--format", "json"], "Leave out --format"),
        (["show", "nobody"], "nobody"),
        (["trace", "unknown", "--jobs", "-1"], "Invalid value for '--jobs'"),
        (["list", "--jobs", "2"], "No such option: --jobs"),
        (["remove", "nobody"], "nobody"),
        (["show", "a:2"], "It has version 1."),
        (["show", "a:v1"], "Write a:1,"),
        (["show", "a@prod"], "difreg alias a:1 prod"),
        (["show", "a", "--at", "soon"], "2026-01-01"),
        (["show", "a", "--at", "2001"], "first known at"),
        (["compare", "a:2", "b"], "no version 2"),
        (["trace", "unknown.sketch", "--exclude", "a:1"], "Write a."),
        (["remove", "a", "--purge"], "declared parent of b"),
        (["remove", "a", "--purge", "--dry-run"], "declared parent of b"),
        (["alias", "a", "latest"], "reads as a version"),
        (["alias", "a", "x\x1b"], "cannot be a version's alias"),
        (["alias", "--remove", "a", "prod"], "no alias 'prod'"),
        (["tag", "a"], "--remove KEY"),
        (["tag", "a", "k"], "key=value"),
        (["tag", "a", "k=\x07"], "control or invisible"),
        (["tag", "a", "k=1", "--remove", "k"], "both given and removed"),
        (["rename", "a", "b"], "another generator"),
        (["rename", "nobody", "x"], "nobody"),
        (["history", "nobody"], "Nothing was ever called 'nobody'"),
        (["drift", "a"], "has one version"),
        (["add", "new", "unknown.sketch", "--append"], "Leave out --append"),
        (["add", "x", "unknown.sketch", "--card", "facts.csv"], "no front matter"),
        (["add", "--each", "generators", "--append"], "--metadata CSV"),
    ],
)
def test_an_error_is_one_line_with_the_fix(difreg: Any, arguments: list[str], message: str) -> None:
    code, out, err = difreg(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", HOSTILE, "generators/a"],
        ["show", HOSTILE],
        [HOSTILE],
        ["trace", HOSTILE],
        ["trace", f"--{HOSTILE}"],
        ["list", "-o", HOSTILE],
    ],
    ids=["add", "show", "verb", "image", "option", "output"],
)
def test_hostile_names_are_refused_without_an_escape(difreg: Any, arguments: list[str]) -> None:
    code, out, err = difreg(*arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert not set("\x1b\x07\u202e") & set(out + err)


def test_an_unexpected_error_is_one_line_or_a_traceback(monkeypatch: pytest.MonkeyPatch, difreg: Any) -> None:
    import difreg.lineage.api as api

    def broken(*_: object, **__: object) -> None:
        raise ValueError("two\nlines\x1b[31m")

    monkeypatch.setattr(api.Registry, "list", broken)
    code, out, err = difreg("list")
    assert (code, out) == (2, "")
    assert err == "error: ValueError: two lines\\x1b[31m (run again with --traceback for the details)\n"
    for arguments in (["list", "--traceback"], ["--traceback", "list"]):
        with pytest.raises(ValueError, match="two"):
            difreg(*arguments)


def test_an_interrupt_says_that_nothing_is_half_written(monkeypatch: pytest.MonkeyPatch, difreg: Any) -> None:
    import difreg.lineage.api as api

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api.Registry, "list", interrupted)
    assert difreg("list") == (130, "", "interrupted; nothing half-written\n")


# Answers


def fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value has the shape of a dataclass field's type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return any(fits(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
    if is_dataclass(hint):
        names = {f.name for f in fields(hint)} - ({"provenance"} if issubclass(hint, Answer) else set())  # type: ignore[arg-type]
        hints = get_type_hints(hint)
        return isinstance(value, dict) and set(value) == names and all(fits(value[n], hints[n]) for n in names)
    if hint is float:
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return value is None if hint is type(None) else isinstance(value, str if hint.__name__ == "datetime" else hint)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["init"], answers.Initialised),
        (["add", "a", "unknown.sketch", "--home", "other"], answers.Added),
        (["add", "--each", "few", "--home", "other"], answers.AddedEach),
        (["list"], answers.Listing),
        (["show", "a"], answers.Shown),
        (["compare", "a", "b"], answers.Compared),
        (["families"], answers.Families),
        (["trace", "unknown.sketch"], answers.Traced),
        (["trace", "unknown.sketch", "--search-phase"], answers.Traced),
        (["detect", "unknown.sketch", "--search-phase"], answers.Detected),
        (["trace", "--each", "few", "--exclude", "a"], answers.TracedEach),
        (["sketch", "few/x", "-o", "x.sketch"], answers.Sketched),
        (["background", "show"], answers.BackgroundShown),
        (["show", "a:1", "--at", "2999"], answers.Shown),
        (["history"], answers.Recorded),
        (["history", "a"], answers.Recorded),
        (["alias", "a:1", "prod"], answers.Aliased),
        (["tag", "a", "k=v"], answers.Tagged),
        (["remove", "c", "--purge", "--dry-run"], answers.Removed),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_an_answer_in_json_csv_and_text(difreg: Any, arguments: list[str], kind: type[Answer]) -> None:
    code, out, _ = difreg(*arguments, "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert (document.pop("schema"), document.pop("schema_version")) == (kind.schema, 1)
    assert fits(document.pop("provenance"), answers.Provenance)
    assert fits(document, kind)
    code, out, _ = difreg(*arguments, "--format", "csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(set(rows[0])) == len(rows[0])
    code, out, _ = difreg(*arguments)
    assert code == 0
    assert out.strip()
    assert "\x1b" not in out


def test_the_seed_and_the_options_reach_the_library(difreg: Any) -> None:
    options = ("--prior", ".25", "--seed", "7", "--exclude", "a", "--exclude", "c")
    document = json.loads(difreg("trace", "unknown.sketch", *options, "--format", "json").out)
    assert document["provenance"]["prior"] == 0.25
    assert document["provenance"]["seed"] == 7
    assert {c["generator"] for c in document["candidates"]} <= {"b"}


def test_metadata_of_the_csv_is_kept_and_options_override_it(difreg: Any, bench: Bench, tmp_path: Path) -> None:
    shown = json.loads(difreg("show", "b", "--format", "json").out)["generator"]
    assert (shown["released"], [p["name"] for p in shown["parents"]]) == ("2022-09", ["a"])
    given = (
        "--metadata",
        "facts.csv",
        "--released",
        "2023",
        "--tag",
        "k=v=w",
        "--note",
        "[red]n",
        "--home",
        str(tmp_path),
    )
    assert difreg("add", "b", "unknown.sketch", *given).code == 0
    there = json.loads(difreg("show", "b", "--format", "json", "--home", str(tmp_path)).out)["generator"]
    assert (there["released"], there["tags"], there["notes"]) == ("2023", {"k": "v=w"}, "[red]n")
    assert [p["name"] for p in there["parents"]] == ["a"]
    assert "[red]n" in difreg("show", "b", "--home", str(tmp_path)).out


def test_a_life_of_names(difreg: Any, tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    for arguments, told in (
        (["add", "a", "unknown.sketch"], "added a version 1"),
        (["add", "a", "few/x", "--append"], "added a version 2: 15 images"),
        (["alias", "a:1", "prod"], "a@prod is version 1"),
        (["alias", "a", "prod"], "a@prod is version 2, it was 1"),
        (["tag", "a", "k=[red]v"], "a has 1 tag"),
        (["rename", "a", "b"], "a is now b"),
        (["show", "b@prod"], "prod"),
        (["show", "b:1", "--at", "2999"], "as it stood at 2999-12-31 23:59:59 UTC"),
        (["history", "b"], "prod: version 2, was 1"),
        (["remove", "b", "--dry-run"], "would remove b (2 versions)"),
        (["alias", "--remove", "b", "prod"], "removed b@prod, which was version 2"),
        (["remove", "b", "--purge"], "purged b (2 versions, 2 arrays)"),
        (["history"], "purged: 2 versions"),
    ):
        code, out, err = difreg(*arguments, *home, "-q")
        assert (code, err) == (0, ""), arguments
        assert told in out
    assert not list(tmp_path.rglob("*.safetensors"))


def test_home_before_and_after_the_verb(difreg: Any, tmp_path: Path) -> None:
    def listed(*arguments: str) -> list[str]:
        return [g["name"] for g in json.loads(difreg(*arguments, "--format", "json").out)["generators"]]

    empty, full = str(tmp_path / "empty"), os.environ["DIFREG_HOME"]
    assert difreg("init", "--home", empty).code == 0
    assert listed("list") == ["a", "b", "c"]
    assert listed("--home", empty, "list") == []
    assert listed("list", "--home", empty) == []
    assert listed("--home", empty, "list", "--home", full) == ["a", "b", "c"]


def test_output_goes_to_the_file_in_the_form_of_its_suffix(difreg: Any, tmp_path: Path) -> None:
    for suffix, start in (
        (".json", '{\n  "schema": "difreg/list"'),
        (".csv", "name,version,"),
        (".txt", "3 generators"),
    ):
        file = tmp_path / "deep" / f"out{suffix}"
        code, out, err = difreg("list", "-o", str(file))
        assert (code, out) == (0, "")
        assert err == f"wrote {file}\n"
        assert file.read_text().startswith(start)


def test_skipped_images_are_named_on_stderr_and_quiet_hides_them(difreg: Any) -> None:
    code, out, err = difreg("trace", "unknown")
    assert code == 0
    [line] = [line for line in err.splitlines() if line.startswith("skipped ")]
    assert "broken.png: " in line
    assert "skipped" not in out
    assert difreg("trace", "unknown", "-q").err == ""
    assert difreg("-q", "trace", "unknown").err == ""


def test_verbose_says_what_is_opened_and_how_it_goes_on(difreg: Any, bench: Bench, tmp_path: Path) -> None:
    output = ("-o", str(tmp_path / "x.sketch"))
    for arguments in (
        ("sketch", "few/x", *output, "-v", "-j", "2"),
        ("--verbose", "sketch", "few/x", *output, "-j", "2"),
    ):
        first, second, *steps = difreg(*arguments).err.splitlines()
        assert first.startswith(f"home {bench.home}, catalogue {bench.home}")
        assert second == "2 workers, by processes of this machine"
        assert steps[-1].startswith("denoising: 3 of 3, ")
    assert difreg("list", "-v", "-q").err == ""


def test_paths_from_standard_input(difreg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(map(str, Path("unknown").glob("0*.png")))
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(paths) + "\n\n"))
    document = json.loads(difreg("trace", "-", "--format", "json").out)
    assert document["images"]["used"] == len(paths) == 10
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert "no paths" in difreg("trace", "-").err


def test_fail_on_none(difreg: Any, bench: Bench) -> None:
    excluded = ("--exclude", "a", "--exclude", "b")
    verdict = json.loads(difreg("trace", "unknown.sketch", *excluded, "--format", "json").out)["verdict"]
    assert verdict == "none"
    assert difreg("trace", "unknown.sketch", *excluded).code == 0
    assert difreg("trace", "unknown.sketch", *excluded, "--fail-on", "none").code == 1
    assert difreg("trace", "unknown.sketch", "--fail-on", "none").code == 0
    assert difreg("trace", "--each", "few", *excluded, "--fail-on", "none").code == 1


def test_each_without_a_generator_that_worked_is_refused(difreg: Any, tmp_path: Path) -> None:
    (tmp_path / "each" / "bad").mkdir(parents=True)
    (tmp_path / "each" / "bad" / "x.png").write_bytes(b"no image")
    arguments = ("add", "--each", str(tmp_path / "each"), "--home", str(tmp_path / "home"))
    code, out, err = difreg(*arguments)
    assert code == 2
    assert "failed bad: " in out
    assert "failed bad: " not in err
    assert "failed bad: " in difreg(*arguments, "--format", "csv").err
    assert difreg("trace", "--each", str(tmp_path / "each")).code == 2


def test_remove_asks_at_a_terminal_only(difreg: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    home = ("--home", str(tmp_path))
    assert difreg("add", "x", "unknown.sketch", *home).code == 0
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    code, out, err = difreg("remove", "x", *home)
    assert (code, out) == (2, "")
    assert "Nothing was removed" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert difreg("remove", "x", *home).out.startswith("removed x")
    assert json.loads(difreg("list", "--format", "json", *home).out)["generators"] == []


# Terminals and pipes


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_at_a_terminal_unless_no_color(bench: Bench, environment: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    base = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "TERM"}}
    env = {**base, "TERM": "xterm", "DIFREG_HOME": str(bench.home), **environment}
    child = subprocess.Popen([sys.executable, "-m", "difreg", "list"], stdout=theirs, stderr=subprocess.PIPE, env=env)
    _, err = child.communicate(timeout=60)
    os.close(theirs)
    out = os.read(ours, 65536).decode()
    os.close(ours)
    assert child.returncode == 0, err
    assert "3 generators" in out
    assert ("\x1b[" in out) is coloured


def test_a_closed_pipe_is_quiet(bench: Bench) -> None:
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "DIFREG_HOME": str(bench.home)}
    done = subprocess.run([sys.executable, "-m", "difreg", "list"], stdout=write, stderr=subprocess.PIPE, env=env)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_completion_knows_the_verbs() -> None:
    env = {**os.environ, "_DIFREG_COMPLETE": "complete_bash", "COMP_WORDS": "difreg tr", "COMP_CWORD": "1"}
    assert spawn(env=env).stdout.split() == ["trace"]


def test_any_name_is_printable_in_any_locale(bench: Bench, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert (
        spawn("add", "é中", str(bench.root / "unknown.sketch"), "--home", str(tmp_path), "-q", env=env).returncode == 0
    )
    done = spawn("list", "--home", str(tmp_path), "--format", "json", env=env)
    assert json.loads(done.stdout)["generators"][0]["name"] == "é中"
    assert "\\xe9" in spawn("list", "--home", str(tmp_path), env=env).stdout
