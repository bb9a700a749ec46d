// Numbers on an axis: few, round, in order, and on it.
import assert from "node:assert/strict";
import test from "node:test";
import { spread, ticks, written } from "../../kanviz/ui/components/shared/axis.js";

const RANGES = [
  [0, 1],
  [-3, 7],
  [1e-12, 2e-12],
  [5, 5],
  [0, 0],
  [1, 1 + Number.EPSILON],
  [1e300, 1e300],
  [-1e308, 1e308],
  [0, 5e-324],
  [1e16, 1e16 + 2],
  [1e9, 1e9 + 1e-6],
  [-1e-9, 1e15],
  [7, 3],
];

for (const ends of RANGES) {
  test(`the numbers from ${ends[0]} to ${ends[1]} are few, rise, and lie on the axis`, () => {
    const [low, high] = spread(...ends);
    const room = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
    const found = ticks(low, high, 5);
    assert.ok(low < high);
    assert.ok(low <= (ends[0] + ends[1]) / 2 && (ends[0] + ends[1]) / 2 <= high);
    assert.ok(found.length >= 1 && found.length <= 6, `${found}`);
    assert.ok(found.every((tick) => low - room <= tick && tick <= high + room));
    assert.ok(found.every((tick, k) => k === 0 || tick > found[k - 1]));
    assert.ok(ticks(...ends, 5).length <= 6);
  });
}

test("ends that are no numbers have no ticks", () => {
  assert.deepEqual([ticks(NaN, 1, 5), ticks(-Infinity, 1, 5), ticks(1, Infinity, 5)], [[], [], [1]]);
});

test("ticks are round numbers, the same distance apart", () => {
  assert.deepEqual(ticks(-1.1, 2.3, 5), [-1, 0, 1, 2]);
  assert.deepEqual(ticks(0, 0.5, 5), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
});

test("very large and very small numbers are written with a power", () => {
  assert.deepEqual([0, 0.5, 123456, 2e6, 5e-5].map(written), ["0", "0.5", "123456", "2e+6", "5e-5"]);
});
