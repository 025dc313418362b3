"""Registered generators as profiles, read from the stored arrays once a process."""

from __future__ import annotations

from difreg.registry.background import Background
from difreg.registry.profiles import Profile, from_arrays
from difreg.storage.blobs import BlobStore
from difreg.storage.records import VersionRecord


class Members:
    """Profiles of registered versions under one background."""

    def __init__(self, blobs: BlobStore, background: Background) -> None:
        self.blobs = blobs
        self.background = background
        self._known: dict[tuple[str, int], Profile] = {}

    def get(self, version: VersionRecord) -> Profile:
        """The profile of a version.

        It is measured from the stored sketches, so that a version solved under an older background of the same
        denoiser is on today's yardstick too.
        """
        key = (version.digest, version.number)
        made = self._known.get(key)
        if made is None or made.name != version.generator:
            made = from_arrays(version.generator, version.number, self.blobs.get(version.digest), self.background)
            self._known[key] = made
        return made

    def put(self, version: VersionRecord, made: Profile) -> None:
        """Remember the profile of a version that was just registered."""
        self._known[version.digest, version.number] = made
