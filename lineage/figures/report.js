"use strict";
// Draws every figure of the report in the form that fits its place; wider and narrower ones wait.

const figures = JSON.parse(document.getElementById("figures").textContent);
const places = [...document.querySelectorAll("[data-figure]")];
const drawn = new Map();

const fitting = (place) => {
  const all = figures[place.dataset.figure];
  return all.findLast((f) => f.layout.meta.width <= place.parentElement.clientWidth) || all[0];
};

function draw(place) {
  const figure = fitting(place);
  if (drawn.get(place) === figure) return Promise.resolve();
  drawn.set(place, figure);
  const config = {
    displaylogo: false, responsive: false, scrollZoom: false, showTips: false, plotlyServerURL: "",
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    toImageButtonOptions: { filename: place.dataset.figure, scale: 2 },
  };
  return Plotly.react(place, figure.data, { ...structuredClone(figure.layout), width: figure.layout.meta.width }, config);
}

const all = () => Promise.all(places.map(draw));

let printing = false; // paper is narrower than the window, but the wide form is scaled down to it
window.addEventListener("beforeprint", () => { printing = true; });
window.addEventListener("afterprint", () => { printing = false; });
window.addEventListener("resize", () => { if (!printing) all(); });
all().then(() => { document.body.dataset.ready = "true"; });
