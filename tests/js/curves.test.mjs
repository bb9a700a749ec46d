// What the tools make of the heights of control points.
import assert from "node:assert/strict";
import test from "node:test";
import { hermite, monotone, SHAPES } from "../../kanviz/ui/components/editor/curves.js";

const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-12, `${found}, not ${wanted}`);
const OLD = [0, 3, -1, 4, 2, 7];
const X = [0, 1, 2, 3, 5, 6];
const INSIDE = [1, 2, 3, 4];

test("the nearest values that never fall have the same mean and rise", () => {
  const found = monotone([3, 1, 2, 5, 4]);
  assert.deepEqual(found, [2, 2, 2, 4.5, 4.5]);
  assert.deepEqual(monotone(found), found, "what rises stays");
  assert.deepEqual(monotone([]), []);
});

test("the cubic has its values and slopes at both ends", () => {
  const cubic = hermite(-1, 3, [2, -5], [0.5, 4]);
  const slope = (x) => (cubic(x + 1e-6) - cubic(x - 1e-6)) / 2e-6;
  near(cubic(-1), 2);
  near(cubic(3), -5);
  assert.ok(Math.abs(slope(-1) - 0.5) < 1e-5);
  assert.ok(Math.abs(slope(3) - 4) < 1e-5);
});

test("a straight line stays itself under every tool but flatten, rise and fall", () => {
  const line = X.map((x) => 2 * x - 1);
  const even = line.map((_, m) => m);
  const inside = (heights) => INSIDE.map((m) => heights[m]);
  assert.deepEqual(SHAPES.smooth(even, INSIDE, X), inside(even));
  SHAPES.straight(line, INSIDE, X).forEach((y, k) => near(y, line[INSIDE[k]]));
});

test("flatten gives every point the mean, smooth draws each to its neighbours", () => {
  assert.deepEqual(SHAPES.flatten(OLD, INSIDE, X), [2, 2, 2, 2]);
  assert.deepEqual(SHAPES.smooth(OLD, [0, 5], X), [0.75, 5.75], "at an end the point is its own neighbour");
});

test("rise never falls, fall never rises, and each leaves alone what already does", () => {
  const rises = SHAPES.rise(OLD, INSIDE, X);
  const falls = SHAPES.fall(OLD, INSIDE, X);
  assert.ok(rises.every((y, k) => k === 0 || y >= rises[k - 1]));
  assert.ok(falls.every((y, k) => k === 0 || y <= falls[k - 1]));
  assert.deepEqual(SHAPES.rise([1, 2, 3], [0, 1, 2], X), [1, 2, 3]);
});
