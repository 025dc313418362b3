"""From files to sketches: the one place where images are denoised, in parallel where that pays.

An :class:`ImageSet` is what the rest of difreg sees of images. It can be written as a ``.sketch`` file, which is
accepted wherever images are: laboratories that cannot share images share these numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import DifregError, IncompatibleError, InputError, NotFoundError, TooFewImagesError, WorkerError
from difreg.files import write_whole
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry import parallel as spreading
from difreg.registry.folds import FoldStore
from difreg.registry.histories.record import Histories
from difreg.registry.images import (
    AREAS,
    CROP,
    MOST_TILES,
    Crop,
    SkippedImage,
    UnusableImageError,
    drop_duplicates,
    find,
    open_crop,
    skipped,
)
from difreg.registry.sketches import PERIOD, pack, sketch, unpack
from difreg.registry.solvers import folded
from difreg.storage.blobs import dumps, loads

FORMAT = "difreg-sketch-1"
SUFFIX = ".sketch"
BATCH = 8
WORTH_PROCESSES = 200  # images; below, starting the workers takes longer than they save
MAX_SKETCH_BYTES = 1 << 28
_HASH = re.compile("[0-9a-f]{64}")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ImageInfo:
    """One used image: its file as given, size in bytes, SHA-256 of the file and of the pixels looked at."""

    file: str
    size: int
    sha256: str
    content: str


@dataclass(frozen=True)
class ImageSet:
    """Sketches, (n, 3, 16, 16), of the images that could be used, and the ones that could not.

    Attributes
    ----------
    area
        What of an image was looked at: its centre ``crop``, or its ``whole`` area.
    tiles
        (n,) how many tiles each sketch is the mean of; None where the area is the crop.
    folds
        (n, 3, P, P) on the canvas that was asked for, else None; see :mod:`difreg.registry.folds`.
    histories
        What happened to each image; None where nothing is known of any.
    """

    denoiser: str
    images: tuple[ImageInfo, ...]
    sketches: NDArray[np.float64]
    skipped: tuple[SkippedImage, ...] = ()
    area: str = "crop"
    tiles: NDArray[np.float64] | None = field(default=None, repr=False)
    folds: NDArray[np.float32] | None = field(default=None, repr=False)
    histories: Histories | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.images)


def extract(
    given: Sequence[str | Path],
    *,
    denoiser: str = denoisers.DEFAULT,
    jobs: int = 0,
    parallel: str = "",
    progress: Progress | None = None,
    at_least: int = 1,
    canvas: int = 0,
    area: str = "crop",
) -> ImageSet:
    """Sketches of the images that files, folders, globs and ``.sketch`` files mean.

    Parameters
    ----------
    jobs
        Worker processes; 0 uses all processors once there are images enough.
    parallel
        ``dask`` or ``ray`` for the workers of a cluster instead, to which the files have the same names.
    progress
        Called with (done, total, what) as images are finished.
    canvas
        Also fold every residual on a canvas of so many pixels, which ``.sketch`` files have not; 0 does not.
    area
        ``crop``, or ``whole``: all complete tiles of 256 pixels; an image's numbers are then their mean.

    Raises
    ------
    NotFoundError, InputError
        If something named does not exist, or a ``.sketch`` file is damaged.
    IncompatibleError
        If a ``.sketch`` file was made with another denoiser, or of another area.
    TooFewImagesError
        If fewer than ``at_least`` images can be used.
    WorkerError
        If the cluster cannot be reached, does not see the files, or its workers keep dying.
    """
    spreading.check(parallel)
    ready = [_of_area(read_sketch(Path(g), denoiser), area, str(g)) for g in given if str(g).endswith(SUFFIX)]
    if ready and canvas:
        raise InputError("A .sketch file holds no folds of the residuals.", "Give the images themselves.")
    paths = find(g for g in given if not str(g).endswith(SUFFIX))
    folds = FoldStore(len(paths), canvas) if canvas else None
    made = _denoise(paths, denoiser, (jobs, parallel), progress, folds, canvas, area)
    crops = [m for m in made if not isinstance(m, SkippedImage)]
    infos = [i for s in ready for i in s.images] + [c.info for c in crops]
    sketches = [x for s in ready for x in s.sketches] + [c.sketch for c in crops]
    tiles = [t for s in ready for t in (s.tiles if s.tiles is not None else ())] + [float(c.tiles) for c in crops]
    histories = Histories.of([c.history for c in crops])
    for s in reversed(ready):
        histories = (s.histories or Histories.unknown(len(s))).joined(histories)
    bad = [m for m in made if isinstance(m, SkippedImage)] + [x for s in ready for x in s.skipped]
    kept, twice = drop_duplicates([(i.file, i.content) for i in infos])
    lost = (*bad, *twice)
    if len(kept) < at_least:
        what = (
            f"Only {len(kept)} of {len(kept) + len(lost)} images can be used" if lost or kept else "There are no images"
        )
        raise TooFewImagesError(
            f"{what} in {shown(', '.join(map(str, given)))}.{_why(lost)}",
            f"Give at least {at_least} PNG, JPEG, WebP, BMP or TIFF of {CROP} pixels or more on each side.",
        )
    # Rounded as they are stored, so that an answer is the same from images, sketch files and the registry.
    rounded = unpack(*pack(np.stack([sketches[k] for k in kept])))
    return ImageSet(
        denoiser,
        tuple(infos[k] for k in kept),
        rounded,
        lost,
        area,
        np.array([tiles[k] for k in kept]) if area != "crop" else None,
        folds.kept(kept) if folds else None,
        histories.kept(kept) if histories.any_known else None,
    )


def _of_area(found: ImageSet, area: str, file: str) -> ImageSet:
    if found.area == area:
        return found
    raise IncompatibleError(
        f"{shown(file)} was made with --area {found.area}, not {area}.",
        f"Give --area {found.area}, or make it again: difreg sketch --area {area}.",
    )


def _why(lost: Sequence[SkippedImage]) -> str:
    told = "; ".join(f"{shown(Path(s.file).name, 60)} {s.reason}" for s in lost[:12])
    return f" Skipped: {told}{'; ...' if len(lost) > 12 else ''}." if lost else ""


def extract_each(
    folders: Sequence[Path],
    *,
    denoiser: str = denoisers.DEFAULT,
    jobs: int = 0,
    parallel: str = "",
    progress: Progress | None = None,
    at_least: int = 1,
    canvas: int = 0,
    area: str = "crop",
) -> Iterator[ImageSet | DifregError]:
    """:func:`extract` of many folders, in their order, side by side where that pays; an error stands for its folder."""
    # Absolute, because workers that are used again keep the working directory they began in.
    tasks = [(folder.absolute(), denoiser, at_least, canvas, area) for folder in folders]
    many = jobs or sum(1 for folder in folders for _ in folder.rglob("*")) >= WORTH_PROCESSES
    spreading.check(parallel)
    found_each = spreading.run(_extract_one, tasks, *((jobs, parallel) if many else (1, "")))
    for done, (folder, found) in enumerate(zip(folders, found_each, strict=True), 1):
        if progress:
            progress(done, len(folders), "denoising folders")
        yield _unseen(folder) if isinstance(found, NotFoundError) and folder.is_dir() else found


def _extract_one(folder: Path, denoiser: str, at_least: int, canvas: int, area: str) -> ImageSet | DifregError:
    try:
        return extract([folder], denoiser=denoiser, jobs=1, at_least=at_least, canvas=canvas, area=area)
    except DifregError as error:
        return error


@dataclass(frozen=True)
class _Made:
    """What one image gave."""

    info: ImageInfo
    sketch: NDArray[np.float64]
    tiles: int
    history: tuple[float, ...]
    fold: NDArray[np.float32] | None = None


def _denoise(
    paths: Sequence[Path],
    denoiser: str,
    workers: tuple[int, str],
    progress: Progress | None,
    folds: FoldStore | None,
    canvas: int,
    area: str,
) -> list[_Made | SkippedImage]:
    batches = [paths[k : k + BATCH] for k in range(0, len(paths), BATCH)]
    few = not workers[0] and len(paths) < WORTH_PROCESSES
    # Absolute, because workers have working directories of their own; the answer has the names that were given.
    tasks = [([path.absolute() for path in batch], denoiser, canvas, area) for batch in batches]
    out: list[_Made | SkippedImage] = []
    for batch, made in zip(batches, spreading.run(_batch, tasks, *((1, "") if few else workers)), strict=True):
        for path, one in zip(batch, map(_named, batch, made), strict=True):
            if workers[1] and isinstance(one, SkippedImage) and one.code == "missing" and path.is_file():
                raise _unseen(path)
            if folds and isinstance(one, _Made) and one.fold is not None:
                folds.add(one.fold)
            out.append(replace(one, fold=None) if isinstance(one, _Made) else one)
        if progress:
            progress(len(out), len(paths), "denoising")
    return out


def _unseen(path: Path) -> WorkerError:
    return WorkerError(
        f"A worker does not see {shown(str(path.absolute()))}.",
        "Put the images where every machine of the cluster finds them under the same path.",
    )


def _named(path: Path, one: _Made | SkippedImage) -> _Made | SkippedImage:
    """``one`` under the name that was given for it."""
    if isinstance(one, SkippedImage):
        return replace(one, file=str(path))
    return replace(one, info=replace(one.info, file=str(path)))


def _batch(paths: Sequence[Path], denoiser: str, canvas: int, area: str) -> list[_Made | SkippedImage]:
    with denoisers.get(denoiser).calm():
        return [_one(path, denoiser, canvas, area) for path in paths]


def _one(path: Path, denoiser: str, canvas: int, area: str) -> _Made | SkippedImage:
    try:
        crop = open_crop(path, area)
    except UnusableImageError as error:
        return skipped(path, error.code, error.detail)
    sketches, folds = [], []
    for tile in crop.tiles:
        residual = denoisers.get(denoiser).residual(tile)
        made = sketch(residual)
        if made is not None:
            sketches.append(made)
            if canvas and (fold := folded(residual, canvas)) is not None:
                folds.append(fold)
    if not sketches:
        return skipped(path, "flat")
    info = ImageInfo(crop.file, crop.size, crop.sha256, crop.content)
    # Of tiles equally, not by their energy: the texture of a loud one is noise here.
    whole = np.mean(folds, 0).astype(np.float32) if folds else None
    mean = sketches[0] if len(sketches) == 1 else np.mean(sketches, 0)
    return _Made(info, mean, len(sketches), crop.history, whole)


def sketch_crop(crop: Crop, denoiser: str) -> NDArray[np.float64] | None:
    """Sketch of one crop, or None where it is flat."""
    return sketch(denoisers.get(denoiser).residual(crop.pixels))


def write_sketch(images: ImageSet, path: Path) -> None:
    """Write an image set as a ``.sketch`` file: numbers, file names and hashes, no pixels."""
    packed, scale = pack(images.sketches)
    infos = [[Path(i.file).name, i.size, i.sha256, i.content] for i in images.images]
    facts = {"format": FORMAT, "denoiser": images.denoiser, "images": json.dumps(infos)}
    arrays: dict[str, NDArray[Any]] = {"sketches": packed, "scale": scale}
    if images.tiles is not None:
        facts["area"], arrays["tiles"] = images.area, images.tiles.astype(np.uint16)
    if images.histories is not None:
        arrays["history"] = images.histories.rows
    write_whole(path, dumps(arrays, facts))


def read_sketch(path: Path, denoiser: str) -> ImageSet:
    """Read a ``.sketch`` file; nothing in it is trusted.

    Raises
    ------
    InputError
        If it is no sound sketch file.
    IncompatibleError
        If another denoiser made it.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would block, a device never end
            raise InputError(f"{shown(str(path))} is not a regular file.", "Give the file `difreg sketch` wrote.")
        if path.stat().st_size > MAX_SKETCH_BYTES:
            raise InputError(
                f"{shown(str(path))} is too large for a sketch file.", "Make it again with `difreg sketch`."
            )
        arrays, facts = loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{shown(str(path))} cannot be read: {error.strerror}.", "Check the path.") from error
    if facts.get("format") != FORMAT:
        raise InputError(
            f"{shown(str(path))} is no sketch file of this version.", "Make it again with `difreg sketch`."
        )
    if facts.get("denoiser") != denoiser:
        raise IncompatibleError(
            f"{shown(str(path))} was made with '{shown(facts.get('denoiser', '?'), 40)}', not '{denoiser}'.",
            "Make it again from the images with `difreg sketch`.",
        )
    try:
        infos = tuple(ImageInfo(str(f), int(n), str(s), str(c)) for f, n, s, c in json.loads(facts["images"]))
        sketches = unpack(arrays["sketches"], arrays["scale"])
        sound = (
            sketches.shape == (len(infos), 3, PERIOD, PERIOD) and len(infos) > 0 and bool(np.isfinite(sketches).all())
        )
        sound = sound and all(np.abs(s).max() > 0 and np.linalg.norm(s) <= 1 for s in sketches)
        sound = sound and all(_HASH.fullmatch(i.sha256) and _HASH.fullmatch(i.content) for i in infos)
        area = facts.get("area", AREAS[0])
        tiles = None if area == AREAS[0] else arrays["tiles"].astype(np.float64)
        sound = sound and area in AREAS
        if tiles is not None:
            sound = sound and tiles.shape == (len(infos),) and bool(((tiles >= 1) & (tiles <= MOST_TILES)).all())
        histories = Histories(arrays["history"]) if "history" in arrays else None
        sound = sound and (histories is None or histories.is_sound(len(infos)))
    except (KeyError, ValueError, TypeError, IndexError, OverflowError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"{shown(str(path))} is a damaged sketch file.", "Make it again with `difreg sketch`.")
    return ImageSet(denoiser, infos, sketches, (), area, tiles, histories=histories)
