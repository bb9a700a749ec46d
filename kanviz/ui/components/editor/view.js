// One edge to be changed by hand: its control points are dragged or nudged, its curve pulled, a stretch of it shaped.
// The curve follows here, at the rate of the display; Python hears once a gesture, and fits formulas when asked.
import { mounted, resized } from "../shared/mount.js";
import { SHAPES } from "./curves.js";
import { Picture } from "./drawing.js";
import { bridged, heights, within } from "./geometry.js";
import { listen } from "./hands.js";
import { changed, decoded } from "./protocol.js";
import { Tools } from "./tools.js";

/** @typedef {import("../protocol").EditorDraft} Draft */
/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").Events} Events */
/** @typedef {import("./protocol.js").Curve} Curve */

const UNSEEN = 200; // ms after which a curve counts as drawn: a hidden page has no frames

/** @type {Record<string, string>} */
const NAMES = {
  smooth: "Smooth",
  flatten: "Flatten",
  straight: "Straighten",
  bridge: "Bridge",
  rise: "Make rise",
  fall: "Make fall",
};

export class Editor {
  /**
   * @param {ParentNode} parent
   * @param {AbortSignal} signal
   */
  constructor(parent, signal) {
    this.root = /** @type {HTMLElement} */ (parent.querySelector(".kv-editor"));
    this.shown = { sum: true, spline: true, base: true, formula: true };
    /** @type {Curve | null} */
    this.curve = null;
    /** @type {number[]} */
    this.coef = [];
    /** @type {number | undefined} the control point that is chosen */
    this.point = undefined;
    this.holding = false;
    /** @type {number | null} the point from which Shift and arrows mark */
    this.anchor = null;
    this.marking = false;
    /** @type {[number, number] | null} the stretch that is marked */
    this.region = null;
    this.draft = ""; // a change that is shown, to be kept or not
    /** @type {string | null} the mark of a question to Python that has no answer yet */
    this.asked = null;
    this.message = "";
    /** @type {(Draft & { region: [number, number] }) | null} the formula that is offered */
    this.choice = null;
    /** @type {HTMLElement | null} what had the focus before a change was offered */
    this.back = null;
    this.picture = new Picture(parent.querySelector(".kv-plot"));
    this.tools = new Tools(parent, this);
    /** @type {import("../protocol").Send<Events>} */
    this.send = () => {};
    /** @type {import("../protocol").Send<Events>} */
    this.tell = () => {};
    this.root.addEventListener("keydown", (event) => this.key(event), { signal });
    const choose = (/** @type {Event} */ event) => this.root.isConnected && this.take(/** @type {CustomEvent} */ (event));
    document.addEventListener("kanviz-edge", choose, { signal });
    resized(this.picture.stage, signal, () => this.curve && this.picture.width() !== this.picture.drawnAt && this.draw());
    signal.addEventListener("abort", () => this.end());
  }

  /** @param {Payload} payload */
  show(payload) {
    try {
      this.follow(payload);
    } finally {
      if (payload.awaited && payload.awaited !== this.awaited) this.drawn(payload.awaited);
    }
  }

  /**
   * Take over what came. A curve that is being changed stays as the hand has it, unless another one came.
   * @param {Payload} payload
   */
  follow(payload) {
    const old = this.payload;
    if (old && String(old.edge) !== String(payload.edge)) {
      this.region = null;
      this.holding = false;
    }
    const differs = (/** @type {"rev" | "look" | "picked"} */ part) =>
      JSON.stringify(old[part]) !== JSON.stringify(payload[part]);
    const fresh = !old || differs("rev") || differs("look") || differs("picked");
    this.payload = payload;
    this.curve = decoded(payload);
    if (payload.point !== undefined && payload.point !== null) this.point = payload.point;
    if (fresh || payload.preview) {
      this.rest();
      this.coef = [...this.curve.coef];
      if (payload.preview) this.coef[payload.preview[0]] = payload.preview[1];
      this.draft = this.message = "";
      this.asked = null;
      const focused = fresh && this.focused();
      this.draw();
      if (focused) this.picture.handles[Number(focused)]?.focus({ preventScroll: true });
    }
    if (payload.draft && payload.draft.asked === this.asked) this.answer(payload.draft);
    this.paint();
  }

  /** The number of the control point that has the focus, as text. */
  focused() {
    return /** @type {HTMLElement} */ (this.active())?.dataset?.m;
  }

  active() {
    return /** @type {Document | ShadowRoot} */ (this.root.getRootNode()).activeElement;
  }

  draw() {
    this.picture.draw(this);
    listen(this);
    this.tools.fit();
    this.paint();
  }

  paint() {
    this.picture.paint(this);
    this.tools.paint();
  }

  /**
   * Return the word once the curve is on the screen: the rest of the page may follow.
   * @param {string} word
   */
  drawn(word) {
    this.awaited = word;
    let told = false;
    const tell = () => {
      if (!told) this.tell("drawn", word);
      told = true;
    };
    setTimeout(tell, UNSEEN);
    requestAnimationFrame(() => setTimeout(tell));
  }

  /**
   * Ask for the edge that was chosen in a picture on the same page; a nudge that waits is sent first.
   * @param {CustomEvent} event
   */
  take(event) {
    event.preventDefault();
    if (this.timer) this.commit("Move");
    this.rest();
    this.send("edge", event.detail);
  }

  /**
   * @param {() => void} act
   * @param {number} wait in ms, begun anew by each call
   */
  later(act, wait) {
    this.rest();
    this.timer = setTimeout(() => {
      this.rest();
      act();
    }, wait);
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** Taken off the page: a nudge that waits is sent first. */
  end() {
    if (this.timer) this.commit("Move");
    this.rest();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") {
      if (this.draft || this.asked) this.cancel();
      else this.stretch(null);
    }
    const onButton = /** @type {HTMLElement} */ (event.target).tagName === "BUTTON";
    if (event.key === "Enter" && this.draft && !onButton) this.keep();
  }

  /** @param {number} m */
  hold(m) {
    this.point = m;
    this.holding = true;
    this.paint();
  }

  /**
   * Mark a stretch, or none.
   * @param {[number, number] | null} ends
   */
  stretch(ends) {
    this.region = ends && [Math.min(...ends), Math.max(...ends)];
    this.message = "";
    this.paint();
  }

  /**
   * Whether the next drag marks a stretch, with or without Shift.
   * @param {boolean} on
   */
  mark(on) {
    this.marking = on;
    this.tools.marker.setAttribute("aria-pressed", String(on));
    this.picture.stage.classList.toggle("marking", on);
  }

  /** @param {string} words what was done */
  commit(words) {
    const points = changed(this.coef, this.curve.coef);
    if (points.length) this.send("commit", { rev: this.curve.rev, words, points });
  }

  // --- a change that is offered, to be kept or not --------------------------------------------------------------

  /**
   * Shape the marked stretch.
   * @param {string} kind
   */
  shape(kind) {
    const d = this.curve;
    const inside = within(d, this.region);
    if (inside.length < 2) {
      this.message = "Mark a stretch with at least two control points in it.";
      this.paint();
      return;
    }
    if (kind === "bridge") this.coef = bridged(d, this.coef, this.region);
    else {
      const shaped = SHAPES[kind](heights(d, this.coef), inside, d.points);
      shaped.forEach((y, k) => (this.coef[inside[k]] = y - d.lift[inside[k]]));
    }
    this.message = "";
    this.propose(NAMES[kind]);
  }

  /**
   * Ask Python for a formula for the stretch, or for knots in it.
   * @param {"snap" | "refine"} kind
   */
  ask(kind, region = this.region, which = 0) {
    const asked = `${Date.now()}`;
    if (kind === "snap") {
      this.message = "Looking for the nearest formula …";
      this.asked = asked;
      this.choosing = region;
    }
    this.paint();
    this.send(kind, { rev: this.curve.rev, region, which, asked });
  }

  another() {
    if (!this.asked) this.ask("snap", this.choice.region, this.choice.which + 1);
  }

  /** @param {import("../protocol").EditorAnswer} answer */
  answer(answer) {
    this.asked = null;
    if ("error" in answer) {
      this.message = answer.error;
      return;
    }
    this.message = answer.said;
    for (const [m, height] of answer.points) this.coef[m] = height;
    this.choice = { ...answer, region: this.choosing };
    this.propose("Snap");
  }

  /**
   * Show a change; the hand is led to the answers, since the tools wait meanwhile.
   * @param {string} words
   */
  propose(words) {
    const hand = /** @type {HTMLElement} */ (this.active());
    const first = !this.draft;
    if (first) this.back = this.root.contains(hand) ? hand : null;
    this.draft = words;
    this.paint();
    if (first && this.back) this.tools.answers[0].focus({ preventScroll: true });
  }

  keep() {
    if (this.asked) return; // another formula is on its way
    const words = this.draft;
    this.draft = this.message = "";
    if (words === "Snap") this.send("commit", { rev: this.curve.rev, words, asked: this.choice.asked });
    else this.commit(words);
    this.settle();
  }

  cancel() {
    if (this.draft === "Snap" || this.asked) this.send("drop", true);
    this.draft = this.message = "";
    this.asked = null;
    this.coef = [...this.curve.coef];
    this.settle();
  }

  settle() {
    this.paint();
    this.back?.focus({ preventScroll: true });
    this.back = null;
  }
}

export default mounted((parent, signal) => new Editor(parent, signal));
