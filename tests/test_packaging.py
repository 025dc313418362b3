"""The package is whole: every folder is declared, the wheel holds all files, and starting is cheap."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import difreg

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
HEAVY = {"torch", "scipy", "plotly", "pandas", "neo4j", "networkx", "sqlmodel", "kglite", "PIL"}


def test_every_package_is_declared() -> None:
    found = {
        ".".join((name, *init.parent.relative_to(ROOT / folder).parts))
        for name, folder in CONFIG["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(CONFIG["packages"])


def test_no_folder_is_imported_under_its_own_name() -> None:
    folders = set(CONFIG["package-dir"].values())
    assert not {name.partition(".")[0] for name in sys.modules} & folders


def test_the_wheel_holds_every_source_file(tmp_path: Path) -> None:
    pytest.importorskip("build")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = set(wheel.namelist())
    wanted = {
        "/".join([*name.split("."), *file.relative_to(ROOT / folder).parts])
        for name, folder in CONFIG["package-dir"].items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".typed", ".json", ".safetensors", ".csv", ".js", ".css", ".difreg"}
    }
    assert wanted <= inside, wanted - inside


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
