// A picture that is drawn anew while somebody is using it: the focus stays, and a click is not lost.

/**
 * Put new nodes in the place of old ones. The focus stays on the node of the same name, since a key that is pressed
 * next would reach nothing.
 * @param {Element} place
 * @param {string} name an attribute that names each node that may have the focus
 * @param {...Node} nodes
 */
export function renew(place, name, ...nodes) {
  const active = /** @type {Document | ShadowRoot} */ (place.getRootNode()).activeElement;
  const focused = active && place.contains(active) ? active.getAttribute(name) : null;
  place.replaceChildren(...nodes);
  if (focused === null) return;
  const found = [...place.querySelectorAll(`[${name}]`)].find((node) => node.getAttribute(name) === focused);
  /** @type {HTMLElement | SVGElement | undefined} */ (found)?.focus({ preventScroll: true });
}

/**
 * Make a function that acts at once, or after the pointer that is down in a place came up: a node that is replaced
 * meanwhile gets no click. Of several acts that wait, the last is done.
 * @param {Element} place
 * @param {AbortSignal} signal
 * @returns {(act: () => void) => void}
 */
export function afterPress(place, signal) {
  let down = false;
  /** @type {(() => void) | null} */
  let waiting = null;
  const end = () => {
    down = false;
    const act = waiting;
    waiting = null;
    if (act) setTimeout(() => signal.aborted || act()); // the click comes first
  };
  const lost = (/** @type {PointerEvent} */ event) => down && event.buttons === 0 && end();
  place.addEventListener("pointerdown", () => (down = true), { signal, capture: true });
  document.addEventListener("pointerup", end, { signal });
  document.addEventListener("pointercancel", end, { signal });
  document.addEventListener("pointermove", lost, { signal });
  return (act) => {
    if (down) waiting = act;
    else act();
  };
}
