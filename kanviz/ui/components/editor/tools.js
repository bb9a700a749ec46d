// The bar above the picture and the line below it: what can be done to a stretch, what is shown, what a change does.
import { button, html, make } from "../shared/dom.js";
import { changes, effect, part, three } from "./geometry.js";
import { isMoved, spot } from "./drawing.js";

/** @typedef {import("./view.js").Editor} Editor */
/** @typedef {import("./geometry.js").Shown} Shown */

const SHORT_HELP = "Drag a point or the curve; arrow keys nudge a chosen point, with Shift ten times as far.";
const HELP = `${SHORT_HELP} Shift-drag or “mark” marks a stretch.`;

/** @type {[string, string][]} tools that the editor does by itself, with their titles */
const SHAPING = [
  ["smooth", "Smooth the marked stretch"],
  ["flatten", "Flatten the marked stretch"],
  ["rise", "Make the marked stretch rise only"],
  ["fall", "Make the marked stretch fall only"],
  ["straight", "A straight line across the marked stretch"],
  ["bridge", "Bridge the marked stretch: a smooth cubic with the value and slope there are at its ends"],
];

/** @type {["snap" | "refine", string][]} tools that ask Python */
const ASKING = [
  ["snap", "Snap the marked stretch to the nearest formula"],
  ["refine", "Refine the marked stretch: more control points there, the curve unchanged"],
];

/** @type {[keyof Shown, string][]} */
const SHOWING = [
  ["sum", "Show the curve, the sum of its parts"],
  ["spline", "Show the spline part"],
  ["base", "Show the base part"],
  ["formula", "Show the formula part"],
];

export class Tools {
  /**
   * @param {ParentNode} parent
   * @param {Editor} editor
   */
  constructor(parent, editor) {
    this.editor = editor;
    this.bar = parent.querySelector(".kv-tools");
    this.bar.replaceChildren(...this.groups());
    this.another = button("another", "Another formula", () => editor.offer.another());
    this.answers = [
      button("keep", "Keep the change (Enter)", () => editor.offer.keep(), { class: "strong" }),
      button("cancel", "Cancel the change (Escape)", () => editor.offer.cancel()),
    ];
    this.note = html("div", { class: "kv-note", "aria-live": "polite" });
    const answers = html("span", { class: "kv-answers" }, ...this.answers, this.another);
    parent.querySelector(".kv-foot").replaceChildren(this.note, this.sketched(), answers);
  }

  groups() {
    const { editor } = this;
    const group = (/** @type {string} */ name, /** @type {object} */ parts, /** @type {Node[]} */ ...nodes) =>
      html("span", { class: "kv-group", role: "group", "aria-label": name, ...parts }, ...nodes);
    const marks = "Mark a stretch: the next drag over the plot chooses it (Shift-drag does too)";
    this.marker = button("mark", marks, () => editor.mark(!editor.marking), { "aria-pressed": "false" });
    const whole = button(
      "whole",
      "Mark the whole curve",
      () => !editor.offer.draft && editor.stretch(editor.curve.grid),
    );
    return [
      group("Choose a stretch", { "data-shape": "" }, this.marker, whole),
      group(
        "Shape the stretch",
        { "data-shape": "" },
        ...SHAPING.map(([kind, title]) => button(kind, title, () => editor.offer.shape(kind), { "data-region": "" })),
        ...ASKING.map(([kind, title]) => button(kind, title, () => editor.offer.ask(kind), { "data-region": "" })),
      ),
      group("Show", {}, ...SHOWING.map(([kind, title]) => this.toggle(kind, title))),
    ];
  }

  /**
   * @param {keyof Shown} kind
   * @param {string} title
   */
  toggle(kind, title) {
    const { shown } = this.editor;
    const act = () => {
      shown[kind] = !shown[kind];
      node.setAttribute("aria-pressed", String(shown[kind]));
      this.editor.draw();
    };
    const node = button(kind, title, act, { "aria-pressed": "true", "data-part": kind });
    return node;
  }

  /** The small picture of each row's change over this edge's input. */
  sketched() {
    const ends = { "text-anchor": "end" };
    this.slice = make("svg", { class: "kv-slice", width: 168, height: 40, viewBox: "0 0 168 40", role: "img" });
    this.dots = make("path", { class: "dots" });
    this.most = make("text", { x: 56, y: 29, ...ends });
    this.slice.append(
      make("title", {}, "How the output changes, row by row, over this edge's input"),
      make("text", { x: 56, y: 16, ...ends }, "output"),
      this.most,
      make("path", { class: "zero", d: "M60 20H160" }),
      this.dots,
    );
    return this.slice;
  }

  /** Offer what fits the curve that was just drawn. */
  fit() {
    const { curve: d, coef } = this.editor;
    const c = d.colours;
    const ink = {
      sum: d.state === "both" ? c.both : c.spline,
      spline: c.spline_part,
      base: c.base_part,
      formula: c.formula,
    };
    const there = SHOWING.map(([kind]) => kind).filter((kind) => part(d, coef, kind));
    for (const node of this.all("[data-part]")) {
      const kind = /** @type {keyof Shown} */ (node.dataset.part);
      node.hidden = there.length < 3 || !there.includes(kind); // the sum of one part is that part
      node.style.boxShadow = `inset 0 -3px ${ink[kind]}`;
    }
    for (const node of this.all("[data-shape]")) node.hidden = !d.coef.length || !d.tools;
    this.slice.style.display = d.rows ? "" : "none";
  }

  /** Show what can be done now, and what was. */
  paint() {
    const { curve, region, offer } = this.editor;
    for (const node of this.all("[data-region]")) {
      /** @type {HTMLButtonElement} */ (node).disabled = !region || Boolean(offer.draft) || !curve.open;
    }
    for (const node of this.answers) node.hidden = !offer.draft;
    this.another.hidden = !offer.hasMore();
    this.say();
  }

  /** @param {string} selector */
  all(selector) {
    return /** @type {NodeListOf<HTMLElement>} */ (this.bar.querySelectorAll(selector));
  }

  say() {
    const { curve: d, coef, point: m, message, picture } = this.editor;
    const words = [];
    if (message) words.push(message);
    else if (d.coef[m] !== undefined) words.push(`point ${spot(d, m)}: ${three(coef[m])}`);
    const moved = isMoved(d, coef);
    const moves = moved && d.rows ? changes(d, coef, picture.places) : null;
    if (moves) words.push(effect(d, moves));
    else if (moved) words.push("changed");
    this.note.textContent = d.why || words.join(" · ") || (d.tools ? HELP : SHORT_HELP);
    this.sketch(moves);
  }

  /** @param {number[] | null} moves of the output in each row */
  sketch(moves) {
    this.slice.style.visibility = moves ? "visible" : "hidden";
    if (!moves) return;
    const { curve, picture } = this.editor;
    const most = moves.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-300);
    const across = (/** @type {number} */ x) => (60 + (picture.scales.X(x) / picture.drawnAt) * 100).toFixed(1);
    const dots = moves.map((v, r) => `M${across(curve.rows.x[r])} ${(20 - (v / most) * 16).toFixed(1)}h.01`);
    this.dots.setAttribute("d", dots.join(""));
    this.most.textContent = `±${three(most)}`;
    const label = `Change of the output over ${curve.x_label}, at most ${three(most)}`;
    this.slice.setAttribute("aria-label", label);
  }
}
