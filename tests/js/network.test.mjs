// The network's numbers: bytes read, places, the search for names, the next edge in a direction, the zoom.
import assert from "node:assert/strict";
import test from "node:test";
import * as geometry from "../../kanviz/ui/components/network/geometry.js";
import { matches } from "../../kanviz/ui/components/network/matrix.js";
import { bytes, heights, percent, rgb, same, short } from "../../kanviz/ui/components/network/protocol.js";
import { network } from "./payloads.mjs";

const base64 = (...values) => btoa(String.fromCharCode(...values));

test("every byte comes back from base64", () => {
  const all = Array.from({ length: 256 }, (_, k) => k);
  assert.deepEqual([...bytes(base64(...all))], all);
  assert.deepEqual([...bytes("")], []);
});

test("heights are bytes from 0 to 200 for -1 to 1, and 255 where there is none", () => {
  assert.deepEqual(heights(base64(0, 50, 100, 200, 255)), [-1, -0.5, 0, 1, NaN]);
});

test("a small curve stays within its frame and has gaps", () => {
  const path = geometry.curve(base64(200, 0, 255, 100), [50, 20], [40, 10], 1);
  assert.equal(path, "M13.0 11.4L37.7 28.6M87.0 20.0");
  const numbers = path.match(/-?[\d.]+/g).map(Number);
  assert.ok(numbers.every((v, k) => (k % 2 ? Math.abs(v - 20) <= 10 : Math.abs(v - 50) <= 40)));
});

test("a share is said in words that never claim too much", () => {
  assert.deepEqual([0, 1e-6, 0.0014, 0.05, 0.1, 0.999].map(percent), [
    "nothing",
    "less than 0.1%",
    "0.1%",
    "5.0%",
    "10%",
    "100%",
  ]);
});

test("colours, edges and names are read as they are written", () => {
  assert.deepEqual(rgb("#0a64ff"), [10, 100, 255]);
  assert.ok(same([0, 1, 2], [0, 1, 2]) && !same([0, 1, 2], [0, 2, 1]) && !same(null, [0, 0, 0]));
  assert.deepEqual([short("temperature", 11), short("temperature", 5)], ["temperature", "temp…"]);
});

test("nodes lie within the picture, inputs left of outputs", () => {
  const d = network();
  const { X, Y, height } = geometry.placed(d, 700);
  for (const n of d.nodes) assert.ok(X(n.x) > 0 && X(n.x) < 700 && Y(n.y) > 0 && Y(n.y) < height);
  assert.ok(X(0) < X(1));
});

test("a line leaves and arrives level", () => {
  assert.equal(geometry.bent([0, 0], [10, 4]), "M0.0 0.0C5.0 0.0 5.0 4.0 10.0 4.0");
});

test("an arrow leads to the nearest place in its direction, or nowhere", () => {
  const places = [
    [0, 0],
    [0, 50],
    [0, 120],
    [100, 40],
  ];
  assert.equal(geometry.nearest([0, 0], [0, 1], places), 1);
  assert.equal(geometry.nearest([0, 120], [0, -1], places), 1);
  assert.equal(geometry.nearest([0, 50], [1, 0], places), 3);
  assert.equal(geometry.nearest([100, 40], [1, 0], places), -1);
});

test("matrices stand beside each other, in the middle, without touching", () => {
  const wide = [
    { s: 64, t: 64 },
    { s: 64, t: 10 },
  ];
  const { size, lefts, top, height } = geometry.columns(wide, 900);
  const ends = lefts.map((left, n) => left + size * wide[n].t);
  assert.ok(ends[0] < lefts[1]);
  assert.ok(Math.abs(lefts[0] - (900 - ends[1])) < 1e-9);
  assert.ok(top + size * 64 <= height);
});

test("a zoom leaves the place under the pointer where it is, and ends at the whole", () => {
  const before = { k: 2, x: -30, y: -10 };
  const after = geometry.zoomed(before, 1.25, [100, 60]);
  const seen = ({ k, x, y }) => [(100 - x) / k, (60 - y) / k];
  assert.deepEqual(seen(after), seen(before));
  assert.deepEqual(geometry.zoomed(before, 0.1, [100, 60]), { k: 1, x: 0, y: 0 });
  assert.equal(geometry.zoomed(before, 100, [0, 0]).k, 8);
});

test("a word finds the names it is in, or what stands between two of them", () => {
  const names = ["Alpha", "beta"];
  assert.deepEqual(matches(names, ["gamma", "ALPS"], "alp", 9), [
    [0, 0],
    [0, 1],
    [1, 1],
  ]);
  assert.deepEqual(matches(names, ["gamma"], "beta → gam", 9), [[1, 0]]);
  assert.deepEqual(matches(names, ["gamma"], "delta", 9), []);
  assert.equal(matches(names, ["a1", "a2"], "a", 3).length, 3);
});
