// The network edge by edge: every edge with its curve, every node with its name.
import { html, make, NS } from "../shared/dom.js";
import { bent, curve, largest, nearest, placed } from "./geometry.js";
import { percent, same, short } from "./protocol.js";
import { style } from "./style.js";

/** @typedef {import("./view.js").Canvas} Canvas */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").Edge} Edge */
/** @typedef {ReturnType<typeof placed>} Place */
/** @typedef {{ e: Edge, box: SVGGElement, line: SVGPathElement, at: Point }} Drawn */

const SIGNS = { formula: "f", both: "f+", spline: "", pruned: "" };
const LEGEND = { spline: "spline", formula: "formula (f)", both: "both (f+)", pruned: "pruned" };
const CROWD = 12; // nodes of a hidden column at most, for their names to be written

export class Edges {
  /** @param {Canvas} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Map<string, Drawn>} */
    this.drawn = new Map();
  }

  /**
   * Draw everything anew.
   * @param {number} width
   */
  draw(width) {
    const d = this.canvas.data;
    const place = placed(d, width);
    const { height } = place;
    const box = { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": d.title };
    const svg = make("svg", box, make("style", {}, style(d.colours)));
    const lines = make("g", { "aria-hidden": "true" });
    const boxes = make("g");
    const strongest = largest(d.edges, "score");
    const tallest = largest(d.edges, "scale");
    this.drawn.clear();
    for (const e of d.edges) {
      const [score, scale] = [strongest[e.id[0]], tallest[e.id[0]]];
      const level = score > 0 ? Math.sqrt(e.score / score) : 0.5;
      const grow = this.canvas.shared && scale > 0 ? e.scale / scale : 1;
      const one = edge(e, place, level, grow);
      this.listen(one);
      lines.append(one.line);
      boxes.append(one.box);
      this.drawn.set(e.id.join(","), one);
    }
    svg.append(make("g", { class: "world" }, lines, boxes, ...steps(d, place), ...nodes(d, place)));
    svg.onkeydown = (event) => this.key(event);
    return { svg, below: legend(d) };
  }

  /** @param {Drawn} drawn */
  listen({ e, box }) {
    box.onclick = () => this.canvas.choose(e.id, box);
    box.onmouseenter = box.onfocus = () => this.hover(e, box);
    box.onmouseleave = box.onblur = () => this.canvas.hide();
  }

  /** Show which edges are chosen, meant, and found. */
  mark() {
    const { data: d, dim } = this.canvas;
    const wanted = this.canvas.wanted();
    const lit = new Set(d.highlight.map((id) => id.join(",")));
    let stop = null;
    for (const [id, { e, box, line }] of this.drawn) {
      const chosen = same(e.id, d.selected);
      const away = e.score < dim || !e.name.toLowerCase().includes(wanted);
      for (const node of [box, line]) {
        node.classList.toggle("chosen", chosen);
        node.classList.toggle("away", away && !chosen);
        node.classList.toggle("lit", lit.has(id));
      }
      box.setAttribute("aria-pressed", String(chosen));
      box.setAttribute("tabindex", "-1");
      if (chosen) line.parentNode.append(line);
      if (chosen || !stop) stop = box;
    }
    stop?.setAttribute("tabindex", "0");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const here = /** @type {Element} */ (event.target).closest?.(".edge");
    if (this.canvas.zoom.key(event) || !here) return;
    const { e, at, box } = this.drawn.get(/** @type {HTMLElement} */ (here).dataset.id);
    const step = /** @type {Point | undefined} */ (
      { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key]
    );
    if (event.key === "Enter" || event.key === " ") this.canvas.choose(e.id, box);
    else if (event.key === "Delete" || event.key === "Backspace") {
      this.canvas.choose(e.id, box);
      this.canvas.send("prune", e.id);
    } else if (step) this.go(box, at, step);
    else return;
    event.preventDefault();
  }

  /**
   * Lead the focus to the next edge in a direction.
   * @param {SVGGElement} box
   * @param {Point} at
   * @param {Point} step
   */
  go(box, at, step) {
    const all = [...this.drawn.values()];
    const best =
      all[
        nearest(
          at,
          step,
          all.map((one) => one.at),
        )
      ]?.box;
    if (!best) return;
    box.setAttribute("tabindex", "-1");
    best.setAttribute("tabindex", "0");
    best.focus();
  }

  /**
   * Show an edge's curve and what it is, larger.
   * @param {Edge} e
   * @param {SVGGElement} box
   */
  hover(e, box) {
    const state = `${e.state}${e.frozen ? " · frozen" : ""} · carries ${percent(e.score)}`;
    const path = make("path", { class: `curve ${e.state}`, d: curve(e.y, [95, 42], [90, 37], 1), "stroke-width": 2.2 });
    const look = make("style", {}, style(this.canvas.data.colours));
    const svg = make("svg", { width: 190, height: 84, "aria-hidden": "true" }, look, path);
    const code = e.formula ? [html("code", {}, short(e.formula, 90))] : [];
    const at = box.getBoundingClientRect();
    this.canvas.explain([html("strong", {}, e.name), html("span", {}, state), svg, ...code], at);
  }
}

/**
 * Draw an edge: the line from node to node, and the box in it with its curve.
 * @param {Edge} e
 * @param {Place} place
 * @param {number} level how strong it is, from 0 to 1
 * @param {number} grow height of its curve, from 0 to 1
 * @returns {Drawn}
 */
function edge(e, { X, Y, U, V }, level, grow) {
  const [sx, sy, enter, leave, ex, ey, x, y, width, height] = e.at;
  /** @type {Point} */
  const at = [X(x), Y(y)];
  /** @type {Point} */
  const half = [(U * width) / 2, (V * height) / 2];
  const through = `L${X(leave).toFixed(1)} ${Y(y).toFixed(1)}`;
  const on = bent([X(leave), Y(y)], [X(ex), Y(ey)]).replace("M", "L");
  const line = make("path", {
    class: `line ${e.state}`,
    d: bent([X(sx), Y(sy)], [X(enter), Y(y)]) + through + on,
    "stroke-width": (0.8 + 2.6 * level).toFixed(2),
  });
  const frame = make("rect", {
    class: "frame",
    x: (at[0] - half[0]).toFixed(1),
    y: (at[1] - half[1]).toFixed(1),
    width: (2 * half[0]).toFixed(1),
    height: (2 * half[1]).toFixed(1),
    rx: 4,
  });
  const path = curve(e.y, at, half, grow);
  const state = `${e.state}${e.frozen ? ", frozen" : ""}`;
  const box = make(
    "g",
    {
      class: `edge ${e.state}`,
      role: "button",
      tabindex: -1,
      "data-id": e.id.join(","),
      "aria-label": `${e.name}, ${state}, carries ${percent(e.score)} of the outputs' variance`,
    },
    frame,
    make("path", { class: "curve", d: path, "stroke-width": (1.2 + 1.6 * level).toFixed(2) }),
  );
  if (SIGNS[e.state]) box.append(sign(at[0] + half[0], at[1] - half[1], SIGNS[e.state], "sign"));
  if (e.frozen) box.append(sign(at[0] - half[0], at[1] - half[1], "✱", "ice"));
  return { e, box, line, at };
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {string} kind
 */
function sign(x, y, text, kind) {
  const letter = make("text", { x, y: y + 3.8, "text-anchor": "middle" }, text);
  return make("g", { class: kind, "aria-hidden": "true" }, make("circle", { cx: x, cy: y, r: 8 }), letter);
}

/**
 * Draw the steps: a bar that all lines of a column cross, with its name.
 * @param {Payload} d
 * @param {Place} place
 */
function steps(d, { X, Y }) {
  return d.steps.map((s) => {
    const [x, top, bottom] = [X(s.x), Y(1), Y(0)];
    const long = 7.2 * s.words.length + 16;
    const [y, half] = [(top + bottom) / 2, long / 2];
    const words = `Step: ${s.words} of all nodes to the left`;
    const box = { x: x - 10, y: y - half, width: 20, height: long, rx: 10 };
    return make(
      "g",
      { class: "step", role: "img", "aria-label": words },
      make("path", { d: `M${x} ${top}L${x} ${bottom}` }),
      make("rect", box),
      make("text", { transform: `translate(${x + 4} ${y}) rotate(-90)`, "text-anchor": "middle" }, s.words),
      make("title", {}, words),
    );
  });
}

/**
 * Draw the nodes, and the sums that a product node multiplies.
 * @param {Payload} d
 * @param {Place} place
 */
function nodes(d, { X, Y, last }) {
  const sums = d.sums.flatMap((s) => [
    make("path", { class: "join", d: bent([X(s.x), Y(s.y)], [X(s.nx), Y(s.ny)]) }),
    make(
      "circle",
      { class: "sum", cx: X(s.x), cy: Y(s.y), r: 4.5 },
      make("title", {}, `${s.name}: a sum, factor of a product`),
    ),
  ]);
  return [
    ...sums,
    ...d.nodes.map((n) => {
      const words = `Node ${n.name}${n.product ? ", a product" : ""}${n.linked ? "" : ", linked to nothing"}`;
      const [x, y] = [X(n.x), Y(n.y)];
      const g = make("g", { class: n.linked ? "node" : "node lone", role: "img", "aria-label": words });
      g.append(make("circle", { cx: x, cy: y, r: n.product ? 9 : 5.5 }));
      if (n.product) g.append(make("text", { class: "times", x, y: y + 4.5, "text-anchor": "middle" }, "×"));
      if (n.c === 0) {
        g.append(make("text", { class: "name", x: x - 10, y: y + 4.5, "text-anchor": "end" }, short(n.name, 14)));
      } else if (n.c === last) g.append(make("text", { class: "name", x: x + 10, y: y + 4.5 }, short(n.name, 14)));
      else if (d.nodes.filter((m) => m.c === n.c).length <= CROWD) {
        const above = { x, y: y - (n.product ? 13 : 9), "text-anchor": "middle" };
        g.append(make("text", { class: "name small", ...above }, short(n.name, 10)));
      }
      g.append(make("title", {}, n.name));
      return g;
    }),
  ];
}

/**
 * Draw what the lines mean, where they differ.
 * @param {Payload} d
 */
function legend(d) {
  const there = new Set(d.edges.map((e) => e.state));
  const frozen = d.edges.some((e) => e.frozen);
  if (there.size === 1 && there.has("spline") && !frozen) return [];
  const line = html("div", { class: "kv-legend", "aria-hidden": "true" });
  for (const [state, words] of Object.entries(LEGEND)) {
    if (!there.has(/** @type {keyof typeof LEGEND} */ (state))) continue;
    const path = make("path", { class: `curve ${state}`, d: "M1 5L25 5", "stroke-width": 2 });
    const svg = make("svg", { width: 26, height: 10 }, make("style", {}, style(d.colours)), path);
    line.append(html("span", {}, svg, words));
  }
  if (frozen) line.append(html("span", {}, "✱ frozen"));
  return [line];
}
