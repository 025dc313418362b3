"""Images in: finding the files a user means, and opening each one safely.

Nothing is resized or rotated (both would move the pixel grid a fingerprint is locked to). What cannot be used is
skipped by name with a reason; the good images go through.
"""

from __future__ import annotations

import glob
import hashlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from difreg.errors import NotFoundError
from difreg.names import shown
from difreg.registry.histories.record import history_of

T = TypeVar("T")
CROP = 256
GRID = 16
MOST_TILES = 64  # of one image
AREAS = ("crop", "whole")
MAX_BYTES = 1 << 30
FLATTEST = 2.0  # grey levels of standard deviation
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".apng"})
PLUGINS = (TiffImagePlugin, WebPImagePlugin)  # imported, because Image.open does not by itself
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")

REASONS = {
    "missing": "no such file",
    "unreadable": "the file cannot be read",
    "broken": "not a whole image of a known kind",
    "unsupported": "not a PNG, JPEG, WebP, BMP or TIFF",
    "oversized": "more pixels than Pillow's limit against decompression bombs",
    "too_small": f"smaller than {CROP} pixels on a side",
    "animated": "has more than one frame",
    "sixteen_bit": "has more than 8 bits a channel",
    "cmyk": "has print colours (CMYK)",
    "transparent": "has transparent pixels",
    "flat": "is flat, so that it carries no residual",
    "duplicate": "shows the same pixels as another image",
}


@dataclass(frozen=True)
class SkippedImage:
    """An image that cannot be used; ``code`` is a key of :data:`REASONS`."""

    file: str
    code: str
    reason: str


@dataclass(frozen=True)
class Crop:
    """The part of an image that is looked at.

    ``tiles`` are (256, 256, 3) uint8 each, their corners on the image's 16-pixel grid: the centre crop, or all that
    the image holds. ``sha256`` is of the file's bytes, ``content`` of the centre crop's pixels, so that a copy in
    another lossless format is seen as one whatever the area. ``history`` is a row of
    :data:`difreg.registry.histories.record.COLUMNS`.
    """

    file: str
    size: int
    sha256: str
    content: str
    tiles: tuple[NDArray[np.uint8], ...]
    history: tuple[float, ...]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The first tile, which for the area ``crop`` is the only one."""
        return self.tiles[0]


class UnusableImageError(Exception):
    """Raised with a key of :data:`REASONS`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def find(images: Iterable[str | Path]) -> list[Path]:
    """Files meant by files, folders (searched recursively), globs, and the DIF layout.

    A folder that holds ``1_fake`` beside ``0_real`` means its ``1_fake`` alone. Files named outright are kept whatever
    their suffix; in folders only image suffixes are. Each file once, folders in sorted order.

    Raises
    ------
    NotFoundError
        If one of them does not exist and matches nothing.
    """
    out: dict[Path, None] = {}
    for given in images:
        path = Path(given)
        if path.is_dir():
            out.update(dict.fromkeys(_in_folder(path)))
        elif path.exists() or path.is_symlink():
            out[path] = None
        else:
            matches = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207 - a pattern may be absolute
            if not matches:
                raise NotFoundError(
                    f"There is no file or folder '{shown(str(given))}'.", "Check the path; quote a pattern with *."
                )
            for match in matches:
                found = Path(match)
                out.update(dict.fromkeys(_in_folder(found) if found.is_dir() else [found]))
    return list(out)


def photographs_beside(images: Iterable[str | Path]) -> list[Path]:
    """The ``0_real`` folders of those among ``images`` that have the DIF layout."""
    return [Path(given) / "0_real" for given in images if _is_layout(Path(given))]


def _is_layout(folder: Path) -> bool:
    return (folder / "1_fake").is_dir() and (folder / "0_real").is_dir()


def _in_folder(folder: Path) -> list[Path]:
    if _is_layout(folder):
        folder = folder / "1_fake"
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.is_dir())


def open_crop(path: Path, area: str = "crop") -> Crop:
    """Decode one image and take its centre crop on the 16-pixel grid, or all complete tiles of its ``whole`` area.

    Raises
    ------
    UnusableImageError
        With the code of the reason.
    """
    data = _read(path)
    pixels, centre, history = _decode(data, lambda image: _areas(image, data, area))
    tiles = tuple(tile for tile in _tiles(pixels) if tile.std() >= FLATTEST)
    if not tiles:
        raise UnusableImageError("flat")
    content = hashlib.sha256(centre.tobytes()).hexdigest()
    return Crop(str(path), len(data), hashlib.sha256(data).hexdigest(), content, tiles, history)


def open_whole(path: Path) -> NDArray[np.uint8]:
    """Decode one image, all of it: (height, width, 3).

    Raises
    ------
    UnusableImageError
        With the code of the reason.
    """
    return _decode(_read(path), lambda image: np.asarray(image.convert("RGB")))


def _areas(
    image: Image.Image, data: bytes, area: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, ...]]:
    """The pixels of the area, those of the centre crop, and the image's history."""
    centre = _cut(image, (CROP, CROP))
    most = tuple(side // CROP * CROP for side in image.size)
    pixels = centre if area == "crop" or most == (CROP, CROP) else _cut(image, most)
    return pixels, centre, history_of(image, data, centre)


def _tiles(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Tiles of an area whose sides are multiples of 256 pixels, row by row; of too many an even choice."""
    rows, columns = (side // CROP for side in pixels.shape[:2])
    every = [(y * CROP, x * CROP) for y in range(rows) for x in range(columns)]
    for k in range(min(len(every), MOST_TILES)):
        y, x = every[k * len(every) // min(len(every), MOST_TILES)]
        yield np.ascontiguousarray(pixels[y : y + CROP, x : x + CROP])


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            raise UnusableImageError("missing")
        if not path.is_file():  # a pipe or device would block or never end
            raise UnusableImageError("unreadable", "not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise UnusableImageError("oversized", f"over {MAX_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UnusableImageError("unreadable", error.strerror or "") from error


def _decode(data: bytes, take: Callable[[Image.Image], T]) -> T:
    """What ``take`` gives of the image, once it is decoded and known to be sound."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check(image)
                image.load()
                _check_alpha(image)
                return take(image)
    except UnusableImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImageError("oversized") from error
    except UnidentifiedImageError as error:
        raise UnusableImageError("broken") from error
    except MemoryError as error:
        raise UnusableImageError("oversized") from error
    # Decoders raise many kinds of errors on hostile bytes; each means that this one file is not an image.
    except Exception as error:
        raise UnusableImageError("broken", type(error).__name__) from error


def _cut(image: Image.Image, size: tuple[int, ...]) -> NDArray[np.uint8]:
    """The centre (width, height) pixels, their corner on the 16-pixel grid."""
    left, top = ((whole - part) // 2 // GRID * GRID for whole, part in zip(image.size, size, strict=True))
    return np.asarray(image.crop((left, top, left + size[0], top + size[1])).convert("RGB"))


def _check(image: Image.Image) -> None:
    if image.format == "GIF" or (getattr(image, "n_frames", 1) > 1 and image.format != "MPO"):
        raise UnusableImageError("animated" if getattr(image, "n_frames", 1) > 1 else "unsupported")
    if image.mode == "CMYK":
        raise UnusableImageError("cmyk")
    if image.mode.startswith(("I", "F")) or _wide(image):
        raise UnusableImageError("sixteen_bit")
    if min(image.size) < CROP:
        raise UnusableImageError("too_small", "x".join(map(str, image.size)))


def _wide(image: Image.Image) -> bool:
    """Whether the file has 16 bits a channel although Pillow will hand out 8."""
    tiles: Any = getattr(image, "tile", ())
    raw = [tile[3] for tile in tiles]
    parts = [part for args in raw for part in (args if isinstance(args, tuple) else (args,)) if isinstance(part, str)]
    return any("16" in str(part) for part in parts)


def _check_alpha(image: Image.Image) -> None:
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise UnusableImageError("transparent")


def skipped(path: Path | str, code: str, detail: str = "") -> SkippedImage:
    """A skipped image in words."""
    reason = REASONS[code] + (f" ({shown(detail, 80)})" if detail else "")
    return SkippedImage(str(path), code, reason)


def drop_duplicates(images: Sequence[tuple[str, str]]) -> tuple[list[int], list[SkippedImage]]:
    """Indices of the first of each content among (file, content) pairs, and the others as skipped."""
    first: dict[str, str] = {}
    kept: list[int] = []
    out: list[SkippedImage] = []
    for index, (file, content) in enumerate(images):
        if content in first:
            out.append(skipped(file, "duplicate", Path(first[content]).name))
        else:
            first[content] = file
            kept.append(index)
    return kept, out
