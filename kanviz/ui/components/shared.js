// What every component begins with: nodes made, and one view kept for each place it is mounted in.
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
const mounted = (make) => {
  const kept = new WeakMap();
  return ({ data, parentElement, setTriggerValue }) => {
    if (!kept.has(parentElement)) kept.set(parentElement, make(parentElement));
    const view = kept.get(parentElement);
    view.send = setTriggerValue;
    view.show(data);
  };
};

