// A component's life: made once for a place, shown every payload, and nothing of it left when it is taken off the page.
import assert from "node:assert/strict";
import test from "node:test";
import editor from "../../kanviz/ui/components/editor/view.js";
import network from "../../kanviz/ui/components/network/view.js";
import scatter from "../../kanviz/ui/components/scatter/view.js";
import { mounted } from "../../kanviz/ui/components/shared/mount.js";
import tour from "../../kanviz/ui/components/tour/view.js";
import { connection, listening, page } from "./fake_page.mjs";
import * as payloads from "./payloads.mjs";

const steps = { v: 1, steps: [{ at: ["main"], title: "Here", text: "This is it." }], first: false, help: "Help" };
const COMPONENTS = {
  editor: [editor, ["kv-editor", "kv-tools", "kv-plot", "kv-foot"], payloads.edge()],
  network: [network, ["kv-network", "kv-tools", "kv-stage", "kv-tip", "kv-status"], payloads.network()],
  scatter: [scatter, ["kv-scatter", "kv-tools", "kv-plot", "kv-tip", "kv-note"], payloads.rows()],
  tour: [tour, ["kv-tour", "kv-tour-button"], steps],
};

function call(component, place, data) {
  const send = (event, value) => place.sent.push([event, value]);
  return component({ data, parentElement: place.parent, setTriggerValue: send, setStateValue: send });
}

function takeOff(place, end) {
  place.parent.onPage = false;
  end();
}

for (const [name, [component, classes, payload]] of Object.entries(COMPONENTS)) {
  test(`${name}: nothing listens any more once it is taken off the page`, () => {
    const place = page(...classes);
    call(component, place, payload);
    assert.ok(listening(place) > 0);
    const end = call(component, place, { ...payload, rev: "two" });
    takeOff(place, end);
    assert.equal(listening(place), 0);
  });

  test(`${name}: made anew in the same place, it has everything once`, () => {
    const place = page(...classes);
    const nodes = () => place.parent.all().length;
    const end = call(component, place, payload);
    const [count, listeners] = [nodes(), listening(place)];
    takeOff(place, end);
    call(component, place, payload);
    assert.deepEqual([nodes(), listening(place)], [count, listeners]);
  });
}

function life() {
  const log = [];
  const begin = (_, signal) => {
    const number = log.filter((word) => word.startsWith("begin")).length + 1;
    log.push(`begin ${number}`);
    signal.addEventListener("abort", () => log.push(`end ${number}`));
    return { show: (data) => log.push(`show ${data}`) };
  };
  return { log, component: mounted(begin), place: page() };
}

test("one view is shown every payload, and ends with its place", () => {
  const { log, component, place } = life();
  call(component, place, "a");
  takeOff(place, call(component, place, "b"));
  assert.deepEqual(log, ["begin 1", "show a", "show b", "end 1"]);
});

test("a payload that was overtaken ends nothing, before the next one or after it", () => {
  const { log, component, place } = life();
  call(component, place, "a")();
  const overtaken = call(component, place, "b");
  const last = call(component, place, "c");
  overtaken();
  assert.deepEqual(log, ["begin 1", "show a", "show b", "show c"]);
  takeOff(place, last);
  last();
  overtaken();
  assert.deepEqual(log.slice(4), ["end 1"], "and it ends once");
});

test("a payload that comes when the place has left the page leaves nothing behind", () => {
  const { log, component, place } = life();
  takeOff(place, call(component, place, "a"));
  call(component, place, "late")();
  assert.deepEqual(log, ["begin 1", "show a", "end 1", "begin 2", "show late", "end 2"]);
});

test("a newer script ends the view that an older one left in the same place", () => {
  const { log, component, place } = life();
  call(component, place, "a");
  const newer = mounted(() => ({ show: (data) => log.push(`newer ${data}`) }));
  const end = call(newer, place, "b");
  assert.deepEqual(log, ["begin 1", "show a", "end 1", "newer b"]);
  takeOff(place, end);
});

test("what is sent while the server is away is sent when it is back, of each name the last", () => {
  const [place, view] = [page(), { show: () => {} }];
  const end = call(
    mounted(() => view),
    place,
    "a",
  );
  connection(place, "PINGING_SERVER");
  view.send("select", 1);
  view.send("prune", 2);
  view.tell("painted", "x");
  view.tell("shown", "y");
  connection(place, "CONNECTING");
  assert.deepEqual(place.sent, []);
  connection(place, "CONNECTED");
  view.send("select", 3);
  const all = [
    ["prune", 2],
    ["painted", "x"],
    ["shown", "y"],
    ["select", 3],
  ];
  assert.deepEqual(place.sent, all);
  connection(place, "PINGING_SERVER");
  view.send("select", 4);
  takeOff(place, end);
  connection(place, "CONNECTED");
  assert.deepEqual([place.sent, listening(place)], [all, 0]);
});

test("an edge that is chosen elsewhere reaches the editor only while it is on the page", () => {
  const [component, classes, payload] = COMPONENTS.editor;
  const place = page(...classes);
  const choose = (id) =>
    place.document.dispatchEvent(Object.assign(new Event("kanviz-edge", { cancelable: true }), { detail: id }));
  const end = call(component, place, payload);
  assert.equal(choose([0, 1, 0]), false, "it was heard");
  takeOff(place, end);
  assert.equal(choose([0, 1, 1]), true, "nobody heard it");
  assert.deepEqual(place.sent, [["edge", [0, 1, 0]]]);
});

test("a nudge that waits is sent when the editor is taken off the page", () => {
  const [component, classes, payload] = COMPONENTS.editor;
  const place = page(...classes);
  const end = call(component, place, payload);
  const handle = place.parent.querySelectorAll(".handle")[1];
  handle.onkeydown(Object.assign(new Event("keydown"), { key: "ArrowUp" }));
  assert.deepEqual(place.sent, []);
  takeOff(place, end);
  const [[event, { rev, words, points }]] = place.sent;
  assert.deepEqual([event, rev, words, points.length, points[0][0]], ["commit", "one", "Move", 1, 1]);
  assert.ok(points[0][1] > payload.coef[1]);
});
