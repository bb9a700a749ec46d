// The tour: a ring around one place of the page after the other, and a card that says what it is. It looks at the page
// and changes nothing in it; ring and card are in the browser's top layer, so that no part of the page hides them.
const SEEN = "kanviz-tour", ROOM = 6, GAP = 12, BAR = 72, NARROW = 640, PATIENCE = 15000;
const CARD_PARTS = { role: "dialog", popover: "manual", tabindex: "-1", "aria-labelledby": "kv-tour-title",
  "aria-describedby": "kv-tour-text" };

const seen = () => { try { return localStorage.getItem(SEEN) === "seen"; } catch { return true; } };  // a closed store: no surprise tours
const remember = () => { try { localStorage.setItem(SEEN, "seen"); } catch { /* then it is not remembered */ } };
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class Tour {
  constructor(root) {
    this.root = root;
    this.at = -1;
    this.asked = false;
    this.button = root.querySelector(".kv-tour-button");
    this.ring = html("div", { class: "kv-tour-ring", popover: "manual", "aria-hidden": "true" });
    this.title = html("h2", { id: "kv-tour-title" });
    this.text = html("p", { id: "kv-tour-text" });
    this.count = html("span", { class: "kv-tour-count" });
    const [skip, back, next] = ["Skip", "Back", "Next"].map((word) => html("button", { type: "button" }, word));
    next.classList.add("first");
    this.card = html("div", { class: "kv-tour-card", ...CARD_PARTS }, this.title, this.text,
      html("div", { class: "kv-tour-row" }, this.count, skip, back, next));
    Object.assign(this, { skip, back, next });
    root.querySelector(".kv-tour").append(this.ring, this.card);
    this.button.onclick = () => this.start();
    skip.onclick = () => this.end();
    back.onclick = () => this.go(-1);
    next.onclick = () => this.go(1);
    this.card.onkeydown = (event) => this.key(event);
    this.elsewhere = (event) => { if (event.key === "Escape" && document.activeElement === document.body) this.end(); };
  }

  show(data) {
    this.steps = data.steps;
    this.button.title = data.help;
    if (this.at >= 0) this.fill();
    if (data.first && !this.asked && !seen()) this.first();
    this.asked = true;
  }

  // By itself on the first visit, as soon as its first place is there.
  first(since = performance.now()) {
    if (!this.root.isConnected || performance.now() - since > PATIENCE || this.at >= 0) return;
    if (this.place(this.steps[0])) this.start();
    else setTimeout(() => this.first(since), 100);
  }

  start() {
    remember();
    if (this.at < 0) {
      const inside = this.card.getRootNode().activeElement;
      this.before = inside || (document.activeElement === document.body ? null : document.activeElement);
      for (const layer of [this.ring, this.card]) layer.showPopover?.();
      this.ring.classList.add("open");
      this.card.classList.add("open");
      document.addEventListener("keydown", this.elsewhere);
    }
    this.at = 0;
    this.arrive();
    this.follow();
  }

  end() {
    if (this.at < 0) return;
    this.at = -1;
    document.removeEventListener("keydown", this.elsewhere);
    for (const layer of [this.card, this.ring]) {
      layer.classList.remove("open");
      layer.hidePopover?.();
    }
    if (this.before?.isConnected) this.before.focus({ preventScroll: true });
  }

  go(by) {
    if (this.at + by >= this.steps.length) return this.end();
    this.at = Math.max(0, this.at + by);
    this.arrive();
  }

  key(event) {
    const act = { Escape: () => this.end(), ArrowRight: () => this.go(1), ArrowLeft: () => this.go(-1) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  arrive() {
    this.fill();
    const place = this.place(this.steps[this.at]);
    if (place) reveal(place);
    this.card.focus({ preventScroll: true });
  }

  fill() {
    const step = this.steps[this.at], last = this.at === this.steps.length - 1;
    this.title.textContent = step.title;
    this.text.textContent = step.text;
    this.count.textContent = `${this.at + 1} of ${this.steps.length}`;
    this.back.disabled = this.at === 0;
    this.skip.hidden = last;
    this.next.textContent = last ? "Done" : "Next";
  }

  // The first of the step's places that can be seen, or brought into view by scrolling up or down.
  place(step) {
    for (const name of step.at) {
      const found = document.querySelector(name), box = found?.getBoundingClientRect();
      if (box && box.width && box.height && box.right > 0 && box.left < innerWidth) return found;
    }
    return null;
  }

  // Once a frame while it is open: the page may scroll, change its size, or be drawn anew beneath.
  follow() {
    if (this.at < 0) return;
    if (!this.root.isConnected) {
      document.removeEventListener("keydown", this.elsewhere);
      return;
    }
    const found = this.place(this.steps[this.at])?.getBoundingClientRect();
    const box = found && {
      left: Math.max(found.left - ROOM, 3), top: Math.max(found.top - ROOM, 3),
      right: Math.min(found.right + ROOM, innerWidth - 3), bottom: Math.min(found.bottom + ROOM, innerHeight - 3),
    };
    const there = box && box.bottom > box.top && box.right > box.left;
    this.ring.style.visibility = there ? "visible" : "hidden";
    if (there) put(this.ring, { left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top });
    this.card.classList.toggle("below", innerWidth <= NARROW);
    if (innerWidth > NARROW) put(this.card, beside(there ? box : null, this.card.offsetWidth, this.card.offsetHeight));
    requestAnimationFrame(() => this.follow());
  }
}

// Scrolled until its top is below the page's own bar, or, of a low place on a wide screen, until it is in the middle.
function reveal(place) {
  let scroller = place.parentElement;
  while (scroller && !(scroller.scrollHeight > scroller.clientHeight && /auto|scroll/.test(getComputedStyle(scroller).overflowY))) {
    scroller = scroller.parentElement;
  }
  const box = place.getBoundingClientRect();
  const middle = innerWidth > NARROW && box.height < 0.6 * innerHeight;
  const top = box.top - (middle ? (innerHeight - box.height) / 2 : BAR);
  scroller?.scrollBy({ top, behavior: calm() ? "auto" : "smooth" });
}

// Where the card fits: right of the ring, left, below, above; else within it, at the lower right.
function beside(box, width, height) {
  const inside = (v, most) => Math.min(Math.max(v, GAP), Math.max(most - GAP, GAP));
  if (!box) return { left: (innerWidth - width) / 2, top: (innerHeight - height) / 2 };
  const top = inside((box.top + box.bottom - height) / 2, innerHeight - height);
  const left = inside(box.left, innerWidth - width);
  if (box.right + width + 2 * GAP <= innerWidth) return { left: box.right + GAP, top };
  if (box.left - width - 2 * GAP >= 0) return { left: box.left - width - GAP, top };
  if (box.bottom + height + 2 * GAP <= innerHeight) return { left, top: box.bottom + GAP };
  if (box.top - height - 2 * GAP >= 0) return { left, top: box.top - height - GAP };
  return { left: inside(box.right - width - GAP, innerWidth - width), top: inside(box.bottom - height - GAP, innerHeight - height) };
}

function put(node, place) {
  for (const [name, value] of Object.entries(place)) {
    const pixels = `${Math.round(value)}px`;
    if (node.style[name] !== pixels) node.style[name] = pixels;
  }
}

export default mounted((root) => new Tour(root));
