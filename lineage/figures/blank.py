"""The blank-image experiment as a Plotly figure: outputs and their spectra over the steps, loss, energy by stride."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.answers import BlankFitted
from difreg.lineage.figures import palette
from difreg.lineage.lab import PEAK
from difreg.registry.solvers.blank import STRIDES, Blank, Snapshot, energy

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
SIDE, GAP, CAPTION, CURVES, AXES = 14, 10, 34, 250, 56
DECADES = 5.0  # of energy that a spectrum's greys span, from its strongest frequency down
_DASHES = ("solid", "dash", "dot", "dashdot")


def blank_figure(answer: BlankFitted, made: Blank, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw a run of the experiment.

    Returns
    -------
    A figure with two images a snapshot, and traces whose ``meta`` says what they hold: ``{"kind": "loss" |
    "stride"}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    shown = [*made.snapshots, *made.means]
    across = min(len(shown), 13 if width > 700 else 3)
    cell = min((width - 2 * SIDE - (across - 1) * GAP) / across, 128.0)
    rows = -(-len(shown) // across)
    strip = rows * (2 * cell + GAP / 2 + CAPTION)
    stacked = 1 if width > 700 else 2
    height = strip + stacked * (CURVES + AXES) + 24
    images, notes = [], []
    for k, (snapshot, said) in enumerate(zip(shown, (*answer.snapshots, *answer.means), strict=True)):
        left = (SIDE + (k % across) * (cell + GAP)) / width
        top = (k // across) * (2 * cell + GAP / 2 + CAPTION) + CAPTION
        for drawn, offset in ((_output(snapshot), 0.0), (_spectrum(snapshot), cell + GAP / 2)):
            images.append(
                {"source": _png(drawn), "xref": "paper", "yref": "paper", "x": left, "y": 1 - (top + offset) / height,
                 "sizex": cell / width, "sizey": cell / height, "xanchor": "left", "yanchor": "top",
                 "sizing": "stretch"}
            )  # fmt: skip
        what = "step" if k < len(made.snapshots) else "mean,"
        errors = ("error {:.3g}, at most {:.3g}" if cell > 110 else "{:.3g}, ≤ {:.3g}").format(
            said.mean_error, said.largest_error
        )
        text = f"{what} {said.step}<br>{errors}"
        notes.append(_note(text, left, 1 - (top - 4) / height, theme))
    traces, axes = _curves(answer, theme, width, height, strip, stacked == 1)
    notes += [
        _note("loss", axes["xaxis"]["domain"][0], axes["yaxis"]["domain"][1], theme),
        _note(
            f"energy at the strides' frequencies, over that around (line: {PEAK:g})",
            axes["xaxis2"]["domain"][0], axes["yaxis2"]["domain"][1], theme,
        ),
    ]  # fmt: skip
    layout = {
        "template": "none",
        "width": width,
        "height": round(height),
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "images": images,
        "annotations": notes,
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "zoom",
        "showlegend": True,
        "legend": {
            "x": axes["xaxis2"]["domain"][1], "xanchor": "right", "y": axes["yaxis2"]["domain"][1], "yanchor": "top",
            "font": {"size": 11}, "bgcolor": palette.rgba(theme.paper, 0.8), "itemclick": False,
            "itemdoubleclick": False,
        },
        "shapes": [
            {"type": "line", "xref": "x2 domain", "yref": "y2", "x0": 0, "x1": 1, "y0": PEAK, "y1": PEAK,
             "line": {"color": theme.faint, "width": 1, "dash": "dash"}},
        ],
        "meta": {"width": width},
        **axes,
    }  # fmt: skip
    return go.Figure(data=traces, layout=layout)


def _note(text: str, x: float, y: float, theme: palette.Theme) -> dict[str, Any]:
    return {
        "text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom",
        "align": "left", "showarrow": False, "font": {"size": 11, "color": theme.ink},
    }  # fmt: skip


def _output(snapshot: Snapshot) -> NDArray[np.uint8]:
    out: NDArray[np.uint8] = np.moveaxis(np.clip(snapshot.output * 255, 0, 255).round().astype(np.uint8), 0, 2)
    return out


def _spectrum(snapshot: Snapshot) -> NDArray[np.uint8]:
    power = np.fft.fftshift(energy(snapshot.output))
    log = np.log10(np.maximum(power / max(power.max(), 1e-300), 10**-DECADES))
    out: NDArray[np.uint8] = (255 * (1 + log / DECADES)).round().astype(np.uint8)
    return out


def _png(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _curves(
    answer: BlankFitted, theme: palette.Theme, width: int, height: float, strip: float, beside: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    half = (width - 2 * SIDE - 2 * AXES) / 2 if beside else width - 2 * SIDE - AXES
    first = (SIDE + AXES) / width
    second = (SIDE + 2 * AXES + half) / width if beside else first
    tops = [strip + 30, strip + 30 + (0 if beside else CURVES + AXES)]
    axes: dict[str, Any] = {}
    faint = {"size": 11, "color": theme.faint}
    for k, (left, top) in enumerate(zip((first, second), tops, strict=True)):
        number = "" if k == 0 else "2"
        base = {"zeroline": False, "showgrid": True, "gridcolor": palette.rgba(theme.lone, 0.18), "tickfont": faint}
        domain = [left, left + half / width - (AXES - SIDE) / 2 / width]
        axes[f"xaxis{number}"] = {
            **base, "domain": domain, "anchor": f"y{number}",
            "title": {"text": "steps", "font": faint, "standoff": 6},
        }  # fmt: skip
        axes[f"yaxis{number}"] = {
            **base, "domain": [1 - (top + CURVES - 20) / height, 1 - top / height], "anchor": f"x{number}",
            "type": "log", "dtick": 1, "exponentformat": "power",
        }  # fmt: skip
    loss = {
        "type": "scatter", "x": list(range(len(answer.losses))), "y": [float(f"{v:.4g}") for v in answer.losses],
        "mode": "lines", "line": {"color": theme.ink, "width": 1.2}, "showlegend": False, "xaxis": "x", "yaxis": "y",
        "hovertemplate": "step %{x}: loss %{y:.3g}<extra></extra>", "meta": {"kind": "loss"},
    }  # fmt: skip
    strides = [
        {
            "type": "scatter", "x": [s.step for s in answer.snapshots],
            "y": [float(f"{s.strides[k].ratio:.4g}") for s in answer.snapshots], "mode": "lines+markers",
            "name": f"stride {stride}", "line": {"color": palette.family_colour(k), "width": 2, "dash": _DASHES[k]},
            "marker": {"size": 6}, "xaxis": "x2", "yaxis": "y2",
            "hovertemplate": f"stride {stride}, step %{{x}}: %{{y:.3g}} times the energy around<extra></extra>",
            "meta": {"kind": "stride"},
        }
        for k, stride in enumerate(STRIDES)
    ]  # fmt: skip
    return [loss, *strides], axes
