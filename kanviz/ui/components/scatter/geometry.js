// Where the rows stand in the picture, in numbers, and which of them a place means.

/** @typedef {[number, number]} Point */

export const LEFT = 64;
export const RIGHT = 12;
export const TOP = 10;
export const BOTTOM = 46;
const NEAR = 12; // pixels within which a point is meant
const MOVED = 4; // pixels after which a press is a drag

/**
 * Make the scales of a picture of that size, from numbers to pixels and back.
 * @param {number} width
 * @param {number} height
 * @param {Point} across lowest and highest number
 * @param {Point} up
 */
export function scales(width, height, [low, high], [bottom, top]) {
  const wide = width - LEFT - RIGHT;
  const tall = height - TOP - BOTTOM;
  return {
    X: (/** @type {number} */ v) => LEFT + ((v - low) / (high - low)) * wide,
    Y: (/** @type {number} */ v) => height - BOTTOM - ((v - bottom) / (top - bottom)) * tall,
    value: (/** @type {Point} */ [x, y]) =>
      /** @type {Point} */ ([
        low + ((x - LEFT) / wide) * (high - low),
        bottom + ((height - BOTTOM - y) / tall) * (top - bottom),
      ]),
  };
}

/**
 * Find the point that a place in the picture means; -1 where none is near.
 * @param {Point[]} places
 * @param {Point} place
 */
export function nearest(places, [x, y]) {
  let best = -1;
  let least = NEAR * NEAR;
  places.forEach(([a, b], k) => {
    const far = (a - x) ** 2 + (b - y) ** 2;
    if (far < least) [best, least] = [k, far];
  });
  return best;
}

/**
 * Whether a pointer has gone far enough to be a drag.
 * @param {Point} from
 * @param {Point} to
 */
export function isDrag(from, to) {
  return Math.hypot(to[0] - from[0], to[1] - from[1]) > MOVED;
}

/**
 * List the rows in a rectangle, its edges included.
 * @param {number[]} x
 * @param {number[]} y
 * @param {Point} a a corner, in numbers
 * @param {Point} b the opposite one
 */
export function within(x, y, a, b) {
  return [...x.keys()].filter((k) => (x[k] - a[0]) * (x[k] - b[0]) <= 0 && (y[k] - a[1]) * (y[k] - b[1]) <= 0);
}

/**
 * Order the rows by a number, and by a second one where that is the same.
 * @param {number[]} first
 * @param {number[]} second
 */
export function order(first, second) {
  return [...first.keys()].sort((a, b) => first[a] - first[b] || second[a] - second[b]);
}
