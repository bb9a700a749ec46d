// Curves as numbers: what a tool makes of the heights of control points, without anything drawn.

/**
 * Find the nearest values that never fall (pool adjacent violators).
 * @param {number[]} values
 * @returns {number[]}
 */
export function monotone(values) {
  /** @type {[number, number][]} */
  const pools = [];
  for (const v of values) {
    pools.push([v, 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] > pools[pools.length - 1][0]) {
      const [b, n] = pools.pop();
      const [a, m] = pools.pop();
      pools.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  return pools.flatMap(([v, n]) => Array(n).fill(v));
}

/**
 * Make the cubic that has these values and slopes at a and b (Hermite).
 * @param {number} a
 * @param {number} b
 * @param {number[]} values at a and at b
 * @param {number[]} slopes at a and at b
 */
export function hermite(a, b, [ya, yb], [sa, sb]) {
  const width = b - a;
  return (/** @type {number} */ x) => {
    const t = (x - a) / width;
    const u = 1 - t;
    return u * u * (1 + 2 * t) * ya + t * t * (3 - 2 * t) * yb + width * t * u * (u * sa - t * sb);
  };
}

/**
 * Heights of the points inside a stretch once a tool was used on them.
 * @type {Record<string, (old: number[], inside: number[], x: number[]) => number[]>} old, x: of all points;
 *   inside: the numbers of those in the stretch
 */
export const SHAPES = {
  smooth: (old, inside) =>
    inside.map((m) => (old[Math.max(m - 1, 0)] + 2 * old[m] + old[Math.min(m + 1, old.length - 1)]) / 4),
  flatten: (old, inside) => inside.map(() => inside.reduce((sum, m) => sum + old[m], 0) / inside.length),
  rise: (old, inside) => monotone(inside.map((m) => old[m])),
  fall: (old, inside) => monotone(inside.map((m) => -old[m])).map((v) => -v),
  straight: (old, inside, x) => {
    const a = inside[0];
    const b = inside[inside.length - 1];
    return inside.map((m) => old[a] + ((x[m] - x[a]) / (x[b] - x[a])) * (old[b] - old[a]));
  },
};
