// Made of protocol/ by `python -m tests.protocol_types`: what Python and the components say to each other.

/** Sends an event by its name. */
export type Send<Events> = <Name extends keyof Events>(name: Name, value: Events[Name]) => void;

export type EditorAnswer = EditorDraft | EditorRefusal;

/** A finished gesture: control points with new coefficients, or the formula that was offered. */
export interface EditorCommit {
  rev: string;
  words: string;
  points?: [number, number][];
  request?: string | null;
}

/** An edge: rest + sum_k basis[r][k] coef[first[r] + k] at x[r], x in the units of the figure. rev: identifies this
 * curve; an event returns it · lift: a handle's height above its coefficient · reach: interval where a control
 * point acts, None for no end · why: the reason why there are no control points · names: of the control points, in
 * place of numbers on the axis · groups: of these · locked: numbers of the control points that must not move ·
 * tools: whether stretches can be marked and shaped. */
export interface EditorCurve {
  v: number;
  edge: [number, number, number];
  rev: string;
  look: "light" | "dark";
  colours: Record<string, string>;
  title: string;
  state: "pruned" | "spline" | "both" | "formula";
  why: string;
  x_label: string;
  y_label: string;
  x: (number | null)[];
  rest: (number | null)[];
  base: (number | null)[] | null;
  formula: (number | null)[] | null;
  resting: (number | null)[] | null;
  first: number[];
  basis: ((number | null)[])[];
  coef: (number | null)[];
  lift: (number | null)[];
  points: (number | null)[];
  reach: ((number | null)[])[];
  knots: (number | null)[];
  grid: [number, number];
  data: [number, number] | null;
  span: [number, number];
  edges: (number | null)[];
  density: (number | null)[];
  picked: EditorPicked | null;
  rows: EditorRows | null;
  unit: string;
  names: string[];
  groups: EditorGroup[];
  locked: number[];
  tools: boolean;
}

/** A formula offered for an interval. request: id of the question · points: control points with heights. */
export interface EditorDraft {
  request: string | null;
  text: string;
  which: number;
  of: number;
  explanation: string;
  points: [number, number][];
}

/** The events of the editor. */
export interface EditorEvents {
  edge: [number, number, number];
  point: number;
  commit: EditorCommit;
  snap: EditorQuestion;
  refine: EditorQuestion;
  drop: boolean;
  painted: string;
}

/** Named control points side by side on an axis without numbers: from `start` up to, not including, `end`. */
export interface EditorGroup {
  name: string;
  start: number;
  end: number;
}

/** The curve, and the state of editing. point: the chosen control point · preview: a control point and its proposed
 * height · open: whether editing is allowed · awaited: a token, returned as the state `painted` once the curve is
 * painted. */
export interface EditorPayload {
  v: number;
  edge: [number, number, number];
  rev: string;
  look: "light" | "dark";
  colours: Record<string, string>;
  title: string;
  state: "pruned" | "spline" | "both" | "formula";
  why: string;
  x_label: string;
  y_label: string;
  x: (number | null)[];
  rest: (number | null)[];
  base: (number | null)[] | null;
  formula: (number | null)[] | null;
  resting: (number | null)[] | null;
  first: number[];
  basis: ((number | null)[])[];
  coef: (number | null)[];
  lift: (number | null)[];
  points: (number | null)[];
  reach: ((number | null)[])[];
  knots: (number | null)[];
  grid: [number, number];
  data: [number, number] | null;
  span: [number, number];
  edges: (number | null)[];
  density: (number | null)[];
  picked: EditorPicked | null;
  rows: EditorRows | null;
  unit: string;
  names: string[];
  groups: EditorGroup[];
  locked: number[];
  tools: boolean;
  point: number | null;
  preview: [number, number] | null;
  draft: EditorDraft | EditorRefusal | null;
  open: boolean;
  awaited: string;
}

/** The picked rows' density over an edge's input, in the bins of all rows. words: for all, and for the picked. */
export interface EditorPicked {
  words: string[];
  density: (number | null)[];
}

/** A question about an interval. which: number of formulas to skip · request: an id that the answer repeats. */
export interface EditorQuestion {
  rev: string;
  region: [number, number] | null;
  which: number;
  request: string;
}

/** The reason why no formula is offered. */
export interface EditorRefusal {
  request: string | null;
  error: string;
}

/** How the outputs follow the edge, row by row. off: current errors of the output · sampled: points of the grids
 * instead of rows. */
export interface EditorRows {
  x: (number | null)[];
  gain: (number | null)[];
  off: (number | null)[] | null;
  exact: boolean;
  sampled: boolean;
}

/** The events of the browser's store. missing: names of blobs to send. */
export interface MemoryEvents {
  works: MemoryList;
  found: MemoryFound;
  missing: string[];
  trouble: "full" | "closed";
}

/** Work that was read; the manifest is empty if it does not exist any more. */
export interface MemoryFound {
  n: string;
  id: string;
  manifest: string;
  blobs: Record<string, string>;
}

/** The stored work, newest first, and whether saving is turned off. n: name of the answered order. */
export interface MemoryList {
  n: string;
  off: boolean;
  works: any[];
}

/** An order to the browser's store. n: a random name. */
export interface MemoryOrder {
  n: string;
  what: "list" | "read" | "forget" | "off" | "on";
  id: string;
}

/** Work to store, and an order. offers: whether the page offers saved work. */
export interface MemoryPayload {
  v: number;
  order: MemoryOrder | null;
  works: MemoryWork[];
  offers: boolean;
}

/** A piece of work. needs: names of all its blobs · blobs: those that are sent along, in base64. */
export interface MemoryWork {
  id: string;
  token: string;
  name: string;
  steps: number;
  rows: string;
  step: number;
  of: number;
  manifest: string;
  rev: string;
  needs: string[];
  blobs: Record<string, string>;
}

/** An edge. at: start x y, enter, leave, end x y, middle x y, width, height · y: heights as bytes in base64. */
export interface NetworkEdge {
  id: [number, number, number];
  name: string;
  at: [number, number, number, number, number, number, number, number, number, number];
  y: string;
  scale: number;
  score: number;
  state: "pruned" | "spline" | "both" | "formula";
  frozen: boolean;
  formula?: string;
}

/** The events of the canvas. */
export interface NetworkEvents {
  select: [number, number, number];
  prune: [number, number, number];
}

/** A wide layer: s sources by t targets, one byte per edge in base64. */
export interface NetworkMatrix {
  s: number;
  t: number;
  scores: string;
  states: string;
}

/** A node. c: its column · linked: whether an edge that is not pruned begins or ends there. */
export interface NetworkNode {
  c: number;
  x: number;
  y: number;
  name: string;
  product: boolean;
  linked: boolean;
}

/** A network. If it is wide, `matrix` has all edges and `edges` only the strongest. */
export interface NetworkPayload {
  v: number;
  rev: string;
  look: "light" | "dark";
  colours: Record<string, string>;
  title: string;
  width: number;
  rows: number;
  nodes: NetworkNode[];
  sums: NetworkSum[];
  steps: NetworkStep[];
  edges: NetworkEdge[];
  selected: [number, number, number] | null;
  highlight: [number, number, number][];
  matrix?: NetworkMatrix[];
  names?: string[][];
  targets?: string[][];
}

/** A step that all values of a column go through, at x. */
export interface NetworkStep {
  x: number;
  words: string;
}

/** A sum, and the product node (nx, ny) that it is a factor of. */
export interface NetworkSum {
  x: number;
  y: number;
  nx: number;
  ny: number;
  name: string;
}

/** A rectangle: measured from, to; then, by `of`, predicted or error, from, to. */
export interface ScatterBox {
  rev: string;
  box: [number, number, number, number];
  of: "y" | "miss";
  add: boolean;
}

/** The events of the scatter plot. */
export interface ScatterEvents {
  pick: ScatterBox | ScatterRow | ScatterNone;
  take: ScatterRow;
}

/** The event that clears the selection. */
export interface ScatterNone {
  rev: string;
  none: true;
}

/** The points, with indices of the picked ones, the number of picked rows, and the row that is explained. */
export interface ScatterPayload {
  v: number;
  rev: string;
  look: "light" | "dark";
  colours: Record<string, string>;
  title: string;
  x_label: string;
  y_label: string;
  unit: string;
  span: [number, number];
  miss_label: string;
  miss_span: [number, number];
  rows: number[];
  x: number[];
  y: number[];
  miss: number[];
  test: number[];
  names: string[];
  more: number;
  values: number[][];
  total: number;
  no_number: number;
  picked: number[];
  count: number;
  row: number | null;
}

/** The rows that have a point, in table units. rev: identifies this figure; an event returns it. */
export interface ScatterPoints {
  v: number;
  rev: string;
  look: "light" | "dark";
  colours: Record<string, string>;
  title: string;
  x_label: string;
  y_label: string;
  unit: string;
  span: [number, number];
  miss_label: string;
  miss_span: [number, number];
  rows: number[];
  x: number[];
  y: number[];
  miss: number[];
  test: number[];
  names: string[];
  more: number;
  values: number[][];
  total: number;
  no_number: number;
}

/** One row. */
export interface ScatterRow {
  rev: string;
  row: number;
}

export type EdgeId = [number, number, number];

export type Pair = [number, number];

export type State = "pruned" | "spline" | "both" | "formula";

export type Value = number | null;

/** The tour. first: whether it starts by itself in a browser that never showed it. */
export interface TourPayload {
  v: number;
  steps: TourStep[];
  first: boolean;
  help: string;
}

/** A stop of the tour. at: CSS selectors; the first visible element gets a ring. */
export interface TourStep {
  at: string[];
  title: string;
  text: string;
}
