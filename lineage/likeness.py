"""Likeness by period: of two sets, a lead to what kinship misses, decoders tuned for long or trained to imitate.

In kinship the loud coefficients of a decoder decide, and tuning moves those first. Here each spatial period of a
template (2, 4 and 8 pixels) is scored in its own spread among unrelated generators, and the three are summed, so that
a faint period counts as much as a loud one. Imitations are found more often than by kinship, long tuned decoders about
as often and in part others, and real kin less often (``docs/frontier.md``). So it stands beside kinship and makes
nobody kin.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from difreg import numerals
from difreg.lineage.answers import Likeness
from difreg.lineage.calibration import Draws, fit_student
from difreg.lineage.grown import FOUNDER
from difreg.lineage.student import tail
from difreg.registry.background import Background
from difreg.registry.fingerprints import panel_scale
from difreg.registry.profiles import Profile
from difreg.registry.whitening import LEAST, basis

Array = NDArray[np.float64]
FORMAT = "difreg-likeness-1"
NAME = "likeness-1"
PERIODS = (2, 4, 8)
FOUND = 0.01  # p below which a likeness is a lead


@dataclass(frozen=True)
class Null:
    """Likeness of strangers where the smaller set has ``images`` images: a Student t about zero."""

    images: int
    degrees: float
    scale: float


@dataclass(frozen=True)
class Blocks:
    """Templates cut by period.

    Attributes
    ----------
    directions
        (3, m, 192) of unit length, zero outside the period.
    scales
        (3, m) over the real generators of the panel.
    """

    directions: Array
    scales: Array


def real_panel(background: Background) -> Array:
    """(p, 192) the panel without its grown founders, which are no strangers to an imitation of a decoder like them."""
    out: Array = background.panel[[not name.startswith(FOUNDER) for name in background.panel_names]]
    return out


def cut(directions: Array, panel: Array) -> Blocks:
    """(m, 192) templates cut by period, with the scale of each in the (p, 192) ``panel`` cut alike."""
    blocks, scales = [], []
    for period in PERIODS:
        inside = basis()[1] == period
        block = _unit(directions * inside)
        blocks.append(block)
        scales.append(panel_scale(block, _unit(panel * inside)))
    return Blocks(np.stack(blocks), np.stack(scales))


def _unit(rows: Array) -> Array:
    out: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), LEAST)
    return out


def likeness(one: Blocks, others: Blocks) -> Array:
    """(m,) likeness of templates row by row; ``one`` may be a single template.

    Of each period as kinship is of all, ``cosine / 2 * (1 / s_i + 1 / s_j)``; the sum of the three over the root of
    three (Stouffer et al. 1949).
    """
    cosines = (one.directions * others.directions).sum(-1)
    out: Array = (cosines / 2 * (1 / one.scales + 1 / others.scales)).sum(0) / math.sqrt(len(PERIODS))
    return out


def fit_nulls(strangers: Mapping[int, Sequence[Draws]]) -> tuple[Null, ...]:
    """Nulls from kinds of strangers, by the images of the smaller set.

    The degrees are the likeliest of all kinds, weighing alike. The scale is such that of the kind that comes highest
    one in a hundred has a p below .01: of no kind have more.
    """
    out = []
    for n, groups in sorted(strangers.items()):
        degrees, _ = fit_student(Draws.balanced(groups))
        highest = max(float(np.quantile(g.kinship, 1 - FOUND)) for g in groups)
        out.append(Null(n, degrees, highest / _quantile(degrees)))
    return tuple(out)


def _quantile(degrees: float) -> float:
    """What a Student t of scale 1 exceeds with probability :data:`FOUND` (to 1e-9)."""
    low, high = 0.0, 100.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if float(tail(np.array(middle), degrees)) > FOUND else (low, middle)
    return high


def p_values(likenesses: Array, images: NDArray[np.int64], nulls: tuple[Null, ...]) -> Array:
    """One-sided p-values of (m,) likenesses of sets of which the smaller has (m,) ``images``.

    Between fitted numbers of images degrees and scale are interpolated along the logarithm of these; beyond the first
    and the last they are theirs.
    """
    at = np.log([n.images for n in nulls])
    out = np.empty(len(likenesses))
    for count in np.unique(images).tolist():
        mine = images == count
        degrees, scale = (
            float(np.interp(math.log(count), at, [getattr(n, name) for n in nulls])) for name in ("degrees", "scale")
        )
        out[mine] = tail(likenesses[mine] / scale, degrees)
    return out


def compared(one: Profile, two: Profile, kin: bool, confounded: bool) -> Likeness | None:
    """Likeness of two sets; ``kin`` and ``confounded`` are what kinship says.

    None where compression, resampling or a watermark may have made it, and where the background has no nulls.
    """
    nulls = shipped(one.background.denoiser, one.background.name)
    if not nulls or confounded or one.altered or two.altered:
        return None
    panel = real_panel(one.background)
    score = likeness(*(cut(p.direction[None], panel) for p in (one, two)))
    p = float(p_values(score, np.array([min(len(one), len(two))]), nulls)[0])
    found = p < FOUND and not kin
    text = f"z {numerals.z(float(score[0]))} period by period, p {numerals.probability(p)} among strangers"
    if found:
        text += ": more alike than strangers are, as decoders tuned for long and imitations are; not kin by that"
    return Likeness(float(score[0]), p, found, NAME, text)


def keep(nulls: Sequence[Null], denoiser: str, background: str, folder: Path) -> None:
    """Write the nulls under a background into ``folder``."""
    told = {"format": FORMAT, "denoiser": denoiser, "background": background, "nulls": [asdict(n) for n in nulls]}
    (folder / f"{denoiser}.{NAME}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


@cache
def shipped(denoiser: str, background: str) -> tuple[Null, ...]:
    """The nulls that ship for ``denoiser`` under a background; none where they are of none or of another."""
    file = files("difreg.registry.backgrounds").joinpath(f"{denoiser}.{NAME}.json")
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return tuple(Null(**n) for n in told["nulls"]) if told.get("background") == background else ()
