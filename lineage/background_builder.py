"""Building a background from a labelled collection of images: ``make artefacts`` and ``difreg background build``."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from difreg import __version__
from difreg.errors import DifregError, InputError
from difreg.lineage import grown as grown_kinship
from difreg.lineage.answers import BackgroundShown, Provenance
from difreg.lineage.calibration import Draws, fit_calibration
from difreg.lineage.grown import CHANGED, FOUNDER, KEPT, Grown, founders
from difreg.lineage.kinship import pairwise
from difreg.lineage.labelled import KIN_FAMILY, UNSETTLED, Label, read_labels, settled_pairs
from difreg.lineage.views import background_answer
from difreg.registry import background as backgrounds
from difreg.registry import denoisers
from difreg.registry.background import Background, Calibration
from difreg.registry.extraction import ImageSet, Progress, extract, extract_each
from difreg.registry.fingerprints import panel_scale
from difreg.registry.images import open_crop
from difreg.registry.sketches import pack, sketch
from difreg.registry.whitening import Whitening, coefficients, fit_whitening, template

Array = NDArray[np.float64]
NAME = "background-2"
SPLIT = "photographs-1.csv"
QUALITIES = (50, 60, 70, 75, 80, 85, 90, 92, 95)
JPEG_SOURCES = ("real-kodak", "real-live1-set14", "real-urban100")  # photographs that are not JPEG as they lie
SIZES = (1, 2, 4, 8, 16)
DRAWS = 10


@dataclass(frozen=True)
class Material:
    """What a background is made from, denoised once.

    Attributes
    ----------
    generators
        Image sets by name; ``labels`` has the same names.
    make, test
        The two halves of the photographs.
    jpeg
        Mean coefficients (192,) that compression adds to photographs of *make*, by quality.
    founders
        (n, 192) coefficients of the images of grown founders, which are in the panel beside real generators: without
        entries of the same upsampling its strangers look closer than they are (measured; see ``docs/nursery.md``).
    """

    denoiser: str
    labels: Mapping[str, Label]
    generators: Mapping[str, ImageSet]
    make: ImageSet
    test: ImageSet
    jpeg: Mapping[int, Array]
    founders: Mapping[str, Array] = field(default_factory=dict)

    @cached_property
    def coefficients(self) -> dict[str, Array]:
        """(n, 192) coefficients of each generator's images."""
        return {name: coefficients(images.sketches) for name, images in self.generators.items()}

    def panel_names(self) -> list[str]:
        """Lossless sets of families that are neither the large one nor unsettled."""
        return [x.name for x in self.labels.values() if x.lossless and x.family not in {KIN_FAMILY, *UNSETTLED}]


def gather(
    zoo: Path,
    *,
    denoiser: str = denoisers.DEFAULT,
    jobs: int = 0,
    parallel: str = "",
    progress: Progress | None = None,
) -> Material:
    """Denoise the collection in ``zoo``: ``generators/``, ``photos/``, ``truth.csv``, and the committed split."""
    labels = read_labels(zoo)
    folders = [zoo / "generators" / name for name in labels]
    generators: dict[str, ImageSet] = {}
    workers: dict[str, Any] = {"jobs": jobs, "parallel": parallel, "progress": progress}
    for name, found in zip(labels, extract_each(folders, denoiser=denoiser, at_least=2, **workers), strict=True):
        if isinstance(found, DifregError):
            raise found
        generators[name] = found
    halves = read_split(zoo)
    make, test = (extract(halves[half], denoiser=denoiser, **workers) for half in ("make", "test"))
    lossless = [p for p in halves["make"] if p.parent.name in JPEG_SOURCES]
    return Material(
        denoiser, labels, generators, make, test, _jpeg_shifts(lossless, denoiser, progress), founders(denoiser)
    )


def read_split(zoo: Path) -> dict[str, list[Path]]:
    """Photographs by half, as the committed list says; files that changed are refused."""
    halves: dict[str, list[Path]] = {"make": [], "test": []}
    text = files("difreg.registry.backgrounds").joinpath(SPLIT).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        path = zoo / "photos" / row["file"]
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            raise InputError(
                f"The photograph {path} is missing or another than the list {SPLIT} names.",
                "Use the collection the list was made for.",
            )
        halves[row["half"]].append(path)
    return halves


def _jpeg_shifts(photographs: Sequence[Path], denoiser: str, progress: Progress | None) -> dict[int, Array]:
    noise = denoisers.get(denoiser).residual
    sums = {quality: np.zeros((1, 3, 16, 16)) for quality in QUALITIES}
    for done, path in enumerate(photographs, 1):
        pixels = open_crop(path).pixels
        before = sketch(noise(pixels))
        for quality in QUALITIES:
            stream = BytesIO()
            Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
            after = sketch(noise(np.asarray(Image.open(stream))))
            if before is not None and after is not None:
                sums[quality] += after - before
        if progress:
            progress(done, len(photographs), "compressing photographs")
    return {quality: coefficients(total / len(photographs))[0] for quality, total in sums.items()}


def assemble(
    material: Material,
    left_out: frozenset[str] = frozenset(),
    calibrations: tuple[Calibration, ...] | None = None,
    grown: Grown | None = None,
) -> Background:
    """A background from all of ``material`` but the clusters ``left_out``.

    Parameters
    ----------
    calibrations
        Fitted where None, to the pairs of ``material`` and those of ``grown``; that is what ships where None.
    """
    whitening, panel_names, panel = yardstick(material, left_out)
    jpeg = np.stack([material.jpeg[q] * whitening.weights for q in QUALITIES])
    return Background(
        name=NAME,
        denoiser=material.denoiser,
        photo_mean=material.make.sketches.mean(0),
        photographs=material.make.sketches,
        negatives=material.test.sketches,
        whitening=whitening,
        panel=panel,
        panel_names=tuple(panel_names),
        jpeg=jpeg / np.linalg.norm(jpeg, axis=1, keepdims=True),
        calibrations=calibrate(material, whitening, panel, left_out, grown) if calibrations is None else calibrations,
    )


def yardstick(material: Material, left_out: frozenset[str] = frozenset()) -> tuple[Whitening, list[str], Array]:
    """Whitening, panel names and panel templates without the clusters and the grown families in ``left_out``."""
    used = {n for n, label in material.labels.items() if label.cluster not in left_out}
    whitening = fit_whitening([material.coefficients[n] for n in sorted(used) if material.labels[n].lossless])
    names = [n for n in material.panel_names() if n in used]
    sets = {n: material.coefficients[n] for n in names}
    sets |= {f"{FOUNDER}{n}": values for n, values in material.founders.items() if n not in left_out}
    panel = np.stack([template(whitening.unit(values)).direction for values in sets.values()])
    return whitening, list(sets), panel


def calibrate(
    material: Material,
    whitening: Whitening,
    panel: Array,
    left_out: frozenset[str] = frozenset(),
    grown: Grown | None = None,
    seed: int = 0,
) -> tuple[Calibration, ...]:
    """Calibrations for each of :data:`SIZES`, from the settled pairs of real generators and from grown ones.

    Real and grown pairs weigh alike, and so do the four likenesses of grown strangers.
    """
    grown = grown or grown_kinship.shipped(material.denoiser)
    real = (real_draws(material, whitening, panel, size, left_out, seed) for size in SIZES)
    return tuple(combined(size, *pairs, grown) for size, pairs in zip(SIZES, real, strict=True))


def real_draws(
    material: Material, whitening: Whitening, panel: Array, size: int, left_out: frozenset[str], seed: int = 0
) -> tuple[Draws, Draws]:
    """Kinship of the settled pairs of real generators: of kin, and of unrelated ones."""
    names = [n for n, label in material.labels.items() if label.lossless and label.cluster not in left_out]
    index = {n: k for k, n in enumerate(names)}
    pairs = [(index[a], index[b], kin) for a, b, kin in settled_pairs(material.labels) if a in index and b in index]
    rows, columns = (np.array([p[side] for p in pairs]) for side in (0, 1))
    kin = np.array([p[2] for p in pairs], bool)
    z = np.stack([m[rows, columns] for m in drawn(material, names, whitening, panel, [size], DRAWS, seed)])
    return Draws.of(z[:, kin].ravel()), Draws.of(z[:, ~kin].ravel())


def combined(size: int, kin: Draws, unrelated: Draws, grown: Grown) -> Calibration:
    """The calibration of real and grown pairs together."""
    kept = Draws.balanced([kin, grown.draws(size, KEPT)])
    strange = Draws.balanced([unrelated, *grown.unrelated(size)])
    return fit_calibration(size, kept, grown.draws(size, CHANGED), strange)


def drawn(
    material: Material,
    names: Sequence[str],
    whitening: Whitening,
    panel: Array,
    sizes: Sequence[int],
    draws: int,
    seed: int,
) -> list[Array]:
    """Kinship matrices, (m, m) each, of ``draws`` random subsets of each of ``sizes`` images a set."""
    out = []
    for size in sizes:
        rng = np.random.default_rng([seed, size])
        for _ in range(draws):
            picks = [rng.permutation(len(material.coefficients[n]))[:size] for n in names]
            units = [whitening.unit(material.coefficients[n][p]) for n, p in zip(names, picks, strict=True)]
            directions = np.stack([template(u).direction for u in units])
            out.append(pairwise(directions, panel_scale(directions, panel)))
    return out


def build_background(
    zoo: Path,
    output: Path,
    *,
    denoiser: str = denoisers.DEFAULT,
    jobs: int = 0,
    parallel: str = "",
    progress: Progress | None = None,
) -> BackgroundShown:
    """Build the background of ``denoiser`` from ``zoo`` and write it into the folder ``output``."""
    material = gather(zoo, denoiser=denoiser, jobs=jobs, parallel=parallel, progress=progress)
    made = assemble(material)
    negatives, scale = pack(made.negatives)
    photographs, photographs_scale = pack(made.photographs)
    facts: dict[str, Any] = {
        "name": NAME,
        "denoiser": denoiser,
        "difreg": __version__,
        "photographs": len(material.make),
        "negatives": len(material.test),
        "whitening_sets": sum(x.lossless for x in material.labels.values()),
        "panel": list(made.panel_names),
        "calibrations": [asdict(c) for c in made.calibrations],
        "meaning": {str(n): table for n, table in grown_kinship.shipped(denoiser).meaning.items()},
        "made_from": {
            "sets": {n: _set_hash(s) for n, s in material.generators.items()},
            "make": _set_hash(material.make),
            "test": _set_hash(material.test),
            "grown": {n: hashlib.sha256(v.tobytes()).hexdigest() for n, v in material.founders.items()},
        },
    }
    arrays: dict[str, NDArray[Any]] = {
        "photo_mean": made.photo_mean.astype(np.float32),
        "photographs": photographs,
        "photographs_scale": photographs_scale,
        "negatives": negatives,
        "negatives_scale": scale,
        "centre": made.whitening.centre.astype(np.float32),
        "weights": made.whitening.weights.astype(np.float32),
        "panel": made.panel.astype(np.float32),
        "jpeg": made.jpeg.astype(np.float32),
    }
    path = backgrounds.save(output, facts, arrays)
    provenance = Provenance(__version__, denoiser=denoiser, background=NAME, seed=0)
    return background_answer(backgrounds.load(path), provenance, str(path))


def _set_hash(images: ImageSet) -> str:
    return hashlib.sha256("".join(sorted(i.sha256 for i in images.images)).encode()).hexdigest()
