// Work kept in this browser: manifests, and blobs called by their checksums, in a database that only kanviz reads.
import { mounted } from "../shared/mount.js";
import { changing, done, newest, opened } from "./store.js";

/** @typedef {import("../protocol").MemoryPayload} Payload */
/** @typedef {import("../protocol").MemoryOrder} Order */
/** @typedef {import("../protocol").MemoryWork} Work */

const MOST = 5; // pieces of work

export class Memory {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.turn = Promise.resolve(); // one payload after the other
    /** @type {Record<string, string>} revisions that are kept, by the name of the work */
    this.revs = {};
    /** @type {IDBDatabase | null} */
    this.db = null;
    this.offers = false;
    this.failed = false;
    /** @type {string | undefined} the order that was obeyed last */
    this.obeyed = undefined;
    /** @type {import("../protocol").Send<import("../protocol").MemoryEvents>} */
    this.send = () => {};
    signal.addEventListener("abort", () => (this.turn = this.turn.then(() => this.db?.close())));
  }

  /** @param {Payload} data */
  show(data) {
    this.turn = this.turn.then(() => this.act(data)).catch((problem) => this.fail(problem, data));
    if (data.offers && !this.offers) document.querySelector(".st-key-kept")?.scrollIntoView({ block: "nearest" });
    this.offers = data.offers;
  }

  /**
   * Say that nothing can be kept, once for each order: a server that was started anew does not know yet.
   * @param {DOMException} problem
   * @param {Payload} payload
   */
  fail(problem, { order }) {
    if (this.failed && this.obeyed === order?.n) return;
    this.failed = true;
    this.obeyed = order?.n;
    this.send("trouble", problem?.name === "QuotaExceededError" ? "full" : "closed");
  }

  /** @param {Payload} payload */
  async act({ order, works }) {
    this.db ||= await opened();
    for (const work of works) if (work.rev !== this.revs[work.id]) await this.keep(work);
    if (order && order.n !== this.obeyed) {
      this.obeyed = order.n;
      await this.obey(order);
    }
  }

  /** @param {Work} work */
  async keep({ rev, needs, blobs, ...work }) {
    const { end, works, blobs: store, settings } = changing(this.db);
    if (!(await done(settings.get("off")))) {
      for (const [name, content] of Object.entries(blobs)) store.put(content, name);
      const there = new Set(await done(store.getAllKeys()));
      const missing = needs.filter((name) => !there.has(name));
      if (missing.length) {
        await end;
        this.send("missing", missing);
        return;
      }
      const before = await done(works.get(work.id));
      const differs = before?.manifest !== work.manifest || before.token !== work.token;
      if (differs) works.put({ ...work, needs, when: Date.now() });
      await this.tidy(works, store);
    }
    await end;
    this.revs[work.id] = rev;
  }

  /**
   * Let go of what is too old, and of blobs that no work needs.
   * @param {IDBObjectStore} works
   * @param {IDBObjectStore} store
   */
  async tidy(works, store) {
    const all = newest(await done(works.getAll()));
    for (const old of all.splice(MOST)) works.delete(old.id);
    const needed = new Set(all.flatMap((work) => work.needs));
    for (const name of await done(store.getAllKeys())) if (!needed.has(name)) store.delete(name);
  }

  /** @param {Order} order */
  async obey({ n, what, id }) {
    const { end, works, blobs: store, settings } = changing(this.db);
    if (what === "read") {
      const work = await done(works.get(id));
      /** @type {Record<string, string>} */
      const blobs = {};
      for (const name of work?.needs || []) blobs[name] = (await done(store.get(name))) || "";
      this.send("found", { n, id, manifest: work?.manifest || "", blobs });
      return;
    }
    if (what === "forget") works.delete(id);
    if (what === "off") works.clear();
    if (what === "off" || what === "on") settings.put(what === "off", "off");
    await this.tidy(works, store);
    const kept = newest(await done(works.getAll())).map(({ manifest, needs, ...work }) => work);
    const off = Boolean(await done(settings.get("off")));
    await end;
    this.revs = {};
    this.send("works", { n, off, works: kept });
  }
}

export default mounted((_, signal) => new Memory(signal));
