// As much of a page as a component needs to be mounted in node; it counts who listens and who watches.

const CAMEL = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

class Listened extends EventTarget {
  listening = 0;

  addEventListener(type, act, how) {
    super.addEventListener(type, act, how);
    this.listening += 1;
    how?.signal?.addEventListener("abort", () => (this.listening -= 1));
  }
}

class Node extends Listened {
  constructor(tag) {
    super();
    Object.assign(this, { tagName: tag.toUpperCase(), attributes: new Map(), children: [], dataset: {}, style: {} });
    this.value = "";
    this.clientWidth = 600;
    this.viewBox = { baseVal: { width: 600, height: 400 } };
    const names = () => (this.getAttribute("class") ?? "").split(" ").filter(Boolean);
    const has = (name) => names().includes(name);
    const toggle = (name, on = !has(name)) => {
      const rest = names().filter((one) => one !== name);
      this.setAttribute("class", (on ? [...rest, name] : rest).join(" "));
    };
    this.classList = {
      toggle,
      contains: has,
      add: (name) => toggle(name, true),
      remove: (name) => toggle(name, false),
    };
  }

  setAttribute(name, value) {
    this.attributes.set(name, String(value));
    if (name.startsWith("data-")) this.dataset[CAMEL(name.slice(5))] = String(value);
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  append(...inside) {
    for (const one of inside) {
      one.parentNode?.children.splice(one.parentNode.children.indexOf(one), 1);
      if (typeof one === "object") one.parentNode = this;
      this.children.push(one);
    }
  }

  replaceChildren(...inside) {
    const root = this.getRootNode();
    if (this.children.some((one) => one instanceof Node && one.contains(root.activeElement))) root.activeElement = null;
    for (const one of this.children) one.parentNode = null;
    this.children = [];
    this.append(...inside);
  }

  remove() {
    this.parentNode.children = this.parentNode.children.filter((one) => one !== this);
  }

  all() {
    return this.children.filter((one) => one instanceof Node).flatMap((one) => [one, ...one.all()]);
  }

  querySelectorAll(selector) {
    const [, kind, name] = selector.match(/^([.[])([\w-]+)/);
    const fits = (node) => (kind === "." ? node.classList.contains(name) : node.attributes.has(name));
    return this.all().filter(fits);
  }

  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  contains(node) {
    return node === this || this.all().includes(node);
  }

  getRootNode() {
    return this.parentNode?.getRootNode() ?? this;
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, right: 600, bottom: 400, width: 600, height: 400 };
  }

  get isConnected() {
    return this.parentNode?.isConnected ?? this.onPage ?? false;
  }

  focus() {
    this.getRootNode().activeElement = this;
    this.onfocus?.();
  }
}

/** A page with places of those classes in it; watching: how many watch the size of something. */
export function page(...classes) {
  const document = new Listened();
  Object.assign(document, {
    createElement: (tag) => new Node(tag),
    createElementNS: (_, tag) => new Node(tag),
    querySelector: () => found.app ?? null,
    activeElement: null,
  });
  const found = { document, watching: 0, observers: new Set(), parent: new Node("div"), sent: [] };
  found.parent.onPage = true;
  class ResizeObserver {
    observe() {
      found.watching += 1;
    }
    disconnect() {
      found.watching -= 1;
    }
  }
  class MutationObserver {
    constructor(act) {
      this.act = act;
    }
    observe() {
      found.observers.add(this);
    }
    disconnect() {
      found.observers.delete(this);
    }
  }
  Object.assign(globalThis, { document, ResizeObserver, MutationObserver });
  globalThis.requestAnimationFrame = (act) => setTimeout(act);
  for (const name of classes) {
    const place = new Node("div");
    place.setAttribute("class", name);
    found.parent.append(place);
  }
  return found;
}

/** Streamlit says whether it reaches the server. */
export function connection(page, state) {
  page.app ??= new Node("div");
  page.app.setAttribute("data-test-connection-state", state);
  for (const one of [...page.observers]) one.act();
}

/** How many listen anywhere outside the nodes that a component made itself. */
export function listening(page) {
  return page.document.listening + page.parent.children.reduce((sum, node) => sum + node.listening, 0) + page.watching + page.observers.size;
}
