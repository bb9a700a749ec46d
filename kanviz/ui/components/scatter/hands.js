// Gestures on the picture: a rectangle, a click, and the keys.
import { isDrag, nearest } from "./geometry.js";

/** @typedef {import("./view.js").Scatter} Scatter */
/** @typedef {import("./geometry.js").Point} Point */

/**
 * Listen to the picture that was just drawn; the listeners go with its nodes. What is returned drops a drag under way.
 * @param {Scatter} view
 * @returns {() => void}
 */
export function listen(view) {
  const { picture } = view;
  const { svg } = picture;
  /** @type {Point | null} */
  let from = null;
  const at = (/** @type {PointerEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    return /** @type {Point} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  const end = () => {
    from = null;
    picture.unbox();
  };
  svg.onpointerdown = (event) => {
    if (event.button) return;
    from = at(event);
    svg.setPointerCapture(event.pointerId);
  };
  svg.onpointermove = (event) => {
    const here = at(event);
    if (from && isDrag(from, here)) {
      view.away();
      picture.box(from, here);
    } else if (!from) {
      const k = nearest(picture.places, here);
      svg.classList.toggle("over", k >= 0);
      if (k >= 0) view.look(k);
      else view.away();
    }
  };
  svg.onpointercancel = end;
  svg.onpointerup = (event) => {
    if (!from) return;
    const [began, here] = [from, at(event)];
    end();
    const k = nearest(picture.places, here);
    if (isDrag(began, here)) view.box(began, here, event.shiftKey);
    else if (k >= 0 && event.shiftKey) view.toggle(k);
    else if (k >= 0) view.take(k);
    else if (view.count) view.none();
  };
  svg.onpointerleave = () => !from && view.away();
  svg.onfocus = () => svg.matches(":focus-visible") && view.step(0);
  svg.onblur = () => {
    view.away();
    view.rest();
  };
  svg.onkeydown = (event) => key(view, event, end);
  return end;
}

/**
 * @param {Scatter} view
 * @param {KeyboardEvent} event
 * @param {() => void} drop
 */
function key(view, event, drop) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
  const upwards = event.key === "ArrowUp" || event.key === "ArrowDown";
  if (by) view.step(by, upwards ? view.byHeight : view.byX);
  else if (event.key === "Enter" && view.at !== null) view.take(view.at);
  else if (event.key === " " && view.at !== null) view.toggle(view.at);
  else if (event.key === "Escape") {
    drop();
    if (view.count) view.none();
  } else return;
  event.preventDefault();
}
