// What the curve of an edge is, in numbers: its parts, its places, its scales, and what a change of it does.
import { spread } from "../shared/axis.js";
import { hermite } from "./curves.js";

/** @typedef {import("./protocol.js").Curve} Curve */
/** @typedef {{ sum: boolean, spline: boolean, base: boolean, formula: boolean }} Shown parts that are to be seen */
/** @typedef {[number, number]} Place after which sample, and which share of the way to the next */
/** @typedef {(value: number) => number} Scale */
/** @typedef {{ X: Scale, unX: Scale, Y: Scale, unY: Scale }} Scales from numbers to pixels and back */

const ROUNDS = 60; // until the control points under a bridge stand still

/**
 * The spline part at each sample.
 * @param {Curve} curve
 * @param {number[]} coef
 */
export function spline({ first, basis }, coef) {
  return first.map((at, r) => basis[r].reduce((sum, b, k) => sum + b * coef[at + k], 0));
}

/**
 * The whole curve at each sample.
 * @param {Curve} curve
 * @param {number[]} coef
 */
export function total(curve, coef) {
  return spline(curve, coef).map((v, r) => v + curve.rest[r]);
}

/**
 * Heights of the control points' handles.
 * @param {Curve} curve
 * @param {number[]} coef
 */
export function heights(curve, coef) {
  return coef.map((v, m) => v + curve.lift[m]);
}

/**
 * What there is to see of a part at each sample, null where the edge has none.
 * @param {Curve} curve
 * @param {number[]} coef
 * @param {keyof Shown} kind
 */
export function part(curve, coef, kind) {
  if (kind === "sum") return total(curve, coef);
  if (kind === "spline") return curve.coef.length ? spline(curve, coef) : null;
  return curve[kind];
}

/**
 * Find where x lies among evenly spaced samples.
 * @param {number[]} xs
 * @param {number} x
 * @returns {Place}
 */
export function cell(xs, x) {
  const step = (xs[xs.length - 1] - xs[0]) / (xs.length - 1);
  const place = Math.min(Math.max((x - xs[0]) / step, 0), xs.length - 1.000001);
  const r = Math.floor(place);
  return [r, place - r];
}

/**
 * Read a value between two samples.
 * @param {number[]} values
 * @param {Place} place
 */
export function at(values, [r, share]) {
  return values[r] + share * (values[r + 1] - values[r]);
}

/**
 * Choose the lowest and the highest number that are drawn: all that is shown, within the curve's span.
 * @param {Curve} curve
 * @param {number[]} coef
 * @param {Shown} shown
 * @returns {[number, number]}
 */
export function limits(curve, coef, shown) {
  const values = heights(curve, coef).filter(Number.isFinite);
  for (const kind of /** @type {(keyof Shown)[]} */ (["sum", "spline", "base", "formula"])) {
    if (kind === "sum" || shown[kind]) values.push(...(part(curve, coef, kind) ?? []).filter(Number.isFinite));
  }
  values.push(...(curve.resting ?? []).filter(Number.isFinite));
  const [bottom, top] = curve.span;
  let low = Math.max(Math.min(...values, Infinity), bottom);
  let high = Math.min(Math.max(...values, -Infinity), top);
  if (curve.resting) [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high > low)) [low, high] = [Math.min(low, bottom), Math.max(high, top)];
  const room = 0.08 * (high - low) || 0.5;
  return spread(low - room, high + room);
}

/**
 * Make the scales of a picture from its edges in pixels and in numbers.
 * @param {{ left: number, right: number, top: number, bottom: number }} box
 * @param {[number, number]} ends of x
 * @param {[number, number]} span of y
 * @returns {Scales}
 */
export function scales({ left, right, top, bottom }, [x0, x1], [low, high]) {
  return {
    X: (x) => left + ((x - x0) / (x1 - x0)) * (right - left),
    unX: (px) => x0 + ((px - left) / (right - left)) * (x1 - x0),
    Y: (y) => top + ((high - y) / (high - low)) * (bottom - top),
    unY: (py) => high - ((py - top) / (bottom - top)) * (high - low),
  };
}

/**
 * Write a curve as the path of a line, with gaps where it is NaN or far outside the picture.
 * @param {number[]} xs
 * @param {number[]} values
 * @param {Scales} scales
 * @param {[number, number]} span of y
 */
export function line(xs, values, { X, Y }, [low, high]) {
  const most = 3 * (high - low);
  let path = "";
  let pen = "M";
  values.forEach((v, r) => {
    if (!Number.isFinite(v) || v < low - most || v > high + most) return void (pen = "M");
    path += `${pen}${X(xs[r]).toFixed(1)} ${Y(v).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/**
 * Pull the curve by `change` at one sample: its control points move by their share of the curve there. Null where none
 * has a share.
 * @param {Curve} curve
 * @param {number} r the sample
 * @returns {((coef: number[], change: number) => number[]) | null}
 */
export function puller({ first, basis }, r) {
  const size = basis[r].reduce((sum, b) => sum + b * b, 0);
  if (!(size > 1e-12)) return null;
  return (coef, change) => {
    const moved = [...coef];
    basis[r].forEach((b, k) => (moved[first[r] + k] += (change / size) * b));
    return moved;
  };
}

/**
 * List the control points in a stretch.
 * @param {Curve} curve
 * @param {[number, number]} stretch
 */
export function within({ points }, [a, b]) {
  return points.map((_, m) => m).filter((m) => points[m] >= a && points[m] <= b);
}

/**
 * Bridge a stretch: its control points move until the curve meets, where each stands, the cubic that has the curve's
 * values and slopes at the ends.
 * @param {Curve} curve
 * @param {number[]} coef
 * @param {[number, number]} stretch
 * @returns {number[]}
 */
export function bridged(curve, coef, stretch) {
  const { x, grid, points } = curve;
  const inside = within(curve, stretch);
  const before = total(curve, coef);
  const step = Math.abs(x[1] - x[0]);
  const a = Math.max(stretch[0], Math.min(...grid));
  const b = Math.min(stretch[1], Math.max(...grid));
  const value = (/** @type {number} */ place) => at(before, cell(x, place));
  const slope = (/** @type {number} */ place) => (value(place + step) - value(place - step)) / (2 * step);
  const cubic = hermite(a, b, [a, b].map(value), [a, b].map(slope));
  const cells = inside.map((m) => cell(x, points[m]));
  const moved = [...coef];
  for (let round = 0; round < ROUNDS; round++) {
    const then = total(curve, moved);
    inside.forEach((m, k) => (moved[m] += cubic(points[m]) - at(then, cells[k])));
  }
  return moved;
}

/**
 * By how much the output moves in each row, to first order; null where that is NaN.
 * @param {Curve} curve
 * @param {number[]} coef
 * @param {Place[]} places of the rows among the samples
 */
export function changes(curve, coef, places) {
  const by = spline(
    curve,
    coef.map((v, m) => v - curve.coef[m]),
  );
  const found = places.map((place, r) => curve.rows.gain[r] * at(by, place));
  return found.every(Number.isFinite) ? found : null;
}

/** @param {number} v */
export const three = (v) => String(Number(v.toPrecision(3)));

/**
 * Say what the change of the curve does to the output.
 * @param {Curve} curve
 * @param {number[]} moves of the output in each row
 */
export function effect({ rows, unit }, moves) {
  const about = rows.exact ? "" : "about ";
  const ending = unit ? ` ${unit}` : "";
  const { off } = rows;
  if (off) {
    const size = (/** @type {number[]} */ values) =>
      three(Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length));
    return `RMSE ${about}${size(off)} → ${size(off.map((v, r) => v + moves[r]))}${ending}`;
  }
  const most = moves.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  const where = rows.sampled ? " on points drawn over the grids" : "";
  return `the output moves by up to ${about}${three(most)}${ending}${where}`;
}
