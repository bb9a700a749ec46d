// The network as SVG: every edge with its curve, chosen by click or Enter, offered for pruning by Delete.
// Wide layers are matrices of scores. All text from files goes through textContent.
const NONE = 255, FOUND = 4000; // edges that a name may find
const ROW = 52, LOW = 300, HIGH = 960, TOP = 26, BOTTOM = 14;

const short = (name, most) => (name.length <= most ? name : name.slice(0, most - 1) + "…");
const percent = (share) =>
  share <= 0 ? "nothing" : share >= 0.1 ? Math.round(100 * share) + "%" : share >= 0.001 ? (100 * share).toFixed(1) + "%" : "less than 0.1%";
const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export default mounted((parent) => new View(parent));

class View {
  constructor(parent) {
    this.root = parent.querySelector(".kv-network");
    this.stage = parent.querySelector(".kv-stage");
    this.tip = parent.querySelector(".kv-tip");
    this.said = parent.querySelector(".kv-said");
    this.tools = parent.querySelector(".kv-tools");
    this.zoom = { k: 1, x: 0, y: 0 };
    this.dim = 0;
    this.shared = false;
    this.mode = "";
    this.buttons();
    new ResizeObserver(() => this.data && this.width() !== this.drawnAt && this.draw()).observe(this.stage);
  }

  width() {
    return Math.max(320, Math.floor(this.stage.clientWidth));
  }

  show(data) {
    const fresh = !this.data || this.data.rev !== data.rev || this.data.look !== data.look;
    this.data = data;
    if (fresh) {
      if (!this.mode || !(data.matrix || this.mode === "edges")) this.mode = data.matrix ? "matrix" : "edges";
      this.modes.hidden = !data.matrix;
      this.draw();
    } else this.mark();
  }

  // --- the bar above ------------------------------------------------------------------------------------------

  buttons() {
    const button = (label, text, act) => {
      const node = html("button", { type: "button", title: label, "aria-label": label }, text);
      node.onclick = act;
      return node;
    };
    const dims = html("select", { "aria-label": "Dim edges that carry less than" });
    for (const share of [0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2]) {
      dims.append(html("option", { value: share }, share ? "dim below " + 100 * share + "%" : "dim none"));
    }
    dims.onchange = () => ((this.dim = Number(dims.value)), this.mark());
    const scale = html("button", { type: "button", "aria-pressed": "false", title: "All curves of a layer on one scale" }, "shared");
    scale.onclick = () => {
      this.shared = !this.shared;
      scale.setAttribute("aria-pressed", this.shared);
      this.draw();
    };
    this.modes = html("span", { class: "kv-modes" });
    for (const [mode, text] of [["matrix", "matrix"], ["edges", "strongest"]]) {
      const node = button(mode === "matrix" ? "The matrix: every edge as a cell" : "The strongest edges with their curves", text, () => ((this.mode = mode), this.draw()));
      node.dataset.mode = mode;
      this.modes.append(node);
    }
    this.find = html("input", { type: "search", placeholder: "find a node", "aria-label": "Find edges by the names of their nodes" });
    this.find.oninput = () => this.mark();
    this.find.onkeydown = (event) => {
      if (event.key === "Enter") this.first()?.focus();
    };
    this.tools.append(
      this.modes, this.find, dims, scale,
      html("span", { class: "kv-gap" }),
      button("Zoom in (+)", "+", () => this.scale(1.25)),
      button("Zoom out (−)", "−", () => this.scale(0.8)),
      button("Fit (0)", "fit", () => this.fit()),
      button("Save as SVG", "SVG", () => this.saveSvg()),
      button("Save as PNG", "PNG", () => this.savePng()),
    );
  }

  first() {
    return this.stage.querySelector(".edge:not(.away)");
  }

  matches(edge) {
    const wanted = this.find.value.trim().toLowerCase();
    return !wanted || edge.name.toLowerCase().includes(wanted);
  }

  // --- drawing ------------------------------------------------------------------------------------------------

  draw() {
    this.hide();
    this.drawnAt = this.width();
    for (const node of this.modes.children) node.setAttribute("aria-pressed", node.dataset.mode === this.mode);
    if (this.mode === "matrix") this.drawMatrix();
    else this.drawEdges();
    this.mark();
  }

  drawEdges() {
    const d = this.data, w = this.drawnAt;
    const h = Math.min(Math.max(ROW * d.rows + 60, LOW), HIGH);
    const last = Math.max(...d.nodes.map((n) => n.c));
    const wide = (c) => Math.min(110, 14 + 7.2 * Math.max(0, ...d.nodes.filter((n) => n.c === c).map((n) => Math.min(n.name.length, 14))));
    const left = wide(0), right = wide(last);
    const X = (x) => left + (x / d.width) * (w - left - right);
    const Y = (y) => TOP + (1 - y) * (h - TOP - BOTTOM);
    const U = (w - left - right) / d.width, V = h - TOP - BOTTOM;
    const svg = make("svg", { xmlns: NS, width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: "group", "aria-label": d.title });
    svg.append(make("style", {}, style(d.colours)));
    const world = make("g", { class: "world" });
    svg.append(world);
    const largest = {};
    for (const e of d.edges) largest[e.id[0]] = Math.max(largest[e.id[0]] || 0, e.scale);
    const strongest = {};
    for (const e of d.edges) strongest[e.id[0]] = Math.max(strongest[e.id[0]] || 0, e.score);
    const dashed = (x1, y1, x2, y2) => {
      const m = (x1 + x2) / 2;
      return `M${x1.toFixed(1)} ${y1.toFixed(1)}C${m.toFixed(1)} ${y1.toFixed(1)} ${m.toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
    };
    const lines = make("g", { "aria-hidden": "true" }), boxes = make("g");
    world.append(lines, boxes);
    this.byId = new Map();
    for (const e of d.edges) {
      const [sx, sy, enter, leave, ex, ey, x, y, bw, bh] = e.at;
      const level = strongest[e.id[0]] > 0 ? Math.sqrt(e.score / strongest[e.id[0]]) : 0.5;
      const line = make("path", {
        class: `line ${e.state}`,
        d: dashed(X(sx), Y(sy), X(enter), Y(y)) + `L${X(leave).toFixed(1)} ${Y(y).toFixed(1)}` + dashed(X(leave), Y(y), X(ex), Y(ey)).replace("M", "L"),
        "stroke-width": (0.8 + 2.6 * level).toFixed(2),
      });
      const half = [(U * bw) / 2, (V * bh) / 2], at = [X(x), Y(y)];
      const grow = this.shared && largest[e.id[0]] > 0 ? e.scale / largest[e.id[0]] : 1;
      const box = make("g", {
        class: `edge ${e.state}`, role: "button", tabindex: -1, "data-id": e.id.join(","),
        "aria-label": `${e.name}, ${e.state}${e.frozen ? ", frozen" : ""}, carries ${percent(e.score)} of the outputs' variance`,
      });
      const frame = make("rect", { class: "frame", x: (at[0] - half[0]).toFixed(1), y: (at[1] - half[1]).toFixed(1), width: (2 * half[0]).toFixed(1), height: (2 * half[1]).toFixed(1), rx: 4 });
      box.append(frame, make("path", { class: "curve", d: curve(e.y, at, half, grow), "stroke-width": (1.2 + 1.6 * level).toFixed(2) }));
      const sign = { formula: "f", both: "f+" }[e.state];
      if (sign) box.append(mark(at[0] + half[0], at[1] - half[1], sign, "sign"));
      if (e.frozen) box.append(mark(at[0] - half[0], at[1] - half[1], "✱", "ice"));
      box.onclick = () => this.choose(e.id, box);
      box.onmouseenter = () => this.hover(e, box);
      box.onmouseleave = () => this.hide();
      box.onfocus = () => this.hover(e, box);
      box.onblur = () => this.hide();
      lines.append(line);
      boxes.append(box);
      this.byId.set(e.id.join(","), { e, box, line, at });
    }
    for (const s of d.sums) {
      world.append(make("path", { class: "join", d: dashed(X(s.x), Y(s.y), X(s.nx), Y(s.ny)) }));
      world.append(make("circle", { class: "sum", cx: X(s.x), cy: Y(s.y), r: 4.5 }, make("title", {}, s.name + ": a sum, factor of a product")));
    }
    for (const n of d.nodes) {
      const words = `Node ${n.name}${n.product ? ", a product" : ""}${n.linked ? "" : ", linked to nothing"}`;
      const g = make("g", { class: n.linked ? "node" : "node lone", role: "img", "aria-label": words });
      g.append(make("circle", { cx: X(n.x), cy: Y(n.y), r: n.product ? 9 : 5.5 }));
      if (n.product) g.append(make("text", { class: "times", x: X(n.x), y: Y(n.y) + 4.5, "text-anchor": "middle" }, "×"));
      const crowd = d.nodes.filter((m) => m.c === n.c).length;
      if (n.c === 0) g.append(make("text", { class: "name", x: X(n.x) - 10, y: Y(n.y) + 4.5, "text-anchor": "end" }, short(n.name, 14)));
      else if (n.c === last) g.append(make("text", { class: "name", x: X(n.x) + 10, y: Y(n.y) + 4.5 }, short(n.name, 14)));
      else if (crowd <= 12) g.append(make("text", { class: "name small", x: X(n.x), y: Y(n.y) - (n.product ? 13 : 9), "text-anchor": "middle" }, short(n.name, 10)));
      g.append(make("title", {}, n.name));
      world.append(g);
    }
    svg.onkeydown = (event) => this.key(event);
    svg.onwheel = (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = svg.getBoundingClientRect();
      this.scale(event.deltaY < 0 ? 1.12 : 0.89, event.clientX - at.left, event.clientY - at.top);
    };
    svg.onpointerdown = (event) => {
      if (event.target.closest(".edge") || this.zoom.k === 1) return;
      const from = [event.clientX - this.zoom.x, event.clientY - this.zoom.y];
      svg.setPointerCapture(event.pointerId);
      svg.onpointermove = (move) => {
        this.zoom.x = move.clientX - from[0];
        this.zoom.y = move.clientY - from[1];
        this.place();
      };
      svg.onpointerup = () => (svg.onpointermove = null);
    };
    this.svg = svg;
    this.stage.replaceChildren(svg, ...legend(d));
    this.place();
  }

  mark() {
    const d = this.data;
    if (this.mode === "matrix") return this.markMatrix();
    const lit = new Set((d.highlight || []).map((id) => id.join(",")));
    let stop = null;
    for (const [id, { e, box, line }] of this.byId) {
      const chosen = same(e.id, d.selected), away = e.score < this.dim || !this.matches(e);
      for (const node of [box, line]) {
        node.classList.toggle("chosen", chosen);
        node.classList.toggle("away", away && !chosen);
        node.classList.toggle("lit", lit.has(id));
      }
      box.setAttribute("aria-pressed", Boolean(chosen));
      box.setAttribute("tabindex", -1);
      if (chosen) line.parentNode.append(line);
      if (chosen || !stop) stop = chosen ? box : stop || box;
    }
    stop?.setAttribute("tabindex", 0);
  }

  // --- hands --------------------------------------------------------------------------------------------------

  choose(id, node) {
    this.data = { ...this.data, selected: id };
    this.mark();
    node?.focus({ preventScroll: true });
    const heard = !document.dispatchEvent(new CustomEvent("kanviz-edge", { detail: id, cancelable: true }));
    if (!heard) this.send("select", id); // an editor on the page asks by itself: one run of Python less
  }

  key(event) {
    const here = event.target.closest?.(".edge");
    if (["+", "=", "-", "0"].includes(event.key) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      return event.key === "0" ? this.fit() : this.scale(event.key === "-" ? 0.8 : 1.25);
    }
    if (!here) return;
    const { e, at } = this.byId.get(here.dataset.id);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return this.choose(e.id, here);
    }
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.choose(e.id, here);
      return this.send("prune", e.id);
    }
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    let best = null, least = Infinity;
    for (const { box, at: there } of this.byId.values()) {
      const along = (there[0] - at[0]) * step[0] + (there[1] - at[1]) * step[1];
      const across = Math.abs((there[0] - at[0]) * step[1]) + Math.abs((there[1] - at[1]) * step[0]);
      const cost = along + 3 * across;
      if (along > 1 && cost < least) [best, least] = [box, cost];
    }
    if (best) {
      here.setAttribute("tabindex", -1);
      best.setAttribute("tabindex", 0);
      best.focus();
    }
  }

  hover(e, box) {
    const head = html("strong", {}, e.name);
    const state = html("span", {}, `${e.state}${e.frozen ? " · frozen" : ""} · carries ${percent(e.score)}`);
    const svg = make("svg", { width: 190, height: 84, "aria-hidden": "true" }, make("style", {}, style(this.data.colours)));
    svg.append(make("path", { class: `curve ${e.state}`, d: curve(e.y, [95, 42], [90, 37], 1), "stroke-width": 2.2 }));
    this.tip.replaceChildren(head, state, svg);
    if (e.formula) this.tip.append(html("code", {}, short(e.formula, 90)));
    this.tip.hidden = false;
    const at = box.getBoundingClientRect();
    this.beside(at.left, at.right, at.top + at.height / 2);
  }

  beside(left, right, middle) {
    // to the right of what it tells of, or to its left: above and below stand its neighbours
    const over = this.root.getBoundingClientRect(), wide = this.tip.offsetWidth, high = this.tip.offsetHeight;
    let x = right - over.left + 14;
    if (x + wide > over.width) x = left - over.left - wide - 14;
    const y = middle - over.top - high / 2;
    this.tip.style.left = Math.max(0, Math.min(x, over.width - wide)) + "px";
    this.tip.style.top = Math.max(34, Math.min(y, over.height - high)) + "px";
  }

  hide() {
    this.tip.hidden = true;
  }

  // --- zoom ---------------------------------------------------------------------------------------------------

  scale(by, x = this.drawnAt / 2, y = (this.svg?.height.baseVal.value || 300) / 2) {
    const k = Math.min(Math.max(this.zoom.k * by, 1), 8);
    const f = k / this.zoom.k;
    this.zoom = { k, x: x - f * (x - this.zoom.x), y: y - f * (y - this.zoom.y) };
    if (k === 1) this.zoom = { k: 1, x: 0, y: 0 };
    this.place();
  }

  fit() {
    this.zoom = { k: 1, x: 0, y: 0 };
    this.place();
  }

  place() {
    const { k, x, y } = this.zoom;
    this.svg?.querySelector(".world")?.setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
    this.svg?.classList.toggle("zoomed", k > 1);
  }

  // --- taking the picture along -------------------------------------------------------------------------------

  picture() {
    const copy = this.svg.cloneNode(true);
    const { width, height } = this.svg.viewBox.baseVal;
    copy.prepend(make("rect", { width, height, fill: this.data.colours.page }));
    return new XMLSerializer().serializeToString(copy);
  }

  saveSvg() {
    save(new Blob([this.picture()], { type: "image/svg+xml" }), "network.svg");
  }

  savePng() {
    const image = new Image(), { width, height } = this.svg.viewBox.baseVal;
    image.onload = () => {
      const canvas = html("canvas", { width: 2 * width, height: 2 * height });
      canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
      canvas.toBlob((blob) => save(blob, "network.png"), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(this.picture());
  }

  // --- wide layers: a matrix of scores each -------------------------------------------------------------------

  drawMatrix() {
    const d = this.data, w = this.drawnAt;
    const total = d.matrix.reduce((sum, m) => sum + m.t, 0), gap = 28;
    const size = Math.max(1, Math.min(22, (w - gap * (d.matrix.length + 1)) / total, 520 / Math.max(...d.matrix.map((m) => m.s))));
    const h = Math.max(...d.matrix.map((m) => m.s * size)) + 44;
    let left = (w - size * total - gap * (d.matrix.length - 1)) / 2;
    const svg = make("svg", { xmlns: NS, width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: "group", "aria-label": d.title });
    svg.append(make("style", {}, style(d.colours)));
    const world = make("g", { class: "world" });
    svg.append(world);
    this.layers = d.matrix.map((m, n) => {
      const scores = bytes(m.scores), states = bytes(m.states), x0 = left, y0 = 34;
      left += size * m.t + gap;
      const canvas = html("canvas", { width: m.t, height: m.s });
      const ink = canvas.getContext("2d"), pixels = ink.createImageData(m.t, m.s);
      const paper = rgb(d.colours.page), inks = [paper, rgb(d.colours.spline), rgb(d.colours.formula), rgb(d.colours.formula)];
      for (let i = 0; i < m.s * m.t; i++) {
        const full = inks[states[i]], share = Math.sqrt(scores[i] / 255) * 0.92 + 0.04;
        for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = paper[c] + (full[c] - paper[c]) * share;
        pixels.data[4 * i + 3] = 255;
      }
      ink.putImageData(pixels, 0, 0);
      const image = make("image", { x: x0, y: y0, width: size * m.t, height: size * m.s, href: canvas.toDataURL(), style: "image-rendering: pixelated", preserveAspectRatio: "none" });
      const cover = make("rect", { class: "cells", x: x0, y: y0, width: size * m.t, height: size * m.s, tabindex: 0, role: "application", "aria-label": `Layer ${n}: ${m.s} × ${m.t} edges. Arrows move, Enter chooses.` });
      const cursor = make("rect", { class: "cursor", width: size, height: size, visibility: "hidden" });
      world.append(make("text", { class: "name small", x: x0, y: 20 }, `${m.s} → ${m.t}`), image, cover, cursor);
      const layer = { n, m, scores, states, size, x0, y0, cover, cursor, i: 0, j: 0 };
      const find = (event) => {
        const at = cover.getBoundingClientRect();
        layer.j = Math.min(m.t - 1, Math.max(0, Math.floor(((event.clientX - at.left) / at.width) * m.t)));
        layer.i = Math.min(m.s - 1, Math.max(0, Math.floor(((event.clientY - at.top) / at.height) * m.s)));
      };
      cover.onmousemove = (event) => (find(event), this.cell(layer));
      cover.onmouseleave = () => this.hide();
      cover.onclick = (event) => (find(event), this.choose([n, layer.i, layer.j]));
      cover.onfocus = () => this.cell(layer);
      cover.onblur = () => this.hide();
      cover.onkeydown = (event) => {
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
        if (step) {
          layer.i = Math.min(m.s - 1, Math.max(0, layer.i + step[0]));
          layer.j = Math.min(m.t - 1, Math.max(0, layer.j + step[1]));
          this.cell(layer);
        } else if (event.key === "Enter") this.choose([n, layer.i, layer.j], cover);
        else if (event.key === "Delete") this.send("prune", [n, layer.i, layer.j]);
        else return;
        event.preventDefault();
      };
      return layer;
    });
    this.svg = svg;
    this.list = html("div", { class: "kv-top", role: "group", "aria-label": "The strongest edges" });
    this.stage.replaceChildren(svg, this.list);
    this.place();
  }

  names(layer, i, j) {
    const d = this.data;
    return `${d.names[layer][i]} → ${d.targets[layer][j]}`;
  }

  cell(layer) {
    const { n, m, i, j, scores, states } = layer;
    const name = this.names(n, i, j), state = ["pruned", "spline", "both", "formula"][states[i * m.t + j]];
    const words = `${state} · ${scores[i * m.t + j] === 0 ? "carries next to nothing" : `${Math.round((100 * scores[i * m.t + j]) / 255)}% of the layer's strongest`}`;
    this.tip.replaceChildren(html("strong", {}, name), html("span", {}, words), html("span", {}, "click to see its curve"));
    this.tip.hidden = false;
    const at = layer.cover.getBoundingClientRect(), x = at.left + (j * at.width) / m.t;
    this.beside(x, x + at.width / m.t, at.top + ((i + 0.5) * at.height) / m.s);
    this.said.textContent = `${name}, ${words}`;
  }

  markMatrix() {
    const d = this.data;
    for (const layer of this.layers) {
      const chosen = d.selected && d.selected[0] === layer.n;
      layer.cursor.setAttribute("visibility", chosen ? "visible" : "hidden");
      if (!chosen) continue;
      layer.cursor.setAttribute("x", layer.x0 + d.selected[2] * layer.size);
      layer.cursor.setAttribute("y", layer.y0 + d.selected[1] * layer.size);
    }
    const wanted = this.find.value.trim().toLowerCase();
    let cards = d.edges;
    if (wanted) {
      const found = [], low = (names) => names.map((name) => name.toLowerCase());
      const both = /\s|→/.test(wanted); // it may be in what stands between the two names
      for (const layer of this.layers) {
        const from = low(d.names[layer.n]), to = low(d.targets[layer.n]), ends = to.map((name) => name.includes(wanted));
        for (let i = 0; i < from.length && found.length < FOUND; i++) {
          const begins = from[i].includes(wanted);
          for (let j = 0; j < to.length && found.length < FOUND; j++) {
            if (!(both ? `${from[i]} → ${to[j]}`.includes(wanted) : begins || ends[j])) continue;
            const c = i * layer.m.t + j;
            found.push({ id: [layer.n, i, j], name: this.names(layer.n, i, j), weight: layer.scores[c], state: ["pruned", "spline", "both", "formula"][layer.states[c]] });
          }
        }
      }
      const shown = new Map(d.edges.map((e) => [e.id.join(","), e]));
      cards = found.sort((a, b) => b.weight - a.weight).map((e) => shown.get(e.id.join(",")) || e);
    } else cards = [...cards].sort((a, b) => b.score - a.score);
    cards = cards.filter((e) => e.score === undefined || e.score >= this.dim).slice(0, 24);
    this.list.replaceChildren(
      ...cards.map((e) => {
        const card = html("button", { type: "button", class: same(e.id, d.selected) ? "chosen" : "", "data-id": e.id.join(",") });
        if (e.y) {
          const svg = make("svg", { width: 92, height: 40, "aria-hidden": "true" }, make("style", {}, style(d.colours)));
          svg.append(make("path", { class: `curve ${e.state}`, d: curve(e.y, [46, 20], [42, 17], 1), "stroke-width": 1.8 }));
          card.append(svg);
        }
        card.append(html("span", {}, short(e.name, 24)));
        card.onclick = () => this.choose(e.id);
        return card;
      }),
    );
    if (!cards.length) this.list.append(html("span", {}, "No edge has such a name."));
  }
}

// heights are bytes: from 0 to 200 for -100 to 100, and NONE where there is no number
function curve(text, at, half, grow) {
  const heights = bytes(text);
  let d = "", pen = "M";
  heights.forEach((byte, k) => {
    if (byte === NONE) return void (pen = "M");
    const v = byte - 100;
    const x = at[0] - half[0] + 3 + ((2 * half[0] - 6) * k) / (heights.length - 1);
    d += `${pen}${x.toFixed(1)} ${(at[1] - 0.86 * half[1] * grow * (v / 100)).toFixed(1)}`;
    pen = "L";
  });
  return d;
}

function mark(x, y, text, kind) {
  return make("g", { class: kind, "aria-hidden": "true" }, make("circle", { cx: x, cy: y, r: 8 }), make("text", { x, y: y + 3.8, "text-anchor": "middle" }, text));
}

function legend(d) {
  const there = new Set(d.edges.map((e) => e.state));
  if (there.size === 1 && there.has("spline") && !d.edges.some((e) => e.frozen)) return [];
  const line = html("div", { class: "kv-legend", "aria-hidden": "true" });
  const words = { spline: "spline", formula: "formula (f)", both: "both (f+)", pruned: "pruned" };
  for (const state of ["spline", "formula", "both", "pruned"]) {
    if (!there.has(state)) continue;
    const svg = make("svg", { width: 26, height: 10 }, make("style", {}, style(d.colours)));
    svg.append(make("path", { class: `curve ${state}`, d: "M1 5L25 5", "stroke-width": 2 }));
    line.append(html("span", {}, svg, words[state]));
  }
  if (d.edges.some((e) => e.frozen)) line.append(html("span", {}, "✱ frozen"));
  return [line];
}

function style(c) {
  return `
    text { font: 13px ${FONT}; font-variant-numeric: tabular-nums; fill: ${c.text}; }
    .small { font-size: 11px; fill: ${c.muted}; paint-order: stroke; stroke: ${c.page}; stroke-width: 3px; }
    .line { fill: none; stroke: ${c.path}; opacity: .42; }
    .line.pruned { stroke-dasharray: 3 4; opacity: .25; }
    .frame { fill: ${c.card}; stroke: ${c.frame}; stroke-width: 1; }
    .edge { cursor: pointer; outline: none; }
    .edge:hover .frame { stroke: ${c.text}; stroke-width: 1.6; }
    .edge:focus-visible .frame { stroke: ${c.frozen}; stroke-width: 3; }
    .curve { fill: none; stroke: ${c.spline}; stroke-linejoin: round; stroke-linecap: round; }
    .formula.curve, .formula .curve { stroke: ${c.formula}; }
    .both.curve, .both .curve { stroke: ${c.both}; stroke-dasharray: 7 2; }
    .pruned.curve, .pruned .curve { stroke: ${c.pruned}; stroke-dasharray: 3 3; opacity: .8; }
    .edge.pruned .frame { fill: transparent; stroke-dasharray: 3 3; }
    .chosen .frame, .edge.chosen:hover .frame { stroke: ${c.selected}; stroke-width: 2.6; }
    .line.chosen { stroke: ${c.selected}; opacity: 1; }
    .lit .frame { stroke: ${c.marked}; stroke-width: 2.2; stroke-dasharray: 3 2; }
    .away { opacity: .14; }
    .sign circle { fill: ${c.formula}; } .both .sign circle { fill: ${c.both}; }
    .sign text { font-size: 11px; font-style: italic; fill: ${c.page}; }
    .ice circle { fill: ${c.card}; stroke: ${c.frozen}; stroke-width: 1.4; } .ice text { font-size: 11px; fill: ${c.frozen}; }
    .join { fill: none; stroke: ${c.muted}; stroke-width: 2; }
    .sum { fill: ${c.card}; stroke: ${c.muted}; stroke-width: 1.8; }
    .node circle { fill: ${c.text}; } .node.lone circle { fill: ${c.pruned}; }
    .times { fill: ${c.page}; font-size: 15px; }
    .cells { fill: transparent; stroke: ${c.frame}; cursor: crosshair; outline: none; }
    .cells:focus-visible { stroke: ${c.frozen}; stroke-width: 2.5; }
    .cursor { fill: none; stroke: ${c.selected}; stroke-width: 2.5; pointer-events: none; }
    svg.zoomed { cursor: grab; }`;
}

function rgb(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

function save(blob, name) {
  const link = html("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
