"use strict";
// Draws the lineage, or of it a family or the neighbourhood of a generator, and saves what is shown.
// The data are columns: a node or an edge is its number in them. Edges are numbered in the order of `edges.kinds`.

const { nodes, edges, families, figures, kinds, strokes, theme, words, large } = JSON.parse(document.getElementById("figures").textContent);
const plot = document.getElementById("figure");
const $ = (id) => document.getElementById(id);
const controls = Object.fromEntries([...$("controls").elements].filter((e) => e.id).map((e) => [e.id, e]));
const STOPS = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999];
const CELL = 160, ROW = 46, INDENT = 22, DOT = 12, RADIUS = 8, NEAREST = 60, SCALE_ROOM = 52, LEGEND_ENTRY = 145, LEGEND_ROW = 29, LINE = 52, TICKS = 22, SHEET = 1040;
const CONFIG = {
  displaylogo: false, responsive: true, scrollZoom: false, showTips: false, plotlyServerURL: "",
  modeBarButtons: [["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
};
const ORDER = ["kin", "implied", "derived", "declared"];
const state = { around: null, found: null, axis: "generation", hidden: new Set(), drawn: null };
let shown = { nodes: [], edges: [] };

// Edges by kind, and of each node the edges at it, the strongest first.
const kindOf = [], offset = {};
for (const [kind, n] of Object.entries(edges.kinds)) { offset[kind] = kindOf.length; for (let k = 0; k < n; k++) kindOf.push(kind); }
const at = nodes.name.map(() => []);
kindOf.forEach((kind, e) => { at[edges.start[e]].push(e); at[edges.end[e]].push(e); });
const strength = (e) => (e < offset.kin ? 1e9 : edges.kinship[e - offset.kin] ?? 0);
for (const list of at) list.sort((a, b) => strength(b) - strength(a));
const other = (e, i) => (edges.start[e] === i ? edges.end[e] : edges.start[e]);
const least = () => STOPS[controls.threshold.value];
const passes = (e, bound) => edges.probability[e] === null || edges.probability[e] >= bound;
const safe = (i) => nodes.safe[i] ?? nodes.name[i];
const narrow = () => window.innerWidth - 16 < figures.at(-1).layout.meta.width;
const figureOf = (axis) => figures.filter((f) => f.axis === axis).at(narrow() ? 0 : -1);

// Text: names are escaped as Plotly reads markup; numbers are written as the other answers write them.
const spoken = (i) => safe(i).replace(/&(lt|gt|amp|#36);/g, (_, c) => ({ lt: "<", gt: ">", amp: "&", "#36": "$" })[c]); // for elements
const share = (v) => (v === null ? "-" : v.toFixed(3).replace(/^(-?)0\./, "$1.").replace("-.000", ".000"));
const probability = (v) => (v === null ? "-" : v > 0.999 ? "&gt;.999" : v < 0.001 ? "&lt;.001" : share(v));
const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
function ratio(v) {
  if (v === null) return "-";
  if (v === 0) return "0";
  if (v >= 0.01 && v < 1000) return v >= 10 ? v.toFixed(0) : String(Number(v.toPrecision(2)));
  return v.toExponential(0).replace("+", "");
}

// Hovers of a narrow window: lines broken at blanks, and in words that are wider than it.
function fitted(text) {
  if (!narrow()) return text;
  const long = (word) => (bare(word) > LINE ? word.match(new RegExp(`(?:</?b>|&[^;]+;|[^&<]){1,${LINE}}`, "g")).join("<br>") : word);
  const bare = (piece) => piece.replace(/<\/?b>/g, "").replace(/&[^;]+;/g, ".").length;
  const lines = text.split("<br>").flatMap((line) => line.split(" ").map(long).reduce((out, word) => {
    const joined = out.length ? `${out.at(-1)} ${word}` : word;
    return out.length && bare(joined) > LINE ? [...out, word] : [...out.slice(0, -1), joined];
  }, []));
  return lines.join("<br>");
}

function tellEdge(e) {
  const [one, two] = [edges.start[e], edges.end[e]];
  if (kindOf[e] === "declared") return edges.told[e][0];
  const names = { one: safe(one), two: safe(two) };
  if (kindOf[e] === "derived") return fill(words.derived, { ...names, step: edges.told[e][0], reason: edges.told[e][1] });
  const k = e - offset.kin, z = (v) => (v === null ? "-" : v.toFixed(1));
  const interval = edges.low[k] === null && edges.high[k] === null ? "-" : `${z(edges.low[k])} to ${z(edges.high[k])}`;
  return fill(words.kin, {
    ...names, z: z(edges.kinship[k]), interval, p: probability(edges.probability[e]), ratio: ratio(edges.likelihood_ratio[k]),
    support: share(edges.support[e]), n: count(nodes.images[one] ?? 0, "image"), m: count(nodes.images[two] ?? 0, "image"),
  });
}

function tellNode(i) {
  const steps = at[i].filter((e) => kindOf[e] === "derived" && edges.start[e] === i);
  const told = steps.map((e) => fill(words.derivation, { two: safe(edges.end[e]), step: edges.told[e][0], reason: edges.told[e][1] }));
  return nodes.told[i] + (told.length ? "<br>" + told.join("<br>") : "");
}

// What is to be seen: nodes with their places, routes of edges, and Plotly's layout around them.

function scene() {
  if (state.around !== null) return near(state.around, Number(controls.depth.value));
  const family = controls.family.value;
  const overview = large && family === "";
  controls.axis.disabled = overview;
  controls.axis.value = overview ? "time" : state.axis;
  const ids = family === "" ? all() : all().filter((i) => nodes.unit[i] === Number(family));
  if (family === "-1" || (large && !overview && controls.axis.value === "generation")) {
    return { ...outlined(ids, (i) => nodes.parent[i] ?? undefined, new Set(), Number(family)), key: `outline ${family}` };
  }
  const figure = figureOf(overview ? "time" : controls.axis.value);
  return {
    ids, figure, overview, labelled: figure.labelled, headings: figure.headings, via: new Set(),
    spot: (i) => figure.spots[i], way: (e) => figure.ways[e], box: family === "" ? null : figure.boxes[family], key: `${figure.axis} ${family}`,
  };
}

const all = () => nodes.name.map((_, i) => i);

// The nearest of a node's relatives, along edges that the threshold leaves.
function near(centre, depth) {
  const bound = least(), reached = new Map([[centre, null]]), via = new Set();
  let front = [centre];
  for (let step = 0; step < depth; step++) {
    const next = [];
    for (const i of front) {
      for (const e of at[i]) {
        const j = other(e, i);
        if (reached.has(j) || !passes(e, bound) || reached.size > NEAREST) continue;
        reached.set(j, e);
        via.add(e);
        next.push(j);
      }
    }
    front = next;
  }
  const rank = new Map([...reached.keys()].map((i, n) => [i, n]));
  const above = new Map();
  const under = (i, j) => { for (let k = j; k !== undefined; k = above.get(k)) if (k === i) return true; return false; };
  for (const i of reached.keys()) {
    const parents = at[i].filter((e) => e < offset.kin && edges.start[e] === i && rank.has(edges.end[e]) && passes(e, bound));
    const up = parents.map((e) => edges.end[e]).find((j) => !under(i, j));
    const before = reached.get(i) === null ? undefined : other(reached.get(i), i);
    const over = up ?? (before === undefined || under(i, before) ? undefined : before);
    if (over !== undefined) above.set(i, over);
  }
  return { ...outlined([...reached.keys()], (i) => above.get(i), via), key: `around ${centre} ${depth} ${[...reached.keys()]} ${[...via]}` };
}

// Trees from their roots down, as an outline: leaves in rows, then what has children itself.
function outlined(ids, parent, via, family = -1) {
  const base = figureOf("generation") || figureOf("time"), room = family < 0 ? 0 : 14;
  ids = [...ids].sort((i, j) => (nodes.year[i] ?? 9999) - (nodes.year[j] ?? 9999) || i - j);
  const inside = new Set(ids), width = base.layout.meta.width - room, spots = new Map(), ways = new Map();
  const below = new Map(ids.map((i) => [i, []]));
  const roots = ids.filter((i) => !inside.has(parent(i)));
  ids.forEach((i) => { if (inside.has(parent(i))) below.get(parent(i)).push(i); });
  // A block is [width, height, places]; rows of a block hold others beside each other.
  const shelves = (blocks, space) => {
    let x = 0, y = 0, high = 0, wide = 0;
    const held = [];
    for (const [w, h, places] of blocks) {
      if (x && x + w > space) { x = 0; y += high; high = 0; }
      for (const [i, px, py] of places) held.push([i, px + x, py + y]);
      x += w;
      high = Math.max(high, h);
      wide = Math.max(wide, x);
    }
    return [wide, y + high, held];
  };
  const stacked = (blocks, indent) => blocks.reduce(([w, h, held], [w2, h2, places], k) => {
    const x = k ? indent : 0;
    return [Math.max(w, x + w2), h + h2, [...held, ...places.map(([i, px, py]) => [i, px + x, py + h])]];
  }, [0, 0, []]);
  const grown = (list, space) => {
    const leaves = list.filter((i) => !below.get(i).length), deep = list.filter((i) => below.get(i).length);
    return [shelves(leaves.map((i) => [CELL, ROW, [[i, DOT, ROW / 2]]]), space), shelves(deep.map((i) => tree(i, space)), space)];
  };
  const tree = (i, space) => {
    const under = below.get(i), indent = under.length > 1 ? Math.min(INDENT, Math.max(space - CELL, 0)) : 0;
    const [leaves, deep] = grown(under, Math.max(space - indent, CELL));
    return stacked([[CELL, ROW, [[i, DOT, ROW / 2]]], leaves, deep], indent);
  };
  const [leaves, deep] = grown(roots, width), top = family < 0 ? 8 : 38;
  const [, height, places] = stacked([deep, leaves], 0);
  for (const [i, x, py] of places) spots.set(i, [x + room, py + top]);
  const y = top + height;
  const route = (i, j) => {
    const [[cx, cy], [px, py]] = [spots.get(i), spots.get(j)];
    return [[cx, cy - RADIUS], [cx, cy - ROW / 2], [px, cy - ROW / 2], [px, py + RADIUS]];
  };
  const beside = (up, down) => {
    const [[cx, cy], [px, py]] = [spots.get(down), spots.get(up)];
    return [[cx - 3, cy - RADIUS], [cx - 3, cy - ROW / 2 + 3], [px - 5, cy - ROW / 2 + 3], [px - 5, py + RADIUS]];
  };
  for (const i of ids) {
    const over = parent(i), e = inside.has(over) ? at[i].find((d) => other(d, i) === over && d < offset.kin) : undefined;
    if (e !== undefined) ways.set(e, edges.start[e] === i ? route(i, over) : route(i, over).reverse());
  }
  for (const e of via) {
    const [up, down] = [edges.start[e], edges.end[e]].sort((i, j) => spots.get(i)[1] - spots.get(j)[1]);
    if (e >= offset.kin && spots.get(up)[1] < spots.get(down)[1]) ways.set(e, beside(up, down));
  }
  const layout = structuredClone(base.layout), shape = layout.shapes.find((s) => family >= 0 && s.name === String(family));
  if (layout.xaxis.visible) { layout.margin.t -= TICKS; layout.height -= TICKS; }
  layout.xaxis = { ...layout.xaxis, visible: false };
  layout.shapes = shape ? [{ ...shape, path: `M2,6 H${width + room - 2} V${y + 2} H2 Z` }] : [];
  const headings = shape ? base.headings.map((t) => ({ ...t, x: t.x.map(() => 20), y: t.y.map(() => 22) })) : [];
  return {
    ids, figure: { ...base, axis: "generation", layout }, labelled: true, headings, via, spot: (i) => spots.get(i), way: (e) => ways.get(e),
    box: [6, 6, width + room - 6, y + 2],
  };
}

// Lines, arrowheads and the points that carry an edge's hover.

// A curve from rim to rim that passes to the left of the straight line on its way up.
function bow([x0, y0], [x1, y1], steps) {
  const far = Math.hypot(x1 - x0, y1 - y0) || 1, bulge = Math.min(26, far / 3), rim = Math.min(RADIUS / far, 0.4);
  const mx = (x0 + x1) / 2 - (Math.abs(y1 - y0) / far) * bulge, my = (y0 + y1) / 2 - (Math.abs(x1 - x0) / far) * bulge;
  const on = (t) => [(1 - t) ** 2 * x0 + 2 * t * (1 - t) * mx + t * t * x1, (1 - t) ** 2 * y0 + 2 * t * (1 - t) * my + t * t * y1];
  return Array.from({ length: steps + 1 }, (_, k) => on(rim + (1 - 2 * rim) * (k / steps)));
}

const weight = (stroke, p) => {
  const found = p === null ? null : stroke.bins.find((b) => p >= b[0] || b[0] === 0);
  return found ? found.slice(1) : stroke.unknown;
};

function drawnEdges(view, kind, list, bound) {
  const stroke = strokes[kind];
  const hidden = state.hidden.has(kind);
  const base = (held, more) => ({
    type: "scatter", legendgroup: kind, showlegend: false, cliponaxis: false, meta: { kind: held, edges: more.edges }, visible: hidden ? "legendonly" : true,
    legendrank: ORDER.indexOf(kind) + 3, ...more.trace,
  });
  const ways = new Map(list.map((e) => [e, view.way(e) || bow(view.spot(edges.start[e]), view.spot(edges.end[e]), 12)]));
  const bins = new Map();
  for (const e of list) {
    const style = weight(stroke, edges.probability[e]).join(" ");
    bins.set(style, [...(bins.get(style) || []), e]);
  }
  const kept = list.filter((e) => passes(e, bound));
  const traces = [...bins.keys()].sort((a, b) => parseFloat(b) - parseFloat(a)).map((style, n) => {
    const [width, opacity] = style.split(" ").map(Number), mine = bins.get(style).filter((e) => passes(e, bound)), x = [], y = [];
    for (const e of mine) { for (const p of ways.get(e)) { x.push(p[0]); y.push(p[1]); } x.push(null); y.push(null); }
    const line = { color: stroke.colour, width, dash: stroke.dash };
    return base(kind, { edges: mine, trace: { x, y, mode: "lines", line, opacity, name: stroke.name, showlegend: n === 0, hoverinfo: "skip" } });
  });
  if (stroke.directed && list.length) {
    const tips = kept.map((e) => { const [[ax, ay], [bx, by]] = ways.get(e).slice(-2); return [bx, by, Math.atan2(bx - ax, ay - by)]; });
    const marker = {
      symbol: kept.map((e) => (edges.stated[e] ? "triangle-up" : "triangle-up-open")), size: 9, color: stroke.colour,
      angle: tips.map((t) => (t[2] * 180) / Math.PI), line: { width: 1.5, color: stroke.colour },
    };
    const x = tips.map((t) => t[0] - 4 * Math.sin(t[2])), y = tips.map((t) => t[1] + 4 * Math.cos(t[2]));
    traces.push(base("arrows", { edges: kept, trace: { x, y, mode: "markers", marker, hoverinfo: "skip" } }));
  }
  const handle = (way) => {
    const [[ax, ay], [bx, by]] = (stroke.directed || view.via.size) && way.length < 8 ? way : way.slice(Math.floor(way.length / 2) - 1);
    return [(ax + bx) / 2, (ay + by) / 2];
  };
  const spots = kept.map((e) => handle(ways.get(e)));
  const seen = kind === "declared" ? { size: 8, symbol: "x-thin-open", color: stroke.colour, line: { width: 2, color: stroke.colour } } : { size: 12, color: stroke.colour, opacity: 0 };
  const hover = { x: spots.map((p) => p[0]), y: spots.map((p) => p[1]), mode: "markers", marker: seen, hovertext: kept.map((e) => fitted(tellEdge(e))), hoverinfo: "text" };
  traces.push(base("hover", { edges: kept, trace: hover }));
  return traces;
}

// Colours of nodes: by family, or by a number on a scale.
const NUMBERS = { reliability: ["reliability", [0, 1]], year: ["released, or not before", null], support: ["support", [0, 1]] };

function range(by) {
  if (NUMBERS[by][1]) return NUMBERS[by][1];
  const known = nodes[by].filter((v) => v !== null);
  return known.length ? [Math.floor(Math.min(...known)), Math.floor(Math.max(...known)) + 1] : [0, 1];
}

function coloured(by) {
  if (by === "family") return (i) => nodes.colour[i];
  const [low, high] = range(by);
  const parts = theme.scale.map((c) => [1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16)));
  return (i) => {
    if (nodes[by][i] === null) return theme.lone;
    const t = 2 * Math.min(Math.max((nodes[by][i] - low) / (high - low), 0), 1), k = Math.min(Math.floor(t), 1);
    return `rgb(${parts[k].map((v, c) => Math.round(v + (parts[k + 1][c] - v) * (t - k))).join(",")})`;
  };
}

function scale(by, layout) {
  const [low, high] = range(by);
  const plotted = layout.height - layout.margin.t - layout.margin.b;
  const bar = {
    orientation: "h", thickness: 10, len: 1, x: 0, xanchor: "left", xpad: 12, ypad: 0, y: 1 + (layout.margin.t - 42) / plotted, yanchor: "bottom", outlinewidth: 0,
    lenmode: "pixels", title: { text: NUMBERS[by][0], side: "top", font: { size: 12 } }, tickfont: { size: 11, color: theme.ink }, nticks: 6,
    ...(by === "year" ? { tickformat: "d" } : {}),
  };
  bar.len = Math.min(300, plot.clientWidth - 24 || 300);
  const marker = { color: [low], cmin: low, cmax: high, colorscale: theme.scale.map((c, k) => [k / 2, c]), showscale: true, colorbar: bar, size: 0.1 };
  return { type: "scatter", x: [null], y: [null], mode: "markers", marker, meta: { kind: "scale" }, showlegend: false, hoverinfo: "skip" };
}

// Arrays that stay the same stay the same objects, which lets Plotly change styles alone.
function drawnNodes(view, kind, bound) {
  view.kept ??= {};
  const trace = (view.kept[kind] ??= placed(view, kind));
  const held = (i) => at[i].some((e) => passes(e, bound)) || at[i].length === 0;
  if (view.overview) {
    const opacity = trace.meta.nodes.map((i) => (held(i) ? 1 : 0.2));
    if (String(opacity) !== String(trace.marker.opacity)) trace.marker = { ...trace.marker, opacity };
  }
  return { ...trace, visible: state.hidden.has(trace.legendgroup) ? "legendonly" : true };
}

function placed(view, kind) {
  const made = kinds[kind], ids = view.ids.filter((i) => nodes.kind[i] === kind), colour = coloured(controls.colour.value);
  const marker = {
    ...made.marker, size: view.labelled ? made.marker.size : Math.round(made.marker.size * 0.65),
    color: ids.map((i) => (kind === "stub" ? theme.paper : colour(i))),
    line: view.labelled ? made.marker.line : { ...made.marker.line, width: 1 },
  };
  return {
    ...made, x: ids.map((i) => view.spot(i)[0]), y: ids.map((i) => view.spot(i)[1]), marker, legendgroup: `node ${kind}`, meta: { kind: "nodes", nodes: ids },
    mode: view.labelled ? "markers+text" : "markers", ...(view.labelled ? { text: ids.map((i) => nodes.label[i] ?? safe(i)) } : { text: undefined }),
    hovertext: ids.map((i) => fitted(tellNode(i))),
  };
}

// A ring around what was searched for or clicked.
function ring(view) {
  const i = state.around ?? state.found;
  const [x, y] = i !== null && view.ids.includes(i) ? view.spot(i) : [null, null];
  const marker = { symbol: "circle-open", size: 26, color: theme.found, line: { width: 3 } };
  return {
    type: "scatter", x: [x], y: [y], meta: { kind: "found", nodes: [i] }, showlegend: false, hoverinfo: "skip", cliponaxis: false, marker,
    mode: view.labelled ? "markers" : "markers+text", text: i === null ? [""] : [`<b>${safe(i)}</b>`],
    textposition: "top center", textfont: { size: 13, color: theme.ink },
  };
}

const edgeKind = (view, e) => (kindOf[e] === "implied" && view.via.has(e) ? "kin" : kindOf[e]);

function chosen(view) {
  const inside = new Set(view.ids), lists = Object.fromEntries(ORDER.map((kind) => [kind, []]));
  for (let e = 0; e < kindOf.length; e++) {
    if (!inside.has(edges.start[e]) || !inside.has(edges.end[e])) continue;
    if (view.overview && nodes.unit[edges.start[e]] === nodes.unit[edges.end[e]]) continue;
    const kind = edgeKind(view, e);
    if (kind !== "implied" || controls.implied.checked) lists[kind].push(e);
  }
  return lists;
}

function framed(view, entries) {
  const { figure, box } = view, layout = structuredClone(figure.layout), [l, r] = layout.xaxis.range;
  const rows = (n) => Math.ceil(n / Math.max(1, Math.floor((layout.meta.width - 16) / LEGEND_ENTRY)));
  const spare = (rows(layout.meta.entries) - rows(entries)) * LEGEND_ROW;
  layout.margin.t -= spare;
  layout.height -= spare;
  if (box) {
    layout.shapes = layout.shapes.filter((s) => s.name === controls.family.value && state.around === null);
    const wide = Math.max(box[2] + 6, box[0] - 6 + (r - l)), [top, bottom] = [box[1] - 6, box[3] + 6];
    if (figure.axis === "generation") layout.xaxis.range = [box[0] - 6, wide];
    layout.height += bottom - top - (layout.yaxis.range[0] - layout.yaxis.range[1]);
    layout.yaxis.range = [bottom, top];
  }
  if (controls.colour.value !== "family") { layout.margin.t += SCALE_ROOM; layout.height += SCALE_ROOM; }
  const plotted = layout.height - layout.margin.t - layout.margin.b;
  layout.legend.y = 1 + (layout.xaxis.visible ? TICKS : 0) / plotted;
  if (narrow()) { layout.dragmode = false; layout.xaxis.fixedrange = layout.yaxis.fixedrange = true; }
  return layout;
}

function titled(view) {
  return view.headings.map((t) => {
    const kept = t.meta.families.map((f, k) => k).filter((k) => !view.box || String(t.meta.families[k]) === controls.family.value);
    const pick = (a) => kept.map((k) => a[k]), told = (f) => (f < 0 ? "in no family" : families[f].told);
    const meta = { ...t.meta, families: pick(t.meta.families) };
    return { ...t, meta, x: pick(t.x), y: pick(t.y), text: pick(t.text), marker: { ...t.marker, color: pick(t.marker.color) }, hovertext: meta.families.map((f) => fitted(told(f))) };
  });
}

function draw() {
  const now = scene(), same = now.key === state.drawn?.key && !state.fresh, view = same ? state.drawn : now, bound = least(), lists = chosen(view);
  const present = Object.keys(kinds).filter((kind) => view.ids.some((i) => nodes.kind[i] === kind)), used = ORDER.filter((kind) => lists[kind].length);
  const layout = same ? plot.layout : framed(view, present.length + used.length);
  view.titled ??= titled(view);
  const data = [
    ...used.flatMap((kind) => drawnEdges(view, kind, lists[kind], bound)), ...view.titled,
    ...present.map((kind) => drawnNodes(view, kind, bound)),
    (view.ring ??= ring(view)), ...(controls.colour.value === "family" ? [] : [(view.scale ??= scale(controls.colour.value, layout))]),
  ];
  const kept = Object.values(lists).flat().filter((e) => passes(e, bound) && !state.hidden.has(edgeKind(view, e)));
  shown = { nodes: view.ids.filter((i) => !state.hidden.has(`node ${nodes.kind[i]}`)), edges: kept };
  tell(view, bound, Object.values(lists).flat().length);
  plot.style.minWidth = layout.xaxis.range[1] - layout.xaxis.range[0] + 14 + "px";
  state.drawn = view;
  state.fresh = false;
  return Plotly.react(plot, data, layout, CONFIG);
}

function tell(view, bound, every) {
  $("least").textContent = bound ? String(bound).replace("0.", ".") : "0 (all)";
  let said = `${shown.edges.length} of ${every} edges`;
  if (view.overview) {
    const passing = kindOf.filter((_, e) => passes(e, bound)).length;
    said = `${passing} of ${kindOf.length} edges; those inside families show in a family`;
  } else if (state.around !== null) said = `${shown.nodes.length}${view.ids.length > NEAREST ? ", the nearest," : ""} around ${spoken(state.around)}; ${said}`;
  $("count").textContent = said;
  $("all").hidden = state.around === null && state.found === null && controls.family.value === "";
  $("near").hidden = state.found === null || state.around !== null;
  if ($("table").open) table();
}

// Choices

function fresh() { state.fresh = true; return draw(); }

function around(i) { state.around = state.found = i; return fresh().then(() => window.scrollTo({ top: 0 })); }

function whole() { state.around = state.found = null; controls.family.value = ""; controls.search.value = ""; return fresh(); }

// Search: exact, else the first that begins with it, else that holds it. The view is centred on what is found.
function search() {
  const text = controls.search.value.trim().toLowerCase();
  if (!text) return;
  const names = all().map((i) => spoken(i).toLowerCase());
  const i = [(n) => n === text, (n) => n.startsWith(text), (n) => n.includes(text)].map((rule) => names.findIndex(rule)).find((k) => k >= 0);
  $("missing").textContent = i === undefined ? "no such generator" : "";
  if (i === undefined) return;
  state.found = i;
  if (state.around !== null && !state.drawn.ids.includes(i)) state.around = null;
  if (controls.family.value !== "" && Number(controls.family.value) !== nodes.unit[i]) controls.family.value = "";
  fresh().then(() => centre(i));
}

function centre(i) {
  const [x, y] = state.drawn.spot(i), { xaxis, yaxis, margin, height } = plot.layout;
  const most = Math.max(320, window.innerHeight - 60 - margin.t), scaleY = (height - margin.t - margin.b) / (yaxis.range[0] - yaxis.range[1]);
  const tall = Math.min(yaxis.range[0] - yaxis.range[1], most), wide = xaxis.range[1] - xaxis.range[0];
  const change = { "xaxis.range": [x - wide / 2, x + wide / 2], "yaxis.range": [y + tall / 2, y - tall / 2], height: tall * scaleY + margin.t + margin.b };
  change["legend.y"] = 1 + (xaxis.visible ? TICKS : 0) / (tall * scaleY);
  return Plotly.relayout(plot, change).then(() => {
    const place = plot.getBoundingClientRect(), middle = place.top + margin.t + (tall * scaleY) / 2;
    window.scrollTo({ top: window.scrollY + middle - window.innerHeight / 2 });
  });
}

// Saving

const TYPES = { generator: "generator", jpeg: "generator", stub: "generator", ancestor: "ancestor", traced: "traced" };
const RELATIONS = { derived: "DERIVED_FROM", declared: "DECLARED_PARENT", kin: "KIN", implied: "KIN" };
const known = (facts) => Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== null && v !== undefined));

function selection() {
  const node = (i) => known({
    id: i, name: nodes.name[i], type: TYPES[nodes.kind[i]], observed: nodes.kind[i] !== "stub", family: nodes.family[i], released: nodes.released[i],
    not_before: nodes.not_before[i], images: nodes.images[i], reliability: nodes.reliability[i],
  });
  const edge = (e) => {
    const k = e - offset.kin, kin = k < 0 ? {} : { kinship: edges.kinship[k], low: edges.low[k], high: edges.high[k], likelihood_ratio: edges.likelihood_ratio[k] };
    return known({ type: RELATIONS[kindOf[e]], source: edges.start[e], target: edges.end[e], probability: edges.probability[e], support: edges.support[e], ...kin });
  };
  return { schema: "difreg/lineage-view", schema_version: 1, threshold: least(), nodes: shown.nodes.map(node), edges: shown.edges.map(edge) };
}

// A line a tree; a node with several parents hangs under the one it is drawn under.
function newick() {
  const inside = new Set(shown.nodes), linked = new Set(shown.edges.map((e) => `${edges.start[e]} ${edges.end[e]}`));
  const over = (i) => (inside.has(nodes.parent[i]) && linked.has(`${i} ${nodes.parent[i]}`) ? nodes.parent[i] : undefined);
  const below = new Map(shown.nodes.map((i) => [i, []]));
  for (const i of shown.nodes) if (over(i) !== undefined) below.get(over(i)).push(i);
  const write = (i) => (below.get(i).length ? `(${below.get(i).map(write).join(",")})` : "") + `'${spoken(i).replaceAll("'", "''")}'`;
  return shown.nodes.filter((i) => over(i) === undefined).map((i) => write(i) + ";\n").join("");
}

function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const picture = (format) => () => Plotly.downloadImage(plot, { format, filename: "lineage", width: plot.clientWidth, height: plot.layout.height, scale: format === "png" ? 2 : 1 });
$("png").addEventListener("click", picture("png"));
$("svg").addEventListener("click", picture("svg"));
$("json").addEventListener("click", () => save("lineage.json", JSON.stringify(selection(), null, 1) + "\n", "application/json"));
$("newick").addEventListener("click", () => save("lineage.nwk", newick(), "text/plain"));

// The same as text, for those who do not see the picture.
function table() {
  const rows = (head, list) => {
    const made = document.createElement("table");
    for (const cells of [head, ...list]) {
      const row = made.insertRow();
      for (const text of cells) { const cell = document.createElement(cells === head ? "th" : "td"); cell.textContent = text; row.append(cell); }
    }
    return made;
  };
  const view = selection(), name = (i) => spoken(i);
  const told = { DERIVED_FROM: "derived from", DECLARED_PARENT: "declared child of, contradicted", KIN: "kin of" };
  const text = (v) => (v === null ? "-" : probability(v).replace("&gt;", ">").replace("&lt;", "<"));
  $("rows").replaceChildren(
    rows(["generator", "family", "released", "not before", "images", "reliability"], view.nodes.map((n) => [spoken(n.id), n.family ?? "-", n.released ?? "-", n.not_before ?? "-", n.images ?? "-", share(n.reliability ?? null)])),
    rows(["generator", "is", "generator", "P", "support"], view.edges.map((e) => [name(e.source), told[e.type], name(e.target), text(e.probability ?? null), share(e.support ?? null)])),
  );
}

// The page

const option = (select, value, text) => { const o = document.createElement("option"); o.value = value; o.textContent = text; select.append(o); };
option(controls.family, "", "all families");
families.forEach((f, k) => option(controls.family, k, `${f.title} (${f.members})`));
if (nodes.unit.includes(-1)) option(controls.family, -1, "in no family");
all().forEach((i) => option($("names"), spoken(i), ""));
controls.threshold.max = STOPS.length - 1;
$("more").open = window.innerWidth > 700;
$("more").hidden = false;
controls.threshold.addEventListener("input", draw);
for (const name of ["implied", "colour", "depth"]) controls[name].addEventListener("change", fresh);
controls.axis.addEventListener("change", () => { state.axis = controls.axis.value; fresh(); });
controls.family.addEventListener("change", () => { state.around = state.found = null; fresh(); });
controls.search.addEventListener("change", search);
$("near").addEventListener("click", () => around(state.found));
$("all").addEventListener("click", whole);
$("table").addEventListener("toggle", () => { if ($("table").open) table(); });
$("controls").addEventListener("submit", (event) => { event.preventDefault(); search(); });
window.addEventListener("resize", () => {
  if (window.innerWidth > 700) $("more").open = true; // its summary is hidden there
  if (state.wide !== narrow()) { state.wide = narrow(); fresh(); }
});
window.addEventListener("beforeprint", () => plot.style.setProperty("--fit", Math.min(1, SHEET / plot.clientWidth)));
state.wide = narrow();
const traced = nodes.kind.indexOf("traced");
if (large && traced >= 0) state.around = state.found = traced;
draw().then(() => {
  plot.on("plotly_legendclick", (event) => {
    const group = event.data[event.curveNumber].legendgroup;
    if (!state.hidden.delete(group)) state.hidden.add(group);
    draw();
    return false;
  });
  plot.on("plotly_click", ({ points: [point] }) => {
    const meta = point.data.meta;
    if (meta.kind === "nodes") around(meta.nodes[point.pointNumber]);
    if (meta.kind === "headings") { controls.family.value = meta.families[point.pointNumber]; fresh(); }
  });
  plot.dataset.ready = "true";
});
