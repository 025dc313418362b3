"""The package is whole: all is declared, what is built holds every file and works elsewhere, starting is cheap."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import difreg

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
DATA = (".py", ".typed", ".json", ".safetensors", ".csv", ".js", ".css", ".difreg", ".cypher")
HEAVY = {"torch", "plotly", "pandas", "neo4j", "networkx", "sqlmodel", "kglite", "PIL"}


def test_every_package_is_declared() -> None:
    found = {
        ".".join((name, *init.parent.relative_to(ROOT / folder).parts))
        for name, folder in CONFIG["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(CONFIG["packages"])


def test_every_package_it_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(p for extra in project["optional-dependencies"].values() for p in extra)]
    declared = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in wanted}
    brought = {"sqlalchemy": "sqlmodel", "dask": "distributed", "choreographer": "kaleido"}
    called = {"PIL": "pillow", "pywt": "pywavelets", "yaml": "pyyaml"}
    sources = [p.read_text("utf-8") for folder in CONFIG["package-dir"].values() for p in (ROOT / folder).rglob("*.py")]
    found = {name.partition(".")[0] for text in sources for name in _imported(text)}
    found -= {*sys.stdlib_module_names, "difreg"}
    assert {(called | brought).get(name, name) for name in found} <= declared


def _imported(source: str) -> list[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return names + [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]


def test_no_folder_is_imported_under_its_own_name() -> None:
    folders = set(CONFIG["package-dir"].values())
    assert not {name.partition(".")[0] for name in sys.modules} & folders


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it and from nothing else.

    Nothing of earlier builds is near: setuptools would take files from the lists they left.
    """
    pytest.importorskip("build")
    folder, clean = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("clean")
    for name in CONFIG["package-dir"].values():
        shutil.copytree(ROOT / name, clean / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, clean)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(clean)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel alone, and sees what it depends on where it is installed for these tests."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    python, wheel = str(environment / "bin" / "python"), str(next(built.glob("*.whl")))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    # A folder that a .pth file names comes last on the path; .pth files in it, as editable installs', are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (packages / "scipy.py").write_text("raise ImportError('only tests and benchmarks have it')\n")
    return environment


def test_the_wheel_holds_every_source_file(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        inside = set(wheel.namelist())
    wanted = {
        "/".join([*name.split("."), *file.relative_to(ROOT / folder).parts])
        for name, folder in CONFIG["package-dir"].items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted <= inside, wanted - inside
    assert all(any(name.endswith(suffix) for name in wanted) for suffix in DATA)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)


def test_the_source_distribution_holds_the_licence_and_the_readme(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "core/py.typed"} <= inside


def test_the_wheel_works_elsewhere(installed: Path, tmp_path: Path) -> None:
    """Installed, from another folder, with an empty HOME: the starter registry, a trace, a card and a question."""
    away, home = tmp_path / "away", tmp_path / "home"
    away.mkdir()
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DIFREG_", "PYTHON"))}
    env = kept | {"HOME": str(home), "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def call(*words: str) -> str:
        done = subprocess.run(words, capture_output=True, text=True, cwd=away, env=env, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = call("python", "-c", "import difreg; print(difreg.__file__)").strip()
    assert installed in Path(where).parents
    assert call("difreg", "--version") == call("python", "-m", "difreg", "--version")
    assert "installed starter-1: 40 generators" in call("difreg", "starter", "install")
    traced = json.loads(call("difreg", "trace", str(ROOT / "demo" / "anime"), "--format", "json"))
    assert (traced["verdict"], traced["candidates"][0]["generator"][:16]) == ("kin", "w2x-upconv7art-n")
    call("difreg", "trace", str(ROOT / "demo" / "anime"), "-o", "card.html")
    assert "<html" in (away / "card.html").read_text("utf-8")
    for what in ("lineage", "tree", "matrix"):
        call("difreg", "plot", what, "-o", f"{what}.html")
    call("difreg", "query", "MATCH p = (:Generator)-[:KIN]-(:Generator) RETURN p", "-o", "answer.html")
    assert call("difreg", "query", "--list")
    assert {p.name for p in home.iterdir()} == {".difreg"}


def test_every_extra_that_a_hint_names_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sources = [p.read_text("utf-8") for folder in CONFIG["package-dir"].values() for p in (ROOT / folder).rglob("*.py")]
    named = {extra for text in sources for extra in re.findall(r"difreg\[(\w+)\]", text)}
    extras = set(project["optional-dependencies"])
    assert named <= extras == {"postgres", "s3", "ray", "dask", "static"}
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert all(f"`[{extra}]`" in page for extra in extras)


def _modules_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_import_difreg_is_cheap() -> None:
    assert not _modules_after("import difreg") & (HEAVY | {"numpy"})


def test_help_loads_nothing_heavy() -> None:
    loaded = _modules_after("from difreg.cli.main import run\nassert run(['--help']) == 0")
    assert not loaded & (HEAVY | {"numpy"})


def test_list_loads_no_engine(tmp_path: Path) -> None:
    home = str(tmp_path / "h")
    loaded = _modules_after(f"from difreg.cli.main import run\nassert run(['--home', {home!r}, 'list']) == 0")
    assert not loaded & {"torch", "plotly", "pandas", "neo4j", "kglite", "networkx"}


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = difreg.nothing  # type: ignore[attr-defined]
