// Predicted against measured: a point per row. A rectangle picks rows, a click takes one, arrows go from row to row.
// All text from files goes through textContent.
import { html } from "../shared/dom.js";
import { mounted, resized } from "../shared/mount.js";
import { afterPress } from "../shared/redraw.js";
import { legend, Picture } from "./drawing.js";
import { order, within } from "./geometry.js";
import { listen } from "./hands.js";
import { many, rest, row } from "./words.js";

/** @typedef {import("../protocol").ScatterPayload} Payload */
/** @typedef {import("./geometry.js").Point} Point */

export class Scatter {
  /**
   * @param {ParentNode} parent
   * @param {AbortSignal} signal
   */
  constructor(parent, signal) {
    this.root = parent.querySelector(".kv-scatter");
    this.tip = /** @type {HTMLElement} */ (parent.querySelector(".kv-tip"));
    this.note = parent.querySelector(".kv-note");
    this.picture = new Picture(parent.querySelector(".kv-plot"));
    /** @type {Payload | null} */
    this.data = null;
    /** @type {"y" | "miss"} what is drawn upwards: the prediction, or its error */
    this.of = "y";
    /** @type {number | null} the point the keyboard is on */
    this.at = null;
    /** @type {Set<number>} places of the picked rows among the points */
    this.picked = new Set();
    this.count = 0; // of picked rows, drawn or not
    /** @type {number[]} */
    this.byX = [];
    /** @type {number[]} */
    this.byHeight = [];
    /** @type {import("../protocol").Send<import("../protocol").ScatterEvents>} */
    this.send = () => {};
    this.clear = html("button", { type: "button", title: "Pick no rows (Esc)" }, "clear");
    this.clear.onclick = () => this.none();
    this.counted = html("span", { class: "kv-counted" });
    this.legend = html("span", { class: "kv-legend", "aria-hidden": "true" });
    const bar = [this.legend, html("span", { class: "kv-gap" }), this.counted, this.clear, this.errors()];
    parent.querySelector(".kv-tools").replaceChildren(...bar);
    const { picture } = this;
    this.afterPress = afterPress(picture.plot, signal);
    resized(picture.plot, signal, () => this.data && picture.width() !== picture.drawnAt && this.draw());
  }

  errors() {
    const words = { "aria-pressed": "false", title: "Show each row's error instead of its prediction" };
    const errors = html("button", { type: "button", ...words }, "errors");
    errors.onclick = () => {
      this.of = this.of === "y" ? "miss" : "y";
      errors.setAttribute("aria-pressed", String(this.of === "miss"));
      this.draw();
    };
    return errors;
  }

  /** @param {Payload} data */
  show(data) {
    this.afterPress(() => this.follow(data));
  }

  /** @param {Payload} data */
  follow(data) {
    const fresh = !this.data || this.data.rev !== data.rev || this.data.look !== data.look;
    this.data = data;
    this.picked = new Set(data.picked);
    this.count = data.count;
    if (!fresh) {
      this.mark();
      return;
    }
    this.at = null;
    this.draw();
  }

  draw() {
    const { x, [this.of]: heights } = this.data;
    this.picture.draw(this.data, this.of);
    listen(this);
    this.byX = order(x, heights);
    this.byHeight = order(heights, x);
    this.legend.replaceChildren(...legend(this.data));
    this.mark();
  }

  mark() {
    this.picture.mark(this.data, this.picked, this.count > 0);
    this.clear.hidden = this.count === 0;
    this.counted.textContent = this.count ? `${many(this.count, "row")} picked` : "";
    this.rest();
  }

  rest() {
    this.note.textContent = rest(this.data);
  }

  // --- looking at one row -------------------------------------------------------------------------------------

  /**
   * Show a row's numbers next to its point; return them as text.
   * @param {number} k
   */
  look(k) {
    const { title, numbers, inputs } = row(this.data, k, this.picked.has(k));
    const line = (/** @type {string} */ words) => html("span", {}, words);
    this.picture.look(k);
    this.tip.replaceChildren(html("strong", {}, title), ...numbers.map(line), html("hr"), ...inputs.map(line));
    this.tip.hidden = false;
    const [x, y] = this.picture.places[k];
    const over = this.root.getBoundingClientRect();
    const at = this.picture.svg.getBoundingClientRect();
    const [left, top] = [at.left - over.left + x, at.top - over.top + y];
    const [wide, high] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const place = left + 16 + wide <= over.width ? left + 16 : left - 16 - wide;
    this.tip.style.left = `${Math.max(0, place)}px`;
    this.tip.style.top = `${Math.max(0, Math.min(top - high / 2, over.height - high))}px`;
    return [title, ...numbers, ...inputs].join(", ");
  }

  away() {
    this.tip.hidden = true;
    this.picture.look(null);
  }

  /** @param {number} by steps along an order of the points */
  step(by, along = this.byX) {
    if (!along.length) return;
    const taken = this.data.rows.indexOf(this.data.row);
    if (this.at === null) this.at = taken >= 0 ? taken : this.byX[0];
    else this.at = along[Math.min(along.length - 1, Math.max(0, along.indexOf(this.at) + by))];
    this.note.textContent = this.look(this.at);
  }

  // --- picking rows -------------------------------------------------------------------------------------------

  /**
   * Pick the rows between two places of the picture; the app picks those too that are not drawn.
   * @param {Point} from
   * @param {Point} to
   * @param {boolean} add
   */
  box(from, to, add) {
    const [a, b] = [from, to].map(this.picture.scales.value);
    const { x, [this.of]: heights } = this.data;
    this.picked = new Set([...(add ? this.picked : []), ...within(x, heights, a, b)]);
    this.count = this.picked.size;
    this.mark();
    this.send("pick", { rev: this.data.rev, box: [a[0], b[0], a[1], b[1]], of: this.of, add });
  }

  /** @param {number} k */
  toggle(k) {
    if (this.picked.delete(k)) this.count -= 1;
    else {
      this.picked.add(k);
      this.count += 1;
    }
    this.mark();
    if (!this.tip.hidden) this.note.textContent = this.look(k);
    this.send("pick", { rev: this.data.rev, row: this.data.rows[k] });
  }

  /** @param {number} k */
  take(k) {
    this.data = { ...this.data, row: this.data.rows[k] };
    this.mark();
    this.send("take", { rev: this.data.rev, row: this.data.rows[k] });
  }

  none() {
    this.picked = new Set();
    this.count = 0;
    this.mark();
    this.send("pick", { rev: this.data.rev, none: true });
  }
}

export default mounted((parent, signal) => new Scatter(parent, signal));
