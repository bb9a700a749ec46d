// Curves as numbers: what the editor needs to shape one, without anything drawn.

// the nearest values that never fall (pool adjacent violators)
function monotone(values) {
  const pools = [];
  for (const v of values) {
    pools.push([v, 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] > pools[pools.length - 1][0]) {
      const [b, n] = pools.pop(), [a, m] = pools.pop();
      pools.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  return pools.flatMap(([v, n]) => Array(n).fill(v));
}

// the cubic that has these values and slopes at a and b (Hermite)
function hermite(a, b, [ya, yb], [sa, sb]) {
  const width = b - a;
  return (x) => {
    const t = (x - a) / width, u = 1 - t;
    return u * u * (1 + 2 * t) * ya + t * t * (3 - 2 * t) * yb + width * t * u * (u * sa - t * sb);
  };
}

// heights of points (x, y) once a tool was used on those inside; old: of all points
const SHAPES = {
  smooth: (old, inside) => inside.map((m) => (old[Math.max(m - 1, 0)] + 2 * old[m] + old[Math.min(m + 1, old.length - 1)]) / 4),
  flatten: (old, inside) => inside.map(() => inside.reduce((sum, m) => sum + old[m], 0) / inside.length),
  rise: (old, inside) => monotone(inside.map((m) => old[m])),
  fall: (old, inside) => monotone(inside.map((m) => -old[m])).map((v) => -v),
  straight: (old, inside, x) => {
    const a = inside[0], b = inside[inside.length - 1];
    return inside.map((m) => old[a] + ((x[m] - x[a]) / (x[b] - x[a])) * (old[b] - old[a]));
  },
};
