// A picture that is drawn anew under somebody's hands: the focus stays where it was, and the pointer comes up first.
import assert from "node:assert/strict";
import test from "node:test";
import { html } from "../../kanviz/ui/components/shared/dom.js";
import { afterPress, renew } from "../../kanviz/ui/components/shared/redraw.js";
import { page } from "./fake_page.mjs";

const named = (...names) => names.map((name) => html("button", { "data-id": name }));
const stage = () => {
  const found = page("stage");
  return [found.parent.children[0], found];
};
const focused = (place) => place.getRootNode().activeElement;

test("the focus stays on the node of the same name", () => {
  const [place] = stage();
  renew(place, "data-id", ...named("0,0,1", "0,0,2"));
  place.children[1].focus();
  renew(place, "data-id", ...named("0,0,0", "0,0,1", "0,0,2"));
  assert.equal(focused(place), place.children[2]);
});

test("the focus goes nowhere when its node is gone, and comes from nowhere else", () => {
  const [place, { parent }] = stage();
  renew(place, "data-id", ...named("a", "b"));
  place.children[0].focus();
  renew(place, "data-id", ...named("b"));
  assert.equal(focused(place), null);
  const [other] = named("b");
  parent.append(other);
  other.focus();
  renew(place, "data-id", ...named("b"));
  assert.equal(focused(place), other);
});

const pointer = (type, buttons) => Object.assign(new Event(type), { buttons });
const turn = () => new Promise((done) => setTimeout(done));

for (const [how, comesUp] of [
  ["comes up", pointer("pointerup", 0)],
  ["is taken away", pointer("pointercancel", 0)],
  ["came up where nobody saw it", pointer("pointermove", 0)],
]) {
  test(`what comes while a pointer is down waits until it ${how}; the last is done`, async () => {
    const [place] = stage();
    const log = [];
    const act = afterPress(place, new AbortController().signal);
    act(() => log.push(1));
    place.dispatchEvent(pointer("pointerdown", 1));
    act(() => log.push(2));
    act(() => log.push(3));
    document.dispatchEvent(pointer("pointermove", 1));
    await turn();
    assert.deepEqual(log, [1]);
    document.dispatchEvent(comesUp);
    log.push("click");
    await turn();
    assert.deepEqual(log, [1, "click", 3]);
  });
}

test("nothing is done any more for a picture that was taken off the page", async () => {
  const [place] = stage();
  const life = new AbortController();
  const log = [];
  const act = afterPress(place, life.signal);
  place.dispatchEvent(pointer("pointerdown", 1));
  act(() => log.push("drawn"));
  document.dispatchEvent(pointer("pointerup", 0));
  life.abort();
  await turn();
  assert.deepEqual(log, []);
});
