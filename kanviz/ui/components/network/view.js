// The network as SVG: every edge with its curve, chosen by click or Enter, offered for pruning by Delete.
// Wide layers are matrices of scores. All text from files goes through textContent.
import { button, html } from "../shared/dom.js";
import { mounted, resized } from "../shared/mount.js";
import { afterPress, renew } from "../shared/redraw.js";
import { Edges } from "./edges.js";
import { savePng, saveSvg } from "./export.js";
import { MatrixView } from "./matrix.js";
import { Zoom } from "./zoom.js";

/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./protocol.js").EdgeId} EdgeId */
/** @typedef {{ left: number, right: number, top: number, height: number }} Box on the screen */

const SHARES = [0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2];
const BAR = 34; // pixels above the picture that a tip leaves free

export class Canvas {
  /**
   * @param {ParentNode} parent
   * @param {AbortSignal} signal
   */
  constructor(parent, signal) {
    this.root = parent.querySelector(".kv-network");
    this.stage = parent.querySelector(".kv-stage");
    this.tip = /** @type {HTMLElement} */ (parent.querySelector(".kv-tip"));
    this.status = parent.querySelector(".kv-status");
    /** @type {Payload | null} */
    this.data = null;
    this.dim = 0;
    this.shared = false; // whether all curves of a layer have one scale
    /** @type {"matrix" | "edges" | ""} */
    this.mode = "";
    this.drawnAt = 0;
    this.zoom = new Zoom();
    this.views = { edges: new Edges(this), matrix: new MatrixView(this) };
    /** @type {import("../protocol").Send<import("./protocol.js").Events>} */
    this.send = () => {};
    this.modes = html("span", { class: "kv-modes" }, this.modeOf("matrix"), this.modeOf("edges"));
    this.find = this.finder();
    this.afterPress = afterPress(this.stage, signal);
    this.wanted = () => this.find.value.trim().toLowerCase();
    parent.querySelector(".kv-tools").replaceChildren(
      this.modes,
      this.find,
      this.dims(),
      this.scale(),
      html("span", { class: "kv-gap" }),
      button("+", "Zoom in (+)", () => this.zoom.closer()),
      button("−", "Zoom out (−)", () => this.zoom.farther()),
      button("fit", "Fit (0)", () => this.zoom.fit()),
      button("SVG", "Save as SVG", () => saveSvg(this.svg, this.data.colours.page)),
      button("PNG", "Save as PNG", () => savePng(this.svg, this.data.colours.page)),
    );
    resized(this.stage, signal, () => this.data && this.width() !== this.drawnAt && this.draw());
  }

  width() {
    return Math.max(320, Math.floor(this.stage.clientWidth));
  }

  /** @param {Payload} data */
  show(data) {
    this.afterPress(() => this.follow(data));
  }

  /** @param {Payload} data */
  follow(data) {
    const fresh = !this.data || this.data.rev !== data.rev || this.data.look !== data.look;
    this.data = data;
    if (!fresh) {
      this.mark();
      return;
    }
    if (!this.mode || (!data.matrix && this.mode === "matrix")) this.mode = data.matrix ? "matrix" : "edges";
    this.modes.hidden = !data.matrix;
    this.draw();
  }

  // --- the bar above ------------------------------------------------------------------------------------------

  /** @param {"matrix" | "edges"} mode */
  modeOf(mode) {
    const [text, title] = {
      matrix: ["matrix", "The matrix: every edge as a cell"],
      edges: ["strongest", "The strongest edges with their curves"],
    }[mode];
    const act = () => {
      this.mode = mode;
      this.draw();
    };
    return button(text, title, act, { "data-mode": mode });
  }

  finder() {
    const words = { placeholder: "find a node", "aria-label": "Find edges by the names of their nodes" };
    const find = html("input", { type: "search", ...words });
    find.oninput = () => this.mark();
    find.onkeydown = (event) => {
      const first = /** @type {SVGElement | null} */ (this.stage.querySelector(".edge:not(.away)"));
      if (event.key === "Enter") first?.focus();
    };
    return find;
  }

  dims() {
    const dims = html("select", { "aria-label": "Dim edges that carry less than" });
    for (const share of SHARES) {
      dims.append(html("option", { value: share }, share ? `dim below ${100 * share}%` : "dim none"));
    }
    dims.onchange = () => {
      this.dim = Number(dims.value);
      this.mark();
    };
    return dims;
  }

  scale() {
    const words = { "aria-pressed": "false", title: "All curves of a layer on one scale" };
    const scale = html("button", { type: "button", ...words }, "shared");
    scale.onclick = () => {
      this.shared = !this.shared;
      scale.setAttribute("aria-pressed", String(this.shared));
      this.draw();
    };
    return scale;
  }

  // --- the picture --------------------------------------------------------------------------------------------

  draw() {
    this.hide();
    this.drawnAt = this.width();
    for (const node of /** @type {Iterable<HTMLElement>} */ (this.modes.children)) {
      node.setAttribute("aria-pressed", String(node.dataset.mode === this.mode));
    }
    const { svg, below } = this.view().draw(this.drawnAt);
    this.svg = svg;
    renew(this.stage, "data-id", svg, ...below);
    this.zoom.follow(svg, this.mode === "edges");
    this.mark();
  }

  view() {
    return this.views[this.mode || "edges"];
  }

  mark() {
    this.view().mark();
  }

  /**
   * Choose an edge, here at once and in Python.
   * @param {EdgeId} id
   * @param {SVGElement} [node] that gets the focus
   */
  choose(id, node) {
    this.data = { ...this.data, selected: id };
    this.mark();
    node?.focus({ preventScroll: true });
    const taken = !document.dispatchEvent(new CustomEvent("kanviz-edge", { detail: id, cancelable: true }));
    if (!taken) this.send("select", id); // an editor on the page asks by itself: one run of Python less
  }

  /**
   * Show a tip to the right of what it tells of, or to its left: above and below stand its neighbours.
   * @param {Node[]} parts
   * @param {Box} of
   */
  explain(parts, of) {
    this.tip.replaceChildren(...parts);
    this.tip.hidden = false;
    const over = this.root.getBoundingClientRect();
    const [wide, high] = [this.tip.offsetWidth, this.tip.offsetHeight];
    let x = of.right - over.left + 14;
    if (x + wide > over.width) x = of.left - over.left - wide - 14;
    const y = of.top + of.height / 2 - over.top - high / 2;
    this.tip.style.left = `${Math.max(0, Math.min(x, over.width - wide))}px`;
    this.tip.style.top = `${Math.max(BAR, Math.min(y, over.height - high))}px`;
  }

  hide() {
    this.tip.hidden = true;
  }
}

export default mounted((parent, signal) => new Canvas(parent, signal));
