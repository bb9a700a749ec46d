// The tour: a ring around one place of the page after the other, and a card that says what it is. It looks at the page
// and changes nothing in it; ring and card are in the browser's top layer, so that no part of the page hides them.
import { html } from "../shared/dom.js";
import { mounted } from "../shared/mount.js";
import { nextTo, NARROW, ring, scrolled } from "./geometry.js";

/** @typedef {import("../protocol").TourPayload} Payload */
/** @typedef {import("../protocol").TourStep} Step */

const SEEN = "kanviz-tour"; // in the browser's own store
const AGAIN = 100; // ms
const CARD = {
  class: "kv-tour-card",
  role: "dialog",
  popover: "manual",
  tabindex: "-1",
  "aria-labelledby": "kv-tour-title",
  "aria-describedby": "kv-tour-text",
};

const size = () => ({ width: innerWidth, height: innerHeight });

export class Tour {
  /**
   * @param {ParentNode} root
   * @param {AbortSignal} signal
   */
  constructor(root, signal) {
    this.signal = signal;
    /** @type {Step[]} */
    this.steps = [];
    this.at = -1;
    this.offered = false;
    this.button = /** @type {HTMLElement} */ (root.querySelector(".kv-tour-button"));
    this.ring = html("div", { class: "kv-tour-ring", popover: "manual", "aria-hidden": "true" });
    this.card = this.carded();
    root.querySelector(".kv-tour").append(this.ring, this.card);
    this.button.addEventListener("click", () => this.start(), { signal });
    this.card.onkeydown = (event) => this.key(event);
    signal.addEventListener("abort", () => {
      this.end();
      this.ring.remove();
      this.card.remove();
    });
  }

  carded() {
    this.title = html("h2", { id: "kv-tour-title" });
    this.text = html("p", { id: "kv-tour-text" });
    this.count = html("span", { class: "kv-tour-count" });
    const plain = (/** @type {string} */ word) => html("button", { type: "button" }, word);
    this.skip = plain("Skip");
    this.back = plain("Back");
    this.next = plain("Next");
    this.next.classList.add("first");
    this.skip.onclick = () => this.end();
    this.back.onclick = () => this.go(-1);
    this.next.onclick = () => this.go(1);
    const row = html("div", { class: "kv-tour-row" }, this.count, this.skip, this.back, this.next);
    return html("div", CARD, this.title, this.text, row);
  }

  /** @param {Payload} data */
  show(data) {
    this.steps = data.steps;
    this.button.title = data.help;
    if (this.at >= 0) this.fill();
    if (data.first && !this.offered && !seen()) this.first();
    this.offered = true;
  }

  /** Begin by itself on the first visit, as soon as its first place is there, unless the person acts before that. */
  first() {
    const waiting = new AbortController();
    const { signal } = waiting;
    const stop = () => waiting.abort();
    this.signal.addEventListener("abort", stop, { signal });
    for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, stop, { signal });
    const look = () => {
      if (signal.aborted || this.at >= 0) stop();
      else if (!place(this.steps[0])) setTimeout(look, AGAIN);
      else {
        stop();
        this.start();
      }
    };
    look();
  }

  start() {
    remember();
    if (this.at < 0) {
      const inside = /** @type {Document | ShadowRoot} */ (this.card.getRootNode()).activeElement;
      this.before = inside || (document.activeElement === document.body ? null : document.activeElement);
      for (const layer of [this.ring, this.card]) {
        layer.showPopover?.();
        layer.classList.add("open");
      }
      this.open = new AbortController();
      document.addEventListener("keydown", (event) => this.elsewhere(event), { signal: this.open.signal });
    }
    this.at = 0;
    this.arrive();
    this.follow();
  }

  end() {
    if (this.at < 0) return;
    this.at = -1;
    this.open.abort();
    for (const layer of [this.card, this.ring]) {
      layer.classList.remove("open");
      layer.hidePopover?.();
    }
    if (this.before?.isConnected) /** @type {HTMLElement} */ (this.before).focus({ preventScroll: true });
  }

  /** @param {number} by */
  go(by) {
    if (this.at + by >= this.steps.length) {
      this.end();
      return;
    }
    this.at = Math.max(0, this.at + by);
    this.arrive();
  }

  /** @param {KeyboardEvent} event */
  elsewhere(event) {
    if (event.key === "Escape" && document.activeElement === document.body) this.end();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const act = { Escape: () => this.end(), ArrowRight: () => this.go(1), ArrowLeft: () => this.go(-1) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  arrive() {
    this.fill();
    const found = place(this.steps[this.at]);
    if (found) reveal(found);
    this.card.focus({ preventScroll: true });
  }

  fill() {
    const step = this.steps[this.at];
    const last = this.at === this.steps.length - 1;
    this.title.textContent = step.title;
    this.text.textContent = step.text;
    this.count.textContent = `${this.at + 1} of ${this.steps.length}`;
    this.back.disabled = this.at === 0;
    this.skip.hidden = last;
    this.next.textContent = last ? "Done" : "Next";
  }

  /** Once a frame while it is open: the page may scroll, change its size, or be drawn anew beneath. */
  follow() {
    if (this.at < 0) return;
    const box = ring(place(this.steps[this.at])?.getBoundingClientRect(), size());
    this.ring.style.visibility = box ? "visible" : "hidden";
    if (box)
      put(this.ring, { left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top });
    const narrow = innerWidth <= NARROW;
    this.card.classList.toggle("below", narrow);
    if (!narrow) put(this.card, nextTo(box, { width: this.card.offsetWidth, height: this.card.offsetHeight }, size()));
    requestAnimationFrame(() => this.follow());
  }
}

/** Whether it was seen in this browser; where nothing can be remembered, it never begins by itself. */
function seen() {
  try {
    return localStorage.getItem(SEEN) === "seen";
  } catch {
    return true;
  }
}

function remember() {
  try {
    localStorage.setItem(SEEN, "seen");
  } catch {
    // a closed store: then it is not remembered
  }
}

/**
 * Find the first of the step's places that can be seen, or brought into view by scrolling up or down.
 * @param {Step} step
 */
function place(step) {
  for (const name of step.at) {
    const found = document.querySelector(name);
    const box = found?.getBoundingClientRect();
    if (box && box.width && box.height && box.right > 0 && box.left < innerWidth) return found;
  }
  return null;
}

/**
 * Scroll a place into view.
 * @param {Element} found
 */
function reveal(found) {
  const scrolls = (/** @type {Element} */ node) =>
    node.scrollHeight > node.clientHeight && /auto|scroll/.test(getComputedStyle(node).overflowY);
  let scroller = found.parentElement;
  while (scroller && !scrolls(scroller)) scroller = scroller.parentElement;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const top = scrolled(found.getBoundingClientRect(), size());
  scroller?.scrollBy({ top, behavior: calm ? "auto" : "smooth" });
}

/**
 * @param {HTMLElement} node
 * @param {Record<string, number>} place in pixels
 */
function put(node, place) {
  for (const [name, value] of Object.entries(place)) {
    const pixels = `${Math.round(value)}px`;
    const look = /** @type {any} */ (node.style);
    if (look[name] !== pixels) look[name] = pixels;
  }
}

export default mounted((root, signal) => new Tour(root, signal));
