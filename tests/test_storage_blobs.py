"""Blobs: the same arrays give the same bytes everywhere, damage is seen, a failed write leaves nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from difreg.errors import StorageError
from difreg.storage.blobs import BlobStore, dumps, loads

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)
WHOLE = dumps({"a": ARRAY, "b": np.zeros(3, np.float16)}, {"format": "x", "more": "é"})


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(store: BlobStore) -> list[Path]:
    return [p for p in store.root.rglob("*") if p.is_file()]


@given(
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    hnp.arrays(st.sampled_from([np.float16, np.float64, np.int32]), hnp.array_shapes(min_dims=0, max_dims=3)),
)
def test_what_is_written_is_read(metadata: dict[str, str], array: np.ndarray) -> None:
    tensors, facts = loads(dumps({"x": array, "y": array.T}, metadata))
    np.testing.assert_array_equal(tensors["x"], array)
    np.testing.assert_array_equal(tensors["y"], array.T)
    assert (tensors["x"].dtype, tensors["x"].shape) == (array.dtype, array.shape)
    assert facts == metadata


def test_bytes_do_not_depend_on_the_process_or_the_order() -> None:
    code = (
        "import sys, numpy as np; from difreg.storage.blobs import dumps;"
        "m = {c: c for c in 'hgfedcba'}; t = {c: np.ones(2) for c in 'zyx'};"
        "sys.stdout.buffer.write(dumps(t, m))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    own = dumps({c: np.ones(2) for c in "xyz"}, {c: c for c in "abcdefgh"})
    assert own == other


def test_a_blob_is_named_by_its_content_and_kept_once(store: BlobStore) -> None:
    digest = store.put({"a": ARRAY}, {"k": "v"})
    (path,) = files(store)
    assert path == store.root / digest[:2] / f"{digest}.safetensors"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    before = path.stat()
    assert store.put({"a": ARRAY.copy()}, {"k": "v"}) == digest
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    np.testing.assert_array_equal(store.get(digest)["a"], ARRAY)
    assert store.read(digest)[1] == {"k": "v"}
    assert list(store.digests()) == [digest]


def test_altered_bytes_are_seen_and_putting_again_heals(store: BlobStore) -> None:
    digest = store.put({"a": ARRAY})
    path = store.path(digest)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert not store.verify(digest)
    with pytest.raises(StorageError, match="damaged") as caught:
        store.get(digest)
    assert caught.value.hint
    store.put({"a": ARRAY})
    assert store.verify(digest)


def test_missing_and_deleted(store: BlobStore) -> None:
    assert list(store.digests()) == []
    with pytest.raises(StorageError, match="missing"):
        store.get("0" * 64)
    digest = store.put({"a": ARRAY})
    store.delete(digest)
    store.delete(digest)
    assert not store.verify(digest)
    assert list(store.digests()) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_digest_names_a_blob(store: BlobStore, digest: str) -> None:
    with pytest.raises(StorageError, match="does not name"):
        store.get(digest)


def test_leftovers_of_a_killed_process_are_not_blobs(store: BlobStore) -> None:
    digest = store.put({"a": ARRAY})
    folder = store.path(digest).parent
    (folder / ".tmp-1-abc").write_bytes(b"half")
    (folder / f"{folder.name}-notes.safetensors").write_bytes(b"")
    assert list(store.digests()) == [digest]


def test_a_failed_write_says_so_and_leaves_nothing(store: BlobStore) -> None:
    code = (
        "import resource, sys, numpy as np; from pathlib import Path; from difreg.storage.blobs import BlobStore;"
        "from difreg.errors import StorageError;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "s = BlobStore(Path(sys.argv[1]))\n"
        "try: s.put({'a': np.zeros(10000)})\n"
        "except StorageError as e: print(e.message, '|', e.hint)"
    )
    run = subprocess.run([sys.executable, "-c", code, store.root], capture_output=True, text=True, check=True)
    assert "No room to write" in run.stdout
    assert "Free some disk space" in run.stdout
    assert files(store) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        BlobStore(tmp_path / "blobs").put({"a": ARRAY})


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_loads_refuses_random_bytes(data: bytes) -> None:
    with pytest.raises(StorageError):
        loads(data)


@given(st.text(max_size=80), st.binary(max_size=16))
def test_loads_refuses_headers_that_are_nonsense(header: str, body: bytes) -> None:
    text = header.encode("utf-8", "replace")
    if text.strip() == b"{}":
        return
    with pytest.raises(StorageError):
        loads(len(text).to_bytes(8, "little") + text + body)


@given(st.integers(0, len(WHOLE) - 1))
def test_loads_refuses_truncated_files(length: int) -> None:
    with pytest.raises(StorageError):
        loads(WHOLE[:length])


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_loads_survives_any_changed_byte(place: int, flip: int) -> None:
    data = bytearray(WHOLE)
    data[place] ^= flip
    try:
        tensors, metadata = loads(bytes(data))
    except StorageError:
        return
    assert all(isinstance(a, np.ndarray) for a in tensors.values())
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items())


@pytest.mark.parametrize(
    "header",
    [
        '{"__metadata__":[1]}',
        '{"__metadata__":{"a":1}}',
        '{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}',
        '{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}',
        '{"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,2]}}',
        '{"a":{"dtype":"F16","shape":[1],"data_offsets":[-2,0]}}',
        "[" * 5000,
    ],
)
def test_loads_refuses_hostile_headers(header: str) -> None:
    text = header.encode()
    with pytest.raises(StorageError):
        loads(len(text).to_bytes(8, "little") + text + b"\0\0")


def test_loads_has_a_limit() -> None:
    with pytest.raises(StorageError, match="more than"):
        loads(WHOLE, limit=len(WHOLE) - 1)
    loads(WHOLE, limit=len(WHOLE))
