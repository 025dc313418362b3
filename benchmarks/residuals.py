"""The images of a labelled collection as residuals, for any denoiser, in memory only.

A residual is high-passed and of unit norm, as for a sketch; unlike a sketch it is kept folded to 32 pixels, and whole
where a solver needs that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, laplace, median_filter

from difreg.lineage.background_builder import Material, read_split
from difreg.lineage.labelled import Label, read_labels
from difreg.registry import denoisers
from difreg.registry.extraction import ImageInfo, ImageSet
from difreg.registry.images import CROP, open_crop
from difreg.registry.sketches import CUTOFF, PERIOD

Array = NDArray[np.float64]
Noise = Callable[[NDArray[np.uint8]], Array]
CANVAS = 32
LIMIT = 0.5  # grey levels, at which simple filters are clipped
LOSSLESS = ("real-kodak", "real-live1-set14")  # photographs that never were JPEG
SAMPLES = ("sd14", "sd21", "mj", "glide")


def _planes(crop: NDArray[np.uint8]) -> Array:
    return np.moveaxis(crop, 2, 0).astype(np.float64)


def _wavelet(sigma: float) -> Noise:
    # Shrinkage commutes with scale, so noise of sigma grey levels is noise of one in an image divided by sigma.
    return lambda crop: denoisers.get("wavelet-1").residual(crop / sigma)  # type: ignore[arg-type]


def _clipped(smooth: Callable[[Array], Array]) -> Noise:
    def noise(crop: NDArray[np.uint8]) -> Array:
        planes = _planes(crop)
        return np.clip(planes - smooth(planes), -LIMIT, LIMIT)

    return noise


SIMPLE: Mapping[str, Noise] = {
    "none": _planes,
    "laplace": _clipped(lambda x: x + laplace(x, axes=(1, 2)) / 4),
    "gaussian": _clipped(lambda x: gaussian_filter(x, 1, axes=(1, 2))),
    "median": _clipped(lambda x: median_filter(x, 3, axes=(1, 2))),
    "wavelet-3": _wavelet(3),
}
"""Denoisers without weights that are here for comparison alone; "none" leaves the work to the high pass."""


def noise_of(name: str) -> Noise:
    """The residual function of a denoiser of the registry or of :data:`SIMPLE`."""
    return SIMPLE[name] if name in SIMPLE else denoisers.get(name).residual


@dataclass(frozen=True)
class Residuals:
    """Residuals of n images: ``folded`` (n, 3, 32, 32), and ``full`` (n, 3, 256, 256) times 443, or None."""

    folded: Array
    full: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.folded)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Residuals:
        return Residuals(self.folded[rows], None if self.full is None else self.full[rows])

    @property
    def whole(self) -> NDArray[np.float32]:
        """(n, 3, 256, 256), of unit variance."""
        assert self.full is not None, "prepared without whole residuals"
        return self.full.astype(np.float32)

    def period(self, period: int) -> Array:
        """Folded to 16 or 32 pixels, or whole at 256 (then of unit variance): (n, 3, period, period)."""
        if period == CROP:
            return self.whole.astype(np.float64)
        copies = CANVAS // period
        out: Array = self.folded.reshape(len(self), 3, copies, period, copies, period).mean((2, 4))
        return out

    def images(self, denoiser: str) -> ImageSet:
        """As the product's image set, nameless."""
        infos = tuple(ImageInfo(str(k), 0, "", "") for k in range(len(self)))
        return ImageSet(denoiser, infos, self.period(PERIOD))


def residuals(crops: Sequence[NDArray[np.uint8]], denoiser: str, *, full: bool) -> Residuals:
    """Denoise, high-pass, scale to unit norm and fold."""
    noise = noise_of(denoiser)
    low = np.hypot(np.fft.fftfreq(CROP)[:, None], np.fft.rfftfreq(CROP)[None]) < CUTOFF
    folded = np.empty((len(crops), 3, CANVAS, CANVAS))
    whole = np.empty((len(crops), 3, CROP, CROP), np.float16) if full else None
    copies = CROP // CANVAS
    for k, crop in enumerate(crops):
        spectrum = np.fft.rfft2(noise(crop))
        spectrum[:, low] = 0
        found = np.fft.irfft2(spectrum, s=(CROP, CROP))
        found /= max(float(np.linalg.norm(found)), 1e-9)
        folded[k] = found.reshape(3, copies, CANVAS, copies, CANVAS).mean((1, 3))
        if whole is not None:
            whole[k] = found * np.sqrt(found.size)
    return Residuals(folded, whole)


@dataclass(frozen=True)
class Crops:
    """Pixels of all images: generators, photographs that train (make) and that judge (test), the paper's samples."""

    labels: Mapping[str, Label]
    generators: Mapping[str, list[NDArray[np.uint8]]]
    make: list[NDArray[np.uint8]]
    test: list[NDArray[np.uint8]]
    fakes: Mapping[str, list[NDArray[np.uint8]]]
    reals: Mapping[str, list[NDArray[np.uint8]]]


def read(zoo: Path) -> Crops:
    """Decode the collection in ``zoo`` once."""
    labels, halves = read_labels(zoo), read_split(zoo)
    return Crops(
        labels=labels,
        generators={name: _opened((zoo / "generators" / name).iterdir()) for name in labels},
        make=_opened(halves["make"]),
        test=_opened(p for p in halves["test"] if p.parent.name in LOSSLESS),
        fakes={s: _opened((zoo / "dif-samples" / s / "1_fake").iterdir()) for s in SAMPLES},
        reals={s: _opened((zoo / "dif-samples" / s / "0_real").iterdir()) for s in SAMPLES},
    )


def _opened(files: Iterator[Path] | Sequence[Path]) -> list[NDArray[np.uint8]]:
    return [open_crop(file).pixels for file in sorted(files)]


@dataclass(frozen=True)
class Prepared:
    """All residuals of one denoiser, named as in :class:`Crops`."""

    denoiser: str
    labels: Mapping[str, Label]
    generators: Mapping[str, Residuals]
    make: Residuals
    test: Residuals
    fakes: Mapping[str, Residuals]
    reals: Mapping[str, Residuals]

    def light(self) -> Prepared:
        """Without whole residuals."""

        def less(some: Mapping[str, Residuals]) -> dict[str, Residuals]:
            return {name: Residuals(found.folded) for name, found in some.items()}

        return dataclasses.replace(
            self,
            generators=less(self.generators),
            make=Residuals(self.make.folded),
            test=Residuals(self.test.folded),
            fakes=less(self.fakes),
            reals=less(self.reals),
        )

    def material(self) -> Material:
        """What kinship is judged on; without JPEG directions, which it does not use."""
        sets = {name: found.images(self.denoiser) for name, found in self.generators.items()}
        make, test = self.make.images(self.denoiser), self.test.images(self.denoiser)
        return Material(self.denoiser, self.labels, sets, make, test, {})


def prepare(crops: Crops, denoiser: str, *, full: bool) -> Prepared:
    """Denoise everything, half a minute with the wavelet; ``full`` keeps whole residuals (350 MB)."""

    def each(some: Mapping[str, list[NDArray[np.uint8]]]) -> dict[str, Residuals]:
        return {name: residuals(pixels, denoiser, full=full) for name, pixels in some.items()}

    return Prepared(
        denoiser=denoiser,
        labels=crops.labels,
        generators=each(crops.generators),
        make=residuals(crops.make, denoiser, full=full),
        test=residuals(crops.test, denoiser, full=full),
        fakes=each(crops.fakes),
        reals=each(crops.reals),
    )
