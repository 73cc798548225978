/** The little arithmetic of the views; everything else is the monitor's. Pure. */

/** @param {number[]} counts @returns {number[]|null} null: nothing was counted */
export function shares(counts) {
  const total = counts.reduce((sum, one) => sum + one, 0);
  return total > 0 ? counts.map((one) => one / total) : null;
}

/** @param {number[][]} many same length each @returns {number[]} */
export function added(many) {
  const sums = new Array(many[0]?.length ?? 0).fill(0);
  for (const counts of many) counts.forEach((one, at) => (sums[at] += one));
  return sums;
}

/**
 * Jensen-Shannon distance, base 2: 0 (equal) .. 1 (nothing in common). What chance adds on average is taken off, as the
 * monitor does (Grosse et al., Physical Review E 65, 2002): two windows of few values would always look different.
 * @param {{shares: number[], values: number}} first @param {{shares: number[], values: number}} second
 */
export function distance(first, second) {
  let bits = 0;
  let held = 0;
  first.shares.forEach((p, at) => {
    const q = second.shares[at];
    const middle = (p + q) / 2;
    if (middle > 0) held += 1;
    if (p > 0) bits += (p * Math.log2(p / middle)) / 2;
    if (q > 0) bits += (q * Math.log2(q / middle)) / 2;
  });
  const chance =
    (Math.max(0, held - 1) * (1 / Math.max(1, first.values) + 1 / Math.max(1, second.values))) / (8 * Math.LN2);
  return Math.sqrt(Math.max(0, bits - chance));
}

/** How bad a distance is, from the thresholds people use: 0.1 is a drift worth a look. @param {number|null|undefined} score */
export function grade(score) {
  if (score === null || score === undefined) return "none";
  if (score >= 0.25) return "critical";
  return score >= 0.1 ? "warning" : "good";
}
