// Gestures on the picture: points dragged and nudged, the curve pulled, a stretch marked.
import { puller, total } from "./geometry.js";
import { isMoved } from "./drawing.js";

/** @typedef {import("./view.js").Editor} Editor */
/** @typedef {PointerEvent & { currentTarget: SVGElement }} Press */

const WAIT = 350; // ms after the last nudge
const NUDGE = 0.01; // of the picture's height
const LEAST = 0.01; // of the curve's width: a shorter stretch was a click

/**
 * Listen to the picture that was just drawn; the listeners go with its nodes.
 * @param {Editor} editor
 */
export function listen(editor) {
  const { svg, grip, handles } = editor.picture;
  handles.forEach((node, m) => {
    node.onpointerdown = (event) => drag(editor, /** @type {Press} */ (event), m);
    node.onkeydown = (event) => nudge(editor, event, m);
    node.onfocus = () => editor.hold(m);
  });
  grip.onpointerdown = (event) => pull(editor, /** @type {Press} */ (event));
  const marks = (/** @type {PointerEvent} */ event) => {
    if (event.shiftKey || editor.marking) mark(editor, /** @type {Press} */ (event));
  };
  svg.addEventListener("pointerdown", marks, true);
  svg.onpointerdown = () => !editor.offer.isOpen() && editor.region && editor.stretch(null);
}

/**
 * Where a pointer is over the picture, in pixels.
 * @param {Editor} editor
 * @param {PointerEvent} event
 * @returns {[number, number]}
 */
function place(editor, event) {
  const box = editor.picture.svg.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/**
 * Follow a pointer until it is lifted; what takes it away cancels.
 * @param {Editor} editor
 * @param {Press} event
 * @param {(px: number, py: number) => void} move
 * @param {() => void} done
 */
function gesture(editor, event, move, done) {
  event.preventDefault();
  event.stopPropagation();
  const target = event.currentTarget;
  target.setPointerCapture(event.pointerId);
  target.onpointermove = (next) => move(...place(editor, next));
  target.onpointerup = target.onpointercancel = (last) => {
    target.onpointermove = target.onpointerup = target.onpointercancel = null;
    if (last.type === "pointerup") done();
    else editor.offer.cancel();
  };
}

/**
 * @param {Editor} editor
 * @param {Press} event
 * @param {number} m
 */
function drag(editor, event, m) {
  const { curve, picture } = editor;
  if (editor.offer.draft || !curve.open || curve.locked.includes(m)) return;
  event.currentTarget.focus({ preventScroll: true });
  const grab = place(editor, event)[1] - picture.scales.Y(picture.usable(editor.coef[m] + curve.lift[m]));
  let moved = false;
  gesture(
    editor,
    event,
    (_, py) => {
      moved = true;
      editor.coef[m] = editor.picture.scales.unY(py - grab) - editor.curve.lift[m];
      editor.paint();
    },
    () => (moved ? editor.commit("Move") : editor.send("point", m)),
  );
}

/**
 * @param {Editor} editor
 * @param {Press} event
 */
function pull(editor, event) {
  const { curve, picture } = editor;
  if (editor.offer.draft || !curve.open || !curve.coef.length) return;
  const xs = curve.x;
  const start = [...editor.coef];
  const x = picture.scales.unX(place(editor, event)[0]);
  const r = Math.round(((x - xs[0]) / (xs[xs.length - 1] - xs[0])) * (xs.length - 1));
  const pulled = puller(curve, r);
  if (!pulled || curve.locked.includes(curve.first[r])) return;
  const was = total(curve, start)[r];
  editor.holding = false;
  gesture(
    editor,
    event,
    (_, py) => {
      editor.coef = pulled(start, editor.picture.scales.unY(py) - was);
      editor.paint();
    },
    () => isMoved(editor.curve, editor.coef) && editor.commit("Pull"),
  );
}

/**
 * @param {Editor} editor
 * @param {KeyboardEvent} event
 * @param {number} m
 */
function nudge(editor, event, m) {
  const { curve, picture } = editor;
  const step = { ArrowUp: NUDGE, ArrowDown: -NUDGE }[event.key];
  const next = { ArrowLeft: m - 1, ArrowRight: m + 1, Home: 0, End: picture.handles.length - 1 }[event.key];
  if (next !== undefined) {
    if (!event.shiftKey) editor.anchor = null;
    else if (!editor.offer.draft && curve.tools && picture.handles[next]) {
      editor.anchor ??= m;
      editor.stretch([curve.points[editor.anchor], curve.points[next]]);
    }
    picture.handles[next]?.focus();
  } else if (step && curve.open && !curve.locked.includes(m) && !editor.offer.draft) {
    editor.coef[m] += step * (event.shiftKey ? 10 : 1) * (picture.span[1] - picture.span[0]);
    editor.paint();
    editor.later(() => editor.commit("Move"), WAIT);
  } else return;
  event.preventDefault();
}

/**
 * @param {Editor} editor
 * @param {Press} event
 */
function mark(editor, event) {
  const { curve, picture } = editor;
  if (editor.offer.draft || !curve.coef.length || !curve.tools) return;
  const from = picture.scales.unX(place(editor, event)[0]);
  gesture(
    editor,
    event,
    (px) => editor.stretch([from, editor.picture.scales.unX(px)]),
    () => {
      const xs = editor.curve.x;
      editor.mark(false);
      const { region } = editor;
      if (region && region[1] - region[0] < LEAST * Math.abs(xs[xs.length - 1] - xs[0])) editor.stretch(null);
    },
  );
}
