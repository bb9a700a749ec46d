// The picture of an edge: drawn anew for a new curve or width, painted over at the rate of the display meanwhile.
import { spread, ticks, written } from "../shared/axis.js";
import { make, set } from "../shared/dom.js";
import { cell, line, limits, part, scales, three, total } from "./geometry.js";
import { style } from "./style.js";

/** @typedef {import("./geometry.js").Shown} Shown */
/** @typedef {import("./protocol.js").Curve} Curve */

/**
 * What is painted: the curve as it came, and what a hand has made of it.
 * @typedef {object} State
 * @property {Curve} curve
 * @property {number[]} coef
 * @property {Shown} shown
 * @property {number | undefined} point the control point that is chosen
 * @property {boolean} holding
 * @property {[number, number] | null} region the stretch that is marked
 */

const HIGH = 420;
const TOP = 16;
const BOTTOM = 46;
const RIGHT = 14;
const NAME = 9; // room for a named control point's letter, in pixels
const LETTER = 6.5; // width of a letter of a group's name, about
const BARS = 46; // height of the densities
/** @type {(keyof Shown)[]} */
const PARTS = ["spline", "base", "formula"];

export class Picture {
  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SVGSVGElement | null} */
    this.svg = null;
    this.drawnAt = 0;
    /** @type {[number, number]} */
    this.span = [0, 1];
    /** @type {SVGCircleElement[]} */
    this.handles = [];
    /** @type {Record<string, SVGPathElement>} */
    this.paths = {};
  }

  width() {
    return Math.max(200, Math.floor(this.stage.clientWidth));
  }

  /**
   * Draw everything anew.
   * @param {State} state
   */
  draw({ curve: d, coef, shown }) {
    const w = (this.drawnAt = this.width());
    this.span = limits(d, coef, shown);
    const heights = ticks(...this.span, 5);
    const left = 26 + 7 * Math.max(1, ...heights.map((y) => written(y).length)); // label and numbers
    const bottom = (this.bottom = HIGH - BOTTOM - (d.density.length ? BARS : 0));
    const box = { left, right: w - RIGHT, top: TOP, bottom };
    const ends = spread(d.x[0], d.x[d.x.length - 1]);
    const { X, Y } = (this.scales = scales(box, ends, this.span));
    const svg = make("svg", {
      width: w,
      height: HIGH,
      viewBox: `0 0 ${w} ${HIGH}`,
      role: "group",
      "aria-label": d.title,
    });
    svg.append(make("style", {}, style(d.colours)), ...this.bands(d, ends));
    for (const y of heights) {
      svg.append(make("path", { class: y === 0 ? "axis" : "rule", d: `M${left} ${Y(y)}H${w - RIGHT}` }));
      svg.append(make("text", { class: "tick", x: left - 8, y: Y(y) + 4, "text-anchor": "end" }, written(y)));
    }
    for (const [x, words] of this.stops(d, ends)) {
      svg.append(make("text", { class: "tick", x: X(x), y: HIGH - 26, "text-anchor": "middle" }, words));
    }
    svg.append(...this.groups(d), ...labels(d, box), ...this.densities(d));
    for (const t of d.knots) {
      if (t >= ends[0] && t <= ends[1])
        svg.append(make("path", { class: "knot", d: `M${X(t)} ${bottom - 7}V${bottom}` }));
    }
    svg.append(...this.lines(d, box));
    this.handles = this.points(d);
    svg.append(...this.handles);
    this.places = d.rows?.x.map((x) => cell(d.x, x));
    this.svg = svg;
    this.stage.replaceChildren(svg);
  }

  /**
   * What is written under the axis, and where: round numbers, or as many names as there is room for.
   * @param {Curve} d
   * @param {[number, number]} ends
   * @returns {[number, string][]}
   */
  stops(d, ends) {
    const w = this.drawnAt;
    if (!d.names.length) return ticks(...ends, Math.max(3, Math.floor(w / 120))).map((x) => [x, written(x)]);
    const every = Math.ceil((NAME * d.names.length) / w);
    return d.points.map((x, m) => /** @type {[number, string]} */ ([x, d.names[m]])).filter((_, m) => m % every === 0);
  }

  /**
   * Lines between groups of named control points, and the groups' names where they fit.
   * @param {Curve} d
   */
  groups(d) {
    const { X } = this.scales;
    return d.groups.flatMap(({ name, start, end }) => {
      const [a, b] = [X(d.points[start] - 0.5), X(d.points[end - 1] + 0.5)];
      const border = start ? [make("path", { class: "rule", d: `M${a} ${TOP}V${HIGH - 22}` })] : [];
      const place = { class: "tick", x: (a + b) / 2, y: HIGH - 8, "text-anchor": "middle" };
      return b - a > LETTER * name.length ? [...border, make("text", place, name)] : border;
    });
  }

  /**
   * Stretches behind the curve: outside its grid, without data, in reach of a point, marked.
   * @param {Curve} d
   * @param {[number, number]} ends
   */
  bands(d, [x0, x1]) {
    const { X } = this.scales;
    const rest = { y: TOP, height: this.bottom - TOP };
    const from = [
      ["outside", x0, d.grid[0]],
      ["outside", d.grid[1], x1],
    ];
    if (d.data) {
      from.push(["unseen", Math.max(x0, d.grid[0]), Math.min(d.data[0], d.grid[1])]);
      from.push(["unseen", Math.max(d.data[1], d.grid[0]), Math.min(x1, d.grid[1])]);
    }
    this.lit = make("rect", { class: "lit", ...rest, visibility: "hidden" });
    this.marked = make("rect", { class: "region", ...rest, visibility: "hidden" });
    const fixed = /** @type {[string, number, number][]} */ (from)
      .filter(([, a, b]) => b > a)
      .map(([kind, a, b]) => make("rect", { class: kind, x: X(a), width: X(b) - X(a), ...rest }));
    return [...fixed, this.lit, this.marked];
  }

  /**
   * Bars of how the rows lie over x, and of the picked ones in front.
   * @param {Curve} d
   */
  densities(d) {
    const most = Math.max(...d.density, ...(d.picked?.density ?? []), 1e-300);
    const bars = (/** @type {string} */ kind, /** @type {number[]} */ values) =>
      values.flatMap((v, k) => {
        if (!(v > 0)) return [];
        const [a, b] = [this.scales.X(d.edges[k]), this.scales.X(d.edges[k + 1])].sort((p, q) => p - q);
        const tall = (v / most) * (BARS - 8);
        const place = { x: a, y: HIGH - BOTTOM - tall, width: Math.max(0.5, b - a - 0.6), height: tall };
        return [make("rect", { class: kind, ...place })];
      });
    if (!d.picked) return bars("density", d.density);
    const [all, some] = d.picked.words;
    const legend = make(
      "text",
      { class: "legend", x: this.drawnAt - RIGHT, y: HIGH - BOTTOM - BARS + 12, "text-anchor": "end" },
      make("tspan", { class: "density" }, "■ "),
      `${all}  `,
      make("tspan", { class: "picked" }, "■ "),
      some,
    );
    return [...bars("density", d.density), ...bars("density picked", d.picked.density), legend];
  }

  /**
   * The lines, still empty, cut off at the picture's edge; the last of them is what a hand takes hold of.
   * @param {Curve} d
   * @param {{ left: number, right: number, top: number, bottom: number }} box
   */
  lines(d, { left, right, top, bottom }) {
    const inside = make("g", { "clip-path": "url(#kv-inside)" });
    this.paths = {};
    for (const kind of ["resting", "base", "formula", "spline", "before", "polygon", "total"]) {
      inside.append((this.paths[kind] = make("path", { class: kind })));
    }
    this.grip = make("path", { class: "grip" });
    if (d.coef.length) this.grip.append(make("title", {}, "Drag to pull the curve here"));
    inside.append(this.grip);
    const cut = make("rect", { x: left, y: top, width: right - left, height: bottom - top });
    return [make("clipPath", { id: "kv-inside" }, cut), inside];
  }

  /** @param {Curve} d */
  points(d) {
    const apart = d.points.slice(1).map((x, m) => Math.abs(this.scales.X(x) - this.scales.X(d.points[m])));
    const size = Math.min(Math.max(0.45 * Math.min(...apart, 99), 3), 6.5);
    return d.coef.map((_, m) =>
      make("circle", {
        class: d.locked.includes(m) ? "handle locked" : "handle",
        r: size,
        "data-m": m,
        tabindex: -1,
        role: "slider",
        "aria-orientation": "vertical",
        "aria-label": `Control point ${spot(d, m)}`,
      }),
    );
  }

  /**
   * Paint what a hand has changed.
   * @param {State} state
   */
  paint({ curve: d, coef, shown, point, holding, region }) {
    const { X, Y } = this.scales;
    const path = (/** @type {number[]} */ values) => line(d.x, values, this.scales, this.span);
    const mixed = d.coef.length && (d.base || d.formula);
    const now = path(total(d, coef));
    this.paths.total.setAttribute("d", shown.sum || !mixed ? now : "");
    this.paths.total.setAttribute("class", `total ${d.state}`);
    this.grip.setAttribute("d", now);
    this.paths.before.setAttribute("d", isMoved(d, coef) ? path(total(d, d.coef)) : "");
    this.paths.resting.setAttribute("d", d.resting ? path(d.resting) : "");
    for (const kind of PARTS) {
      this.paths[kind].setAttribute("d", mixed && shown[kind] ? path(part(d, coef, kind) ?? []) : "");
    }
    const stands = coef.map((v, m) => this.usable(v + d.lift[m]));
    if (d.coef.length) {
      const corners = stands.map((y, m) => `${X(d.points[m]).toFixed(1)} ${Y(y).toFixed(1)}`);
      this.paths.polygon.setAttribute("d", `M${corners.join("L")}`);
    }
    this.handles.forEach((node, m) => {
      set(node, {
        cx: X(d.points[m]),
        cy: Math.min(Math.max(Y(stands[m]), TOP - 8), this.bottom + 8),
        "aria-valuenow": coef[m],
        "aria-valuetext": three(coef[m]),
        tabindex: m === (point ?? 0) ? 0 : -1,
      });
      node.classList.toggle("held", m === point);
    });
    const [x0, x1] = [d.x[0], d.x[d.x.length - 1]];
    const [a, b] = d.reach[point] ?? [0, 0];
    this.band(this.lit, holding && d.reach[point] ? [Math.max(a ?? x0, x0), Math.min(b ?? x1, x1)] : null);
    this.band(this.marked, region);
  }

  /**
   * @param {SVGRectElement} band
   * @param {[number, number] | null} range
   */
  band(band, range) {
    band.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) return;
    const [a, b] = range.map(this.scales.X);
    set(band, { x: Math.min(a, b), width: Math.abs(b - a) });
  }

  /**
   * The height at which a point stands: NaN is drawn at the bottom.
   * @param {number} y
   */
  usable(y) {
    return Number.isFinite(y) ? y : this.span[0];
  }
}

/**
 * @param {Curve} d
 * @param {{ left: number, right: number, top: number, bottom: number }} box
 */
function labels(d, { left, right, top, bottom }) {
  const across = { class: "label", x: (left + right) / 2, y: HIGH - 8, "text-anchor": "middle" };
  const middle = (top + bottom) / 2;
  const up = { class: "label", x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` };
  return [make("text", across, d.groups.length ? "" : d.x_label), make("text", up, d.y_label)];
}

/**
 * Where a control point is, in words.
 * @param {Curve} d
 * @param {number} m
 */
export function spot(d, m) {
  return d.names.length ? d.names[m] : `${m} at ${three(d.points[m])}`;
}

/**
 * Whether a hand has moved any control point.
 * @param {Curve} d
 * @param {number[]} coef
 */
export function isMoved(d, coef) {
  return coef.some((v, m) => !Object.is(v, d.coef[m]));
}
