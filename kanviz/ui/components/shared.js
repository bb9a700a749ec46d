// What every component begins with: nodes made, numbers for an axis, and one view kept for each place it is mounted in.
const FONT = "Inter, system-ui, sans-serif"; // named in the SVG itself, so that a saved picture has it too
const NS = "http://www.w3.org/2000/svg";

const make = (tag, parts = {}, ...inside) => {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(parts)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
};
const html = (tag, parts = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(parts)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
};
// ends between which an axis can be drawn: at least so far apart that the numbers on it can tell them apart
const spread = (low, high) => {
  const least = 1e-9 * Math.max(Math.abs(low), Math.abs(high)) || 1;
  return high - low >= least ? [low, high] : [(low + high) / 2 - least, (low + high) / 2 + least];
};
// round numbers from low to high, at most count + 1; of what has no width, or no end, the one that there is
const ticks = (low, high, count) => {
  const rough = (high - low) / count, digits = 1e-14 * Math.max(Math.abs(low), Math.abs(high));
  if (!(rough > digits && rough >= 1e-300 && rough < Infinity)) return Number.isFinite(low) ? [low] : [];
  const size = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 2.5, 5, 10].map((k) => k * size).find((s) => s >= rough) ?? rough;
  const first = Math.ceil(low / step), found = [];
  for (let k = first; k * step <= high && found.length <= count; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
};
const written = (tick) => (tick !== 0 && (Math.abs(tick) >= 1e6 || Math.abs(tick) < 1e-4) ? tick.toExponential() : String(tick));
const mounted = (make) => {
  const kept = new WeakMap();
  return ({ data, parentElement, setTriggerValue, setStateValue }) => {
    if (!kept.has(parentElement)) kept.set(parentElement, make(parentElement));
    const view = kept.get(parentElement);
    view.send = setTriggerValue;
    view.tell = setStateValue; // of events that wait together only the last is heard; this never drives one out
    view.show(data);
  };
};

