// One edge to be changed by hand: its control points are dragged or nudged, its curve pulled, a stretch of it shaped.
// The curve follows here, at the rate of the display; Python hears once a gesture, and fits formulas when asked.
import { mounted, resized } from "../shared/mount.js";
import { Picture } from "./drawing.js";
import { listen } from "./hands.js";
import { Offer } from "./offer.js";
import { changed, decoded } from "./protocol.js";
import { Tools } from "./tools.js";

/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").Events} Events */
/** @typedef {import("./protocol.js").Curve} Curve */

const UNSEEN = 200; // ms after which a curve counts as drawn: a hidden page has no frames

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
    this.message = ""; // a note about the last action
    this.offer = new Offer(this);
    this.picture = new Picture(parent.querySelector(".kv-plot"));
    this.tools = new Tools(parent, this);
    /** @type {import("../protocol").Send<Events>} */
    this.send = () => {};
    /** @type {import("../protocol").Send<Events>} */
    this.tell = () => {};
    this.root.addEventListener("keydown", (event) => this.key(event), { signal });
    const choose = (/** @type {Event} */ event) =>
      this.root.isConnected && this.take(/** @type {CustomEvent} */ (event));
    document.addEventListener("kanviz-edge", choose, { signal });
    resized(
      this.picture.stage,
      signal,
      () => this.curve && this.picture.width() !== this.picture.drawnAt && this.draw(),
    );
    signal.addEventListener("abort", () => this.end());
  }

  /** @param {Payload} payload */
  show(payload) {
    try {
      this.follow(payload);
    } finally {
      if (payload.awaited && payload.awaited !== this.awaited) this.painted(payload.awaited);
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
      this.message = "";
      this.offer.drop();
      this.draw();
    }
    if (payload.draft && payload.draft.request === this.offer.request) this.offer.answer(payload.draft);
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
    const focused = this.focused();
    this.picture.draw(this);
    listen(this);
    if (focused) this.picture.handles[Number(focused)]?.focus({ preventScroll: true });
    this.tools.fit();
    this.paint();
  }

  paint() {
    this.picture.paint(this);
    this.tools.paint();
  }

  /**
   * Return the token once the curve is on the screen: the rest of the page may follow.
   * @param {string} token
   */
  painted(token) {
    this.awaited = token;
    let sent = false;
    const tell = () => {
      if (!sent) this.tell("painted", token);
      sent = true;
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
   * @param {number} wait in ms, restarted by each call
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
      if (this.offer.isOpen()) this.offer.cancel();
      else this.stretch(null);
    }
    const onButton = /** @type {HTMLElement} */ (event.target).tagName === "BUTTON";
    if (event.key === "Enter" && this.offer.draft && !onButton) this.offer.keep();
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
    this.say("");
  }

  /** @param {string} message */
  say(message) {
    this.message = message;
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
}

export default mounted((parent, signal) => new Editor(parent, signal));
