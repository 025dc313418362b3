"""Answer of the tree of similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from difreg.lineage.answers.common import Answer


@dataclass(frozen=True)
class TreeLeaf:
    """A generator in a tree of similarity; ``length`` is that of its branch, in 1 - cosine."""

    generator: str
    version: int
    length: float
    family: str | None
    title: str | None
    images: int
    reliability: float
    jpeg: bool


@dataclass(frozen=True)
class TreeGroup:
    """A group of leaves.

    Attributes
    ----------
    children
        Leaves are numbered from 0 and groups go on from there; each group comes after those in it.
    support
        Share of replicates, images drawn with replacement, that have the group; NaN where every tree has it.
    family
        The family that is exactly this group, if any.
    """

    children: tuple[int, ...]
    length: float
    support: float
    size: int
    family: str | None


@dataclass(frozen=True)
class SimilarityTree(Answer):
    """Who looks alike, which is not who descends from whom; the last group is the root, which is no origin."""

    schema: ClassVar[str] = "difreg/tree"
    method: str
    replicates: int
    leaves: tuple[TreeLeaf, ...]
    groups: tuple[TreeGroup, ...]
