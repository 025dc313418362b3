"""Where arrays can lie: in a local folder, or at any URL that fsspec knows, with the same promises.

A blob is named by its content and appears under its name only when it is whole. Object stores write at once by
themselves; elsewhere a file is written beside its place and then moved.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from numpy.typing import NDArray

from difreg.errors import StorageError
from difreg.names import shown
from difreg.storage.blobs import TEMPORARY, BlobStore, Tensors, dumps, loads

AT_ONCE = {"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "oss"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_GONE = "Restore it from a copy of the home, or add the images again."


class Blobs(Protocol):
    """Content-addressed arrays; :class:`difreg.storage.blobs.BlobStore` tells what each method does and raises."""

    def put(self, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> str:
        """Keep arrays and give their digest."""

    def get(self, digest: str) -> Tensors:
        """Arrays of a blob."""

    def read(self, digest: str) -> tuple[Tensors, dict[str, str]]:
        """Arrays and metadata of a blob."""

    def verify(self, digest: str) -> bool:
        """Whether the blob is there, undamaged."""

    def delete(self, digest: str) -> None:
        """Delete the blob if it is there."""

    def digests(self) -> Iterator[str]:
        """Digests of all blobs, sorted."""


def open_blobs(url: str) -> Blobs:
    """The blobs at ``url``: a path, ``file://`` or any URL of fsspec's.

    Raises
    ------
    StorageError
        If nothing installed knows such a URL.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return BlobStore(Path(url))
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in {"", "localhost"} or len(parts.path) < 2:
            raise StorageError(f"'{shown(url)}' names no local folder.", "Write DIFREG_BLOBS_URL=file:///FOLDER.")
        return BlobStore(Path(unquote(parts.path)))
    return RemoteBlobs(url)


class RemoteBlobs:
    """Content-addressed arrays at a URL, as ``ab/abcdef....safetensors``.

    Parameters
    ----------
    url
        Any URL of fsspec's, such as ``s3://bucket/folder``.

    Raises
    ------
    StorageError
        If nothing installed knows such a URL.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self._scheme = url.partition("://")[0]
        self._place = place(url)
        try:
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            extra = "'difreg[s3]'" if self._scheme in {"s3", "s3a"} else f"what fsspec needs for {self._scheme}"
            hint = f"Install it: pip install {extra}."
            raise StorageError(f"The driver for {shown(self._place)} is not installed.", hint) from error
        except Exception as error:
            hint = "Use a URL that fsspec knows, such as s3://BUCKET/FOLDER, or unset DIFREG_BLOBS_URL."
            raise StorageError(f"{shown(self._place)} is no place for arrays.", hint) from error
        self._root = self._root.rstrip("/")

    def put(self, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> str:
        """Keep ``tensors`` and give their digest; one that is there already, undamaged, is left alone."""
        data = dumps(tensors, metadata)
        digest = hashlib.sha256(data).hexdigest()
        if not self.verify(digest):
            with self._explained("written"):
                self._write(self._path(digest), data)
        return digest

    def _write(self, path: str, data: bytes) -> None:
        folder = path.rpartition("/")[0]
        self._files.makedirs(folder, exist_ok=True)
        if self._scheme in AT_ONCE:
            self._files.pipe_file(path, data)
            return
        temporary = f"{folder}/{TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}"
        try:
            self._files.pipe_file(temporary, data)
            self._files.mv(temporary, path)
        except BaseException:
            with suppress(Exception):
                self._files.rm_file(temporary)
            raise

    def get(self, digest: str) -> Tensors:
        """Tensors (read-only arrays) of a blob."""
        return self.read(digest)[0]

    def read(self, digest: str) -> tuple[Tensors, dict[str, str]]:
        """Tensors and metadata of a blob."""
        data = self._bytes(digest)
        if data is None:
            raise StorageError(f"The array {digest[:12]} is missing from {shown(self._place)}.", _GONE)
        if hashlib.sha256(data).hexdigest() != digest:
            raise StorageError(f"The array {digest[:12]} in {shown(self._place)} is damaged.", _GONE)
        return loads(data, len(data))

    def verify(self, digest: str) -> bool:
        """Whether the blob is there and its bytes are those that were written."""
        data = self._bytes(digest)
        return data is not None and hashlib.sha256(data).hexdigest() == digest

    def delete(self, digest: str) -> None:
        """Delete the blob if it is there."""
        path = self._path(digest)
        with self._explained("written"), suppress(FileNotFoundError):
            self._files.rm_file(path)

    def digests(self) -> Iterator[str]:
        """Digests of all blobs, sorted; other files are not seen."""
        with self._explained("read"):
            try:
                found = [str(path) for path in self._files.find(self._root)]
            except FileNotFoundError:
                found = []
        for path in sorted(found):
            folder, stem = path.removesuffix(".safetensors").split("/")[-2:]
            if path.endswith(".safetensors") and _DIGEST.fullmatch(stem) and folder == stem[:2]:
                yield stem

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise StorageError(f"'{shown(digest, 70)}' does not name a stored array.", "Run `difreg verify`.")
        return f"{self._root}/{digest[:2]}/{digest}.safetensors"

    def _bytes(self, digest: str) -> bytes | None:
        path = self._path(digest)
        with self._explained("read"):
            try:
                return bytes(self._files.cat_file(path))
            except FileNotFoundError:
                return None

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn whatever a driver raises into a :class:`StorageError` that shows no secret of the URL."""
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            hint = "Check DIFREG_BLOBS_URL, the network and the right to use that place."
            raise StorageError(f"{shown(self._place)} cannot be {what}: {type(error).__name__}.", hint) from error


def place(url: str) -> str:
    """``url`` as it may be shown: no user, password or options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
