"""Answers of the paper's pictures: a matrix of all pairs, and the blank-image experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from difreg.lineage.answers.common import Answer


@dataclass(frozen=True)
class MatrixMember:
    """A generator in a matrix; ``name`` tells the version too where one was asked for."""

    name: str
    version: int
    family: str | None
    title: str | None
    images: int
    reliability: float
    jpeg: bool


@dataclass(frozen=True)
class MatrixCell:
    """What one cell says: the images of ``images`` under the fingerprint of ``fingerprint``.

    Attributes
    ----------
    value
        In the matrix's metric; NaN where it is not defined.
    low, high
        Its 95 % interval, NaN where none is known.
    n
        Images of ``images`` behind it, those that trained the fingerprint left out.
    judged
        False where a weak fingerprint, or JPEG compression of both sets, forbids to conclude anything on kinship.
    """

    fingerprint: str
    images: str
    value: float
    low: float
    high: float
    n: int
    judged: bool = True


@dataclass(frozen=True)
class Matrix(Answer):
    """All pairs of generators in one metric, families together, row by row.

    Attributes
    ----------
    directed
        Whether rows are fingerprints and columns images. Else both cells of a pair say the same.
    photographs
        How many photographs images were told from, where the metric does that.
    """

    schema: ClassVar[str] = "difreg/matrix"
    metric: str
    directed: bool
    photographs: int | None
    members: tuple[MatrixMember, ...]
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True)
class StrideEnergy:
    """Energy at the frequencies that up-sampling by ``stride`` leaves, over that of the frequencies around them."""

    stride: int
    ratio: float


@dataclass(frozen=True)
class BlankSnapshot:
    """How far the blank-image experiment was after some steps; errors in grey levels, largest of all pixels."""

    step: int
    loss: float
    mean_error: float
    largest_error: float
    strides: tuple[StrideEnergy, ...]


@dataclass(frozen=True)
class BlankFitted(Answer):
    """Answer of ``lab blank``.

    Attributes
    ----------
    losses
        Of each step.
    fitted
        Whether every pixel of the last output is within one grey level of the blank image.
    peaked
        Whether, in the last output, the energy at every stride is at least five times that around it.
    means
        The same of the mean output for 64 other draws of noise, of the untrained and of the last network.
    accepted
        Both.
    """

    schema: ClassVar[str] = "difreg/blank"
    size: int
    steps: int
    level: float
    learning_rate: float
    losses: tuple[float, ...]
    snapshots: tuple[BlankSnapshot, ...]
    means: tuple[BlankSnapshot, ...]
    fitted: bool
    peaked: bool
    accepted: bool
    seconds: float
