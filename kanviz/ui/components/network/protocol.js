// Messages of the network canvas: a payload read, and its numbers as words.

/** @typedef {import("../protocol").NetworkPayload} Payload */
/** @typedef {import("../protocol").NetworkEvents} Events */
/** @typedef {import("../protocol").NetworkEdge} Edge */
/** @typedef {import("../protocol").NetworkMatrix} Matrix */
/** @typedef {import("../protocol").EdgeId} EdgeId */

export const STATES = ["pruned", "spline", "both", "formula"]; // a cell of a matrix holds the place in this list
const NONE = 255; // a height that is NaN

/**
 * Read bytes that were sent as base64.
 * @param {string} text
 */
export function bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/**
 * Read a curve: heights from -1 to 1, NaN where there is none.
 * @param {string} text a byte each: 0 to 200 for -1 to 1
 */
export function heights(text) {
  return Array.from(bytes(text), (byte) => (byte === NONE ? NaN : (byte - 100) / 100));
}

/**
 * Read a colour such as #0a64ff.
 * @param {string} hex
 */
export function rgb(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

/**
 * Whether two edges are the same one.
 * @param {EdgeId | null | undefined} a
 * @param {EdgeId | null | undefined} b
 */
export function same(a, b) {
  return Boolean(a && b && a[0] === b[0] && a[1] === b[1] && a[2] === b[2]);
}

/**
 * Write a share of the outputs' variance.
 * @param {number} share
 */
export function percent(share) {
  if (share <= 0) return "nothing";
  if (share >= 0.1) return `${Math.round(100 * share)}%`;
  return share >= 0.001 ? `${(100 * share).toFixed(1)}%` : "less than 0.1%";
}

/**
 * Cut a name off at so many letters.
 * @param {string} name
 * @param {number} most
 */
export function short(name, most) {
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}
