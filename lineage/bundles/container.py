"""The container of a bundle: a ZIP of stored entries, ``manifest.json`` and the arrays' own files by their digests.

Any ZIP tool lists it, and an array travels as the very bytes its digest names. It is read as hostile: only the one
layout that :func:`write` makes is taken, so that nothing is hidden, doubled, overlapping or compressed, and no entry's
name ever becomes a path.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from difreg.errors import InputError, StorageError
from difreg.names import shown
from difreg.storage.blobs import LIMIT

SUFFIX = ".difreg"
MANIFEST = "manifest.json"
MOST_BYTES = (1 << 32) - 1  # beyond, ZIP needs fields of its 64-bit form
MOST_ENTRIES = (1 << 16) - 2
MOST_MANIFEST = 1 << 27
_BLOB = re.compile(r"blobs/([0-9a-f]{64})\.safetensors")
_END = struct.Struct("<4s4H2LH")
_LOCAL, _CENTRAL = 30, 46  # bytes of a header before the name
_LONGEST = 100  # characters of a name
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)


def write(path: Path, manifest: bytes, blobs: Iterable[tuple[str, bytes]]) -> str:
    """Write a bundle under ``path`` at once; the SHA-256 of the file. The same content gives the same bytes.

    Parameters
    ----------
    blobs
        Digest and bytes of each array, by digest.

    Raises
    ------
    StorageError
        If it would be too large, or cannot be written; nothing is left behind then.
    """
    if path.suffix != SUFFIX:
        raise InputError(f"'{shown(str(path))}' does not end in {SUFFIX}.", f"Write -o {shown(path.stem)}{SUFFIX}.")
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tmp-", delete=False) as stream:
            temporary = Path(stream.name)
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
                archive.writestr(_entry(MANIFEST), manifest)
                for digest, data in blobs:
                    archive.writestr(_entry(f"blobs/{digest}.safetensors"), data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as done:
            digest = hashlib.file_digest(done, "sha256").hexdigest()
        temporary.replace(path)
        return digest
    except zipfile.LargeZipFile as error:
        hint = "Name some generators, and write several: difreg export bundle -o PART.difreg NAMES..."
        raise StorageError("One bundle cannot hold all that.", hint) from error
    except OSError as error:
        told = f"{shown(str(path))} cannot be written: {error.strerror}."
        raise StorageError(told, "Check the folder and the disk.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _entry(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, _EPOCH)
    made.create_system = 3
    made.external_attr = (stat.S_IFREG | 0o644) << 16
    return made


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class BundleFile:
    """A bundle that is open for reading, its layout checked.

    Attributes
    ----------
    digests
        Of the arrays in it; each is compared with the bytes when they are read.

    Raises
    ------
    InputError
        If it is no file, or not laid out as :func:`write` does. Every method raises it for what is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.told = shown(str(path))
        try:
            if not path.exists():
                raise InputError(f"There is no bundle {self.told}.", "Give the file `difreg export bundle` wrote.")
            if not path.is_file():  # a pipe would block, a device never end
                raise InputError(f"{self.told} is not a regular file.", "Give the file `difreg export bundle` wrote.")
            self._stream: io.BufferedReader = path.open("rb")
        except OSError as error:
            raise InputError(f"{self.told} cannot be read: {error.strerror}.", "Check the path.") from error
        try:
            self._archive, self._entries = self._opened()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()
        self._stream.close()

    @property
    def digests(self) -> frozenset[str]:
        """Of the arrays in it."""
        return frozenset(name for name in self._entries if name != MANIFEST)

    def manifest(self) -> bytes:
        """The manifest as it is."""
        return self._read(MANIFEST)

    def blob(self, digest: str) -> bytes:
        """The bytes that ``digest`` names, which are checked to be those."""
        data = self._read(digest)
        if hashlib.sha256(data).hexdigest() != digest:
            raise self.damaged(f"the array {digest[:12]} does not match its digest")
        return data

    def damaged(self, why: str) -> InputError:
        """The error for something in it that cannot be."""
        return InputError(
            f"{self.told} is no sound bundle: {why}.", "Get it again: difreg export bundle -o FILE.difreg."
        )

    def _read(self, name: str) -> bytes:
        try:
            return self._archive.read(self._entries[name])
        except _UNREADABLE as error:
            raise self.damaged(shown(str(error), 120).rstrip(".")) from error
        except OSError as error:
            raise InputError(f"{self.told} cannot be read: {error.strerror}.", "Check the disk.") from error

    def _opened(self) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
        """The archive and its entries, the manifest by its name and arrays by their digests."""
        begin, count = self._directory()
        try:
            archive = zipfile.ZipFile(self._stream)
        except _UNREADABLE as error:
            raise self.damaged(shown(str(error), 120).rstrip(".")) from error
        found = archive.infolist()
        if archive.start_dir != begin or len(found) != count:
            raise self.damaged("its table of contents is not where it says")
        entries: dict[str, zipfile.ZipInfo] = {}
        offset = 0
        for place, info in enumerate(found):
            name = self._checked(info, first=place == 0)
            if name in entries:
                raise self.damaged(f"'{shown(info.filename, 60)}' is in it twice")
            if info.header_offset != offset:
                raise self.damaged(f"'{shown(info.filename, 60)}' does not lie where its neighbour ends")
            offset += _LOCAL + len(info.filename) + info.file_size
            entries[name] = info
        if offset != begin:
            raise self.damaged("it holds bytes that belong to nothing")
        return archive, entries

    def _directory(self) -> tuple[int, int]:
        """Where the table of contents begins, and its entries; read first, so that no reader is led astray."""
        size = self._stream.seek(0, os.SEEK_END)
        if size > MOST_BYTES:
            raise self.damaged("it is larger than a bundle may be")
        self._stream.seek(max(size - _END.size - 20, 0))
        tail = self._stream.read()
        if len(tail) < _END.size + 20 or tail[:4] == b"PK\x06\x07":
            raise self.damaged("it is no ZIP archive as difreg writes it")
        sign, disk, start, here, count, length, begin, comment = _END.unpack(tail[20:])
        if sign != b"PK\x05\x06" or disk or start or here != count or comment or begin + length + _END.size != size:
            raise self.damaged("it is no ZIP archive as difreg writes it, or its end is missing")
        if not 1 <= count <= MOST_ENTRIES or length > count * (_CENTRAL + _LONGEST):
            raise self.damaged("its table of contents is too large or empty")
        return begin, count

    def _checked(self, info: zipfile.ZipInfo, first: bool) -> str:
        """The key of one entry."""
        told = shown(info.filename, 60)
        blob = _BLOB.fullmatch(info.orig_filename)
        if (info.orig_filename == MANIFEST) != first or not (first or blob):
            raise self.damaged(f"'{told}' has no place in a bundle")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits:
            raise self.damaged(f"'{told}' is compressed or encrypted")
        if info.extra or info.comment or not stat.S_ISREG(info.external_attr >> 16):
            raise self.damaged(f"'{told}' is a link, or is more than a file")
        if info.file_size > (MOST_MANIFEST if first else LIMIT):
            raise self.damaged(f"'{told}' is too large")
        return blob[1] if blob else MANIFEST
