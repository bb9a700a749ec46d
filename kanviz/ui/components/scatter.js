// Predicted against measured: a point per row. A rectangle picks rows, a click takes one, arrows go from row to row.
// All text from files goes through textContent.
const LEFT = 64, RIGHT = 12, TOP = 10, BOTTOM = 46, NEAR = 12, MOVED = 4;

const three = (v) => (v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(4))));
const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

export default mounted((parent) => new View(parent));

class View {
  constructor(parent) {
    this.root = parent.querySelector(".kv-scatter");
    this.plot = parent.querySelector(".kv-plot");
    this.tip = parent.querySelector(".kv-tip");
    this.note = parent.querySelector(".kv-note");
    this.of = "y"; // what is drawn upwards: what is predicted, or by how much it misses
    this.at = null; // the point the keyboard is on
    this.clear = html("button", { type: "button", title: "Pick no rows (Esc)" }, "clear");
    this.clear.onclick = () => this.none();
    this.counted = html("span", { class: "kv-counted" });
    this.legend = html("span", { class: "kv-legend", "aria-hidden": "true" });
    this.misses = html("button", { type: "button", "aria-pressed": "false", title: "Show by how much each row is missed" }, "misses");
    this.misses.onclick = () => {
      this.of = this.of === "y" ? "miss" : "y";
      this.misses.setAttribute("aria-pressed", this.of === "miss");
      this.draw();
    };
    parent.querySelector(".kv-tools").append(this.legend, html("span", { class: "kv-gap" }), this.counted, this.clear, this.misses);
    new ResizeObserver(() => this.data && this.width() !== this.w && this.draw()).observe(this.plot);
  }

  width() {
    return Math.max(280, Math.min(760, Math.floor(this.plot.clientWidth)));
  }

  show(data) {
    const fresh = !this.data || this.data.rev !== data.rev || this.data.look !== data.look;
    this.data = data;
    this.picked = new Set(data.picked);
    this.count = data.count;
    if (fresh) {
      this.at = null;
      this.draw();
    } else this.mark();
  }

  // --- drawing ------------------------------------------------------------------------------------------------

  draw() {
    const d = this.data, w = (this.w = this.width()), h = (this.h = Math.round(Math.min(Math.max(0.62 * w, 260), 400)));
    const [low, high] = spread(...d.span), [bottom, top] = spread(...(this.of === "miss" ? d.miss_span : d.span)), up = d[this.of];
    this.X = (v) => LEFT + ((v - low) / (high - low)) * (w - LEFT - RIGHT);
    this.Y = (v) => h - BOTTOM - ((v - bottom) / (top - bottom)) * (h - TOP - BOTTOM);
    this.value = (x, y) => [low + ((x - LEFT) / (w - LEFT - RIGHT)) * (high - low), bottom + ((h - BOTTOM - y) / (h - TOP - BOTTOM)) * (top - bottom)];
    const svg = make("svg", { xmlns: NS, width: w, height: h, viewBox: `0 0 ${w} ${h}`, tabindex: 0, role: "application",
      "aria-label": `${d.title}. Arrows go from row to row, Enter takes the row to explain it, space picks it, Escape picks none. Drag a rectangle to pick rows, with Shift to add them.` });
    svg.append(make("style", {}, style(d.colours)));
    for (const v of ticks(bottom, top, 5)) {
      svg.append(make("path", { class: "rule", d: `M${LEFT} ${this.Y(v)}H${w - RIGHT}` }), make("text", { x: LEFT - 8, y: this.Y(v) + 4, "text-anchor": "end" }, written(v)));
    }
    for (const v of ticks(low, high, Math.max(3, Math.floor(w / 110)))) svg.append(make("text", { x: this.X(v), y: h - BOTTOM + 18, "text-anchor": "middle" }, written(v)));
    svg.append(make("text", { class: "label", x: (LEFT + w - RIGHT) / 2, y: h - 6, "text-anchor": "middle" }, d.x_label));
    const middle = (TOP + h - BOTTOM) / 2;
    svg.append(make("text", { class: "label", x: 13, y: middle, "text-anchor": "middle", transform: `rotate(-90 13 ${middle})` }, this.of === "miss" ? d.miss_label : d.y_label));
    const ends = this.of === "miss" ? [0, 0] : d.span;
    svg.append(make("path", { class: "even", d: `M${this.X(low)} ${this.Y(ends[0])}L${this.X(high)} ${this.Y(ends[1])}` }));
    this.places = d.x.map((x, k) => [this.X(x), this.Y(up[k])]);
    this.dots = this.places.map(([x, y], k) => make("path", { class: `dot ${d.test[k] ? "test" : "train"}`, d: d.test[k] ? diamond(x, y) : disc(x, y), "data-row": d.rows[k] }));
    const group = make("g", { "aria-hidden": "true" });
    group.append(...this.dots);
    this.taken = make("circle", { class: "taken", r: 9, visibility: "hidden" });
    this.ring = make("circle", { class: "ring", r: 7, visibility: "hidden" });
    this.brush = make("rect", { class: "brush", visibility: "hidden" });
    svg.append(group, this.taken, this.ring, this.brush);
    this.hands(svg);
    this.svg = svg;
    this.plot.replaceChildren(svg);
    this.byX = [...d.x.keys()].sort((a, b) => d.x[a] - d.x[b] || up[a] - up[b]);
    this.byY = [...d.x.keys()].sort((a, b) => up[a] - up[b] || d.x[a] - d.x[b]);
    this.keys(d);
    this.mark();
  }

  keys(d) {
    const sample = (kind, shape) => {
      const svg = make("svg", { width: 14, height: 14 }, make("style", {}, style(d.colours)));
      svg.append(make("path", { class: `dot ${kind}`, d: shape }));
      return svg;
    };
    const held = d.test.reduce((sum, v) => sum + v, 0);
    const parts = [[held < d.test.length, "train", disc(7, 7), "training rows"], [held > 0, "test", diamond(7, 7), "held-out rows"]];
    this.legend.replaceChildren(...parts.filter(([there]) => there).map(([, kind, shape, words]) => html("span", {}, sample(kind, shape), words)));
  }

  mark() {
    const d = this.data;
    this.dots.forEach((dot, k) => dot.classList.toggle("picked", this.picked.has(k)));
    this.svg.classList.toggle("some", this.count > 0);
    const place = d.row === null ? undefined : this.places[d.rows.indexOf(d.row)];
    this.taken.setAttribute("visibility", place ? "visible" : "hidden");
    if (place) (this.taken.setAttribute("cx", place[0]), this.taken.setAttribute("cy", place[1]));
    this.clear.hidden = this.count === 0;
    this.counted.textContent = this.count ? `${many(this.count, "row")} picked` : "";
    this.rest();
  }

  rest() {
    // what the note says while no row is looked at
    const d = this.data, words = [];
    if (!d.rows.length) words.push("No row has a prediction that is a number.");
    else words.push("Drag to pick rows, click a point to explain its row.");
    if (d.rows.length + d.no_number < d.total) words.push(`${d.rows.length.toLocaleString("en")} of ${many(d.total, "row")} drawn; a rectangle picks all.`);
    if (d.no_number && d.rows.length) words.push(`${many(d.no_number, "row")} left out: no number predicted.`);
    this.note.textContent = words.join(" ");
  }

  // --- looking at one row -------------------------------------------------------------------------------------

  look(k) {
    const d = this.data, [x, y] = this.places[k];
    this.ring.setAttribute("cx", x);
    this.ring.setAttribute("cy", y);
    this.ring.setAttribute("visibility", "visible");
    const unit = d.unit ? " " + d.unit : "", miss = d.miss[k];
    const line = (name, value) => html("span", {}, `${name}: ${value}`);
    const lines = [["measured", three(d.x[k]) + unit], ["predicted", three(d.y[k]) + unit], ["missed by", (miss > 0 ? "+" : "") + three(miss) + unit]];
    this.tip.replaceChildren(
      html("strong", {}, `Row ${(d.rows[k] + 1).toLocaleString("en")} · ${d.test[k] ? "held out" : "training"}${this.picked.has(k) ? " · picked" : ""}`),
      ...lines.map(([name, value]) => line(name, value)), html("hr"),
      ...d.names.map((name, i) => line(name, three(d.values[i][k]))),
    );
    if (d.more) this.tip.append(html("span", {}, `and ${many(d.more, "more input")}`));
    this.tip.hidden = false;
    const over = this.root.getBoundingClientRect(), at = this.svg.getBoundingClientRect();
    const left = at.left - over.left + x, top = at.top - over.top + y, wide = this.tip.offsetWidth, high = this.tip.offsetHeight;
    this.tip.style.left = Math.max(0, left + 16 + wide <= over.width ? left + 16 : left - 16 - wide) + "px";
    this.tip.style.top = Math.max(0, Math.min(top - high / 2, over.height - high)) + "px";
    return [...this.tip.children].map((node) => node.textContent).filter(Boolean).join(", ");
  }

  away() {
    this.tip.hidden = true;
    this.ring.setAttribute("visibility", "hidden");
  }

  nearest(x, y) {
    let best = -1, least = NEAR * NEAR;
    this.places.forEach(([a, b], k) => {
      const far = (a - x) ** 2 + (b - y) ** 2;
      if (far < least) [best, least] = [k, far];
    });
    return best;
  }

  // --- hands --------------------------------------------------------------------------------------------------

  hands(svg) {
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    let from = null;
    svg.onpointerdown = (event) => {
      if (event.button) return;
      from = at(event);
      svg.setPointerCapture(event.pointerId);
    };
    svg.onpointermove = (event) => {
      const here = at(event);
      if (from && Math.hypot(here[0] - from[0], here[1] - from[1]) > MOVED) {
        this.away();
        const [x, y, w, h] = [Math.min(from[0], here[0]), Math.min(from[1], here[1]), Math.abs(from[0] - here[0]), Math.abs(from[1] - here[1])];
        for (const [name, value] of Object.entries({ x, y, width: w, height: h, visibility: "visible" })) this.brush.setAttribute(name, value);
      } else if (!from) {
        const k = this.nearest(...here);
        svg.classList.toggle("over", k >= 0);
        if (k >= 0) this.look(k);
        else this.away();
      }
    };
    const end = () => {
      from = null;
      this.brush.setAttribute("visibility", "hidden");
    };
    this.drop = end;
    svg.onpointercancel = end;
    svg.onpointerup = (event) => {
      if (!from) return;
      const here = at(event), began = from;
      end();
      if (Math.hypot(here[0] - began[0], here[1] - began[1]) > MOVED) return this.box(began, here, event.shiftKey);
      const k = this.nearest(...here);
      if (k >= 0) return event.shiftKey ? this.toggle(k) : this.take(k);
      if (this.count) this.none();
    };
    svg.onpointerleave = () => !from && this.away();
    svg.onfocus = () => svg.matches(":focus-visible") && this.step(0);
    svg.onblur = () => (this.away(), this.rest());
    svg.onkeydown = (event) => this.key(event);
  }

  key(event) {
    const step = { ArrowRight: [1, this.byX], ArrowLeft: [-1, this.byX], ArrowUp: [1, this.byY], ArrowDown: [-1, this.byY] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) this.step(...step);
    else if (event.key === "Enter" && this.at !== null) this.take(this.at);
    else if (event.key === " " && this.at !== null) this.toggle(this.at);
    else if (event.key === "Escape") {
      this.drop();
      if (this.count) this.none();
    } else return;
    event.preventDefault();
  }

  step(by, order = this.byX) {
    if (!order.length) return;
    const taken = this.data.rows.indexOf(this.data.row);
    if (this.at === null) this.at = taken >= 0 ? taken : this.byX[0];
    else this.at = order[Math.min(order.length - 1, Math.max(0, order.indexOf(this.at) + by))];
    this.note.textContent = this.look(this.at);
  }

  box(a, b, add) {
    const [x0, y0] = this.value(...a), [x1, y1] = this.value(...b);
    const { x, [this.of]: up } = this.data;
    const inside = [...x.keys()].filter((k) => (x[k] - x0) * (x[k] - x1) <= 0 && (up[k] - y0) * (up[k] - y1) <= 0);
    this.picked = new Set([...(add ? this.picked : []), ...inside]);
    this.count = this.picked.size; // the app counts the rows that are not drawn too
    this.mark();
    this.send("pick", { rev: this.data.rev, box: [x0, x1, y0, y1], of: this.of, add });
  }

  toggle(k) {
    this.count += this.picked.delete(k) ? -1 : (this.picked.add(k), 1);
    this.mark();
    if (!this.tip.hidden) this.note.textContent = this.look(k);
    this.send("pick", { rev: this.data.rev, row: this.data.rows[k] });
  }

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

function disc(x, y) {
  return `M${(x - 3.4).toFixed(1)} ${y.toFixed(1)}a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0`;
}

function diamond(x, y) {
  return `M${x.toFixed(1)} ${(y - 4.6).toFixed(1)}l4.6 4.6l-4.6 4.6l-4.6 -4.6z`;
}

function style(c) {
  return `
    text { font: 12px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.muted}; }
    .label { font-size: 13px; }
    .rule { stroke: ${c.line}; }
    .even { stroke: ${c.muted}; stroke-width: 1.5; stroke-dasharray: 6 4; }
    .dot { stroke: ${c.page}; stroke-width: .6; opacity: .72; }
    .train { fill: ${c.train}; } .test { fill: ${c.test}; }
    .some .dot { opacity: .22; }
    .some .dot.picked { opacity: 1; stroke: ${c.text}; stroke-width: 1.4; }
    .ring { fill: none; stroke: ${c.text}; stroke-width: 1.8; pointer-events: none; }
    .taken { fill: none; stroke: ${c.marked}; stroke-width: 3; pointer-events: none; }
    .brush { fill: ${c.frozen}; fill-opacity: .14; stroke: ${c.frozen}; stroke-dasharray: 4 3; pointer-events: none; }
    svg { cursor: crosshair; } svg.over { cursor: pointer; }`;
}
