// Nodes of a page and of a picture, made with their attributes and what is inside. Text is always text, never HTML.

export const FONT = "Inter, system-ui, sans-serif"; // named in the SVG itself, so that a saved picture has it too
export const NS = "http://www.w3.org/2000/svg";

/**
 * Make a node of a picture.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} parts attributes
 * @param {...(Node | string)} inside
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function make(tag, parts = {}, ...inside) {
  return filled(document.createElementNS(NS, tag), parts, inside);
}

/**
 * Make a node of the page.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} parts attributes
 * @param {...(Node | string)} inside
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function html(tag, parts = {}, ...inside) {
  return filled(document.createElement(tag), parts, inside);
}

/**
 * @template {Element} Made
 * @param {Made} node
 * @param {Record<string, unknown>} parts
 * @param {(Node | string)[]} inside
 */
function filled(node, parts, inside) {
  set(node, parts);
  node.append(...inside);
  return node;
}

/**
 * Write several attributes of a node.
 * @param {Element} node
 * @param {Record<string, unknown>} parts
 */
export function set(node, parts) {
  for (const [name, value] of Object.entries(parts)) node.setAttribute(name, String(value));
}

/**
 * Make a button whose title names it for everybody.
 * @param {string} text
 * @param {string} title
 * @param {() => unknown} act
 * @param {Record<string, unknown>} parts further attributes
 */
export function button(text, title, act, parts = {}) {
  const node = html("button", { type: "button", title, "aria-label": title, ...parts }, text);
  node.onclick = act;
  return node;
}
