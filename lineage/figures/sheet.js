"use strict";
// Draws the figure that fits the window; the others wait for a narrower or wider one.

const figures = JSON.parse(document.getElementById("figures").textContent);
const plot = document.getElementById("figure");
const CONFIG = {
  displaylogo: false, responsive: true, scrollZoom: false, showTips: false, plotlyServerURL: "",
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
  toImageButtonOptions: { filename: plot.dataset.name, scale: 2 },
};
let drawn = null;

const fitting = () => figures.findLast((f) => f.layout.meta.width <= window.innerWidth - 16) || figures[0];

function draw() {
  const figure = fitting();
  drawn = figure;
  plot.style.width = figure.layout.width ? `${figure.layout.width}px` : "";  // the style sheet centres it
  return Plotly.react(plot, figure.data, structuredClone(figure.layout), CONFIG);
}

window.addEventListener("resize", () => { if (fitting() !== drawn) draw(); });
draw().then(() => { plot.dataset.ready = "true"; });
