/** Small drawings for rows of tables, as SVG: decoration beside a number that says the same. */
import { html } from "../lib/html.js";

const WIDTH = 100;
const HEIGHT = 24;

/**
 * A line with gaps where there is no value.
 * @param {{values: (number|null)[]|null, top?: number, tone?: string, area?: boolean, line?: number}} props
 *   top: least value of the upper end; line: a threshold
 */
export function Sparkline({ values, top = 0, tone = "accent", area = false, line }) {
  if (!values || values.every((one) => one === null)) return html`<span class="nothing">–</span>`;
  const highest = Math.max(top, ...values.map((one) => one ?? 0)) || 1;
  const x = (/** @type {number} */ at) => (at / Math.max(1, values.length - 1)) * WIDTH;
  const y = (/** @type {number} */ one) => HEIGHT - 2 - (one / highest) * (HEIGHT - 4);
  let path = "";
  let pen = false;
  values.forEach((one, at) => {
    if (one !== null) path += `${pen ? "L" : "M"}${x(at).toFixed(1)} ${y(one).toFixed(1)}`;
    pen = one !== null;
  });
  const full = area && !values.includes(null);
  return html`<svg class="sparkline ${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${full && html`<path class="area" d="${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z"></path>`}
    ${line !== undefined && line <= highest && html`<line class="threshold" x1="0" x2=${WIDTH} y1=${y(line)} y2=${y(line)}></line>`}
    <path class="line" d=${path}></path>
  </svg>`;
}

/**
 * Reference (grey, wide) against now (colour, narrow).
 * @param {{reference: number[]|null|undefined, current: number[]|null|undefined, tone?: string}} props shares of the same groups
 */
export function MiniHistogram({ reference, current, tone = "accent" }) {
  const first = reference ?? current;
  if (!first || first.length === 0) return html`<span class="nothing">–</span>`;
  const highest = Math.max(...first, ...(current ?? [])) || 1;
  const step = WIDTH / first.length;
  const bar = (
    /** @type {number} */ share,
    /** @type {number} */ at,
    /** @type {string} */ name,
    /** @type {number} */ part,
  ) => {
    const height = (share / highest) * (HEIGHT - 1);
    return html`<rect class=${name} x=${at * step + (step * (1 - part)) / 2} y=${HEIGHT - height} width=${step * part} height=${height}></rect>`;
  };
  return html`<svg class="mini ${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${reference?.map((share, at) => bar(share, at, "reference", 0.88))}
    ${current?.map((share, at) => bar(share, at, "current", 0.42))}
  </svg>`;
}
