// One edge to be changed by hand: its control points are dragged or nudged, its curve pulled, a stretch of it smoothed.
// The curve follows here, at the rate of the display; Python hears once a gesture.
const HIGH = 420, TOP = 16, BOTTOM = 46, RIGHT = 14, BARS = 46, WAIT = 350;

const three = (v) => String(Number(v.toPrecision(3)));

export default mounted((parent) => new Editor(parent));

class Editor {
  constructor(parent) {
    this.root = parent.querySelector(".kv-editor");
    this.stage = parent.querySelector(".kv-plot");
    this.note = parent.querySelector(".kv-note");
    this.tools = parent.querySelector(".kv-tools");
    this.parts = { spline: true, base: true };
    this.region = null;
    this.bar();
    new ResizeObserver(() => this.data && this.width() !== this.drawnAt && this.draw()).observe(this.stage);
  }

  width() {
    return Math.max(200, Math.floor(this.stage.clientWidth)); // never drawn smaller than it is: hands are read in its pixels
  }

  show(data) {
    const fresh = !this.data || this.data.rev !== data.rev || this.data.look !== data.look;
    const focused = fresh && this.svg?.getRootNode().activeElement?.dataset?.m;
    const numbers = (values) => values.map((v) => (v === null ? NaN : v));
    this.data = data = { ...data, rest: numbers(data.rest), base: numbers(data.base), coef: numbers(data.coef), lift: numbers(data.lift) };
    if (data.point !== undefined && data.point !== null) this.point = data.point;
    if (fresh || data.preview) {
      clearTimeout(this.timer);
      this.coef = [...data.coef];
      if (data.preview) this.coef[data.preview[0]] = data.preview[1];
      this.draft = "";
      this.draw();
      if (focused) this.svg.querySelector(`.handle[data-m="${focused}"]`)?.focus({ preventScroll: true });
    } else this.paint();
  }

  // --- what the curve is --------------------------------------------------------------------------------------

  spline(coef) {
    const { first, basis } = this.data;
    return first.map((at, r) => basis[r].reduce((sum, b, k) => sum + b * coef[at + k], 0));
  }

  total(coef) {
    return this.spline(coef).map((v, r) => v + this.data.rest[r]);
  }

  at(values, x) {
    const xs = this.data.x, step = (xs[xs.length - 1] - xs[0]) / (xs.length - 1);
    const place = Math.min(Math.max((x - xs[0]) / step, 0), xs.length - 1.000001), r = Math.floor(place);
    return values[r] + (place - r) * (values[r + 1] - values[r]);
  }

  // --- drawing ------------------------------------------------------------------------------------------------

  draw() {
    const d = this.data, w = (this.drawnAt = this.width()), c = d.colours;
    this.limits();
    const left = 26 + 7 * Math.max(...ticks(this.low, this.high, 5).map((y) => three(y).length)); // label and numbers
    const bottom = HIGH - BOTTOM - (d.density.length ? BARS : 0);
    const [x0, x1] = [d.x[0], d.x[d.x.length - 1]];
    this.X = (x) => left + ((x - x0) / (x1 - x0)) * (w - left - RIGHT);
    this.unX = (px) => x0 + ((px - left) / (w - left - RIGHT)) * (x1 - x0);
    this.Y = (y) => TOP + ((this.high - y) / (this.high - this.low)) * (bottom - TOP);
    this.unY = (py) => this.high - ((py - TOP) / (bottom - TOP)) * (this.high - this.low);
    this.bottom = bottom;
    const svg = make("svg", { width: w, height: HIGH, viewBox: `0 0 ${w} ${HIGH}`, role: "group", "aria-label": d.title });
    svg.append(make("style", {}, style(c)));
    const band = (from, to, kind) =>
      to > from && svg.append(make("rect", { class: kind, x: this.X(from), y: TOP, width: this.X(to) - this.X(from), height: bottom - TOP }));
    band(x0, d.grid[0], "outside");
    band(d.grid[1], x1, "outside");
    if (d.data) {
      band(Math.max(x0, d.grid[0]), Math.min(d.data[0], d.grid[1]), "unseen");
      band(Math.max(d.data[1], d.grid[0]), Math.min(x1, d.grid[1]), "unseen");
    }
    this.lit = make("rect", { class: "lit", y: TOP, height: bottom - TOP, visibility: "hidden" });
    this.picked = make("rect", { class: "region", y: TOP, height: bottom - TOP, visibility: "hidden" });
    svg.append(this.lit, this.picked);
    for (const y of ticks(this.low, this.high, 5)) {
      svg.append(make("path", { class: y === 0 ? "axis" : "rule", d: `M${left} ${this.Y(y)}H${w - RIGHT}` }));
      svg.append(make("text", { class: "tick", x: left - 8, y: this.Y(y) + 4, "text-anchor": "end" }, three(y)));
    }
    for (const x of ticks(x0, x1, Math.max(3, Math.floor(w / 120)))) svg.append(make("text", { class: "tick", x: this.X(x), y: HIGH - 26, "text-anchor": "middle" }, three(x)));
    svg.append(make("text", { class: "label", x: (left + w - RIGHT) / 2, y: HIGH - 8, "text-anchor": "middle" }, d.x_label));
    svg.append(make("text", { class: "label", x: 12, y: (TOP + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(TOP + bottom) / 2})` }, d.y_label));
    const most = Math.max(...d.density, 1e-300);
    d.density.forEach((v, k) => {
      const [a, b] = [this.X(d.edges[k]), this.X(d.edges[k + 1])], tall = (v / most) * (BARS - 8);
      svg.append(make("rect", { class: "density", x: a, y: HIGH - BOTTOM - tall, width: Math.max(0.5, b - a - 0.6), height: tall }));
    });
    for (const t of d.knots) if (t >= x0 && t <= x1) svg.append(make("path", { class: "knot", d: `M${this.X(t)} ${bottom - 7}V${bottom}` }));
    this.paths = {};
    for (const kind of ["base", "spline", "before", "polygon", "total"]) svg.append((this.paths[kind] = make("path", { class: kind })));
    this.grip = make("path", { class: "grip" });
    this.grip.append(make("title", {}, "Drag to pull the curve here"));
    svg.append(this.grip);
    this.handles = d.coef.map((_, m) => {
      const node = make("circle", { class: "handle", r: 6.5, "data-m": m, tabindex: -1, role: "slider", "aria-orientation": "vertical", "aria-label": `Control point ${m} at x = ${three(d.points[m])}` });
      node.onpointerdown = (event) => this.drag(event, m);
      node.onkeydown = (event) => this.key(event, m);
      node.onfocus = () => this.hold(m);
      svg.append(node);
      return node;
    });
    this.grip.onpointerdown = (event) => this.pull(event);
    svg.onpointerdown = (event) => this.select(event);
    svg.onkeydown = (event) => {
      if (event.key === "Escape") this.cancel();
      if (event.key === "Enter" && this.draft) this.keep();
    };
    for (const node of this.tools.querySelectorAll("[data-part]")) {
      node.hidden = !d.mixed;
      node.style.boxShadow = `inset 0 -3px ${c[node.dataset.part + "_part"]}`;
    }
    this.svg = svg;
    this.stage.replaceChildren(svg);
    this.paint();
  }

  limits() {
    const d = this.data, values = [...this.total(this.coef), ...d.coef.map((v, m) => v + d.lift[m])].filter(Number.isFinite);
    for (const kind of ["spline", "base"]) if (this.parts[kind]) values.push(...(kind === "spline" ? this.spline(this.coef) : d.base).filter(Number.isFinite));
    [this.low, this.high] = [Math.max(Math.min(...values, Infinity), d.span[0]), Math.min(Math.max(...values, -Infinity), d.span[1])];
    if (!(this.high > this.low)) [this.low, this.high] = [Math.min(this.low, d.span[0]), Math.max(this.high, d.span[1])];
    const room = 0.08 * (this.high - this.low) || 0.5;
    this.low -= room;
    this.high += room;
  }

  paint() {
    const d = this.data, moved = this.moved(), now = this.total(this.coef);
    const line = (values) => {
      let path = "", pen = "M";
      values.forEach((v, r) => {
        if (!Number.isFinite(v) || v < this.low - 3 * (this.high - this.low) || v > this.high + 3 * (this.high - this.low)) return void (pen = "M");
        path += `${pen}${this.X(d.x[r]).toFixed(1)} ${this.Y(v).toFixed(1)}`;
        pen = "L";
      });
      return path;
    };
    this.paths.total.setAttribute("d", line(now));
    this.grip.setAttribute("d", line(now));
    this.paths.before.setAttribute("d", moved ? line(this.total(d.coef)) : "");
    this.paths.spline.setAttribute("d", this.parts.spline && d.mixed ? line(this.spline(this.coef)) : "");
    this.paths.base.setAttribute("d", this.parts.base && d.mixed ? line(d.base) : "");
    this.paths.polygon.setAttribute("d", "M" + this.coef.map((v, m) => `${this.X(d.points[m]).toFixed(1)} ${this.Y(this.shown(v + d.lift[m])).toFixed(1)}`).join("L"));
    this.handles.forEach((node, m) => {
      const y = this.shown(this.coef[m] + d.lift[m]);
      node.setAttribute("cx", this.X(d.points[m]));
      node.setAttribute("cy", Math.min(Math.max(this.Y(y), TOP - 8), this.bottom + 8));
      node.setAttribute("aria-valuenow", this.coef[m]);
      node.setAttribute("aria-valuetext", three(this.coef[m]));
      node.setAttribute("tabindex", m === (this.point ?? 0) ? 0 : -1);
      node.classList.toggle("held", m === this.point);
      node.classList.toggle("locked", Boolean(d.locked?.[m]));
    });
    const [a, b] = this.point === undefined || this.point === null ? [0, 0] : d.reach[this.point];
    const [x0, x1] = [d.x[0], d.x[d.x.length - 1]], from = Math.max(a ?? x0, x0), to = Math.min(b ?? x1, x1);
    this.lit.setAttribute("visibility", this.holding ? "visible" : "hidden");
    this.lit.setAttribute("x", this.X(from));
    this.lit.setAttribute("width", Math.max(0, this.X(to) - this.X(from)));
    if (this.region) {
      this.picked.setAttribute("visibility", "visible");
      this.picked.setAttribute("x", this.X(this.region[0]));
      this.picked.setAttribute("width", Math.max(0, this.X(this.region[1]) - this.X(this.region[0])));
    } else this.picked.setAttribute("visibility", "hidden");
    for (const node of this.tools.querySelectorAll("[data-region]")) node.disabled = !this.region;
    for (const node of this.tools.querySelectorAll("[data-draft]")) node.hidden = !this.draft;
    this.say(now, moved);
  }

  say(now, moved) {
    const d = this.data, m = this.point;
    const words = [];
    if (m !== undefined && m !== null && this.coef[m] !== undefined) words.push(`point ${m} at ${three(d.points[m])}: ${three(this.coef[m])}`);
    if (moved && d.rows) {
      const before = this.total(d.coef);
      let old = 0, next = 0;
      d.rows.x.forEach((x, r) => {
        const change = d.rows.gain[r] * (this.at(now, x) - this.at(before, x));
        old += d.rows.off[r] ** 2;
        next += (d.rows.off[r] + change) ** 2;
      });
      const n = d.rows.x.length;
      words.push(`RMSE ${d.rows.exact ? "" : "about "}${three(Math.sqrt(old / n))} → ${three(Math.sqrt(next / n))}${d.unit ? " " + d.unit : ""}`);
    } else if (moved) words.push("changed");
    this.note.textContent = words.join(" · ") || "Drag a point or the curve; arrows nudge, Shift ten times as far; shift-drag marks a stretch.";
  }

  shown(y) {
    return Number.isFinite(y) ? y : this.low; // a number that is none stands at the bottom, to be mended
  }

  moved() {
    return this.coef.some((v, m) => !Object.is(v, this.data.coef[m]));
  }

  // --- hands --------------------------------------------------------------------------------------------------

  hold(m) {
    this.point = m;
    this.holding = true;
    this.paint();
  }

  place(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  gesture(event, move, done) {
    event.preventDefault();
    event.stopPropagation();
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = (next) => move(...this.place(next));
    target.onpointerup = () => {
      target.onpointermove = target.onpointerup = null;
      done();
    };
  }

  drag(event, m) {
    if (this.draft || !this.data.open || this.data.locked?.[m]) return;
    event.currentTarget.focus({ preventScroll: true });
    const grab = this.place(event)[1] - this.Y(this.shown(this.coef[m] + this.data.lift[m]));
    let moved = false;
    this.gesture(
      event,
      (_, py) => {
        moved = true;
        this.coef[m] = this.unY(py - grab) - (this.data.lift[m] || 0);
        this.paint();
      },
      () => (moved ? this.commit("Move") : this.send("point", m)),
    );
  }

  pull(event) {
    if (event.shiftKey || this.draft || !this.data.open) return;
    const d = this.data, x = this.unX(this.place(event)[0]), start = [...this.coef];
    const xs = d.x, r = Math.round(((x - xs[0]) / (xs[xs.length - 1] - xs[0])) * (xs.length - 1));
    const free = d.basis[r].map((b, k) => (d.locked?.[d.first[r] + k] ? 0 : b));
    const size = free.reduce((sum, b) => sum + b * b, 0);
    if (!(size > 1e-12)) return;
    const was = this.total(start)[r];
    this.holding = false;
    this.gesture(
      event,
      (_, py) => {
        const change = (this.unY(py) - was) / size;
        this.coef = [...start];
        free.forEach((b, k) => (this.coef[d.first[r] + k] += change * b));
        this.paint();
      },
      () => this.moved() && this.commit("Pull"),
    );
  }

  key(event, m) {
    const span = this.high - this.low, far = event.shiftKey ? 0.1 : 0.01;
    const step = { ArrowUp: far, ArrowDown: -far }[event.key];
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const next = m + (event.key === "ArrowRight" ? 1 : -1);
      this.handles[next]?.focus();
    } else if (step && this.data.open && !this.draft && !this.data.locked?.[m]) {
      this.coef[m] += step * span;
      this.paint();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.commit("Move"), WAIT);
    } else return;
    event.preventDefault();
  }

  select(event) {
    const d = this.data, [px] = this.place(event);
    if (!event.shiftKey) {
      if (this.region && !this.draft) {
        this.region = null;
        this.paint();
      }
      return;
    }
    const from = this.unX(px);
    this.region = [from, from];
    this.gesture(
      event,
      (next) => {
        const x = this.unX(next);
        this.region = [Math.min(from, x), Math.max(from, x)];
        this.paint();
      },
      () => {
        if (this.region[1] - this.region[0] < 0.01 * (d.x[d.x.length - 1] - d.x[0])) this.region = null;
        this.paint();
      },
    );
  }

  commit(words) {
    const changed = this.coef.map((v, m) => [m, v]).filter(([m, v]) => !Object.is(v, this.data.coef[m]) && Number.isFinite(v));
    if (changed.length) this.send("commit", { rev: this.data.rev, words, points: changed });
  }

  // --- a stretch of the curve ---------------------------------------------------------------------------------

  bar() {
    const button = (text, title, act, parts = {}) => {
      const node = html("button", { type: "button", title, "aria-label": title, ...parts }, text);
      node.onclick = act;
      return node;
    };
    const whole = button("whole curve", "Mark the whole curve", () => {
      this.region = [this.data.grid[0], this.data.grid[1]];
      this.paint();
    });
    const tools = [
      ["smooth", "Smooth the marked stretch"], ["flatten", "Flatten the marked stretch"], ["rise", "Make the marked stretch rise only"],
      ["fall", "Make the marked stretch fall only"], ["straight", "A straight line across the marked stretch"],
    ].map(([kind, title]) => button(kind, title, () => this.apply(kind), { "data-region": "" }));
    const toggle = (kind) => {
      const node = button(kind, `Show the ${kind} part`, () => {
        this.parts[kind] = !this.parts[kind];
        node.setAttribute("aria-pressed", this.parts[kind]);
        this.draw();
      }, { "aria-pressed": "true", "data-part": kind });
      return node;
    };
    this.tools.append(
      whole, ...tools,
      button("keep", "Keep the change (Enter)", () => this.keep(), { "data-draft": "", class: "strong" }),
      button("cancel", "Cancel the change (Escape)", () => this.cancel(), { "data-draft": "" }),
      html("span", { class: "kv-gap" }), toggle("spline"), toggle("base"),
    );
  }

  apply(kind) {
    if (!this.region || !this.data.open) return;
    const d = this.data, [a, b] = this.region;
    const inside = d.points.map((x, m) => m).filter((m) => d.points[m] >= a && d.points[m] <= b && !d.locked?.[m]);
    if (inside.length < 2) {
      this.note.textContent = "Mark a stretch with at least two control points in it that may move.";
      return;
    }
    const old = [...this.coef], first = inside[0], last = inside[inside.length - 1];
    if (kind === "smooth") {
      for (const m of inside) this.coef[m] = (old[Math.max(m - 1, 0)] + 2 * old[m] + old[Math.min(m + 1, old.length - 1)]) / 4;
    } else if (kind === "flatten") {
      const mean = inside.reduce((sum, m) => sum + old[m], 0) / inside.length;
      for (const m of inside) this.coef[m] = mean;
    } else if (kind === "straight") {
      for (const m of inside) this.coef[m] = old[first] + ((d.points[m] - d.points[first]) / (d.points[last] - d.points[first])) * (old[last] - old[first]);
    } else {
      const up = kind === "rise" ? 1 : -1;
      monotone(inside.map((m) => up * old[m])).forEach((v, k) => (this.coef[inside[k]] = up * v));
    }
    this.draft = { smooth: "Smooth", flatten: "Flatten", straight: "Straighten", rise: "Make rise", fall: "Make fall" }[kind];
    this.paint();
  }

  keep() {
    const words = this.draft;
    this.draft = "";
    this.commit(words);
    this.paint();
  }

  cancel() {
    this.draft = "";
    this.coef = [...this.data.coef];
    this.paint();
  }
}

// the nearest values that never fall (pool adjacent violators)
function monotone(values) {
  const pools = [];
  for (const v of values) {
    pools.push([v, 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] > pools[pools.length - 1][0]) {
      const [b, n] = pools.pop(), [a, m] = pools.pop();
      pools.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  return pools.flatMap(([v, n]) => Array(n).fill(v));
}

function ticks(low, high, count) {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * size).find((s) => s >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

function style(c) {
  return `
    text { font: 12px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.muted}; }
    .label { font-size: 13px; }
    .rule { stroke: ${c.line}; } .axis { stroke: ${c.frame}; stroke-width: 1.4; }
    .outside { fill: ${c.muted}; opacity: .14; } .unseen { fill: ${c.muted}; opacity: .06; }
    .lit { fill: ${c.point}; opacity: .12; } .region { fill: ${c.formula}; opacity: .16; }
    .density { fill: ${c.density}; } .knot { stroke: ${c.text}; stroke-width: 1.4; }
    .total, .spline, .base, .before, .polygon { fill: none; }
    .total { stroke: ${c.spline}; stroke-width: 2.8; stroke-linejoin: round; pointer-events: none; }
    .before { stroke: ${c.before}; stroke-width: 2; stroke-dasharray: 6 4; }
    .spline { stroke: ${c.spline_part}; stroke-width: 1.6; } .base { stroke: ${c.base_part}; stroke-width: 1.6; stroke-dasharray: 7 3 2 3; }
    .polygon { stroke: ${c.point}; stroke-dasharray: 2 3; opacity: .7; }
    .grip { fill: none; stroke: transparent; stroke-width: 16; cursor: ns-resize; }
    .handle { fill: ${c.page}; stroke: ${c.point}; stroke-width: 2.2; cursor: ns-resize; outline: none; touch-action: none; }
    .handle:hover, .handle.held { fill: ${c.point}; }
    .handle:focus-visible { stroke: ${c.frozen}; stroke-width: 4; }
    .handle.locked { stroke: ${c.locked}; fill: ${c.locked}; cursor: not-allowed; }`;
}
