// Where things stand in the picture of a network, in numbers and paths, without anything drawn.
import { heights } from "./protocol.js";

/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").Edge} Edge */
/** @typedef {[number, number]} Point */
/** @typedef {{ k: number, x: number, y: number }} Zoom how much larger, and moved by how many pixels */

const ROW = 52; // pixels
const LEAST = 300;
const MOST = 960;
const TOP = 26;
const BOTTOM = 14;
const GAP = 28; // between matrices
const ABOVE = 34; // a matrix
const CLOSEST = 8; // zoom

/**
 * Place a network in a picture of that width: its height, scales, and the size of one unit of the layout in pixels.
 * @param {Payload} d
 * @param {number} width
 */
export function placed(d, width) {
  const height = Math.min(Math.max(ROW * d.rows + 60, LEAST), MOST);
  const last = Math.max(...d.nodes.map((n) => n.c));
  const room = (/** @type {number} */ column) => {
    const names = d.nodes.filter((n) => n.c === column).map((n) => Math.min(n.name.length, 14));
    return Math.min(110, 14 + 7.2 * Math.max(0, ...names));
  };
  const left = room(0);
  const across = width - left - room(last);
  const up = height - TOP - BOTTOM;
  const X = (/** @type {number} */ x) => left + (x / d.width) * across;
  const Y = (/** @type {number} */ y) => TOP + (1 - y) * up;
  return { height, last, X, Y, U: across / d.width, V: up };
}

/**
 * Write a path that leaves and arrives level.
 * @param {Point} from
 * @param {Point} to
 */
export function bent([x1, y1], [x2, y2]) {
  const m = ((x1 + x2) / 2).toFixed(1);
  const [a, b] = [y1.toFixed(1), y2.toFixed(1)];
  return `M${x1.toFixed(1)} ${a}C${m} ${a} ${m} ${b} ${x2.toFixed(1)} ${b}`;
}

/**
 * Write a small curve as a path, with gaps where it is NaN.
 * @param {string} text as it was sent
 * @param {Point} at its middle
 * @param {Point} half of its frame's width and height
 * @param {number} grow its share of the frame's height, at most 1
 */
export function curve(text, at, half, grow) {
  const values = heights(text);
  let path = "";
  let pen = "M";
  values.forEach((v, k) => {
    if (Number.isNaN(v)) return void (pen = "M");
    const x = at[0] - half[0] + 3 + ((2 * half[0] - 6) * k) / (values.length - 1);
    path += `${pen}${x.toFixed(1)} ${(at[1] - 0.86 * half[1] * grow * v).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/**
 * Find the largest value in each layer.
 * @param {Edge[]} edges
 * @param {"scale" | "score"} part
 */
export function largest(edges, part) {
  /** @type {Record<number, number>} */
  const found = {};
  for (const e of edges) found[e.id[0]] = Math.max(found[e.id[0]] || 0, e[part]);
  return found;
}

/**
 * Choose the nearest place in a direction; what lies across counts three times. -1 where there is none.
 * @param {Point} from
 * @param {Point} step one of up, down, left, right
 * @param {Point[]} places
 */
export function nearest(from, step, places) {
  let best = -1;
  let least = Infinity;
  places.forEach((there, k) => {
    const [dx, dy] = [there[0] - from[0], there[1] - from[1]];
    const along = dx * step[0] + dy * step[1];
    const cost = along + 3 * (Math.abs(dx * step[1]) + Math.abs(dy * step[0]));
    if (along > 1 && cost < least) [best, least] = [k, cost];
  });
  return best;
}

/**
 * Lay out the matrices of a wide network from left to right.
 * @param {{ s: number, t: number }[]} matrices sources and targets of each
 * @param {number} width
 */
export function columns(matrices, width) {
  const total = matrices.reduce((sum, m) => sum + m.t, 0);
  const most = Math.max(...matrices.map((m) => m.s));
  const size = Math.max(1, Math.min(22, (width - GAP * (matrices.length + 1)) / total, 520 / most));
  let x = (width - size * total - GAP * (matrices.length - 1)) / 2;
  const lefts = matrices.map((m) => {
    const left = x;
    x += size * m.t + GAP;
    return left;
  });
  return { size, lefts, top: ABOVE, height: Math.max(...matrices.map((m) => m.s * size)) + 44 };
}

/**
 * Zoom by a factor about a place, which stays where it is; never smaller than the whole.
 * @param {Zoom} zoom
 * @param {number} by
 * @param {Point} about
 * @returns {Zoom}
 */
export function zoomed(zoom, by, [x, y]) {
  const k = Math.min(Math.max(zoom.k * by, 1), CLOSEST);
  if (k === 1) return { k: 1, x: 0, y: 0 };
  const f = k / zoom.k;
  return { k, x: x - f * (x - zoom.x), y: y - f * (y - zoom.y) };
}
