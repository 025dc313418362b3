"""Folds of images on a larger canvas than a sketch's: what the solvers that fit a network start from.

They are kept only while a fingerprint is solved. On the published canvas of 256 pixels an image takes .79 MB, so that
many of them wait in an unnamed temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IN_MEMORY = 96 << 20  # bytes; more of them are written to a file


class FoldStore:
    """Room for ``capacity`` folds, (3, canvas, canvas) float32 each, filled one by one."""

    def __init__(self, capacity: int, canvas: int) -> None:
        shape = (capacity, 3, canvas, canvas)
        size = 4 * int(np.prod(shape))
        if size > IN_MEMORY:
            # The file has no name, and goes when the array does.
            with tempfile.TemporaryFile(prefix="difreg-") as file:
                self._rows: NDArray[np.float32] = np.memmap(file, np.float32, "w+", shape=shape)
        else:
            self._rows = np.empty(shape, np.float32)
        self._used = 0

    def add(self, fold: NDArray[np.float32]) -> None:
        """Take the next fold."""
        self._rows[self._used] = fold
        self._used += 1

    def kept(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """The folds of ``rows``, which ascend, moved together; the others are lost."""
        for place, row in enumerate(rows):
            if place != row:
                self._rows[place] = self._rows[row]
        out: NDArray[np.float32] = self._rows[: len(rows)]
        return out
