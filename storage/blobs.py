"""Arrays on disk: safetensors files named by the SHA-256 of their bytes, and the same bytes read safely.

A name that is the content's hash makes damage visible and the same array free to keep twice. A file appears under its
name only when it is whole, so that a killed process or a full disk leaves no broken array behind.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from difreg.errors import StorageError
from difreg.names import shown

LIMIT = 1 << 28
TEMPORARY = ".tmp-"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Tensors = dict[str, NDArray[Any]]


def dumps(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """``tensors`` and ``metadata`` as safetensors; the same content always gives the same bytes.

    Parameters
    ----------
    tensors
        Arrays by name, of any shape and any plain numeric type.
    metadata
        Text by name.
    """
    data = save({name: np.asarray(tensors[name], order="C") for name in sorted(tensors)}, dict(metadata or {}))
    length, header = _header(data)
    # The library writes the metadata in the order of a hash table that differs from process to process.
    facts = dict(sorted(header.pop("__metadata__", {}).items()))
    ordered = {"__metadata__": facts, **header} if facts else header
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def loads(data: bytes, limit: int = LIMIT) -> tuple[Tensors, dict[str, str]]:
    """Tensors (read-only arrays) and metadata of safetensors bytes from anywhere; nothing in them is trusted.

    Raises
    ------
    StorageError
        If there are more than ``limit`` bytes, or they are not well-formed safetensors.
    """
    if len(data) > limit:
        raise StorageError(f"{len(data)} bytes are more than the {limit} an array file may have.", "Split it up.")
    try:
        tensors = load(data)
        metadata = _header(data)[1].get("__metadata__") or {}
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = shown(str(error), 120)
        raise StorageError(f"Not a well-formed safetensors file: {reason}.", "Make the file again.") from error
    return tensors, metadata


def _header(data: bytes) -> tuple[int, dict[str, Any]]:
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    return length, header


class BlobStore:
    """Content-addressed arrays under one folder, as ``ab/abcdef....safetensors``.

    Parameters
    ----------
    root
        The folder; it is made by the first :meth:`put`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the blob ``digest`` lies or would lie.

        Raises
        ------
        StorageError
            If ``digest`` is not the SHA-256 of anything.
        """
        if not _DIGEST.fullmatch(digest):
            raise StorageError(f"'{shown(digest, 70)}' does not name a stored array.", "Run `difreg verify`.")
        return self.root / digest[:2] / f"{digest}.safetensors"

    def put(self, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> str:
        """Keep ``tensors`` and give their digest; one that is there already, undamaged, is left alone.

        Raises
        ------
        StorageError
            If the file cannot be written; nothing is left behind then.
        """
        data = dumps(tensors, metadata)
        digest = hashlib.sha256(data).hexdigest()
        if not self.verify(digest):
            path = self.path(digest)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, data)
            except OSError as error:
                raise _unwritable(path, error) from error
        return digest

    def get(self, digest: str) -> Tensors:
        """Tensors (read-only arrays) of a blob.

        Raises
        ------
        StorageError
            If it is missing, cannot be read or is damaged.
        """
        return self.read(digest)[0]

    def read(self, digest: str) -> tuple[Tensors, dict[str, str]]:
        """Tensors and metadata of a blob; raises as :meth:`get` does."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            hint = "Restore it from a copy of the home, or add the images again."
            raise StorageError(f"The array {digest[:12]} is missing from {shown(str(self.root))}.", hint) from error
        except OSError as error:
            hint = "Check the folder's permissions."
            raise StorageError(f"{shown(str(path))} cannot be read: {error.strerror}.", hint) from error
        if hashlib.sha256(data).hexdigest() != digest:
            hint = "Restore it from a copy of the home, or add the images again."
            raise StorageError(f"The array {digest[:12]} in {shown(str(self.root))} is damaged.", hint)
        return loads(data, len(data))

    def verify(self, digest: str) -> bool:
        """Whether the blob is there and its bytes are those that were written."""
        try:
            with self.path(digest).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == digest
        except OSError:
            return False

    def delete(self, digest: str) -> None:
        """Delete the blob if it is there.

        Raises
        ------
        StorageError
            If it is there and cannot be deleted.
        """
        path = self.path(digest)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            hint = "Check the folder's permissions."
            raise StorageError(f"{shown(str(path))} cannot be deleted: {error.strerror}.", hint) from error

    def digests(self) -> Iterator[str]:
        """Digests of all blobs, sorted; other files (such as leftovers of a killed process) are not seen."""
        for path in sorted(self.root.glob("??/*.safetensors")):
            if _DIGEST.fullmatch(path.stem) and path.parent.name == path.stem[:2]:
                yield path.stem


def _write(path: Path, data: bytes) -> None:
    """Write ``data`` under ``path`` at once and for good: a reader sees all of it or nothing."""
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> StorageError:
    where = shown(str(path.parent))
    if error.errno in _FULL:
        return StorageError(f"No room to write in {where}: {error.strerror}.", "Free some disk space and try again.")
    hint = "Check the folder's permissions, or give another --home."
    return StorageError(f"{where} cannot be written: {error.strerror}.", hint)
