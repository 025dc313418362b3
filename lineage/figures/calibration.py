"""The calibration as a Plotly figure: kinship among unrelated generators and among kin, and what it makes of a z.

Two panels over one axis, kinship z; a curve a number of images in the smaller set. Densities are those whose ratio
:func:`difreg.lineage.calibration.log_likelihood_ratio` takes, kin held past their means.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from difreg import numerals
from difreg.lineage.answers import BackgroundShown
from difreg.lineage.calibration import calibration_at, log_kin, log_likelihood_ratio
from difreg.lineage.figures import palette
from difreg.lineage.figures.markup import legend_rows, plain
from difreg.lineage.kinship import ACCEPTANCE, threshold
from difreg.lineage.student import log_t
from difreg.registry.background import Calibration

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[np.float64]
WIDE, NARROW = 1180, 364
SIDE, LEFT, PAD, GAP, FOOT, LEGEND_ROW = 12, 58, 8, 62, 50, 22
DENSITIES, PROBABILITIES = 300, 260  # pixels of the panels
LEAST = 1e-4  # density at the foot of the upper panel
TICKS = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)  # of the lower one, which is even in log odds
STEPS = 241
# From few images to many, as the curves of one quantity: dark enough on white, light enough on near-black.
_LIGHT = ("#9c6b00", "#c04f15", "#b0336b", "#6a3d9a", "#1f4e9c")
_DARK = ("#f5d76e", "#f4a261", "#f08bb4", "#b79cf0", "#7fb2ff")


def calibrations(background: BackgroundShown) -> tuple[Calibration, ...]:
    """The calibrations of a background's answer, in order of their images."""
    return tuple(
        Calibration(int(c["images"]), **{k: v for k, v in c.items() if k != "images"}) for c in background.calibrations
    )


def accepted_from(background: BackgroundShown, images: int) -> float:
    """The kinship from which a pair is accepted whose smaller set has ``images`` images."""
    return threshold(calibration_at(calibrations(background), images))


def calibration_figure(background: BackgroundShown, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw what a kinship is worth.

    Parameters
    ----------
    background
        As :meth:`difreg.Registry.background` gives it.
    width
        Pixels to lay out for.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold:
    ``{"kind": "unrelated" | "kin" | "probability" | "accepted", "images": n}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    fitted = calibrations(background)
    z = np.linspace(-6, _far(fitted, background.acceptance), STEPS)
    traces = [
        trace
        for k, (c, accepted) in enumerate(zip(fitted, background.acceptance, strict=True))
        for trace in _curves(c, accepted, z, _colour(k, len(fitted), dark))
    ]
    return go.Figure(data=traces, layout=_layout(fitted, z, theme, width))


def _far(fitted: Sequence[Calibration], accepted: Sequence[float]) -> float:
    """The end of the axis: where most kin of many images are, and past every line of acceptance."""
    return math.ceil(max([*(c.mean + c.spread for c in fitted), *(a + 2 for a in accepted)]))


def _odds(p: float) -> float:
    """Decimal logarithm of the odds."""
    return math.log10(p / (1 - p))


def _colour(k: int, n: int, dark: bool) -> str:
    colours = _DARK if dark else _LIGHT
    return colours[round(k * (len(colours) - 1) / max(n - 1, 1))]


def _curves(c: Calibration, accepted: float, z: Array, colour: str) -> Iterable[dict[str, Any]]:
    told = numerals.count(c.images, "image")
    of = f"<b>{told}</b> in the smaller set<br>kinship z %{{x:.1f}}"
    ratio = log_likelihood_ratio(z, c)
    densities = {"unrelated": np.exp(log_t(z, c.degrees, c.scale)), "kin": np.exp(log_kin(z, c))}
    group = {"legendgroup": str(c.images), "mode": "lines", "type": "scatter", "x": _short(z)}
    for kind, y in densities.items():
        words = "unrelated generators" if kind == "unrelated" else "kin"
        yield {
            **group,
            "y": _short(y),
            "yaxis": "y2",
            "name": told,
            "showlegend": kind == "kin",
            "line": {"color": colour, "width": 2, "dash": "dot" if kind == "unrelated" else "solid"},
            "hovertemplate": f"{of}<br><b>{words}</b>: density %{{y:.2g}} a unit of z<extra></extra>",
            "meta": {"kind": kind, "images": c.images},
        }
    yield {
        **group,
        "y": _short(ratio / math.log(10)),
        "showlegend": False,
        "line": {"color": colour, "width": 2},
        "text": [plain(numerals.probability(1 / (1 + math.exp(-r)))) for r in ratio.tolist()],
        "hovertemplate": f"{of}<br><b>P(kin)</b> %{{text}} at prior 1/2<extra></extra>",
        "meta": {"kind": "probability", "images": c.images},
    }
    yield {
        **group,
        "x": [accepted],
        "y": [_odds(ACCEPTANCE)],
        "mode": "markers",
        "showlegend": False,
        "marker": {"color": colour, "size": 10, "line": {"width": 1.5, "color": "rgba(255,255,255,0.8)"}},
        "hovertemplate": (
            f"<b>{told}</b> in the smaller set<br>kin are accepted from kinship z {accepted:.2f}<br>"
            f"<b>P(kin)</b> {numerals.share(ACCEPTANCE)} at prior 1/2<extra></extra>"
        ),
        "meta": {"kind": "accepted", "images": c.images},
    }


def _short(values: Array) -> list[float]:
    """To five digits: more cannot be drawn."""
    return [float(f"{v:.5g}") for v in values]


def _layout(fitted: Sequence[Calibration], z: Array, theme: palette.Theme, width: int) -> dict[str, Any]:
    beside = width > 700
    above = LEGEND_ROW * legend_rows([numerals.count(c.images, "image") for c in fitted], width - LEFT - SIDE) + 8
    inside = DENSITIES + GAP + PROBABILITIES
    faint = {"color": theme.faint, "size": 11}
    ink = {"color": theme.ink, "size": 12}
    axis = {
        "showgrid": True, "gridcolor": palette.rgba(theme.lone, 0.18), "zeroline": False, "fixedrange": True,
        "tickfont": faint, "ticks": "outside", "tickcolor": theme.faint,
    }  # fmt: skip
    lower, accepted = PROBABILITIES / inside, _odds(ACCEPTANCE)
    said = {"showarrow": False, "xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "yanchor": "bottom"}
    dense = "density a unit of z, log scale; dotted: unrelated, solid: kin"
    return {
        "template": "none",
        "height": PAD + above + 20 + inside + FOOT,
        "margin": {"l": LEFT, "r": SIDE, "t": PAD + above + 20, "b": FOOT, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "xaxis": {**axis, "range": [float(z[0]), float(z[-1])], "dtick": 2 if beside else 5, "anchor": "y"},
        "yaxis": {**axis, "domain": [0, lower], "range": [_odds(TICKS[0]) - 0.7, _odds(TICKS[-1]) + 0.4],
                  "tickvals": [_odds(p) for p in TICKS], "ticktext": [f"{p:g}"[1:] for p in TICKS]},
        "yaxis2": {**axis, "type": "log", "domain": [1 - DENSITIES / inside, 1], "range": [math.log10(LEAST), 0.2],
                   "tickvals": [1e-4, 1e-3, 1e-2, 1e-1, 1], "ticktext": [".0001", ".001", ".01", ".1", "1"]},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": accepted, "y1": accepted, "layer": "below",
             "line": {"color": theme.ink, "width": 1, "dash": "dash"}},
        ],
        "annotations": [
            {**said, "text": dense, "y": 1, "yshift": 2, "font": ink},
            {**said, "text": f"P(kin) at prior 1/2; dots: accepted, {numerals.share(ACCEPTANCE)} or more"
             if beside else f"P(kin), prior 1/2; dots: accepted ({numerals.share(ACCEPTANCE)})",
             "y": lower, "yshift": 4, "font": ink},
            {**said, "text": "kinship z", "y": 0, "yanchor": "top", "yshift": -26, "font": faint},
        ],
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": False,
        "showlegend": True,
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1 + 22 / inside, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12, "color": theme.ink}, "bgcolor": "rgba(0,0,0,0)", "itemdoubleclick": False,
        },
        "meta": {"width": width},
    }  # fmt: skip
