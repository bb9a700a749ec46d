// Numbers on an axis: few and round, whatever the range.

/**
 * Widen a range until an axis can be drawn: the numbers on it can tell its ends apart.
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
export function spread(low, high) {
  const least = 1e-9 * Math.max(Math.abs(low), Math.abs(high)) || 1;
  return high - low >= least ? [low, high] : [(low + high) / 2 - least, (low + high) / 2 + least];
}

/**
 * List round numbers from low to high, at most count + 1; of a range without width, or without end, the end it has.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {number[]}
 */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const digits = 1e-14 * Math.max(Math.abs(low), Math.abs(high));
  if (!(rough > digits && rough >= 1e-300 && rough < Infinity)) return Number.isFinite(low) ? [low] : [];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * size).find((s) => s >= rough) ?? rough;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high && found.length <= count; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/**
 * Write the number at a tick.
 * @param {number} tick
 */
export function written(tick) {
  const long = tick !== 0 && (Math.abs(tick) >= 1e6 || Math.abs(tick) < 1e-4);
  return long ? tick.toExponential() : String(tick);
}
