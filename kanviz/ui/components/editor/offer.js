// A change that is shown and not yet made: a tool's on the marked stretch, or a formula that Python found for it.
import { SHAPES } from "./curves.js";
import { bridged, heights, within } from "./geometry.js";

/** @typedef {import("./view.js").Editor} Editor */
/** @typedef {import("../protocol").EditorDraft} Draft */
/** @typedef {import("../protocol").EditorAnswer} Answer */

const SNAP = "Snap";
const LEAST = 2; // control points in a stretch

/** @type {Record<string, string>} what a tool does, as the history calls it */
const NAMES = {
  smooth: "Smooth",
  flatten: "Flatten",
  straight: "Straighten",
  bridge: "Bridge",
  rise: "Make rise",
  fall: "Make fall",
};

export class Offer {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.draft = ""; // what is offered, by its name
    /** @type {string | null} the mark of a question to Python that has no answer yet */
    this.request = null;
    /** @type {(Draft & { region: [number, number] }) | null} the formula that is offered */
    this.choice = null;
    /** @type {HTMLElement | null} what had the focus before */
    this.back = null;
  }

  /** Whether anything is offered or on its way. */
  isOpen() {
    return Boolean(this.draft || this.request);
  }

  /** Whether another formula may be requested. */
  hasMore() {
    return this.draft === SNAP && this.choice.of > 1;
  }

  /** Forget it. */
  drop() {
    this.draft = "";
    this.request = null;
  }

  /**
   * Shape the marked stretch.
   * @param {string} kind
   */
  shape(kind) {
    const { editor } = this;
    const { curve, region, coef } = editor;
    const inside = within(curve, region);
    if (inside.length < LEAST) {
      editor.say("Mark a stretch with at least two control points in it.");
      return;
    }
    if (kind === "bridge") editor.coef = bridged(curve, coef, region);
    else {
      const shaped = SHAPES[kind](heights(curve, coef), inside, curve.points);
      shaped.forEach((y, k) => (coef[inside[k]] = y - curve.lift[inside[k]]));
    }
    editor.message = "";
    this.propose(NAMES[kind]);
  }

  /**
   * Ask Python for a formula for the stretch, or for knots in it.
   * @param {"snap" | "refine"} kind
   */
  ask(kind, region = this.editor.region, which = 0) {
    const { editor } = this;
    const request = `${Date.now()}`;
    if (kind === "snap") {
      editor.message = "Looking for the nearest formula …";
      this.request = request;
      this.choosing = region;
    }
    editor.paint();
    editor.send(kind, { rev: editor.curve.rev, region, which, request });
  }

  another() {
    if (!this.request) this.ask("snap", this.choice.region, this.choice.which + 1);
  }

  /** @param {Answer} answer */
  answer(answer) {
    const { editor } = this;
    this.request = null;
    if ("error" in answer) {
      editor.message = answer.error;
      return;
    }
    editor.message = answer.explanation;
    for (const [m, height] of answer.points) editor.coef[m] = height;
    this.choice = { ...answer, region: this.choosing };
    this.propose(SNAP);
  }

  /**
   * Show a change; the hand is led to the answers, since the tools wait meanwhile.
   * @param {string} words
   */
  propose(words) {
    const { root, tools } = this.editor;
    const hand = /** @type {HTMLElement} */ (this.editor.active());
    const first = !this.draft;
    if (first) this.back = root.contains(hand) ? hand : null;
    this.draft = words;
    this.editor.paint();
    if (first && this.back) tools.answers[0].focus({ preventScroll: true });
  }

  keep() {
    if (this.request) return; // another formula is on its way
    const { editor } = this;
    const words = this.draft;
    this.draft = editor.message = "";
    if (words === SNAP) editor.send("commit", { rev: editor.curve.rev, words, request: this.choice.request });
    else editor.commit(words);
    this.settle();
  }

  /** Put the curve back as it was. */
  cancel() {
    const { editor } = this;
    if (this.draft === SNAP || this.request) editor.send("drop", true);
    editor.message = "";
    this.drop();
    editor.coef = [...editor.curve.coef];
    this.settle();
  }

  settle() {
    this.editor.paint();
    this.back?.focus({ preventScroll: true });
    this.back = null;
  }
}
