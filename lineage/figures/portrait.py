"""One fingerprint as a Plotly figure: in space, its spectrum, one period enlarged, and the border of its images."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from difreg import numerals
from difreg.lineage.figures import palette
from difreg.lineage.portrait import BorderProfile, Portrait
from difreg.registry.borders import DEPTH
from difreg.registry.sketches import PERIOD

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[np.float64]
WIDE, NARROW = 1180, 364
SIDE, GAP, FOOT = 52, 96, 44
SHOWN = 64  # pixels of the fingerprint in space, where it has a shorter period
STRETCH = 0.99  # share of the numbers within the stretch
_SYMBOLS = {2: "square-open", 4: "diamond-open", 8: "circle-open", 16: "x-thin-open"}
_DIVERGING = ((0.0, "#b3560b"), (0.25, "#e9a85c"), (0.5, "#f7f7f5"), (0.75, "#6aa9d8"), (1.0, "#0b4f8a"))


def portrait_figure(portrait: Portrait, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw a fingerprint in four panels.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold: ``{"kind": "space" | "spectrum" | "peaks" | "tile" |
    "border" | "photographs"}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    across = 2 if width > 700 else 1
    narrow = across == 1
    side, head = (width - SIDE - 60, 80) if narrow else (430, 46)
    step_x, step_y = (side + GAP) / width, side + head + FOOT
    rows = 4 // across
    height = rows * step_y
    layout: dict[str, Any] = {
        "template": "none",
        "width": width,
        "height": round(height),
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "zoom",
        "showlegend": False,
        "annotations": [],
        "meta": {"width": width},
    }
    start = (SIDE if narrow else (width - across * side - GAP) / 2) / width
    panels = (_space(portrait), _spectrum(portrait, theme), _tile(portrait, theme), _border(portrait, theme))
    traces = []
    for k, (title, drawn, axes) in enumerate(panels):
        left = start + (k % across) * step_x
        top = 1 - ((k // across) * step_y + head) / height
        x, y = [left, left + side / width], [top - side / height, top]
        number = "" if k == 0 else str(k + 1)
        base: dict[str, Any] = {
            "showgrid": False, "zeroline": False, "ticks": "outside", "tickcolor": theme.faint,
            "tickfont": {"size": 11, "color": theme.faint}, "title": {"font": {"size": 11, "color": theme.faint}},
        }  # fmt: skip
        for letter, domain, other in (("x", x, "y"), ("y", y, "x")):
            own = axes[letter]
            title_of = {**base["title"], "text": own.pop("name", ""), "standoff": 6}
            layout[f"{letter}axis{number}"] = {
                **base, **own, "title": title_of, "domain": domain, "anchor": f"{other}{number}"
            }  # fmt: skip
        said = title.replace("; ", "<br>") if narrow else title
        layout["annotations"].append(
            {"text": said, "x": x[0], "y": y[1], "xref": "paper", "yref": "paper", "xanchor": "left",
             "yanchor": "bottom", "yshift": 6, "align": "left", "showarrow": False,
             "font": {"size": 13, "color": theme.ink}}
        )  # fmt: skip
        middle = {"x": (x[0] + x[1]) / 2, "y": (y[0] + y[1]) / 2, "xref": "paper", "yref": "paper"}
        layout["annotations"] += [{**note, **middle} for note in axes.get("notes", ())]
        traces += [{**t, "xaxis": f"x{number}", "yaxis": f"y{number}"} for t in drawn]
        for t in traces:
            if t["meta"]["kind"] in ("tile", "spectrum") and t["xaxis"] == f"x{number}":
                t["colorbar"] |= {"x": x[1] + 8 / width, "y": (y[0] + y[1]) / 2, "len": (y[1] - y[0])}
    return go.Figure(data=traces, layout=layout)


def _space(p: Portrait) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    size = p.array.shape[-1]
    whole = np.tile(p.array, (1, max(SHOWN // size, 1), max(SHOWN // size, 1)))
    limit = float(np.quantile(np.abs(whole), STRETCH)) or 1.0
    levels = np.clip(127.5 + 127.5 * whole / limit, 0, 255).round().astype(np.uint8)
    trace = {
        "type": "image",
        "source": _png(np.moveaxis(levels, 0, 2)),
        "hoverinfo": "skip",
        "meta": {"kind": "space"},
    }
    unit = " of the residual's RMS" if p.solver == "lattice" else ""
    n = whole.shape[-1]
    title = f"<b>In space</b>, {n} x {n} pixels<br>stretched; black to white is ±{limit:.2g}{unit}"
    shared = {"tickvals": list(range(0, n + 1, n // 4)), "range": [-0.5, n - 0.5], "constrain": "domain"}
    return title, [trace], {"x": {**shared, "name": "pixels"}, "y": {**shared, "range": [n - 0.5, -0.5]}}


def _png(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _spectrum(p: Portrait, theme: palette.Theme) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    power = p.spectrum
    size = len(power)
    step, middle = size // PERIOD, size // 2
    with np.errstate(divide="ignore"):
        log = np.log10(power)
    floor = float(log[np.isfinite(log)].max()) - 5
    log = np.maximum(np.where(np.isfinite(log), log, floor), floor)
    ticks = ((np.arange(size) - middle) / size).tolist()
    heat = {
        "type": "heatmap",
        "z": log.round(3).tolist(),
        "x": ticks,
        "y": ticks,
        "colorscale": "Cividis",
        "hovertemplate": "%{x:.4f}, %{y:.4f} cycles a pixel<br>log10 of its share of energy %{z:.2f}<extra></extra>",
        "colorbar": _bar(theme),
        "meta": {"kind": "spectrum"},
    }
    traces = [heat]
    for period in _SYMBOLS:
        found = [(r, c) for r, c, own in p.peaks if own == period]
        if found:
            traces.append(
                {
                    "type": "scatter",
                    "x": [ticks[c] for _, c in found],
                    "y": [ticks[r] for r, _ in found],
                    "mode": "markers",
                    "marker": {"symbol": _SYMBOLS[period], "size": 11, "color": "#d55e00", "line": {"width": 2}},
                    "hovertext": [_peak(power, r, c, step, middle, period) for r, c in found],
                    "hoverinfo": "text",
                    "meta": {"kind": "peaks"},
                }
            )
    shares = ", ".join(f"{period}: {numerals.share(v)}" for period, v in p.shares.items())
    title = (
        f"<b>Spectrum</b>, log<sub>10</sub> of the share of energy<br>by period {shares}; □ 2, ◇ 4, ○ 8, × 16 pixels"
    )
    ends = [-0.5 - 0.5 / size, 0.5 - 0.5 / size]
    axis = {"range": ends, "tickvals": [-0.5, -0.25, 0, 0.25]}
    return title, traces, {"x": {**axis, "name": "cycles a pixel"}, "y": {**axis, "range": ends[::-1]}}


def _peak(power: Array, r: int, c: int, step: int, middle: int, period: int) -> str:
    across, down = (c - middle) // step, (r - middle) // step
    share = numerals.probability(float(power[r, c])).replace("<", "&lt;")
    return f"{across}/16 across, {down}/16 down: repeats every {period} pixels<br>{share} of the energy"


def _tile(p: Portrait, theme: palette.Theme) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    grey = p.tile.mean(0)
    limit = float(np.abs(grey).max()) or 1.0
    heat = {
        "type": "heatmap",
        "z": grey.tolist(),
        "x": list(range(PERIOD)),
        "y": list(range(PERIOD)),
        "colorscale": [list(s) for s in _DIVERGING],
        "zmin": -limit,
        "zmax": limit,
        "xgap": 1,
        "ygap": 1,
        "customdata": np.moveaxis(p.tile, 0, 2).tolist(),
        "hovertemplate": "pixel %{x}, %{y} of 16<br>red %{customdata[0]:.4f}, green %{customdata[1]:.4f}, "
        "blue %{customdata[2]:.4f}<br>mean %{z:.4f}<extra></extra>",
        "colorbar": _bar(theme),
        "meta": {"kind": "tile"},
    }
    shared = {"tickvals": [0, 4, 8, 12, 15], "range": [-0.5, 15.5]}
    unit = ", in the residual's RMS" if p.solver == "lattice" else ""
    title = f"<b>One period</b>, 16 x 16 pixels enlarged<br>mean of the three channels{unit}; all three on hover"
    return title, [heat], {"x": {**shared, "name": "pixels"}, "y": {**shared, "range": [15.5, -0.5]}}


def _border(p: Portrait, theme: palette.Theme) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    known = [
        (kind, name, profile, colour)
        for kind, name, profile, colour in (
            ("photographs", "photographs", p.photographs, theme.lone),
            ("border", "images", p.border, palette.family_colour(0)),
        )
        if profile is not None
    ]
    axes: dict[str, Any] = {
        "x": {"range": [-1, DEPTH], "name": "pixels from the border"},
        "y": {"range": [-0.7, 0.7], "name": "energy over that at 64 to 127 pixels", **_RATIO},
    }
    title = "<b>Border</b>, the residual's energy towards the edge"
    if not known:
        axes["notes"] = [
            {"text": "not kept: a fingerprint holds no border.<br>Give whole images: --images DIR",
             "showarrow": False, "font": {"size": 13, "color": theme.faint}}
        ]  # fmt: skip
        return title + "<br>", [], axes
    traces, said = [], []
    for kind, name, profile, colour in known:
        traces += _curve(kind, name, profile, colour)
        said.append(f'<span style="color:{colour}">{name}</span> n = {profile.n}')
    most = max(float(np.nanmax(np.abs(np.log10(x)))) for _, _, f, _ in known for x in (f.energy, f.low, f.high))
    axes["y"]["range"] = [-max(most, 0.35) * 1.1, max(most, 0.35) * 1.1]
    return f"{title}<br>{', '.join(said[::-1])}; bands are 95 % intervals", traces, axes


_RATIO = {
    "type": "log",
    "tickvals": [0.1, 0.2, 0.5, 1, 2, 5, 10],
    "ticktext": ["0.1", "0.2", "0.5", "1", "2", "5", "10"],
    "showgrid": True,
    "gridcolor": "rgba(128,128,128,0.25)",
}


def _curve(kind: str, name: str, profile: BorderProfile, colour: str) -> list[dict[str, Any]]:
    x = list(range(DEPTH))
    told = [
        f"{name}, {d} pixels from the border<br>energy {e:.2f} (95 % {low:.2f} to {high:.2f}), "
        f"mean {v:+.3f} of the RMS<br>n = {numerals.count(profile.n, 'image')}"
        for d, e, low, high, v in zip(x, profile.energy, profile.low, profile.high, profile.value, strict=True)
    ]
    line = {
        "type": "scatter", "x": x, "y": profile.energy.tolist(), "mode": "lines",
        "line": {"color": colour, "width": 2}, "hovertext": told, "hoverinfo": "text", "meta": {"kind": kind},
    }  # fmt: skip
    if np.isnan(profile.low).any():
        return [line]
    band = {
        "type": "scatter", "x": [*x, *x[::-1]], "y": [*profile.high.tolist(), *profile.low[::-1].tolist()],
        "fill": "toself", "fillcolor": palette.rgba(colour, 0.18), "line": {"width": 0}, "mode": "lines",
        "hoverinfo": "skip", "meta": {"kind": "interval"},
    }  # fmt: skip
    return [band, line]


def _bar(theme: palette.Theme) -> dict[str, Any]:
    return {
        "thickness": 10, "outlinewidth": 0, "xanchor": "left", "xpad": 0, "ypad": 0,
        "tickfont": {"size": 10, "color": theme.faint},
    }  # fmt: skip
