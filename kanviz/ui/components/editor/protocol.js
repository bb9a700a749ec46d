// Messages of the editor: a payload read, and the gestures that are sent.

/** @typedef {import("../protocol").EditorPayload} Payload */
/** @typedef {import("../protocol").EditorEvents} Events */
/** @typedef {import("../protocol").EditorCommit} Commit */

/**
 * A payload with numbers in the place of null, NaN where there is no curve.
 * @typedef {Omit<Payload, "rest" | "base" | "formula" | "resting" | "coef" | "lift"> & { rest: number[],
 *   base: number[] | null, formula: number[] | null, resting: number[] | null, coef: number[], lift: number[] }} Curve
 */

/**
 * Read a payload: JSON has no NaN, so it is sent as null.
 * @param {Payload} payload
 * @returns {Curve}
 */
export function decoded(payload) {
  const { rest, base, formula, resting, coef, lift } = payload;
  return {
    ...payload,
    rest: numbers(rest),
    base: base && numbers(base),
    formula: formula && numbers(formula),
    resting: resting && numbers(resting),
    coef: numbers(coef),
    lift: lift.map((v) => v ?? 0),
  };
}

/** @param {(number | null)[]} values */
const numbers = (values) => values.map((v) => (v === null ? NaN : v));

/**
 * List the control points that were changed, with their new coefficients; NaN is left as it was.
 * @param {number[]} coef
 * @param {number[]} before
 * @returns {[number, number][]}
 */
export function changed(coef, before) {
  return coef
    .map((v, m) => /** @type {[number, number]} */ ([m, v]))
    .filter(([m, v]) => !Object.is(v, before[m]) && Number.isFinite(v));
}
