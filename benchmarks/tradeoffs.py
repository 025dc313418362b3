"""The frontier: what a denoiser costs against how well its fingerprints detect and tell kin."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.kinship import Bench, pair_scores
from benchmarks.residuals import Prepared
from benchmarks.statistics import cluster_interval, tpr_at
from difreg.registry.background import Calibration

ANY = Calibration(1, degrees=6, scale=1, mean=10, spread=4, changed_mean=6, changed_spread=2, least=0, limit=10)
LEAST = 0.8  # AUC below which a denoiser is left out of the drawing, for the sake of the scale
SIDES = ("bottom left", "top right", "top left", "bottom left", "top right", "bottom right")
FAVOURS = {"#0b5d8a": "in the product", "#9a9a9a": "for comparison"}


@dataclass(frozen=True)
class Point:
    """One denoiser: milliseconds an image, and two figures with their 95 % intervals."""

    denoiser: str
    ms: float
    auc: float
    auc_interval: Sequence[float]
    tpr: float
    tpr_interval: Sequence[float]
    ours: bool


def kinship(prepared: Prepared, size: int, draws: int, seed: int) -> tuple[float, list[float], int]:
    """TPR at 1 % FPR, its interval over clusters, and the number of pairs; no calibration is needed for it."""
    bench = Bench(prepared.material())
    bench.calibrations = lambda _: (ANY,)  # type: ignore[assignment]
    pairs, z, _ = pair_scores(bench, size, draws, seed)
    kin = np.array([k for *_, k in pairs])
    clusters = [(bench.lossless[a].cluster, bench.lossless[b].cluster) for a, b, _ in pairs]
    low, high = cluster_interval(tpr_at, z, kin, clusters)
    return tpr_at(z[kin].ravel(), z[~kin].ravel()), [round(low, 4), round(high, 4)], len(pairs)


def draw(points: Sequence[Point], path: Path) -> None:
    """Draw both frontiers: a picture for .png (needs Debian's chromium), else a page of Plotly."""
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    drawn = sorted((p for p in points if p.auc >= LEAST), key=lambda p: p.ms)
    sides = {p.denoiser: SIDES[k % len(SIDES)] for k, p in enumerate(drawn)}
    sides[drawn[-1].denoiser] = "bottom right"
    ends = np.log10([drawn[0].ms / 1.4, drawn[-1].ms * 1.4]).tolist()
    titles = ("Detection of one image, AUC", "Kinship of 4 images a set, TPR at 1 % FPR")
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.08)
    for column, (value, interval) in enumerate((("auc", "auc_interval"), ("tpr", "tpr_interval")), 1):
        for colour, legend in FAVOURS.items():
            some = [p for p in drawn if p.ours == (legend == "in the product")]
            y = [getattr(p, value) for p in some]
            limits = [getattr(p, interval) for p in some]
            figure.add_trace(
                Scatter(
                    x=[p.ms for p in some],
                    y=y,
                    text=[p.denoiser for p in some],
                    mode="markers+text",
                    textposition=[sides[p.denoiser] for p in some],
                    textfont={"size": 12, "color": colour},
                    marker={"color": colour, "size": 9},
                    error_y={
                        "array": [high - v for v, (_, high) in zip(y, limits, strict=True)],
                        "arrayminus": [v - low for v, (low, _) in zip(y, limits, strict=True)],
                        "thickness": 1,
                        "width": 3,
                    },
                    name=legend,
                    showlegend=column == 1,
                ),
                1,
                column,
            )
    title = "ms an image, decoded and denoised, one thread"
    figure.update_xaxes(type="log", title=title, tickvals=[1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300], range=ends)
    figure.update_yaxes(range=[LEAST, 1.03])
    figure.update_layout(template="plotly_white", width=1100, height=460, margin={"l": 50, "r": 20, "t": 50, "b": 50})
    figure.update_layout(legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.1, "yanchor": "bottom"})
    if path.suffix == ".png":
        _picture(figure.to_html(include_plotlyjs=True), path)
    else:
        path.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")


def _picture(page: str, path: Path) -> None:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        file = Path(folder) / "frontier.html"
        file.write_text(page, encoding="utf-8")
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_context(viewport={"width": 1110, "height": 470}, offline=True).new_page()
        view.goto(file.as_uri())
        view.wait_for_selector(".main-svg")
        view.locator(".js-plotly-plot").screenshot(path=path)
        browser.close()
