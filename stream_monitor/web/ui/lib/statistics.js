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
 * Jensen-Shannon distance, base 2: 0 (equal) .. 1 (nothing in common).
 * @param {number[]} first @param {number[]} second shares
 */
export function distance(first, second) {
  let sum = 0;
  for (let at = 0; at < first.length; at += 1) {
    const middle = (first[at] + second[at]) / 2;
    if (first[at] > 0) sum += first[at] * Math.log2(first[at] / middle);
    if (second[at] > 0) sum += second[at] * Math.log2(second[at] / middle);
  }
  return Math.sqrt(Math.max(0, sum / 2));
}

/** How bad a distance is, from the thresholds people use: 0.1 is a drift worth a look. @param {number|null|undefined} score */
export function grade(score) {
  if (score === null || score === undefined) return "none";
  if (score >= 0.25) return "critical";
  return score >= 0.1 ? "warning" : "good";
}
