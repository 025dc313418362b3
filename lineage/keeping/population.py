"""Registered generators as rows of a few arrays: what kinship with all of them at once takes, without their images.

A member's whole profile, with its images' sketches, is made only when something asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from difreg.registry.fingerprints import RELIABLE, Fingerprint
from difreg.registry.profiles import HASH, Profile
from difreg.registry.whitening import SIZE, Template

Array = NDArray[np.float64]
_FACTS = 7
_HEAD = (SIZE + _FACTS) * 8


@dataclass(frozen=True)
class Member:
    """One generator of a population, by its row."""

    row: int
    name: str
    version: int
    reliability: float
    flagged: bool
    evidence: bool = True


@dataclass(frozen=True)
class Measured:
    """What is told of a profile without its images: its template, scale, and the hashes of its images' pixels."""

    direction: Array
    facts: Array  # scale, reliability, threshold, separation, jpeg, whether it looks compressed, or has an own aim
    contents: bytes
    own_aim: Array | None = None  # where another solver than lattice made its fingerprint

    @classmethod
    def of(cls, made: Profile) -> Self:
        """What is told of ``made``."""
        f = made.fingerprint
        told = (f.scale, made.reliability, f.threshold, f.separation, f.jpeg, made.flagged, f.own_aim is not None)
        facts = np.array(told)
        return cls(made.direction, facts, bytes.fromhex("".join(made.contents)), f.own_aim)

    def pack(self) -> bytes:
        """As bytes, for :meth:`unpack`."""
        aim = b"" if self.own_aim is None else self.own_aim.tobytes()
        return self.direction.tobytes() + self.facts.tobytes() + aim + self.contents

    @classmethod
    def unpack(cls, data: bytes) -> Self | None:
        """What :meth:`pack` wrote; None where ``data`` can be no such thing."""
        if len(data) <= _HEAD or (len(data) - _HEAD) % HASH:
            return None
        numbers = np.frombuffer(data, np.float64, SIZE + _FACTS)
        rest = _HEAD + (SIZE * 8 if numbers[-1] else 0)
        aim = np.frombuffer(data[_HEAD:rest], np.float64) if numbers[-1] else None
        return cls(numbers[:SIZE], numbers[SIZE:], data[rest:], aim) if len(data) > rest else None

    def fingerprint(self, array: Array, detector: Array) -> Fingerprint:
        """The lattice fingerprint this was measured on, from its array and detector."""
        scale, reliability, threshold, separation, jpeg, *_ = self.facts.tolist()
        made = Template(self.direction, reliability)
        return Fingerprint("lattice", array, detector, made, scale, threshold, separation, jpeg)


class Population:
    """Generators in a fixed order.

    Attributes
    ----------
    names, versions
        A generator a row, with the number of its version.
    directions
        (m, 192) unit directions of the templates.
    facts
        (m, 7) scale, reliability, threshold, separation, JPEG cosine, whether the images look compressed, and whether
        the fingerprint has an aim of its own.
    silent
        Names of those that are told of and decide nothing.
    """

    def __init__(
        self,
        names: Sequence[str],
        versions: Sequence[int],
        measured: Sequence[Measured],
        profile: Callable[[int], Profile],
        silent: frozenset[str] = frozenset(),
    ) -> None:
        self.names = tuple(names)
        self.versions = tuple(versions)
        self.directions = np.stack([m.direction for m in measured]) if measured else np.empty((0, SIZE))
        self.facts = np.stack([m.facts for m in measured]) if measured else np.empty((0, _FACTS))
        self._measured = tuple(measured)
        self._profile = profile
        self.silent = silent

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> Self:
        """The population of profiles that are at hand."""
        measured = [Measured.of(p) for p in profiles]
        return cls([p.name for p in profiles], [p.version for p in profiles], measured, lambda row: profiles[row])

    def __len__(self) -> int:
        return len(self.names)

    @property
    def scales(self) -> Array:
        """(m,) panel scales."""
        out: Array = self.facts[:, 0]
        return out

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(m,) images of each."""
        return np.array([len(m.contents) // HASH for m in self._measured], np.int64)

    @property
    def reliable(self) -> NDArray[np.bool_]:
        """(m,) whether the template is reliable."""
        out: NDArray[np.bool_] = self.facts[:, 1] >= RELIABLE
        return out

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """(m,) whether the images look compressed with loss."""
        out: NDArray[np.bool_] = self.facts[:, 5] > 0
        return out

    @cached_property
    def evidence(self) -> NDArray[np.bool_]:
        """(m,) whether the generator may decide an answer."""
        return np.array([name not in self.silent for name in self.names], bool)

    @cached_property
    def aims(self) -> Array:
        """(m, 192) directions of the fingerprints; a lattice fingerprint's is its template's."""
        own = {row: m.own_aim for row, m in enumerate(self._measured) if m.own_aim is not None}
        if not own:
            return self.directions
        out: Array = self.directions.copy()
        out[list(own)] = np.stack(list(own.values()))
        return out

    def profile(self, row: int) -> Profile:
        """The whole profile of a row."""
        return self._profile(row)

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The rows one by one."""
        measured = (self.facts[:, 1].tolist(), self.flagged.tolist(), self.evidence.tolist())
        facts = zip(self.names, self.versions, *measured, strict=True)
        return tuple(Member(row, *fact) for row, fact in enumerate(facts))

    def contents(self, row: int) -> list[str]:
        """Hashes of the pixels of a row's images, hexadecimal."""
        held = self._measured[row].contents
        return [held[k : k + HASH].hex() for k in range(0, len(held), HASH)]

    def sharing(self, contents: Collection[str]) -> list[int]:
        """Rows that hold an image of these contents."""
        asked = np.frombuffer(b"".join(bytes.fromhex(c)[:8] for c in contents), np.uint64)
        starts, owners = self._starts
        rows = np.unique(owners[np.isin(starts, asked)]).tolist()
        whole = {bytes.fromhex(c) for c in contents}
        return [row for row in rows if not whole.isdisjoint(_hashes(self._measured[row].contents))]

    @cached_property
    def sharers(self) -> frozenset[int]:
        """Rows that may hold an image another one holds too."""
        starts, owners = self._starts
        _, place, count = np.unique(starts, return_inverse=True, return_counts=True)
        return frozenset(owners[count[place] > 1].tolist())

    @cached_property
    def _starts(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The first eight bytes of every hash, and the row that holds it."""
        counts = [len(m.contents) // HASH for m in self._measured]
        joined = np.frombuffer(b"".join(m.contents for m in self._measured), np.uint64)
        return joined[:: HASH // 8], np.repeat(np.arange(len(counts)), counts)

    def apart(self, contents: Collection[str]) -> tuple[Population, list[str]]:
        """The population without the images of these contents, and the names of those that held some.

        A generator with fewer than two images left is not in it: nothing is kin by sharing a picture.
        """
        shared = self.sharing(contents)
        if not shared:
            return self, []
        reduced = {row: self.profile(row).without(frozenset(contents)) for row in shared}
        rows = [row for row in range(len(self)) if reduced.get(row, self) is not None]
        measured = [Measured.of(p) if (p := reduced.get(row)) else self._measured[row] for row in rows]
        names, versions = [self.names[row] for row in rows], [self.versions[row] for row in rows]
        left = Population(
            names, versions, measured, lambda row: reduced.get(rows[row]) or self.profile(rows[row]), self.silent
        )
        return left, [self.names[row] for row in shared]

    def only(self, rows: Sequence[int]) -> Population:
        """Some of the rows, in the order given."""
        names, versions = [self.names[row] for row in rows], [self.versions[row] for row in rows]
        measured = [self._measured[row] for row in rows]
        return Population(names, versions, measured, lambda row: self.profile(rows[row]), self.silent)

    def silenced(self, names: Collection[str]) -> Population:
        """The same, with those of ``names`` told of and deciding nothing."""
        return Population(self.names, self.versions, self._measured, self._profile, frozenset(names))


def renamed(made: Profile, name: str, version: int) -> Profile:
    """``made`` under another name: a profile rests on its images alone."""
    return made if (made.name, made.version) == (name, version) else replace(made, name=name, version=version)


def _hashes(contents: bytes) -> set[bytes]:
    return {contents[k : k + HASH] for k in range(0, len(contents), HASH)}
