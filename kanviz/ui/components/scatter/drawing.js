// The picture of the rows: a disc for a training row, a diamond for one held out, the line on which they should lie.
import { spread, ticks, written } from "../shared/axis.js";
import { html, make, NS, set } from "../shared/dom.js";
import { renew } from "../shared/redraw.js";
import { BOTTOM, LEFT, RIGHT, scales, TOP } from "./geometry.js";
import { style } from "./style.js";

/** @typedef {import("../protocol").ScatterPayload} Payload */
/** @typedef {import("./geometry.js").Point} Point */

const KEYS =
  "Arrows go from row to row, Enter takes the row to explain it, space picks it, Escape picks none. " +
  "Drag a rectangle to pick rows, with Shift to add them.";

export class Picture {
  /** @param {HTMLElement} plot */
  constructor(plot) {
    this.plot = plot;
    this.drawnAt = 0;
    /** @type {Point[]} */
    this.places = [];
  }

  width() {
    return Math.max(280, Math.min(760, Math.floor(this.plot.clientWidth)));
  }

  /**
   * Draw everything anew.
   * @param {Payload} d
   * @param {"y" | "miss"} of what is drawn upwards: the prediction, or its error
   */
  draw(d, of) {
    const width = (this.drawnAt = this.width());
    const height = Math.round(Math.min(Math.max(0.62 * width, 260), 400));
    const across = spread(...d.span);
    const up = spread(...(of === "miss" ? d.miss_span : d.span));
    const { X, Y } = (this.scales = scales(width, height, across, up));
    const named = { role: "application", "aria-label": `${d.title}. ${KEYS}`, "data-id": "rows" };
    const svg = make("svg", { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, tabindex: 0, ...named });
    svg.append(make("style", {}, style(d.colours)));
    for (const v of ticks(...up, 5)) {
      svg.append(make("path", { class: "rule", d: `M${LEFT} ${Y(v)}H${width - RIGHT}` }));
      svg.append(make("text", { x: LEFT - 8, y: Y(v) + 4, "text-anchor": "end" }, written(v)));
    }
    for (const v of ticks(...across, Math.max(3, Math.floor(width / 110)))) {
      svg.append(make("text", { x: X(v), y: height - BOTTOM + 18, "text-anchor": "middle" }, written(v)));
    }
    const middle = [(LEFT + width - RIGHT) / 2, (TOP + height - BOTTOM) / 2];
    const label = { class: "label", "text-anchor": "middle" };
    svg.append(make("text", { ...label, x: middle[0], y: height - 6 }, d.x_label));
    const turned = { x: 13, y: middle[1], transform: `rotate(-90 13 ${middle[1]})` };
    svg.append(make("text", { ...label, ...turned }, of === "miss" ? d.miss_label : d.y_label));
    const ends = of === "miss" ? [0, 0] : d.span;
    const even = `M${X(across[0])} ${Y(ends[0])}L${X(across[1])} ${Y(ends[1])}`;
    svg.append(make("path", { class: "even", d: even }), this.points(d, of), ...this.marks());
    this.svg = svg;
    renew(this.plot, "data-id", svg);
  }

  /**
   * @param {Payload} d
   * @param {"y" | "miss"} of
   */
  points(d, of) {
    const { X, Y } = this.scales;
    this.places = d.x.map((x, k) => [X(x), Y(d[of][k])]);
    this.dots = this.places.map(([x, y], k) => {
      const [kind, path] = d.test[k] ? ["test", diamond(x, y)] : ["train", disc(x, y)];
      return make("path", { class: `dot ${kind}`, d: path, "data-row": d.rows[k] });
    });
    return make("g", { "aria-hidden": "true" }, ...this.dots);
  }

  /** Drawn in front of the points: the row that is taken, the one that is looked at, and the rectangle. */
  marks() {
    this.taken = make("circle", { class: "taken", r: 9, visibility: "hidden" });
    this.ring = make("circle", { class: "ring", r: 7, visibility: "hidden" });
    this.brush = make("rect", { class: "brush", visibility: "hidden" });
    return [this.taken, this.ring, this.brush];
  }

  /**
   * Paint which rows are picked and which one is taken.
   * @param {Payload} d
   * @param {Set<number>} picked places of the picked rows among the points
   * @param {boolean} some whether any row is picked, drawn or not
   */
  mark(d, picked, some) {
    this.dots.forEach((dot, k) => dot.classList.toggle("picked", picked.has(k)));
    this.svg.classList.toggle("some", some);
    put(this.taken, d.row === null ? undefined : this.places[d.rows.indexOf(d.row)]);
  }

  /** @param {number | null} k the row that is looked at, null for none */
  look(k) {
    put(this.ring, k === null ? undefined : this.places[k]);
  }

  /**
   * Draw the rectangle between two places.
   * @param {Point} a
   * @param {Point} b
   */
  box(a, b) {
    const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    const size = { width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) };
    set(this.brush, { x, y, ...size, visibility: "visible" });
  }

  unbox() {
    this.brush.setAttribute("visibility", "hidden");
  }
}

/**
 * @param {SVGCircleElement} ring
 * @param {Point | undefined} place
 */
function put(ring, place) {
  if (place) set(ring, { cx: place[0], cy: place[1] });
  ring.setAttribute("visibility", place ? "visible" : "hidden");
}

/**
 * Draw what the kinds of points mean, those that there are.
 * @param {Payload} d
 */
export function legend(d) {
  const held = d.test.reduce((sum, v) => sum + v, 0);
  const key = (/** @type {string} */ kind, /** @type {string} */ path, /** @type {string} */ words) => {
    const dot = make("path", { class: `dot ${kind}`, d: path });
    return html("span", {}, make("svg", { width: 14, height: 14 }, make("style", {}, style(d.colours)), dot), words);
  };
  const keys = [];
  if (held < d.test.length) keys.push(key("train", disc(7, 7), "training rows"));
  if (held > 0) keys.push(key("test", diamond(7, 7), "held-out rows"));
  return keys;
}

/**
 * @param {number} x
 * @param {number} y
 */
function disc(x, y) {
  return `M${(x - 3.4).toFixed(1)} ${y.toFixed(1)}a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0`;
}

/**
 * @param {number} x
 * @param {number} y
 */
function diamond(x, y) {
  return `M${x.toFixed(1)} ${(y - 4.6).toFixed(1)}l4.6 4.6l-4.6 4.6l-4.6 -4.6z`;
}
