// Wide layers as matrices of scores: every edge a cell, the strongest or the found ones as cards with their curves.
import { html, make, NS, set } from "../shared/dom.js";
import { renew } from "../shared/redraw.js";
import { columns, curve } from "./geometry.js";
import { bytes, rgb, same, short, STATES } from "./protocol.js";
import { style } from "./style.js";

/** @typedef {import("./view.js").Canvas} Canvas */
/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").Matrix} Matrix */
/** @typedef {import("./protocol.js").EdgeId} EdgeId */

/**
 * A layer: its numbers, and the cell that the pointer or the keyboard is on.
 * @typedef {object} Cells
 * @property {number} n its number
 * @property {Matrix} m
 * @property {Uint8Array} scores
 * @property {Uint8Array} states
 * @property {number} left
 * @property {SVGRectElement} cover
 * @property {SVGRectElement} cursor
 * @property {number} i source
 * @property {number} j target
 */

/** @typedef {{ id: EdgeId, name: string, state: string, y?: string, score?: number, weight?: number }} Card */

const FOUND = 4000; // edges that a name may find
const CARDS = 24;

export class MatrixView {
  /** @param {Canvas} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Cells[]} */
    this.layers = [];
    this.size = 0; // of a cell, in pixels
    this.top = 0;
    this.list = html("div", { class: "kv-top", role: "group", "aria-label": "The strongest edges" });
  }

  /**
   * Draw everything anew.
   * @param {number} width
   */
  draw(width) {
    const d = this.canvas.data;
    const { size, lefts, top, height } = columns(d.matrix, width);
    [this.size, this.top] = [size, top];
    const box = { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": d.title };
    const svg = make("svg", box, make("style", {}, style(d.colours)));
    const world = make("g", { class: "world" });
    svg.append(world);
    this.layers = d.matrix.map((m, n) => this.layer(world, m, n, lefts[n]));
    return { svg, below: [this.list] };
  }

  /**
   * @param {SVGGElement} world
   * @param {Matrix} m
   * @param {number} n
   * @param {number} left
   * @returns {Cells}
   */
  layer(world, m, n, left) {
    const { size, top } = this;
    const [scores, states] = [bytes(m.scores), bytes(m.states)];
    const box = { x: left, y: top, width: size * m.t, height: size * m.s };
    const href = painted(m, scores, states, this.canvas.data.colours);
    const image = { ...box, href, style: "image-rendering: pixelated", preserveAspectRatio: "none" };
    const words = `Layer ${n}: ${m.s} × ${m.t} edges. Arrows move, Enter chooses.`;
    const named = { "data-id": n, role: "application", "aria-label": words };
    const cover = make("rect", { class: "cells", ...box, tabindex: 0, ...named });
    const cursor = make("rect", { class: "cursor", width: size, height: size, visibility: "hidden" });
    const title = make("text", { class: "name small", x: left, y: 20 }, `${m.s} → ${m.t}`);
    world.append(title, make("image", image), cover, cursor);
    const layer = { n, m, scores, states, left, cover, cursor, i: 0, j: 0 };
    this.listen(layer);
    return layer;
  }

  /** @param {Cells} layer */
  listen(layer) {
    const { n, m, cover } = layer;
    const find = (/** @type {MouseEvent} */ event) => {
      const at = cover.getBoundingClientRect();
      layer.j = inside(Math.floor(((event.clientX - at.left) / at.width) * m.t), m.t);
      layer.i = inside(Math.floor(((event.clientY - at.top) / at.height) * m.s), m.s);
    };
    cover.onmousemove = (event) => {
      find(event);
      this.cell(layer);
    };
    cover.onclick = (event) => {
      find(event);
      this.canvas.choose([n, layer.i, layer.j]);
    };
    cover.onfocus = () => this.cell(layer);
    cover.onmouseleave = cover.onblur = () => this.canvas.hide();
    cover.onkeydown = (event) => this.key(event, layer);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Cells} layer
   */
  key(event, layer) {
    const { n, m, cover } = layer;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step) {
      layer.i = inside(layer.i + step[0], m.s);
      layer.j = inside(layer.j + step[1], m.t);
      this.cell(layer);
    } else if (event.key === "Enter") this.canvas.choose([n, layer.i, layer.j], cover);
    else if (event.key === "Delete") this.canvas.send("prune", [n, layer.i, layer.j]);
    else return;
    event.preventDefault();
  }

  /**
   * @param {number} layer
   * @param {number} i
   * @param {number} j
   */
  name(layer, i, j) {
    const { names, targets } = this.canvas.data;
    return `${names[layer][i]} → ${targets[layer][j]}`;
  }

  /**
   * Say what the cell is.
   * @param {Cells} layer
   */
  cell({ n, m, i, j, scores, states, cover }) {
    const c = i * m.t + j;
    const name = this.name(n, i, j);
    const share = `${Math.round((100 * scores[c]) / 255)}% of the layer's strongest`;
    const words = `${STATES[states[c]]} · ${scores[c] === 0 ? "carries next to nothing" : share}`;
    const at = cover.getBoundingClientRect();
    const [wide, high] = [at.width / m.t, at.height / m.s];
    const place = { left: at.left + j * wide, right: at.left + (j + 1) * wide, top: at.top + i * high, height: high };
    const parts = [html("strong", {}, name), html("span", {}, words), html("span", {}, "click to see its curve")];
    this.canvas.explain(parts, place);
    this.canvas.status.textContent = `${name}, ${words}`;
  }

  /** Show which edge is chosen, and the cards of those that are meant. */
  mark() {
    const { selected } = this.canvas.data;
    for (const layer of this.layers) {
      const chosen = selected && selected[0] === layer.n;
      layer.cursor.setAttribute("visibility", chosen ? "visible" : "hidden");
      if (!chosen) continue;
      set(layer.cursor, { x: layer.left + selected[2] * this.size, y: this.top + selected[1] * this.size });
    }
    const wanted = this.canvas.wanted();
    const found = (wanted ? this.found(wanted) : this.strongest()).filter(
      (e) => e.score === undefined || e.score >= this.canvas.dim,
    );
    renew(this.list, "data-id", ...found.slice(0, CARDS).map((e) => this.card(e)));
    if (!found.length) this.list.append(html("span", {}, "No edge has such a name."));
  }

  /** @returns {Card[]} */
  strongest() {
    return [...this.canvas.data.edges].sort((a, b) => b.score - a.score);
  }

  /**
   * List the edges that a word finds, the strongest of their layers first.
   * @param {string} wanted
   * @returns {Card[]}
   */
  found(wanted) {
    const d = this.canvas.data;
    const known = new Map(d.edges.map((e) => [e.id.join(","), e]));
    return this.layers
      .reduce((found, { n, m, scores, states }) => {
        for (const [i, j] of matches(d.names[n], d.targets[n], wanted, FOUND - found.length)) {
          const c = i * m.t + j;
          found.push({ id: [n, i, j], name: this.name(n, i, j), weight: scores[c], state: STATES[states[c]] });
        }
        return found;
      }, /** @type {Card[]} */ ([]))
      .sort((a, b) => b.weight - a.weight)
      .map((e) => known.get(e.id.join(",")) || e);
  }

  /** @param {Card} e */
  card(e) {
    const d = this.canvas.data;
    const kind = same(e.id, d.selected) ? "chosen" : "";
    const card = html("button", { type: "button", class: kind, "data-id": e.id.join(",") });
    if (e.y) {
      const path = make("path", {
        class: `curve ${e.state}`,
        d: curve(e.y, [46, 20], [42, 17], 1),
        "stroke-width": 1.8,
      });
      const look = make("style", {}, style(d.colours));
      card.append(make("svg", { width: 92, height: 40, "aria-hidden": "true" }, look, path));
    }
    card.append(html("span", {}, short(e.name, 24)));
    card.onclick = () => this.canvas.choose(e.id);
    return card;
  }
}

/**
 * Find the pairs of names that hold a word, each by itself or in what stands between them.
 * @param {string[]} names of sources
 * @param {string[]} targets
 * @param {string} wanted in small letters
 * @param {number} most
 * @returns {[number, number][]}
 */
export function matches(names, targets, wanted, most) {
  const low = (/** @type {string[]} */ all) => all.map((name) => name.toLowerCase());
  const [from, to] = [low(names), low(targets)];
  const ends = to.map((name) => name.includes(wanted));
  const both = /\s|→/.test(wanted); // it may be in what stands between the two names
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < from.length && found.length < most; i++) {
    const begins = from[i].includes(wanted);
    for (let j = 0; j < to.length && found.length < most; j++) {
      if (both ? `${from[i]} → ${to[j]}`.includes(wanted) : begins || ends[j]) found.push([i, j]);
    }
  }
  return found;
}

/**
 * Paint a pixel for each edge: its colour is the edge's state, its strength the score.
 * @param {Matrix} m
 * @param {Uint8Array} scores
 * @param {Uint8Array} states
 * @param {Record<string, string>} colours
 */
function painted(m, scores, states, colours) {
  const canvas = html("canvas", { width: m.t, height: m.s });
  const ink = canvas.getContext("2d");
  const pixels = ink.createImageData(m.t, m.s);
  const paper = rgb(colours.page);
  const inks = [paper, rgb(colours.spline), rgb(colours.formula), rgb(colours.formula)];
  for (let i = 0; i < m.s * m.t; i++) {
    const full = inks[states[i]];
    const share = Math.sqrt(scores[i] / 255) * 0.92 + 0.04;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = paper[c] + (full[c] - paper[c]) * share;
    pixels.data[4 * i + 3] = 255;
  }
  ink.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

/**
 * @param {number} k
 * @param {number} count
 */
function inside(k, count) {
  return Math.min(count - 1, Math.max(0, k));
}
