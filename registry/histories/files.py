"""What a file says of its compression: JPEG's quantisation tables and subsampling, WebP's kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

LOSSLESS, JPEG, WEBP = "lossless", "jpeg", "webp"
SAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
Table = NDArray[np.float64]

# Table K.1 of ITU-T T.81, row by row.
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def tables() -> Table:
    """Luminance quantisation steps of the qualities 1 to 100 of the Independent JPEG Group's library, (100, 64)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    out: Table = np.clip((np.array(LUMINANCE).ravel() * scale[:, None] + 50) // 100, 1, 255).astype(np.float64)
    return out


def quality_of(steps: Table, known: NDArray[np.bool_]) -> tuple[int, float]:
    """The quality whose table is nearest to (64,) ``steps`` where they are ``known``, and how far that is.

    The distance is the median of the absolute log ratios: tables of cameras and editors are scaled otherwise.
    """
    ratios = np.abs(np.log(steps[known] / tables()[:, known]))
    far = np.median(ratios, axis=1) + ratios.mean(1) * 1e-3
    best = int(far.argmin())
    return best + 1, float(np.median(ratios[best]))


def told_by(image: Image.Image, data: bytes) -> tuple[str, float, str]:
    """Kind of compression, JPEG quality (NaN where there is none or it is not told), and JPEG's chroma subsampling.

    Parameters
    ----------
    image
        As opened, not converted.
    data
        The file.
    """
    if image.format == "WEBP":
        return (WEBP if _is_lossy(data) else LOSSLESS), float("nan"), ""
    if image.format == "TIFF":
        return (JPEG if "jpeg" in str(image.info.get("compression", "")) else LOSSLESS), float("nan"), ""
    if image.format not in ("JPEG", "MPO"):
        return LOSSLESS, float("nan"), ""
    steps: dict[int, Any] = getattr(image, "quantization", {})
    first = np.array(steps.get(0, ()), dtype=np.float64)
    quality = float(quality_of(first, np.ones(64, bool))[0]) if first.shape == (64,) and first.min() > 0 else np.nan
    place = JpegImagePlugin.get_sampling(image) if getattr(image, "layers", 0) == 3 else -1
    return JPEG, float(quality), SAMPLINGS[place] if 0 <= place < len(SAMPLINGS) else ""


def _is_lossy(data: bytes) -> bool:
    """Whether a WebP file's picture is in a ``VP8`` chunk; a lossless one is in ``VP8L``."""
    place = 12
    while place + 8 <= len(data):
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8 "
        place += 8 + size + size % 2
    return False
