// Where ring and card of the tour stand.
import assert from "node:assert/strict";
import test from "node:test";
import { nextTo, ring, scrolled } from "../../kanviz/ui/components/tour/geometry.js";

const WINDOW = { width: 1200, height: 800 };
const CARD = { width: 330, height: 160 };

test("a ring is cut off at the window's edge, and there is none around what is outside", () => {
  const box = ring({ left: -50, top: 10, right: 100, bottom: 900 }, WINDOW);
  assert.deepEqual(box, { left: 3, top: 4, right: 106, bottom: 797 });
  assert.equal(ring({ left: 0, top: 900, right: 100, bottom: 990 }, WINDOW), null);
  assert.equal(ring(undefined, WINDOW), null);
});

test("the card stands in the window and, where there is room, not on the ring", () => {
  for (const [left, right] of [
    [0, 300],
    [700, 1190],
    [3, 1197],
  ]) {
    for (const [top, bottom] of [
      [0, 90],
      [500, 790],
      [3, 797],
    ]) {
      const place = nextTo({ left, top, right, bottom }, CARD, WINDOW);
      assert.ok(place.left >= 0 && place.left + CARD.width <= WINDOW.width);
      assert.ok(place.top >= 0 && place.top + CARD.height <= WINDOW.height);
      const over =
        place.left < right && place.left + CARD.width > left && place.top < bottom && place.top + CARD.height > top;
      assert.equal(over, right - left > 1000 && bottom - top > 700, `${left} ${top}`);
    }
  }
  assert.deepEqual(nextTo(null, CARD, WINDOW), { left: 435, top: 320 });
});

test("a low place comes to the middle of a wide window, a high one below the bar", () => {
  assert.equal(scrolled({ top: 1000, height: 200 }, WINDOW), 700);
  assert.equal(scrolled({ top: 1000, height: 700 }, WINDOW), 928);
  assert.equal(scrolled({ top: 1000, height: 200 }, { width: 400, height: 800 }), 928);
});
