// Work kept in this browser: manifests, and blobs called by their checksums, in a database that only kanviz reads.
const MOST = 5;

const done = (asked) =>
  new Promise((good, bad) => {
    asked.onsuccess = () => good(asked.result);
    asked.onerror = () => bad(asked.error);
  });
const ended = (change) =>
  new Promise((good, bad) => {
    change.oncomplete = good;
    change.onabort = () => bad(change.error);
  });
const opened = () => {
  const asked = indexedDB.open("kanviz", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("works", { keyPath: "id" });
    asked.result.createObjectStore("blobs");
    asked.result.createObjectStore("settings");
  };
  return done(asked);
};
const newest = (works) => works.sort((a, b) => b.when - a.when);

export default mounted(() => new Memory());

class Memory {
  constructor() {
    this.turn = Promise.resolve();
    this.revs = {};
  }

  show(data) {
    this.turn = this.turn.then(() => this.act(data)).catch((problem) => this.fail(problem, data));
    if (data.offers && !this.offers) document.querySelector(".st-key-kept")?.scrollIntoView({ block: "nearest" });
    this.offers = data.offers;
  }

  // Once for each order: a server that was started anew does not know yet.
  fail(problem, { order }) {
    if (this.failed && this.obeyed === order?.n) return;
    this.failed = true;
    this.obeyed = order?.n;
    this.send("trouble", problem?.name === "QuotaExceededError" ? "full" : "closed");
  }

  async act({ order, works }) {
    this.db ||= await opened();
    this.db.onversionchange = () => this.db.close();
    for (const work of works) if (work.rev !== this.revs[work.id]) await this.keep(work);
    if (order && order.n !== this.obeyed) {
      this.obeyed = order.n;
      await this.obey(order);
    }
  }

  change() {
    const change = this.db.transaction(["works", "blobs", "settings"], "readwrite");
    return [ended(change), ...["works", "blobs", "settings"].map((name) => change.objectStore(name))];
  }

  async keep({ rev, needs, blobs, ...work }) {
    const [end, works, store, settings] = this.change();
    if (!(await done(settings.get("off")))) {
      for (const [name, content] of Object.entries(blobs)) store.put(content, name);
      const there = new Set(await done(store.getAllKeys())), missing = needs.filter((name) => !there.has(name));
      if (missing.length) {
        await end;
        return this.send("missing", missing);
      }
      const before = await done(works.get(work.id));
      if (before?.manifest !== work.manifest || before.token !== work.token) works.put({ ...work, needs, when: Date.now() });
      await this.tidy(works, store);
    }
    await end;
    this.revs[work.id] = rev;
  }

  async tidy(works, store) {
    const all = newest(await done(works.getAll()));
    for (const old of all.splice(MOST)) works.delete(old.id);
    const needed = new Set(all.flatMap((work) => work.needs));
    for (const name of await done(store.getAllKeys())) if (!needed.has(name)) store.delete(name);
  }

  async obey({ n, what, id }) {
    const [end, works, store, settings] = this.change();
    if (what === "read") {
      const work = await done(works.get(id)), blobs = {};
      for (const name of work?.needs || []) blobs[name] = (await done(store.get(name))) || "";
      return this.send("found", { n, id, manifest: work?.manifest || "", blobs });
    }
    if (what === "forget") works.delete(id);
    if (what === "off") works.clear();
    if (what === "off" || what === "on") settings.put(what === "off", "off");
    await this.tidy(works, store);
    const kept = newest(await done(works.getAll())).map(({ manifest, needs, ...work }) => work);
    const off = Boolean(await done(settings.get("off")));
    await end;
    this.revs = {};
    this.send("told", { n, off, works: kept });
  }
}
