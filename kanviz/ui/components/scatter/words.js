// Words about the rows.

/** @typedef {import("../protocol").ScatterPayload} Payload */

/** @param {number} v */
export function four(v) {
  if (v === 0) return "0";
  return Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(4)));
}

/**
 * @param {number} n
 * @param {string} word
 */
export function many(n, word) {
  return `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
}

/**
 * Say what is drawn, while no row is looked at.
 * @param {Payload} d
 */
export function rest(d) {
  const drawn = d.rows.length;
  const words = [];
  if (!drawn) words.push("No row has a finite prediction.");
  else words.push("Drag to pick rows, click a point to explain its row.");
  if (drawn + d.no_number < d.total) {
    words.push(`${drawn.toLocaleString("en")} of ${many(d.total, "row")} drawn; a rectangle picks all.`);
  }
  if (d.no_number && drawn) words.push(`${many(d.no_number, "row")} left out: their prediction is NaN or infinite.`);
  return words.join(" ");
}

/**
 * Say what a row is: its title, its numbers by name, and its inputs.
 * @param {Payload} d
 * @param {number} k its place among the points
 * @param {boolean} picked
 */
export function row(d, k, picked) {
  const unit = d.unit ? ` ${d.unit}` : "";
  const miss = d.miss[k];
  const kind = `${d.test[k] ? "held out" : "training"}${picked ? " · picked" : ""}`;
  return {
    title: `Row ${(d.rows[k] + 1).toLocaleString("en")} · ${kind}`,
    numbers: [
      `measured: ${four(d.x[k])}${unit}`,
      `predicted: ${four(d.y[k])}${unit}`,
      `error: ${miss > 0 ? "+" : ""}${four(miss)}${unit}`,
    ],
    inputs: [
      ...d.names.map((name, i) => `${name}: ${four(d.values[i][k])}`),
      ...(d.more ? [`and ${many(d.more, "more input")}`] : []),
    ],
  };
}
