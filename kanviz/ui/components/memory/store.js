// The browser's own database: pieces of work, their blobs by checksum, and whether keeping is turned off.

const STORES = ["works", "blobs", "settings"];

/**
 * Wait for what was asked of the database.
 * @template Found
 * @param {IDBRequest<Found>} asked
 * @returns {Promise<Found>}
 */
export const done = (asked) =>
  new Promise((good, bad) => {
    asked.onsuccess = () => good(asked.result);
    asked.onerror = () => bad(asked.error);
  });

/**
 * Wait until a change is written.
 * @param {IDBTransaction} change
 * @returns {Promise<unknown>}
 */
const ended = (change) =>
  new Promise((good, bad) => {
    change.oncomplete = good;
    change.onabort = () => bad(change.error);
  });

/** Open the database, made where there is none yet. It gives way to another tab that needs a newer one. */
export async function opened() {
  const asked = indexedDB.open("kanviz", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("works", { keyPath: "id" });
    asked.result.createObjectStore("blobs");
    asked.result.createObjectStore("settings");
  };
  const db = await done(asked);
  db.onversionchange = () => db.close();
  return db;
}

/**
 * Begin a change of all stores.
 * @param {IDBDatabase} db
 */
export function changing(db) {
  const change = db.transaction(STORES, "readwrite");
  const [works, blobs, settings] = STORES.map((name) => change.objectStore(name));
  return { end: ended(change), works, blobs, settings };
}

/**
 * Order pieces of work, the newest first.
 * @template {{ when: number }} Work
 * @param {Work[]} works
 */
export function newest(works) {
  return works.sort((a, b) => b.when - a.when);
}
