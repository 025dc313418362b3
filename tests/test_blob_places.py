"""Arrays wherever they lie: one contract over a local folder and the stores that fsspec knows."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

import difreg
from difreg.errors import StorageError
from difreg.storage.blob_places import Blobs, RemoteBlobs, open_blobs, place
from difreg.storage.blobs import BlobStore

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)
DEMO = Path(__file__).parent.parent / "demo"


class Place:
    """A store, and a way round it to the files themselves."""

    def __init__(self, blobs: Blobs, url: str) -> None:
        self.blobs = blobs
        self.files, self.root = fsspec.core.url_to_fs(url)

    def path(self, digest: str) -> str:
        return f"{self.root}/{digest[:2]}/{digest}.safetensors"

    def all(self) -> list[str]:
        return [str(p) for p in self.files.find(self.root)] if self.files.exists(self.root) else []


def _made(kind: str, tmp_path: Path) -> Place:
    url = f"memory://{secrets.token_hex(8)}/blobs" if kind == "memory" else f"file://{tmp_path}/blobs"
    return Place(RemoteBlobs(url) if kind == "fsspec file" else open_blobs(url), url)


@pytest.fixture(params=["folder", "fsspec file", "memory"])
def spot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = _made(request.param, tmp_path)
    yield made
    if made.files.exists(made.root):
        made.files.rm(made.root, recursive=True)


def test_a_blob_is_named_by_its_content_and_reads_back(spot: Place) -> None:
    digest = spot.blobs.put({"a": ARRAY}, {"k": "é"})
    assert spot.blobs.put({"a": ARRAY.copy()}, {"k": "é"}) == digest
    assert spot.all() == [spot.path(digest)]
    np.testing.assert_array_equal(spot.blobs.get(digest)["a"], ARRAY)
    assert spot.blobs.read(digest)[1] == {"k": "é"}
    assert spot.blobs.verify(digest)


def test_every_place_gives_the_same_name(spot: Place, tmp_path: Path) -> None:
    assert spot.blobs.put({"a": ARRAY}) == BlobStore(tmp_path / "other").put({"a": ARRAY})


def test_listing_is_sorted_and_sees_blobs_alone(spot: Place) -> None:
    assert list(spot.blobs.digests()) == []
    digests = sorted(spot.blobs.put({"a": ARRAY + k}) for k in range(5))
    folder = spot.path(digests[0]).rpartition("/")[0]
    spot.files.pipe_file(f"{folder}/.tmp-1-abc", b"half")
    spot.files.pipe_file(f"{folder}/notes.safetensors", b"")
    assert list(spot.blobs.digests()) == digests


def test_damage_is_seen_and_putting_again_heals(spot: Place) -> None:
    digest = spot.blobs.put({"a": ARRAY})
    spot.files.pipe_file(spot.path(digest), b"something else")
    assert not spot.blobs.verify(digest)
    with pytest.raises(StorageError, match="damaged") as caught:
        spot.blobs.get(digest)
    assert caught.value.hint
    assert spot.blobs.put({"a": ARRAY}) == digest
    assert spot.blobs.verify(digest)


def test_missing_and_deleted(spot: Place) -> None:
    with pytest.raises(StorageError, match="missing"):
        spot.blobs.get("0" * 64)
    digest = spot.blobs.put({"a": ARRAY})
    spot.blobs.delete(digest)
    spot.blobs.delete(digest)
    assert not spot.blobs.verify(digest)
    assert list(spot.blobs.digests()) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 64 + "\n"])
def test_only_a_digest_names_a_blob(spot: Place, digest: str) -> None:
    for ask in (spot.blobs.get, spot.blobs.verify, spot.blobs.delete):
        with pytest.raises(StorageError, match="does not name"):
            ask(digest)


@pytest.mark.parametrize("step", ["pipe_file", "mv"])
def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    spot = _made("fsspec file", tmp_path)
    real: Callable[..., None] = spot.files.pipe_file

    def fails(path: str, *rest: object) -> None:
        if step == "pipe_file":
            real(path, b"half")
        raise PermissionError("no")

    monkeypatch.setattr(spot.blobs._files, step, fails)
    with pytest.raises(StorageError, match="cannot be written"):
        spot.blobs.put({"a": ARRAY})
    assert spot.all() == []


def test_an_object_store_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spot = _made("memory", Path())
    monkeypatch.setattr(spot.blobs._files, "mv", None)
    digest = spot.blobs.put({"a": ARRAY})
    assert spot.all() == [spot.path(digest)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense://u:secret@host/x?key=secret", "no place for arrays"),
        ("file://elsewhere/x", "names no local folder"),
        ("file://", "names no local folder"),
    ],
)
def test_a_url_that_cannot_be_used_says_so_and_shows_no_secret(url: str, said: str) -> None:
    with pytest.raises(StorageError, match=said) as caught:
        open_blobs(url)
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_s3_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(StorageError, match="driver") as caught:
        open_blobs("s3://bucket/folder")
    assert "pip install 'difreg[s3]'" in caught.value.hint


def test_a_place_is_shown_without_its_secrets() -> None:
    assert place("s3://key:secret@host/bucket?token=secret#secret") == "s3://host/bucket"


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_a_registry_keeps_its_arrays_where_the_environment_says(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    url = f"memory://{secrets.token_hex(8)}" if scheme == "memory" else f"file://{tmp_path}/a%20b"
    monkeypatch.setenv("DIFREG_BLOBS_URL", url)
    with difreg.open() as registry:
        added = registry.add("a", sorted((DEMO / "noise0").glob("*.webp"))[:4])
        assert registry.trace([DEMO / "noise1"]).candidates[0].generator == "a"
    assert list(open_blobs(url).digests()) == [added.digest]
    assert not (home / "blobs").exists()
    assert (tmp_path / "a b").is_dir() == (scheme == "file")


def test_a_local_home_never_loads_fsspec(tmp_path: Path) -> None:
    code = (
        "import sys; from difreg.storage.blob_places import open_blobs; import numpy\n"
        "open_blobs(sys.argv[1]).put({'a': numpy.zeros(3)}); print('fsspec' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
