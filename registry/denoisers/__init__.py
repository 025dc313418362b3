"""Denoisers by name. What one calls noise in an image is the residual all fingerprints are made from.

A denoiser is named and versioned (``wavelet-1``): residuals of two denoisers never mix, so a change of a single
number makes a new name. To add one, write a module with a class that follows :class:`Denoiser` and name it in
``_MAKERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from difreg.errors import IncompatibleError

DEFAULT = "wavelet-1"


class Denoiser(Protocol):
    """Estimates the noise of images."""

    name: str

    def calm(self) -> AbstractContextManager[None]:
        """Settings under which images may be denoised side by side and always give the same bits."""
        ...

    def residual(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Noise of one image: (H, W, 3) grey levels 0..255 in, (3, H, W) grey levels out."""
        ...


@cache
def get(name: str = DEFAULT) -> Denoiser:
    """The denoiser called ``name``.

    Raises
    ------
    IncompatibleError
        If this version of difreg has no such denoiser.
    """
    if name not in _MAKERS:
        raise IncompatibleError(f"This difreg has no denoiser '{name}'.", f"It has: {', '.join(names())}.")
    return _MAKERS[name]()


def names() -> list[str]:
    """Names of all denoisers, sorted."""
    return sorted(_MAKERS)


def _wavelet() -> Denoiser:
    from difreg.registry.denoisers.wavelet import WaveletDenoiser

    return WaveletDenoiser()


def _network(name: str) -> Denoiser:
    from difreg.registry.denoisers.network import NetworkDenoiser

    return NetworkDenoiser(name)


_MAKERS: dict[str, Callable[[], Denoiser]] = {
    "wavelet-1": _wavelet,
    "periodic-1": partial(_network, "periodic-1"),
    "periodic-fast-1": partial(_network, "periodic-fast-1"),
}
