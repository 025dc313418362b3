"""The shell's completion of generators' names, as the shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sketching import sketch_file

import difreg


def completed(line: str, **variables: str) -> list[str]:
    """What bash would be offered for the last word of ``line``; nothing may be said on standard error."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("DIFREG_")} | variables
    env |= {"_DIFREG_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run([sys.executable, "-m", "difreg"], capture_output=True, text=True, env=env, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def filled(home: Path, tmp_path: Path) -> Path:
    with difreg.open(home) as registry:
        for number, name in enumerate(("alpha", "alps", "beta")):
            registry.add(name, [sketch_file(tmp_path, number)])
        registry.remove("alps")
    return home


def test_names_of_the_home_that_is_meant(filled: Path) -> None:
    assert completed("difreg show al", DIFREG_HOME=str(filled)) == ["alpha"]
    assert completed(f"difreg --home {filled} compare alpha be") == ["beta"]
    assert completed(f"difreg trace x.png --home {filled} --exclude ") == ["alpha", "beta"]


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/none", "nonsense"])
def test_what_cannot_be_read_offers_nothing(tmp_path: Path, url: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "catalog.db").write_bytes(b"no database at all" * 100)
    assert completed("difreg show a", DIFREG_HOME=str(broken)) == []
    assert completed("difreg show a", DIFREG_HOME=str(tmp_path / "none")) == []
    assert completed("difreg show a", DIFREG_HOME=str(tmp_path / "none"), DIFREG_DATABASE_URL=url) == []
    assert not (tmp_path / "none").exists()
