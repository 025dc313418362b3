"""What several test files share: the labelled collection, and a home apart from the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before numpy is there: on a busy machine small products wait longer for their threads than they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def collection() -> Path:
    """The labelled image collection: ``DIFREG_TEST_COLLECTION``, else ``../shared/zoo`` beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "zoo"
    path = Path(os.environ.get("DIFREG_TEST_COLLECTION") or beside)
    if not (path / "truth.csv").is_file():
        pytest.skip(f"the image collection is not at {path} (set DIFREG_TEST_COLLECTION)")
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty registry home that ``DIFREG_HOME`` names, with every other ``DIFREG_`` setting cleared."""
    for name in [n for n in os.environ if n.startswith("DIFREG_") and not n.startswith("DIFREG_TEST_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "home"
    monkeypatch.setenv("DIFREG_HOME", str(path))
    return path
