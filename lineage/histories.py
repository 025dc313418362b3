"""What happened to images, in words: a :class:`Caveat` a kind of change, with its evidence and how many show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.answers import Caveat
from difreg.registry.histories.files import JPEG, SAMPLINGS, WEBP
from difreg.registry.histories.record import Flags, Histories

TOLD = 0.5  # share of the images from which on a sign that undisturbed images show now and then is told
USUAL = 2 / 3  # share of the images that have the most common size


def history_caveats(made: Histories | None) -> list[Caveat]:
    """What happened to these images, the surest first."""
    return [] if made is None or not len(made) else [Caveat(code, text) for code, text in _told(made)]


def _told(made: Histories) -> Iterator[tuple[str, str]]:
    if (files := made.is_form(JPEG)).any():
        qualities, samplings = _span(made["quality"][files]), _samplings(made["sampling"][files])
        facts = ", ".join(f for f in (qualities and f"quality {qualities}", samplings) if f)
        yield "jpeg_file", f"{_many(files, 'is JPEG', 'are JPEG')}{f' ({facts})' if facts else ''}"
    if (files := made.is_form(WEBP)).any():
        yield "webp_file", _many(files, "is lossy WebP", "are lossy WebP")
    if (before := made.combed).any():
        quality = _span(made["comb_quality"][before])
        combs = f"{_middle(made['combs'][before]):.0f} of 63 DCT frequencies are quantised"
        facts = f"quality about {quality}: {combs}" if quality else combs
        yield "jpeg_pixels", f"{_many(before, 'was JPEG before', 'were JPEG before')} ({facts})"
    if (cropped := made.off_grid).any():
        pairs = zip(made["comb_y"][cropped].tolist(), made["comb_x"][cropped].tolist(), strict=True)
        (dy, dx), _ = Counter(pairs).most_common(1)[0]
        where = f"its blocks begin {dy:.0f} rows and {dx:.0f} columns off the 8-pixel grid"
        yield "off_grid", f"{_many(cropped, 'was cropped', 'were cropped')} after JPEG compression: {where}"
    if _often(scaled := made.resampled):
        peak, at = _middle(made["peak"][scaled]), _middle(np.hypot(made["peak_y"], made["peak_x"])[scaled])
        facts = f"interpolation has a period at {at:.2f} cycles a pixel, {peak:.0f} times its surroundings"
        yield "resampled", f"{_many(scaled, 'was resampled', 'were resampled')} ({facts})"
    if _often(smooth := made.smooth):
        level = f"power 10^{_middle(made['top'][smooth]):.1f} above .45 cycles a pixel, rounding alone 10^-1.6"
        yield (
            "smooth",
            f"{_many(smooth, 'was blurred or enlarged', 'were blurred or enlarged')}, or hardly has texture ({level})",
        )
    if _often(cells := made.gridded):
        facts = f"{_middle(made['gridded'][cells]):.1f} times as much edge at one phase of 8 pixels"
        yield "content_grid", f"{_many(cells, 'has content', 'have content')} on a grid of its own ({facts})"
    sizes = Counter(zip(made["width"].tolist(), made["height"].tolist(), strict=True))
    (width, height), usual = sizes.most_common(1)[0]
    if len(made) > 2 and usual / len(made) < USUAL and not np.isnan(made["width"]).any():
        text = (
            f"{len(sizes)} sizes among {len(made)} images, {usual} of {width:.0f} x {height:.0f}: some may be resized"
        )
        yield "mixed_sizes", text


def _often(flags: Flags) -> bool:
    return bool(flags.any() and flags.mean() >= TOLD)


def _many(flags: Flags, one: str, more: str) -> str:
    if len(flags) == 1:
        return f"the image {one}"
    return f"{int(flags.sum())} of {len(flags)} images {one if flags.sum() == 1 else more}"


def _middle(values: NDArray[np.floating]) -> float:
    return float(np.median(values))


def _span(values: NDArray[np.float32]) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return ""
    low, high = int(known.min()), int(known.max())
    return str(low) if low == high else f"{low} to {high}"


def _samplings(values: NDArray[np.float32]) -> str:
    return ", ".join(SAMPLINGS[int(v)] for v in sorted({*values[~np.isnan(values)].tolist()}))
