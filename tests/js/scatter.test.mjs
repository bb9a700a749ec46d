// The rows' numbers: scales, which row a place means, which lie in a rectangle, and what is said of them.
import assert from "node:assert/strict";
import test from "node:test";
import * as geometry from "../../kanviz/ui/components/scatter/geometry.js";
import { four, rest, row } from "../../kanviz/ui/components/scatter/words.js";
import { rows } from "./payloads.mjs";

test("scales lead back to where they came from", () => {
  const { X, Y, value } = geometry.scales(600, 400, [-2, 5], [0, 10]);
  const [x, y] = value([X(1.5), Y(7)]);
  assert.ok(Math.abs(x - 1.5) < 1e-12 && Math.abs(y - 7) < 1e-12);
});

test("a place means the nearest point, and none that is far", () => {
  const places = [
    [0, 0],
    [10, 0],
    [100, 100],
  ];
  assert.equal(geometry.nearest(places, [6, 1]), 1);
  assert.equal(geometry.nearest(places, [50, 50]), -1);
  assert.equal(geometry.nearest([], [0, 0]), -1);
});

test("a rectangle holds its edges, whichever corner comes first", () => {
  const [x, y] = [
    [0, 1, 2, 3],
    [0, 5, 1, 9],
  ];
  assert.deepEqual(geometry.within(x, y, [1, 0], [3, 5]), [1, 2]);
  assert.deepEqual(geometry.within(x, y, [3, 5], [1, 0]), [1, 2]);
});

test("arrows go by one number, then by the other", () => {
  assert.deepEqual(geometry.order([2, 1, 2], [5, 9, 3]), [1, 2, 0]);
});

test("a press that hardly moved is a click", () => {
  assert.ok(!geometry.isDrag([0, 0], [2, 3]));
  assert.ok(geometry.isDrag([0, 0], [5, 0]));
});

test("a row is said with its numbers, units, and how many inputs are left out", () => {
  assert.deepEqual(row(rows(), 2, true), {
    title: "Row 10 · held out · picked",
    numbers: ["measured: 3 m", "predicted: 2.5 m", "error: -0.5 m"],
    inputs: ["a: 0.3", "and 2 more inputs"],
  });
  assert.deepEqual([0, 1e-4, 123456, 1.23456].map(four), ["0", "1.0e-4", "1.2e+5", "1.235"]);
});

test("the note says how many rows are drawn and how many have no number", () => {
  const words = "Drag to pick rows, click a point to explain its row. 3 of 10 rows drawn; a rectangle picks all.";
  assert.equal(rest(rows()), `${words} 1 row left out: their prediction is NaN or infinite.`);
  const none = { ...rows(), rows: [], total: 4, no_number: 4 };
  assert.equal(rest(none), "No row has a finite prediction.");
});
