// Where the ring and the card stand, in pixels of the window.

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */
/** @typedef {{ width: number, height: number }} Size */

const ROOM = 6; // between a place and its ring
const EDGE = 3; // between the ring and the window's edge
const GAP = 12; // between ring, card and window
const BAR = 72; // the page's own bar, and some room
export const NARROW = 640; // a window as wide as a telephone: the card is at its lower edge

/**
 * The ring around a place, cut off at the window's edge; null where nothing of it is in the window.
 * @param {Box | undefined} found
 * @param {Size} window
 * @returns {Box | null}
 */
export function ring(found, { width, height }) {
  if (!found) return null;
  const box = {
    left: Math.max(found.left - ROOM, EDGE),
    top: Math.max(found.top - ROOM, EDGE),
    right: Math.min(found.right + ROOM, width - EDGE),
    bottom: Math.min(found.bottom + ROOM, height - EDGE),
  };
  return box.bottom > box.top && box.right > box.left ? box : null;
}

/**
 * Where the card fits: right of the ring, left, below, above; else within it, at the lower right.
 * @param {Box | null} box
 * @param {Size} card
 * @param {Size} window
 */
export function nextTo(box, card, window) {
  const inside = (/** @type {number} */ v, /** @type {number} */ most) =>
    Math.min(Math.max(v, GAP), Math.max(most - GAP, GAP));
  const [across, down] = [window.width - card.width, window.height - card.height];
  if (!box) return { left: across / 2, top: down / 2 };
  const top = inside((box.top + box.bottom - card.height) / 2, down);
  const left = inside(box.left, across);
  if (box.right + card.width + 2 * GAP <= window.width) return { left: box.right + GAP, top };
  if (box.left - card.width - 2 * GAP >= 0) return { left: box.left - card.width - GAP, top };
  if (box.bottom + card.height + 2 * GAP <= window.height) return { left, top: box.bottom + GAP };
  if (box.top - card.height - 2 * GAP >= 0) return { left, top: box.top - card.height - GAP };
  return { left: inside(box.right - card.width - GAP, across), top: inside(box.bottom - card.height - GAP, down) };
}

/**
 * By how much to scroll: until a place's top is below the bar, or, of a low place on a wide window, its middle in the
 * window's.
 * @param {{ top: number, height: number }} box
 * @param {Size} window
 */
export function scrolled(box, { width, height }) {
  const middle = width > NARROW && box.height < 0.6 * height;
  return box.top - (middle ? (height - box.height) / 2 : BAR);
}
