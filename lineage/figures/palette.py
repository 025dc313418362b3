"""Colours: Okabe and Ito's, which colour-blind readers tell apart, on white or on near-black."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FAMILIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D00")
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Theme:
    """Colours of one figure that are not a family's."""

    paper: str
    ink: str
    faint: str
    lone: str
    descent: str
    declared: str
    kin: str
    fill: float
    scale: tuple[str, str, str]  # of numbers, from low to high: stops of cividis (Nunez and others 2018)
    found: str


_DOWN, _UP = ("#CBBA69", "#7D7C78", "#00224E"), ("#4F576C", "#A59C74", "#FEE838")
LIGHT = Theme("#ffffff", "#1a1a1a", "#5c5c5c", "#6b6b6b", "#333333", "#7a5a00", "#0072B2", 0.11, _DOWN, "#B0004E")
DARK = Theme("#15181c", "#eeeeee", "#b3b3b3", "#a8a8a8", "#d8d8d8", "#E69F00", "#56B4E9", 0.24, _UP, "#FF8AB8")
TRACED = "#F0E442"


def theme(dark: bool) -> Theme:
    """The colours on a dark or a light page."""
    return DARK if dark else LIGHT


def hoverlabel(chosen: Theme) -> dict[str, Any]:
    """How every figure shows what is under the pointer."""
    return {
        "align": "left", "namelength": 0, "font": {"family": FONT, "size": 13, "color": chosen.ink},
        "bgcolor": chosen.paper, "bordercolor": chosen.faint,
    }  # fmt: skip


def family_colour(number: int) -> str:
    """Colour of the family with this place in the order of size; beyond seven they come again."""
    return FAMILIES[number % len(FAMILIES)]


def rgba(colour: str, alpha: float) -> str:
    """``#rrggbb`` with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
