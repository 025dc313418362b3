"""Registered generators as a population, and one by one as profiles, from the index where it knows them.

The stored sketches are the truth. A version solved under an older background of the same denoiser is measured again,
so that all are on one yardstick; the index keeps what that gave, by blob, background and release.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from difreg import __version__
from difreg.lineage.keeping.population import Measured, Population, renamed
from difreg.registry.background import Background
from difreg.registry.fingerprints import lattice_array
from difreg.registry.profiles import Profile, contents_of, from_arrays, histories_of, sketches_of, tiles_of
from difreg.storage.blob_places import Blobs
from difreg.storage.index import Index

FORMAT = 4  # of the index; a change of what is measured needs the next number
AT_HAND = 512  # profiles kept in memory, about a quarter of a megabyte each


class Registered(Protocol):
    """What names a stored version; :class:`difreg.storage.records.VersionRecord` is one."""

    @property
    def generator(self) -> str:
        """Its generator's name."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def digest(self) -> str:
        """Its blob."""


class Members:
    """Registered versions under one background.

    Parameters
    ----------
    folder
        Where the index lies; None keeps what is measured in memory alone.
    keep
        Whether what is measured goes into the index.
    """

    def __init__(self, blobs: Blobs, background: Background, folder: Path | None = None, *, keep: bool = True) -> None:
        self.blobs = blobs
        self.background = background
        self._keep_index = keep
        self._index = Index(folder / _file(background)) if folder is not None else None
        self._measured: dict[str, Measured] = {}
        self._profiles: OrderedDict[str, Profile] = OrderedDict()

    def population(self, versions: Sequence[Registered]) -> Population:
        """All of ``versions``, in their order."""
        self._measure(v.digest for v in versions)
        measured = [self._measured[v.digest] for v in versions]
        names, numbers = [v.generator for v in versions], [v.number for v in versions]
        return Population(names, numbers, measured, lambda row: self.get(versions[row]))

    def get(self, version: Registered) -> Profile:
        """The profile of a version."""
        made = self._profiles.get(version.digest)
        if made is None:
            self._measure((version.digest,))
            made = self._profiles.get(version.digest) or self._read(version.digest)
        made = renamed(made, version.generator, version.number)
        self._keep(version.digest, made)
        return made

    def indexed(self, digests: Iterable[str]) -> dict[str, bytes]:
        """What the index holds of ``digests``, whether right or not."""
        return self._index.get(digests) if self._index else {}

    def forget(self) -> None:
        """Throw away the index and all that is in memory: the arrays are read again."""
        self._measured.clear()
        self._profiles.clear()
        if self._index:
            self._index.clear()

    def _measure(self, digests: Iterable[str]) -> None:
        """Know every one of ``digests``, from the index or from the blobs."""
        missing = [d for d in dict.fromkeys(digests) if d not in self._measured]
        found = self._index.get(missing) if self._index and missing else {}
        self._measured.update({d: m for d, data in found.items() if (m := Measured.unpack(data))})
        fresh = {}
        for digest in missing:
            if digest not in self._measured:
                made = from_arrays("", 0, self.blobs.get(digest), self.background)
                self._measured[digest] = Measured.of(made)
                fresh[digest] = self._measured[digest].pack()
                self._keep(digest, made)
        if self._index and self._keep_index:
            self._index.put(fresh)

    def _read(self, digest: str) -> Profile:
        """The profile of a blob that is measured already."""
        arrays = self.blobs.get(digest)
        if "solution" in arrays:
            return from_arrays("", 0, arrays, self.background)
        sketches, tiles = sketches_of(arrays), tiles_of(arrays)
        array = lattice_array(sketches, self.background.photo_mean, tiles)
        made = self._measured[digest].fingerprint(array, self.background.noise.matched(array))
        histories = histories_of(arrays)
        return Profile("", 0, contents_of(arrays), sketches, made, self.background, tiles=tiles, histories=histories)

    def _keep(self, digest: str, made: Profile) -> None:
        self._profiles[digest] = made
        self._profiles.move_to_end(digest)
        if len(self._profiles) > AT_HAND:
            self._profiles.popitem(last=False)


def _file(background: Background) -> str:
    return f"{background.denoiser}.{background.name}.{background.digest[:12]}.{__version__}.{FORMAT}.db"
