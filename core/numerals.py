"""Numbers as people read them; what is unknown is a dash."""

from __future__ import annotations

import math

UNKNOWN = "-"


def probability(value: float | None) -> str:
    """A probability or p-value with three digits, never rounded to certainty: ``.998``, ``>.999``, ``<.001``."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if value > 0.999:
        return ">.999"
    return "<.001" if value < 0.001 else share(value)


def equal(value: float | None) -> str:
    """The same behind a name: ``= .998``, ``> .999``, ``< .001``."""
    text = probability(value)
    return f"{text[0]} {text[1:]}" if text[0] in "<>" else f"= {text}"


def share(value: float | None) -> str:
    """A share, AUC or correlation with three digits: ``.973``, ``1.000``, ``-.120``."""
    if value is None or math.isnan(value):
        return UNKNOWN
    text = f"{value:.3f}"
    if text == "-0.000":
        text = "0.000"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def z(value: float | None) -> str:
    """A score in units of the panel's spread, one decimal."""
    return UNKNOWN if value is None or math.isnan(value) else f"{round(value, 1) + 0.0:.1f}"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval of z."""
    text = f"{z(low)} to {z(high)}"
    return UNKNOWN if text == f"{UNKNOWN} to {UNKNOWN}" else text


def ratio(value: float | None) -> str:
    """A likelihood ratio: ``3e5``, ``120``, ``2.4``, ``6e-4``."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value) or value == 0:
        return f"{value:.0f}"
    if 0.01 <= value < 1000:
        return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def count(number: int, noun: str) -> str:
    """``1 image``, ``2 images``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
