// The editor's numbers: a payload read, the curve it stands for, its scales, and what a change does.
import assert from "node:assert/strict";
import test from "node:test";
import * as geometry from "../../kanviz/ui/components/editor/geometry.js";
import { changed, decoded } from "../../kanviz/ui/components/editor/protocol.js";
import { edge } from "./payloads.mjs";

const near = (found, wanted, room = 1e-12) => assert.ok(Math.abs(found - wanted) <= room, `${found}, not ${wanted}`);

test("null is no number in a curve, and 0 as the lift of a handle", () => {
  const curve = decoded({ ...edge(), rest: [null, 1], coef: [1, null], lift: [null, 2], base: [null, 0] });
  assert.deepEqual(curve.rest, [NaN, 1]);
  assert.deepEqual(curve.coef, [1, NaN]);
  assert.deepEqual(curve.lift, [0, 2]);
  assert.deepEqual(curve.base, [NaN, 0]);
  assert.equal(curve.formula, null);
});

test("only points that were moved to a number are sent", () => {
  assert.deepEqual(changed([1, 2.5, NaN, 4], [1, 2, 3, NaN]), [
    [1, 2.5],
    [3, 4],
  ]);
  assert.deepEqual(changed([NaN, -0], [NaN, 0]), [[1, -0]], "a sign is a change, no number twice is none");
});

test("the curve is its rest and the sum of its basis", () => {
  const curve = decoded(edge());
  curve.x.forEach((x, r) => near(geometry.total(curve, curve.coef)[r], curve.rest[r] + 1 + 2 * x, 1e-9));
  assert.equal(geometry.part({ ...curve, coef: [] }, [], "spline"), null);
  assert.equal(geometry.part(curve, curve.coef, "formula"), null);
});

test("a place among the samples reads a straight line exactly, and stays within them", () => {
  const xs = [0, 0.5, 1, 1.5];
  const line = xs.map((x) => 3 * x - 1);
  for (const x of [0, 0.2, 0.77, 1.2]) near(geometry.at(line, geometry.cell(xs, x)), 3 * x - 1);
  assert.deepEqual(geometry.cell(xs, -9), [0, 0]);
  assert.equal(geometry.cell(xs, 9)[0], 2);
  near(geometry.at([4, 3, 2], geometry.cell([2, 1, 0], 1.5)), 3.5); // x may fall
});

test("scales lead back to where they came from, whichever way x runs", () => {
  const box = { left: 40, right: 600, top: 16, bottom: 370 };
  for (const ends of [
    [-1, 2],
    [5, -5],
  ]) {
    const { X, unX, Y, unY } = geometry.scales(box, ends, [-3, 8]);
    near(unX(X(0.37)), 0.37);
    near(unY(Y(-2.9)), -2.9);
    assert.deepEqual([X(ends[0]), X(ends[1]), Y(8), Y(-3)], [40, 600, 16, 370]);
  }
});

test("limits hold all that is shown, with room, and are never empty", () => {
  const curve = decoded(edge());
  const shown = { sum: true, spline: true, base: true, formula: true };
  const [low, high] = geometry.limits(curve, curve.coef, shown);
  assert.ok(geometry.total(curve, curve.coef).every((y) => y > low && y < high));
  const none = { ...curve, coef: [NaN, NaN, NaN], rest: curve.rest.map(() => NaN), span: [0, 0] };
  const [bottom, top] = geometry.limits(none, none.coef, shown);
  assert.ok(bottom < top);
});

test("a line has gaps where there is no number, and where it is far beyond the picture", () => {
  const scales = { X: (x) => x, Y: (y) => y };
  assert.equal(geometry.line([0, 1, 2, 3, 4], [1, NaN, 2, 3, 99], scales, [0, 4]), "M0.0 1.0M2.0 2.0L3.0 3.0");
});

test("a pulled curve goes through the hand, and points without a share stay", () => {
  const curve = decoded(edge());
  const r = 3;
  const moved = geometry.puller(curve, r)(curve.coef, 0.75);
  near(geometry.total(curve, moved)[r] - geometry.total(curve, curve.coef)[r], 0.75, 1e-9);
  assert.equal(moved[2], curve.coef[2]);
  assert.equal(geometry.puller({ ...curve, basis: [[0, 0]] }, 0), null);
});

test("a bridge meets the cubic at the control points and moves none outside the stretch", () => {
  const curve = decoded(edge(9));
  const bent = curve.coef.map((v, m) => v + (m % 2 ? 0.8 : -0.8));
  const stretch = [0.3, 0.8];
  const moved = geometry.bridged(curve, bent, stretch);
  const inside = new Set(geometry.within(curve, stretch));
  assert.ok(inside.size > 2);
  bent.forEach((v, m) => assert.equal(moved[m] === v, !inside.has(m)));
  const flat = geometry.bridged(curve, curve.coef, stretch);
  flat.forEach((v, m) => near(v, curve.coef[m], 1e-6)); // a straight line is its own bridge
});

test("what a change does is said as the error where rows are known, else as the most the output moves", () => {
  const rows = { x: [0, 1], gain: [1, -2], off: [1, -1], exact: true, sampled: false };
  const curve = decoded({ ...edge(), rows, unit: "m" });
  const places = rows.x.map((x) => geometry.cell(curve.x, x));
  const up = curve.coef.map((v) => v + 1);
  const moves = geometry.changes(curve, up, places);
  moves.forEach((v, r) => near(v, rows.gain[r], 1e-5));
  assert.equal(geometry.effect(curve, [1, -2]), "RMSE 1 → 2.55 m");
  const drawn = { ...curve, rows: { ...rows, off: null, exact: false, sampled: true } };
  assert.equal(geometry.effect(drawn, [1, -2]), "the output moves by up to about 2 m on points drawn over the grids");
  assert.equal(geometry.changes(curve, [NaN, 0, 0], places), null);
});
