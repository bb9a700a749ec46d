// Small payloads, as Python sends them.

/** An edge whose curve is rest + 1 + 2 x on [0, 1], of straight pieces between `count` control points. */
export function edge(count = 3) {
  const samples = 20 * (count - 1) + 1;
  const x = Array.from({ length: samples }, (_, r) => r / (samples - 1));
  const points = Array.from({ length: count }, (_, m) => m / (count - 1));
  const first = x.map((v) => Math.min(Math.floor(v * (count - 1)), count - 2));
  const share = x.map((v, r) => v * (count - 1) - first[r]);
  return {
    v: 2,
    edge: [0, 0, 0],
    rev: "one",
    look: "light",
    colours: { page: "#ffffff", spline: "#2244aa", both: "#884400", formula: "#006644" },
    title: "x → y",
    state: "spline",
    why: "",
    x_label: "x",
    y_label: "y",
    x,
    rest: x.map((v) => v * v),
    base: null,
    formula: null,
    resting: null,
    first,
    basis: share.map((s) => [1 - s, s]),
    coef: points.map((v) => 1 + 2 * v),
    lift: points.map(() => 0),
    points,
    reach: points.map(() => [0, 1]),
    knots: points,
    grid: [0, 1],
    data: [0.1, 0.9],
    span: [-100, 100],
    edges: [0, 0.5, 1],
    density: [1, 3],
    picked: null,
    rows: null,
    unit: "",
    names: [],
    groups: [],
    locked: [],
    tools: true,
    point: null,
    preview: null,
    draft: null,
    open: true,
    awaited: "",
  };
}

/** A network of two inputs and one output. */
export function network() {
  const node = (c, x, y, name) => ({ c, x, y, name, product: false, linked: true });
  const y = btoa(String.fromCharCode(0, 100, 200, 255));
  const one = (source, at) => ({
    id: [0, source, 0],
    name: `x${source} → y`,
    at: [0, at, 0.4, 0.6, 1, 0.5, 0.5, at, 0.2, 0.2],
    y,
    scale: 1,
    score: 0.5,
    state: "spline",
    frozen: false,
  });
  return {
    v: 1,
    rev: "one",
    look: "light",
    colours: { page: "#ffffff", spline: "#2244aa", formula: "#006644" },
    title: "Network [2, 1]",
    width: 1,
    rows: 2,
    nodes: [node(0, 0, 0.2, "x0"), node(0, 0, 0.8, "x1"), node(1, 1, 0.5, "y")],
    sums: [],
    steps: [],
    edges: [one(0, 0.2), one(1, 0.8)],
    selected: null,
    highlight: [],
  };
}

/** Three rows, the last held out. */
export function rows() {
  return {
    v: 1,
    rev: "one",
    look: "light",
    colours: { page: "#ffffff", train: "#2244aa", test: "#006644" },
    title: "Predicted against measured y, 3 rows",
    x_label: "measured y",
    y_label: "predicted y",
    unit: "m",
    span: [0, 4],
    miss_label: "predicted - measured",
    miss_span: [-1, 1],
    rows: [0, 4, 9],
    x: [1, 2, 3],
    y: [1.5, 2, 2.5],
    miss: [0.5, 0, -0.5],
    test: [0, 0, 1],
    names: ["a"],
    more: 2,
    values: [[0.1, 0.2, 0.3]],
    total: 10,
    no_number: 1,
    picked: [],
    count: 0,
    row: null,
  };
}
