"use strict";
// Draws the figure that fits the window and hides edges below a probability.
// A point's customdata is the probability of its edge; null means that images say nothing, and it stays.

const figures = JSON.parse(document.getElementById("figures").textContent);
const plot = document.getElementById("figure");
const slider = document.getElementById("threshold");
const STOPS = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999];
const CONFIG = {
  displaylogo: false, responsive: true, scrollZoom: false, showTips: false, plotlyServerURL: "",
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]], toImageButtonOptions: { filename: "answer", scale: 2 },
};
const PER_POINT = [["x"], ["y"], ["customdata"], ["hovertext"], ["marker", "angle"]];
let drawn = null;

const fitting = () => figures.findLast((f) => f.layout.meta.width <= window.innerWidth - 16) || figures[0];

// The trace with the points of edges at or above `least`.
function filtered(trace, least) {
  const p = trace.customdata;
  if (!p) return trace;
  const kept = p.map((v, i) => i).filter((i) => p[i] === null || p[i] >= least);
  const out = { ...trace };
  if (trace.marker) out.marker = { ...trace.marker };
  for (const path of PER_POINT) {
    const holder = path.length === 2 ? out[path[0]] : out;
    const key = path[path.length - 1];
    if (holder && Array.isArray(holder[key])) holder[key] = kept.map((i) => holder[key][i]);
  }
  return out;
}

// Legend choices of the reader outlive a redraw.
function visibility(trace) {
  const old = (plot.data || []).find((t) => t.legendgroup && t.legendgroup === trace.legendgroup);
  return old && old.visible !== undefined ? old.visible : true;
}

function draw() {
  const figure = fitting();
  const least = STOPS[slider.value];
  const data = figure.data.map((t) => ({ ...filtered(t, least), visible: visibility(t) }));
  document.getElementById("least").textContent = least ? String(least).replace("0.", ".") : "0 (all)";
  tell(figure.data, data);
  if (figure !== drawn) plot.style.minWidth = figure.layout.xaxis.range[1] + 15 + "px";
  const layout = figure === drawn ? plot.layout : structuredClone(figure.layout);
  drawn = figure;
  return Plotly.react(plot, data, layout, CONFIG);
}

function tell(all, shown) {
  const edges = (traces) => traces
    .filter((t) => t.meta.kind === "hover")
    .reduce((n, t) => n + t.x.length, 0);
  document.getElementById("count").textContent = `${edges(shown)} of ${edges(all)} edges`;
}

slider.max = STOPS.length - 1;
slider.addEventListener("input", draw);
document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("resize", () => { if (fitting() !== drawn) draw(); });
draw().then(() => { plot.dataset.ready = "true"; });
