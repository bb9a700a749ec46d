// One edge to be changed by hand: its control points are dragged or nudged, its curve pulled, a stretch of it shaped.
// The curve follows here, at the rate of the display; Python hears once a gesture, and fits formulas when asked.
const HIGH = 420, TOP = 16, BOTTOM = 46, RIGHT = 14, BARS = 46, WAIT = 350, ROUNDS = 60;

const NAMES = { smooth: "Smooth", flatten: "Flatten", straight: "Straighten", bridge: "Bridge", rise: "Make rise", fall: "Make fall" };

const three = (v) => String(Number(v.toPrecision(3)));

export default mounted((parent) => new Editor(parent));

class Editor {
  constructor(parent) {
    this.root = parent.querySelector(".kv-editor");
    this.stage = parent.querySelector(".kv-plot");
    this.tools = parent.querySelector(".kv-tools");
    this.shown = { sum: true, spline: true, base: true, formula: true };
    this.region = null;
    this.draft = "";
    this.root.onkeydown = (event) => {
      if (event.key === "Escape") this.draft || this.asked ? this.cancel() : this.stretch(null);
      if (event.key === "Enter" && this.draft && event.target.tagName !== "BUTTON") this.keep();
    };
    this.bar();
    this.foot(parent.querySelector(".kv-foot"));
    document.addEventListener("kanviz-edge", (event) => this.root.isConnected && this.take(event));
    new ResizeObserver(() => this.data && this.width() !== this.drawnAt && this.draw()).observe(this.stage);
  }

  width() {
    return Math.max(200, Math.floor(this.stage.clientWidth));
  }

  show(data) {
    try {
      this.take_in(data);
    } finally {
      if (data.awaited && data.awaited !== this.awaited) this.drawn(data.awaited);
    }
  }

  take_in(data) {
    const old = this.data, differs = (part) => JSON.stringify(old[part]) !== JSON.stringify(data[part]);
    if (old && String(old.edge) !== String(data.edge)) {
      this.region = null;
      this.holding = false;
    }
    const fresh = !old || ["rev", "look", "picked"].some(differs);
    const focused = fresh && this.svg?.getRootNode().activeElement?.dataset?.m;
    const numbers = (values) => values && values.map((v) => (v === null ? NaN : v));
    const curves = ["rest", "base", "formula", "resting", "coef"].map((part) => [part, numbers(data[part])]);
    this.data = { ...data, ...Object.fromEntries(curves), lift: data.lift.map((v) => v ?? 0) };
    if (data.point !== undefined && data.point !== null) this.point = data.point;
    if (fresh || data.preview) {
      this.rest();
      this.coef = [...this.data.coef];
      if (data.preview) this.coef[data.preview[0]] = data.preview[1];
      this.draft = this.told = "";
      this.asked = null;
      this.draw();
      if (focused) this.svg.querySelector(`.handle[data-m="${focused}"]`)?.focus({ preventScroll: true });
    }
    if (data.draft && data.draft.asked === this.asked) this.answer(data.draft);
    this.paint();
  }

  // once the curve is on the screen, the rest of the page may follow; a hidden page has no frames
  drawn(word) {
    this.awaited = word;
    let told = false;
    const tell = () => told || ((told = true), this.tell("drawn", word));
    setTimeout(tell, 200);
    requestAnimationFrame(() => setTimeout(tell));
  }

  // another edge was chosen in a picture on the same page; a nudge that waits is sent first
  take(event) {
    event.preventDefault();
    if (this.timer) this.commit("Move");
    this.rest();
    this.send("edge", event.detail);
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  answer(draft) {
    this.asked = null;
    this.told = draft.error || draft.said;
    if (draft.error) return;
    for (const [m, height] of draft.points) this.coef[m] = height;
    this.choice = { ...draft, region: this.choosing };
    this.propose("Snap");
  }

  // shown, to be kept or not: the hand is led to the answer, since the tools wait meanwhile
  propose(words) {
    const hand = this.root.getRootNode().activeElement, first = !this.draft;
    if (first) this.back = this.root.contains(hand) ? hand : null;
    this.draft = words;
    this.paint();
    if (first && this.back) this.answers[0].focus({ preventScroll: true });
  }

  // --- what the curve is --------------------------------------------------------------------------------------

  spline(coef) {
    const { first, basis } = this.data;
    return first.map((at, r) => basis[r].reduce((sum, b, k) => sum + b * coef[at + k], 0));
  }

  total(coef) {
    return this.spline(coef).map((v, r) => v + this.data.rest[r]);
  }

  heights(coef = this.coef) {
    return coef.map((v, m) => v + this.data.lift[m]);
  }

  // what there is to see of a part, nothing where the edge has none
  part(kind) {
    const d = this.data;
    if (kind === "sum") return this.total(this.coef);
    return kind === "spline" ? (d.coef.length ? this.spline(this.coef) : null) : d[kind];
  }

  // where x lies among the samples: after which, and how far on to the next
  cell(x) {
    const xs = this.data.x, step = (xs[xs.length - 1] - xs[0]) / (xs.length - 1);
    const place = Math.min(Math.max((x - xs[0]) / step, 0), xs.length - 1.000001), r = Math.floor(place);
    return [r, place - r];
  }

  at(values, [r, share]) {
    return values[r] + share * (values[r + 1] - values[r]);
  }

  // --- drawing ------------------------------------------------------------------------------------------------

  draw() {
    const d = this.data, w = (this.drawnAt = this.width()), c = d.colours;
    this.limits();
    const left = 26 + 7 * Math.max(1, ...ticks(this.low, this.high, 5).map((y) => written(y).length)); // label and numbers
    const bottom = HIGH - BOTTOM - (d.density.length ? BARS : 0);
    const [x0, x1] = spread(d.x[0], d.x[d.x.length - 1]);
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
    this.marked = make("rect", { class: "region", y: TOP, height: bottom - TOP, visibility: "hidden" });
    svg.append(this.lit, this.marked);
    for (const y of ticks(this.low, this.high, 5)) {
      svg.append(make("path", { class: y === 0 ? "axis" : "rule", d: `M${left} ${this.Y(y)}H${w - RIGHT}` }));
      svg.append(make("text", { class: "tick", x: left - 8, y: this.Y(y) + 4, "text-anchor": "end" }, written(y)));
    }
    for (const x of ticks(x0, x1, Math.max(3, Math.floor(w / 120)))) svg.append(make("text", { class: "tick", x: this.X(x), y: HIGH - 26, "text-anchor": "middle" }, written(x)));
    svg.append(make("text", { class: "label", x: (left + w - RIGHT) / 2, y: HIGH - 8, "text-anchor": "middle" }, d.x_label));
    svg.append(make("text", { class: "label", x: 12, y: (TOP + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(TOP + bottom) / 2})` }, d.y_label));
    this.densities(svg);
    for (const t of d.knots) if (t >= x0 && t <= x1) svg.append(make("path", { class: "knot", d: `M${this.X(t)} ${bottom - 7}V${bottom}` }));
    const inside = make("g", { "clip-path": "url(#kv-inside)" });
    svg.append(make("clipPath", { id: "kv-inside" }, make("rect", { x: left, y: TOP, width: w - left - RIGHT, height: bottom - TOP })), inside);
    this.paths = {};
    for (const kind of ["resting", "base", "formula", "spline", "before", "polygon", "total"]) inside.append((this.paths[kind] = make("path", { class: kind })));
    this.grip = make("path", { class: "grip" });
    if (d.coef.length) this.grip.append(make("title", {}, "Drag to pull the curve here"));
    inside.append(this.grip);
    const apart = d.points.slice(1).map((x, m) => Math.abs(this.X(x) - this.X(d.points[m])));
    const size = Math.min(Math.max(0.45 * Math.min(...apart, 99), 3), 6.5);
    this.handles = d.coef.map((_, m) => {
      const node = make("circle", { class: "handle", r: size, "data-m": m, tabindex: -1, role: "slider", "aria-orientation": "vertical", "aria-label": `Control point ${m} at x = ${three(d.points[m])}` });
      node.onpointerdown = (event) => this.drag(event, m);
      node.onkeydown = (event) => this.key(event, m);
      node.onfocus = () => this.hold(m);
      svg.append(node);
      return node;
    });
    this.grip.onpointerdown = (event) => this.pull(event);
    svg.addEventListener("pointerdown", (event) => (event.shiftKey || this.marking) && this.mark(event), true);
    svg.onpointerdown = () => !this.draft && !this.asked && this.region && this.stretch(null);
    const ink = { sum: c[d.state === "both" ? "both" : "spline"], spline: c.spline_part, base: c.base_part, formula: c.formula };
    const there = Object.keys(ink).filter((kind) => this.part(kind));
    for (const node of this.tools.querySelectorAll("[data-part]")) {
      node.hidden = there.length < 3 || !there.includes(node.dataset.part); // the sum of one part is that part
      node.style.boxShadow = `inset 0 -3px ${ink[node.dataset.part]}`;
    }
    for (const node of this.tools.querySelectorAll("[data-shape]")) node.hidden = !d.coef.length;
    this.slice.style.display = d.rows ? "" : "none";
    this.places = d.rows?.x.map((x) => this.cell(x));
    this.svg = svg;
    this.stage.replaceChildren(svg);
    this.paint();
  }

  densities(svg) {
    const d = this.data, most = Math.max(...d.density, ...(d.picked?.density ?? []), 1e-300);
    const bars = (kind, values) => values.forEach((v, k) => {
      const [a, b] = [this.X(d.edges[k]), this.X(d.edges[k + 1])].sort((p, q) => p - q), tall = (v / most) * (BARS - 8);
      if (v > 0) svg.append(make("rect", { class: kind, x: a, y: HIGH - BOTTOM - tall, width: Math.max(0.5, b - a - 0.6), height: tall }));
    });
    bars("density", d.density);
    if (!d.picked) return;
    bars("density picked", d.picked.density);
    const legend = make("text", { class: "legend", x: this.drawnAt - RIGHT, y: HIGH - BOTTOM - BARS + 12, "text-anchor": "end" });
    const many = d.picked.rows === 1 ? "1 picked row" : `${d.picked.rows.toLocaleString("en")} picked rows`;
    legend.append(make("tspan", { class: "density" }, "■ "), "training rows  ", make("tspan", { class: "picked" }, "■ "), many);
    svg.append(legend);
  }

  limits() {
    const d = this.data, values = this.heights().filter(Number.isFinite);
    for (const kind of ["sum", "spline", "base", "formula"]) if (kind === "sum" || this.shown[kind]) values.push(...(this.part(kind) ?? []).filter(Number.isFinite));
    values.push(...(d.resting ?? []).filter(Number.isFinite));
    [this.low, this.high] = [Math.max(Math.min(...values, Infinity), d.span[0]), Math.min(Math.max(...values, -Infinity), d.span[1])];
    if (d.resting) [this.low, this.high] = [Math.min(...values), Math.max(...values)];
    if (!(this.high > this.low)) [this.low, this.high] = [Math.min(this.low, d.span[0]), Math.max(this.high, d.span[1])];
    const room = 0.08 * (this.high - this.low) || 0.5;
    [this.low, this.high] = spread(this.low - room, this.high + room);
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
    const mixed = d.coef.length && (d.base || d.formula), curve = line(now);
    this.paths.total.setAttribute("d", this.shown.sum || !mixed ? curve : "");
    this.paths.total.setAttribute("class", `total ${d.state}`);
    this.grip.setAttribute("d", curve);
    this.paths.before.setAttribute("d", moved ? line(this.total(d.coef)) : "");
    this.paths.resting.setAttribute("d", d.resting ? line(d.resting) : "");
    for (const kind of ["spline", "base", "formula"]) this.paths[kind].setAttribute("d", mixed && this.shown[kind] ? line(this.part(kind) ?? []) : "");
    if (d.coef.length) this.paths.polygon.setAttribute("d", "M" + this.coef.map((v, m) => `${this.X(d.points[m]).toFixed(1)} ${this.Y(this.usable(v + d.lift[m])).toFixed(1)}`).join("L"));
    this.handles.forEach((node, m) => {
      const y = this.usable(this.coef[m] + d.lift[m]);
      node.setAttribute("cx", this.X(d.points[m]));
      node.setAttribute("cy", Math.min(Math.max(this.Y(y), TOP - 8), this.bottom + 8));
      node.setAttribute("aria-valuenow", this.coef[m]);
      node.setAttribute("aria-valuetext", three(this.coef[m]));
      node.setAttribute("tabindex", m === (this.point ?? 0) ? 0 : -1);
      node.classList.toggle("held", m === this.point);
    });
    const [a, b] = d.reach[this.point] ?? [0, 0];
    const [x0, x1] = [d.x[0], d.x[d.x.length - 1]];
    this.span(this.lit, this.holding && d.reach[this.point] ? [Math.max(a ?? x0, x0), Math.min(b ?? x1, x1)] : null);
    this.span(this.marked, this.region);
    for (const node of this.tools.querySelectorAll("[data-region]")) node.disabled = !this.region || Boolean(this.draft) || !d.open;
    for (const node of this.answers) node.hidden = !this.draft;
    this.another.hidden = this.draft !== "Snap" || this.choice.of < 2;
    this.say(now, moved);
  }

  span(band, range) {
    band.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) return;
    const [a, b] = [this.X(range[0]), this.X(range[1])];
    band.setAttribute("x", Math.min(a, b));
    band.setAttribute("width", Math.abs(b - a));
  }

  say(now, moved) {
    const d = this.data, m = this.point, words = [];
    if (this.told) words.push(this.told);
    else if (d.coef[m] !== undefined) words.push(`point ${m} at ${three(d.points[m])}: ${three(this.coef[m])}`);
    const changes = moved && d.rows ? this.changes() : null;
    if (changes) words.push(this.effect(changes));
    else if (moved) words.push("changed");
    this.note.textContent = d.why || words.filter(Boolean).join(" · ") || "Drag a point or the curve; arrows nudge, Shift ten times as far. Shift-drag or “mark” marks a stretch.";
    this.sketch(changes);
  }

  // by how much the output moves in each row, to first order
  changes() {
    const { rows, coef } = this.data, by = this.spline(this.coef.map((v, m) => v - coef[m]));
    const found = this.places.map((place, r) => rows.gain[r] * this.at(by, place));
    return found.every(Number.isFinite) ? found : null;
  }

  effect(changes) {
    const { rows, unit } = this.data, about = rows.exact ? "" : "about ", ending = unit ? ` ${unit}` : "";
    if (rows.off) {
      const size = (values) => three(Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length));
      return `RMSE ${about}${size(rows.off)} → ${size(rows.off.map((v, r) => v + changes[r]))}${ending}`;
    }
    const most = changes.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    return `the output moves by up to ${about}${three(most)}${ending}${rows.drawn ? " on points drawn over the grids" : ""}`;
  }

  // the same as a small picture: each row's change over this edge's input
  sketch(changes) {
    this.slice.style.visibility = changes ? "visible" : "hidden";
    if (!changes) return;
    const { rows } = this.data, most = changes.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-300);
    this.dots.setAttribute("d", changes.map((v, r) => `M${(60 + (this.X(rows.x[r]) / this.drawnAt) * 100).toFixed(1)} ${(20 - (v / most) * 16).toFixed(1)}h.01`).join(""));
    this.most.textContent = `±${three(most)}`;
    this.slice.setAttribute("aria-label", `Change of the output over ${this.data.x_label}, at most ${three(most)}`);
  }

  usable(y) {
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
    target.onpointerup = target.onpointercancel = (last) => {
      target.onpointermove = target.onpointerup = target.onpointercancel = null;
      last.type === "pointerup" ? done() : this.cancel();
    };
  }

  drag(event, m) {
    if (this.draft || !this.data.open) return;
    event.currentTarget.focus({ preventScroll: true });
    const grab = this.place(event)[1] - this.Y(this.usable(this.coef[m] + this.data.lift[m]));
    let moved = false;
    this.gesture(
      event,
      (_, py) => {
        moved = true;
        this.coef[m] = this.unY(py - grab) - this.data.lift[m];
        this.paint();
      },
      () => (moved ? this.commit("Move") : this.send("point", m)),
    );
  }

  pull(event) {
    if (this.draft || !this.data.open || !this.data.coef.length) return;
    const d = this.data, x = this.unX(this.place(event)[0]), start = [...this.coef];
    const xs = d.x, r = Math.round(((x - xs[0]) / (xs[xs.length - 1] - xs[0])) * (xs.length - 1));
    const size = d.basis[r].reduce((sum, b) => sum + b * b, 0);
    if (!(size > 1e-12)) return;
    const was = this.total(start)[r];
    this.holding = false;
    this.gesture(
      event,
      (_, py) => {
        const change = (this.unY(py) - was) / size;
        this.coef = [...start];
        d.basis[r].forEach((b, k) => (this.coef[d.first[r] + k] += change * b));
        this.paint();
      },
      () => this.moved() && this.commit("Pull"),
    );
  }

  key(event, m) {
    const last = this.handles.length - 1, step = { ArrowUp: 0.01, ArrowDown: -0.01 }[event.key];
    const next = { ArrowLeft: m - 1, ArrowRight: m + 1, Home: 0, End: last }[event.key];
    if (next !== undefined) {
      if (!event.shiftKey) this.anchor = null;
      else if (!this.draft && this.handles[next]) {
        this.anchor ??= m;
        this.stretch([this.anchor, next].map((at) => this.data.points[at]));
      }
      this.handles[next]?.focus();
    } else if (step && this.data.open && !this.draft) {
      this.coef[m] += step * (event.shiftKey ? 10 : 1) * (this.high - this.low);
      this.paint();
      this.rest();
      this.timer = setTimeout(() => (this.rest(), this.commit("Move")), WAIT);
    } else return;
    event.preventDefault();
  }

  stretch(ends) {
    this.region = ends && [Math.min(...ends), Math.max(...ends)];
    this.told = "";
    this.paint();
  }

  mark(event) {
    if (this.draft || !this.data.coef.length) return;
    const d = this.data, from = this.unX(this.place(event)[0]);
    this.gesture(
      event,
      (px) => this.stretch([from, this.unX(px)]),
      () => {
        this.marks(false);
        if (this.region && this.region[1] - this.region[0] < 0.01 * Math.abs(d.x[d.x.length - 1] - d.x[0])) this.stretch(null);
      },
    );
  }

  // whether the next drag marks a stretch, with or without Shift
  marks(on) {
    this.marking = on;
    this.marker.setAttribute("aria-pressed", on);
    this.stage.classList.toggle("marking", on);
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
    const group = (name, parts, ...nodes) => html("span", { class: "kv-group", role: "group", "aria-label": name, ...parts }, ...nodes);
    const shape = (kind, title) => button(kind, title, () => this.apply(kind), { "data-region": "" });
    const ask = (kind, title) => button(kind, title, () => this.ask(kind), { "data-region": "" });
    const toggle = (kind, title) => {
      const node = button(kind, title, () => {
        this.shown[kind] = !this.shown[kind];
        node.setAttribute("aria-pressed", this.shown[kind]);
        this.draw();
      }, { "aria-pressed": "true", "data-part": kind });
      return node;
    };
    this.marker = button("mark", "Mark a stretch: the next drag over the plot chooses it (Shift-drag does too)", () => this.marks(!this.marking), { "aria-pressed": "false" });
    this.tools.append(
      group("Choose a stretch", { "data-shape": "" }, this.marker, button("whole", "Mark the whole curve", () => !this.draft && this.stretch(this.data.grid))),
      group("Shape the stretch", { "data-shape": "" },
        shape("smooth", "Smooth the marked stretch"), shape("flatten", "Flatten the marked stretch"),
        shape("rise", "Make the marked stretch rise only"), shape("fall", "Make the marked stretch fall only"),
        shape("straight", "A straight line across the marked stretch"),
        shape("bridge", "Bridge the marked stretch: a smooth cubic with the value and slope there are at its ends"),
        ask("snap", "Snap the marked stretch to the nearest formula"),
        ask("refine", "Refine the marked stretch: more control points there, the curve unchanged")),
      group("Show", {}, toggle("sum", "Show the curve, the sum of its parts"), toggle("spline", "Show the spline part"),
        toggle("base", "Show the base part"), toggle("formula", "Show the formula part")),
    );
    this.another = button("another", "Another formula", () => this.asked || this.ask("snap", this.choice.region, this.choice.which + 1));
    this.answers = [
      button("keep", "Keep the change (Enter)", () => this.keep(), { class: "strong" }),
      button("cancel", "Cancel the change (Escape)", () => this.cancel()),
    ];
  }

  foot(place) {
    this.note = html("div", { class: "kv-note", "aria-live": "polite" });
    this.slice = make("svg", { class: "kv-slice", width: 168, height: 40, viewBox: "0 0 168 40", role: "img" });
    this.dots = make("path", { class: "dots" });
    this.most = make("text", { x: 56, y: 29, "text-anchor": "end" });
    this.slice.append(make("title", {}, "How the output changes, row by row, over this edge's input"), make("text", { x: 56, y: 16, "text-anchor": "end" }, "output"), this.most, make("path", { class: "zero", d: "M60 20H160" }), this.dots);
    const answers = html("span", { class: "kv-answers" }, ...this.answers, this.another);
    place.append(this.note, this.slice, answers);
  }

  // asks Python: a formula for the stretch, or knots in it
  ask(kind, region = this.region, which = 0) {
    const asked = `${Date.now()}`;
    if (kind === "snap") {
      this.told = "Looking for the nearest formula …";
      this.asked = asked;
      this.choosing = region;
    }
    this.paint();
    this.send(kind, { rev: this.data.rev, region, which, asked });
  }

  apply(kind) {
    const d = this.data, [a, b] = this.region;
    const inside = d.points.map((x, m) => m).filter((m) => d.points[m] >= a && d.points[m] <= b);
    if (inside.length < 2) {
      this.told = "Mark a stretch with at least two control points in it.";
      this.paint();
      return;
    }
    if (kind === "bridge") this.bridge(inside);
    else SHAPES[kind](this.heights(), inside, d.points).forEach((y, k) => (this.coef[inside[k]] = y - d.lift[inside[k]]));
    this.told = "";
    this.propose(NAMES[kind]);
  }

  // control points inside move until the curve meets the cubic where each of them stands
  bridge(inside) {
    const { x, grid, points } = this.data, now = this.total(this.coef), step = Math.abs(x[1] - x[0]);
    const ends = [Math.max(this.region[0], Math.min(...grid)), Math.min(this.region[1], Math.max(...grid))];
    const value = (at) => this.at(now, this.cell(at)), slope = (at) => (value(at + step) - value(at - step)) / (2 * step);
    const cubic = hermite(...ends, ends.map(value), ends.map(slope)), cells = inside.map((m) => this.cell(points[m]));
    for (let round = 0; round < ROUNDS; round++) {
      const then = this.total(this.coef);
      inside.forEach((m, k) => (this.coef[m] += cubic(points[m]) - this.at(then, cells[k])));
    }
  }

  keep() {
    if (this.asked) return; // another formula is on its way
    const words = this.draft;
    this.draft = this.told = "";
    if (words === "Snap") this.send("commit", { rev: this.data.rev, words, asked: this.choice.asked });
    else this.commit(words);
    this.settle();
  }

  cancel() {
    if (this.draft === "Snap" || this.asked) this.send("drop", true);
    this.draft = this.told = "";
    this.asked = null;
    this.coef = [...this.data.coef];
    this.settle();
  }

  settle() {
    this.paint();
    this.back?.focus({ preventScroll: true });
    this.back = null;
  }
}

function style(c) {
  return `
    text { font: 12px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.muted}; }
    .label { font-size: 13px; }
    .rule { stroke: ${c.line}; } .axis { stroke: ${c.frame}; stroke-width: 1.4; }
    .outside { fill: ${c.muted}; opacity: .14; } .unseen { fill: ${c.muted}; opacity: .06; }
    .lit { fill: ${c.point}; opacity: .12; } .region { fill: ${c.formula}; opacity: .16; }
    .density { fill: ${c.density}; } .picked { fill: ${c.marked}; } rect.picked { opacity: .75; }
    .legend { font-size: 11px; paint-order: stroke; stroke: ${c.page}; stroke-width: 3px; } .knot { stroke: ${c.text}; stroke-width: 1.4; }
    .total, .spline, .base, .formula, .before, .resting, .polygon { fill: none; }
    path.formula { stroke: ${c.formula}; stroke-width: 1.6; stroke-dasharray: 2 3; }
    .total { stroke: ${c.spline}; stroke-width: 2.8; stroke-linejoin: round; pointer-events: none; }
    path.total.both { stroke: ${c.both}; } path.total.formula { stroke: ${c.formula}; stroke-width: 2.8; stroke-dasharray: none; }
    path.total.pruned { stroke: ${c.muted}; } path.total.spline { stroke: ${c.spline}; stroke-width: 2.8; }
    .resting, .before { stroke: ${c.before}; stroke-width: 2; stroke-dasharray: 6 4; }
    .spline { stroke: ${c.spline_part}; stroke-width: 1.6; } .base { stroke: ${c.base_part}; stroke-width: 1.6; stroke-dasharray: 7 3 2 3; }
    .polygon { stroke: ${c.point}; stroke-dasharray: 2 3; opacity: .7; }
    .grip { fill: none; stroke: transparent; stroke-width: 16; cursor: ns-resize; }
    .handle { fill: ${c.page}; stroke: ${c.point}; stroke-width: 2.2; cursor: ns-resize; outline: none; touch-action: none; }
    .handle:hover, .handle.held { fill: ${c.point}; }
    .handle:focus-visible { stroke: ${c.frozen}; stroke-width: 4; }`;
}
