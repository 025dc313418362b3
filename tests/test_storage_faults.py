"""Nothing acknowledged is lost and nothing half is seen: kills, writers side by side, and no room left, in small.

``python -m benchmarks.storage`` does the same at length.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from databases import DATABASES, fresh

import difreg
from benchmarks.storage_faults import full_disk, half_visible, kills, sketches, writers
from difreg.storage.catalog import Catalog


def test_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    found = kills(tmp_path, 3, seed=1, doctors=False)
    assert (found["lost"], found["half_visible"], found["home_unusable"]) == (0, 0, 0)
    assert found["acknowledged"] >= 3


@pytest.mark.parametrize("database", DATABASES)
def test_writers_side_by_side_get_dense_numbers(tmp_path: Path, database: str) -> None:
    with fresh(database) as url:
        found = writers(tmp_path, 4, 5, url if database == "postgres" else None)
    assert (found["versions"], found["errors"], found["half_visible"]) == (20, 0, 0)
    assert found["dense_and_unique"]


def test_what_is_half_there_is_seen(tmp_path: Path) -> None:
    with difreg.open(tmp_path / "home") as registry:
        digest = registry.add("a", [sketches(tmp_path, 1)[0]]).digest
    assert half_visible(tmp_path / "home") == []
    (tmp_path / "home" / "blobs" / digest[:2] / f"{digest}.safetensors").unlink()
    assert half_visible(tmp_path / "home") == ["a:1"]


@pytest.mark.parametrize("limit", [34_000, 170_000])
def test_no_room_left_is_told_and_the_home_is_as_before(tmp_path: Path, limit: int) -> None:
    """Files may grow no more, first under the size of an array, then at that of the catalogue."""
    paths, home = sketches(tmp_path / "sketches", 12, 20), tmp_path / "home"
    with difreg.open(home) as registry:
        registry.add("a", [paths[0]])
    code = (
        "import resource, sys, difreg\n"
        "from difreg.errors import StorageError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))\n"
        "with difreg.open(sys.argv[1]) as registry:\n"
        "    for k, path in enumerate(sys.argv[3:]):\n"
        "        before = registry.list()\n"
        "        try: registry.add(f'b{k}', [path])\n"
        "        except StorageError as e: print(e.message, '|', e.hint); break\n"
        "    print(k, registry.list() == before)\n"
    )
    command = [sys.executable, "-c", code, str(home), str(limit), *map(str, paths[1:])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told, end = done.stdout.splitlines()
    assert "disk" in told
    added, same = end.split()
    assert same == "True"
    assert half_visible(home) == []
    with difreg.open(home) as registry:
        assert len(registry.list().generators) == 1 + int(added), told
        assert registry.add("c", [paths[1]]).version == 1


def test_a_full_disk_if_one_can_be_made(tmp_path: Path) -> None:
    found = full_disk(tmp_path)
    if "skipped" in found:
        pytest.skip(found["skipped"])
    assert "Free some disk space" in found["error"]
    assert (found["home_as_before"], found["half_visible"]) == (True, 0)
    assert found["added_before"] > 0


def test_a_catalogue_that_is_missing_is_not_half_there(tmp_path: Path) -> None:
    assert half_visible(tmp_path) == []
    assert not Catalog(f"sqlite:///{tmp_path}/catalog.db").exists()
