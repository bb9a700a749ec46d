// Looking closer: buttons, keys, and the wheel with Ctrl; a zoomed picture is moved by hand.
import { zoomed } from "./geometry.js";

/** @typedef {import("./geometry.js").Zoom} Zoomed */

const WHOLE = Object.freeze({ k: 1, x: 0, y: 0 });
const [IN, OUT] = [1.25, 0.8];
const [WHEEL_IN, WHEEL_OUT] = [1.12, 0.89];

export class Zoom {
  constructor() {
    /** @type {Zoomed} */
    this.at = WHOLE;
    /** @type {SVGSVGElement | null} */
    this.svg = null;
  }

  /**
   * Go on with a picture that was just drawn; only one of edges is zoomed by hand.
   * @param {SVGSVGElement} svg
   * @param {boolean} byHand
   */
  follow(svg, byHand) {
    this.svg = svg;
    if (byHand) {
      svg.onwheel = (event) => this.wheel(event);
      svg.onpointerdown = (event) => this.drag(event);
    }
    this.place();
  }

  closer() {
    this.by(IN);
  }

  farther() {
    this.by(OUT);
  }

  fit() {
    this.at = WHOLE;
    this.place();
  }

  /**
   * @param {number} factor
   * @param {[number, number]} [about] a place in pixels, the middle where none is given
   */
  by(factor, about) {
    const { width, height } = this.svg.viewBox.baseVal;
    this.at = zoomed(this.at, factor, about ?? [width / 2, height / 2]);
    this.place();
  }

  place() {
    const { k, x, y } = this.at;
    this.svg?.querySelector(".world")?.setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
    this.svg?.classList.toggle("zoomed", k > 1);
  }

  /**
   * Do what a key asks for; whether it asked for anything.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (!["+", "=", "-", "0"].includes(event.key) || event.ctrlKey || event.metaKey) return false;
    event.preventDefault();
    if (event.key === "0") this.fit();
    else this.by(event.key === "-" ? OUT : IN);
    return true;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.svg.getBoundingClientRect();
    this.by(event.deltaY < 0 ? WHEEL_IN : WHEEL_OUT, [event.clientX - box.left, event.clientY - box.top]);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { svg } = this;
    if (/** @type {Element} */ (event.target).closest(".edge") || this.at.k === 1) return;
    const from = [event.clientX - this.at.x, event.clientY - this.at.y];
    svg.setPointerCapture(event.pointerId);
    svg.onpointermove = (move) => {
      this.at = { k: this.at.k, x: move.clientX - from[0], y: move.clientY - from[1] };
      this.place();
    };
    svg.onpointerup = () => (svg.onpointermove = null);
  }
}
