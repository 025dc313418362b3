"""What the lineage page costs: its size, how long Chromium takes to open it, how fast its slider answers.

``python -m benchmarks.pages`` prints one JSON line a figure: medians of several runs with the least and the most,
beside an empty page that holds Plotly alone. The generators are made up, the pages the library's own, the network off.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from difreg.lineage.figures.document import plotly_js
from difreg.lineage.figures.page import lineage_page

Figure = dict[str, Any]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STOPS = (3, 5, 7, 9, 0)
EMPTY = """<!DOCTYPE html><meta charset="utf-8"><main id="figure"></main><script>{plotly}</script>
<script>Plotly.newPlot("figure", [], {{}}).then((plot) => {{ plot.dataset.ready = "true"; }});</script>"""
SLIDE = """async (stop) => {
  const slider = document.getElementById('threshold'), begun = performance.now();
  slider.value = stop;
  slider.dispatchEvent(new Event('input'));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""
VIEWS = {
    "overview, or all": "() => 0",
    "a family": "() => { controls.family.value = '0'; return fresh().then(() => 0); }",
    "a family, all its kin": "() => { controls.implied.checked = true; return fresh().then(() => 0); }",
    "a neighbourhood": "() => { controls.implied.checked = false; return around(1).then(() => 0); }",
}


def made(generators: int, families: int, kin: int) -> nx.MultiDiGraph[str]:
    """A lineage of made generators: each family a tree, and accepted kinship inside it."""
    rng = np.random.default_rng(0)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for f in range(families):
        family = f"family-{f + 1}"
        graph.add_node(f"Family:{family}", label="Family", name=family, caption=f"Made line {f + 1}", support=0.98)
        names = [f"made-generator-{f:02}-{i:03}" for i in range(generators // families)]
        keys = [f"Generator:{name}" for name in names]
        for i, (key, name) in enumerate(zip(keys, names, strict=True)):
            facts = {"name": name, "observed": True, "version": 1, "images": 20, "reliability": rng.uniform(0.5, 0.99)}
            when = f"{2016 + (f + i) % 10}-{1 + i % 12:02}-{1 + i % 28:02}"
            graph.add_node(key, label="Generator", family=family, base=i == 0, released=when, **facts)
            if i:
                step = {"direction": "declared", "probability": rng.uniform(0.3, 1), "support": rng.uniform(0.9, 1)}
                parent = keys[0 if i % 3 else i // 2]
                graph.add_edge(key, parent, type="DERIVED_FROM", reason="declared by its makers, and kin", **step)
        pairs = list(combinations(keys, 2))
        for one, two in (pairs[k] for k in rng.choice(len(pairs), kin // families, replace=False)):
            z = rng.uniform(4, 20)
            numbers = {"kinship": z, "low": z - 3.123456, "high": z + 3.123456, "likelihood_ratio": 10 ** (z / 3)}
            graph.add_edge(
                one, two, type="KIN", probability=rng.uniform(0.5, 1), support=rng.uniform(0.9, 1), **numbers
            )
    return graph


def spread(values: list[float], digits: int) -> Figure:
    """Median, least and most."""
    found = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {**{key: round(value, digits) for key, value in found.items()}, "runs": len(values)}


def opening(browser: Any, file: Path, runs: int) -> Figure:
    """Seconds from asking for a page until it is drawn."""
    times = []
    for _ in range(runs):
        page = _page(browser)
        begun = time.perf_counter()
        page.goto(file.as_uri())
        page.wait_for_selector("#figure[data-ready]", timeout=60_000)
        times.append(time.perf_counter() - begun)
        page.context.close()
    return spread(times, 2)


def sliding(browser: Any, file: Path, runs: int) -> Iterator[tuple[str, Figure]]:
    """Milliseconds until the slider's new threshold is drawn, in each view of a page."""
    page = _page(browser)
    page.goto(file.as_uri())
    page.wait_for_selector("#figure[data-ready]", timeout=60_000)
    for name, view in VIEWS.items():
        page.evaluate(view)
        yield name, spread([page.evaluate(SLIDE, stop) for _ in range(runs) for stop in STOPS], 0)
    page.context.close()


def _page(browser: Any) -> Any:
    return browser.new_context(offline=True, viewport={"width": 1400, "height": 900}).new_page()


def measure(folder: Path, runs: int) -> Iterator[Figure]:
    """Every figure of the page, with what it may be at most."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        empty = folder / "empty.html"
        empty.write_text(EMPTY.format(plotly=plotly_js()), "utf-8")
        yield {"figure": "empty page: MB", "value": _megabytes(empty)}
        yield {"figure": "empty page: seconds to open", **opening(browser, empty, runs)}
        for size, most in (((40, 4, 160), 6), ((2000, 40, 20_000), 12)):
            graph, file = made(*size), folder / f"{size[0]}.html"
            begun = time.perf_counter()
            file.write_text(lineage_page(graph), "utf-8")
            what = f"{size[0]} generators, {size[1]} families, {size[2]} kin"
            yield {"figure": f"{what}: seconds to write", "value": round(time.perf_counter() - begun, 2)}
            yield {"figure": f"{what}: MB", "value": _megabytes(file), "most_allowed": most}
            yield {"figure": f"{what}: seconds to open", **opening(browser, file, runs), "most_allowed": 5}
            for view, found in sliding(browser, file, runs):
                yield {"figure": f"{what}: slider, {view}: ms", **found, "most_allowed": 300}
        browser.close()


def _megabytes(file: Path) -> float:
    return round(file.stat().st_size / 1e6, 2)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for figure in measure(Path(folder), arguments.runs):
            print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
