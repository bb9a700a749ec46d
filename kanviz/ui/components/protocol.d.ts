// Made of protocol.py by `python -m tests.protocol_types`: what Python and the components say to each other.

/** Sends an event by its name. */
export type Send<Events> = <Name extends keyof Events>(name: Name, value: Events[Name]) => void;

export type EdgeId = [number, number, number];

export type Pair = [number, number];

export type Value = number | null;

export type State = "pruned" | "spline" | "both" | "formula";

/** How the picked rows lie over an edge's input: density over the bins of all rows. */
export interface EditorPicked {
  rows: number;
  density: (number | null)[];
}

/** How the outputs follow the edge, row by row. off: what the output misses now · drawn: there are no real rows. */
export interface EditorRows {
  x: (number | null)[];
  gain: (number | null)[];
  off: (number | null)[] | null;
  exact: boolean;
  drawn: boolean;
}

/** An edge: rest + sum_k basis[r][k] coef[first[r] + k] at x[r], x in the units it is drawn in. rev: what tells
 * this curve from another; an event gives it back · lift: a handle's height above its coefficient · reach: where a
 * control point acts, None for without end · why: there are no control points, in words. */
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
}

/** A formula that is offered for a stretch. asked: the mark of the question · points: control points, heights. */
export interface EditorDraft {
  asked: string | null;
  text: string;
  which: number;
  of: number;
  said: string;
  points: [number, number][];
}

/** Why no formula is offered. */
export interface EditorRefusal {
  asked: string | null;
  error: string;
}

export type EditorAnswer = EditorDraft | EditorRefusal;

/** The curve, and what is done to it now. point: the control point that is chosen · preview: a control point and
 * the height it would have · open: whether it may be changed · awaited: a token, returned as the state `drawn` once
 * the curve is on the screen. */
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
  point: number | null;
  preview: [number, number] | null;
  draft: EditorDraft | EditorRefusal | null;
  open: boolean;
  awaited: string;
}

/** A gesture that is done: control points with their new coefficients, or the formula that was offered. */
export interface EditorCommit {
  rev: string;
  words: string;
  points?: [number, number][];
  asked?: string | null;
}

/** What to do with a stretch. which: how many formulas to pass over · asked: a mark that the answer repeats. */
export interface EditorQuestion {
  rev: string;
  region: [number, number] | null;
  which: number;
  asked: string;
}

/** What comes back from the editor. */
export interface EditorEvents {
  edge: [number, number, number];
  point: number;
  commit: EditorCommit;
  snap: EditorQuestion;
  refine: EditorQuestion;
  drop: boolean;
  drawn: string;
}

/** A node. c: its column · linked: whether any edge counts that begins or ends there. */
export interface NetworkNode {
  c: number;
  x: number;
  y: number;
  name: string;
  product: boolean;
  linked: boolean;
}

/** A sum, and the product node (nx, ny) that it is a factor of. */
export interface NetworkSum {
  x: number;
  y: number;
  nx: number;
  ny: number;
  name: string;
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

/** A wide layer: s sources by t targets, a byte an edge in base64. */
export interface NetworkMatrix {
  s: number;
  t: number;
  scores: string;
  states: string;
}

/** A network. Of a wide one every edge is in `matrix`, and `edges` has the strongest. */
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
  edges: NetworkEdge[];
  selected: [number, number, number] | null;
  highlight: [number, number, number][];
  matrix?: NetworkMatrix[];
  names?: string[][];
  targets?: string[][];
}

/** What comes back from the canvas. */
export interface NetworkEvents {
  select: [number, number, number];
  prune: [number, number, number];
}

/** The rows that have a point, in table units. rev: what tells this picture from another; an event gives it back. */
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

/** The points, with the places of the picked ones, how many rows are picked in all, and the row that is taken. */
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

/** A rectangle: measured from, to; then, by `of`, predicted or missed, from, to. */
export interface ScatterBox {
  rev: string;
  box: [number, number, number, number];
  of: "y" | "miss";
  add: boolean;
}

/** One row. */
export interface ScatterRow {
  rev: string;
  row: number;
}

/** No row any more. */
export interface ScatterNone {
  rev: string;
  none: true;
}

/** What comes back from the rows. */
export interface ScatterEvents {
  pick: ScatterBox | ScatterRow | ScatterNone;
  take: ScatterRow;
}

/** What the browser is asked to do with the works it has. n: a random name. */
export interface MemoryOrder {
  n: string;
  what: "list" | "read" | "forget" | "off" | "on";
  id: string;
}

/** A piece of work. needs: the names of its blobs · blobs: those of them that travel along, in base64. */
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

/** Works to be stored, and an order. offers: whether the page offers work to go on with. */
export interface MemoryPayload {
  v: number;
  order: MemoryOrder | null;
  works: MemoryWork[];
  offers: boolean;
}

/** The works that are stored, newest first, and whether storing is turned off. n: of the order. */
export interface MemoryTold {
  n: string;
  off: boolean;
  works: any[];
}

/** A work that was read; an empty manifest where it is there no more. */
export interface MemoryFound {
  n: string;
  id: string;
  manifest: string;
  blobs: Record<string, string>;
}

/** What comes back from the browser's store. missing: names of blobs to be sent. */
export interface MemoryEvents {
  told: MemoryTold;
  found: MemoryFound;
  missing: string[];
  trouble: "full" | "closed";
}

/** A place. at: CSS selectors; the first that can be seen is ringed. */
export interface TourStep {
  at: string[];
  title: string;
  text: string;
}

/** The tour. first: whether it begins by itself in a browser that never saw it. */
export interface TourPayload {
  v: number;
  steps: TourStep[];
  first: boolean;
  help: string;
}
