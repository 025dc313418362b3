"""Profiles: what scoring needs of one set of images, a registered generator's or an unknown's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import StorageError
from difreg.names import shown
from difreg.registry.background import Background
from difreg.registry.extraction import ImageSet
from difreg.registry.fingerprints import Fingerprint, panel_scale, solve_lattice
from difreg.registry.histories.record import Histories
from difreg.registry.sketches import pack, unpack
from difreg.registry.solving import Solution, stored
from difreg.registry.whitening import LEAST

Array = NDArray[np.float64]
HASH = 32  # bytes of the hash of an image's pixels


@dataclass(frozen=True)
class Profile:
    """A named set of images under one background.

    Attributes
    ----------
    version
        Version of the generator; 0 for images that are not registered.
    contents
        (n,) hashes of the pixels looked at, hexadecimal.
    sketches
        (n, 3, 16, 16).
    solution
        How it was solved, where that was not in closed form.
    tiles
        (n,) how many tiles of an image each sketch is the mean of; None where each is of one.
    histories
        What happened to each image; None where nothing is known of any.
    """

    name: str
    version: int
    contents: tuple[str, ...]
    sketches: Array
    fingerprint: Fingerprint
    background: Background
    solution: Solution | None = None
    tiles: Array | None = None
    histories: Histories | None = None

    def __len__(self) -> int:
        return len(self.contents)

    @property
    def direction(self) -> Array:
        """(192,) unit direction of the template."""
        return self.fingerprint.template.direction

    @property
    def reliability(self) -> float:
        """Reliability of the template."""
        return self.fingerprint.template.reliability

    @property
    def flagged(self) -> bool:
        """Whether the images look compressed with loss: by their fingerprint, their files or their pixels."""
        return self.fingerprint.flagged or (self.histories is not None and self.histories.is_compressed)

    @property
    def altered(self) -> bool:
        """Whether something is known to have happened to the images that hides kinship."""
        return self.flagged or (self.histories is not None and self.histories.is_altered)

    @property
    def settings(self) -> dict[str, object]:
        """What identifies it besides images, solver, denoiser, background and canvas; nothing for the usual ones."""
        solved = {"seed": self.solution.seed, "photographs": self.solution.photographs} if self.solution else {}
        return {**solved, **({} if self.tiles is None else {"area": "whole"})}

    @cached_property
    def units(self) -> Array:
        """(n, 192) whitened images of unit length."""
        return self.background.whitening(self.sketches)

    @cached_property
    def jackknife(self) -> tuple[Array, Array]:
        """Directions (n, 192) with each image left out in turn, and their panel scales (n,)."""
        return self._with_scales(self.units.sum(0) - self.units)

    def bootstrap(self, replicates: int, seed: int) -> tuple[Array, Array]:
        """Directions (replicates, 192) of images drawn with replacement, and their panel scales.

        The stream depends on the seed and on the images, so that two sets are resampled independently and the same
        set always alike.
        """
        mine = [int(min(self.contents)[k : k + 8], 16) for k in (0, 8)]
        rng = np.random.default_rng([seed, len(self), *mine])
        counts = rng.multinomial(len(self), np.full(len(self), 1 / len(self)), size=replicates)
        return self._with_scales(counts @ self.units)

    def _with_scales(self, sums: Array) -> tuple[Array, Array]:
        directions = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), LEAST)
        return directions, panel_scale(directions, self.background.panel)

    def without(self, contents: Set[str]) -> Profile | None:
        """This profile less the images of these contents; None where fewer than two would remain.

        What remains is solved in closed form, whatever solved the whole: that takes no images.
        """
        keep = [k for k, content in enumerate(self.contents) if content not in contents]
        if len(keep) == len(self):
            return self
        if len(keep) < 2:
            return None
        return self.subset(keep)

    def subset(self, rows: Sequence[int]) -> Profile:
        """Some of the images, in closed form."""
        kept = list(rows)
        return profile(
            self.name,
            tuple(self.contents[k] for k in kept),
            self.sketches[kept],
            self.background,
            self.version,
            tiles=None if self.tiles is None else self.tiles[kept],
            histories=None if self.histories is None else self.histories.kept(kept),
        )


def profile(
    name: str,
    contents: tuple[str, ...],
    sketches: Array,
    background: Background,
    version: int = 0,
    solution: Solution | None = None,
    tiles: Array | None = None,
    histories: Histories | None = None,
) -> Profile:
    """Wrap up a set of images with its fingerprint: ``solution``'s, else the closed form."""
    if not len(contents):
        if solution is None:
            raise StorageError(f"The fingerprint of '{shown(name)}' has no images.", "Run `difreg verify`.")
        return Profile(name, version, contents, sketches, solution.alone(background), background, solution)
    made = solution.fingerprint(sketches, background, tiles) if solution else solve_lattice(sketches, background, tiles)
    return Profile(name, version, contents, sketches, made, background, solution, tiles, histories)


def profile_of(images: ImageSet, background: Background, name: str, solution: Solution | None = None) -> Profile:
    """Profile of images that were just read."""
    contents = tuple(i.content for i in images.images)
    return profile(
        name, contents, images.sketches, background, solution=solution, tiles=images.tiles, histories=images.histories
    )


def to_arrays(made: Profile) -> dict[str, NDArray[Any]]:
    """What is kept of a profile: its sketches as half floats, the fingerprint, and the hashes of the pixels."""
    packed, scale = pack(made.sketches)
    return {
        "sketches": packed,
        "scale": scale,
        "fingerprint": made.fingerprint.array.astype(np.float32),
        "contents": np.frombuffer(bytes.fromhex("".join(made.contents)), np.uint8).reshape(len(made), HASH),
        **({} if made.tiles is None else {"tiles": made.tiles.astype(np.uint16)}),
        **({} if made.histories is None else {"history": made.histories.rows}),
        **(made.solution.arrays() if made.solution else {}),
    }


def from_arrays(name: str, version: int, arrays: Mapping[str, NDArray[Any]], background: Background) -> Profile:
    """The profile whose arrays :func:`to_arrays` gave, measured with ``background``."""
    sketches, tiles = sketches_of(arrays), tiles_of(arrays)
    return profile(
        name, contents_of(arrays), sketches, background, version, stored(arrays), tiles, histories_of(arrays)
    )


def contents_of(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Hashes of the pixels, from what :func:`to_arrays` gave."""
    return tuple(bytes(row).hex() for row in arrays["contents"])


def sketches_of(arrays: Mapping[str, NDArray[Any]]) -> Array:
    """(n, 3, 16, 16) sketches, from what :func:`to_arrays` gave."""
    return unpack(arrays["sketches"], arrays["scale"])


def histories_of(arrays: Mapping[str, NDArray[Any]]) -> Histories | None:
    """What happened to the images, from what :func:`to_arrays` gave; None where it was not kept."""
    return Histories(arrays["history"]) if "history" in arrays else None


def tiles_of(arrays: Mapping[str, NDArray[Any]]) -> Array | None:
    """(n,) tiles behind each sketch, from what :func:`to_arrays` gave; None where it is one each."""
    return arrays["tiles"].astype(np.float64) if "tiles" in arrays else None
