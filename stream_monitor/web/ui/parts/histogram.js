/** Two distributions over the same groups, one over the other, with their names and numbers. */
import { html, useState } from "../lib/html.js";
import { useWidth } from "../lib/width.js";
import { number, percent, signed } from "../lib/format.js";

const HEIGHT = 230;
const EDGE = { left: 50, right: 4, top: 10, bottom: 26 };

/** @typedef {{name: string, shares: number[]|null}} Distribution */

/** @param {{groups: string[], first: Distribution, second: Distribution, sideways?: boolean, label: string}} props sideways: bars of categories */
export function Histogram({ groups, first, second, sideways = false, label }) {
  const [over, setOver] = useState(/** @type {number|null} */ (null));
  if (!first.shares && !second.shares) return html`<p class="none">Neither window has values.</p>`;
  return html`<figure class="histogram" aria-label=${label}>
    <figcaption class="legend"><span><i class="key reference" aria-hidden="true"></i>${first.name}</span><span><i class="key current" aria-hidden="true"></i>${second.name}</span>
      <span class="when">${over === null ? "" : html`${groups[over]}: <b class="num">${percent(first.shares?.[over])}</b> → <b class="num">${percent(second.shares?.[over])}</b>`}</span></figcaption>
    ${
      sideways
        ? html`<${Bars} groups=${groups} first=${first} second=${second} />`
        : html`<${Columns} groups=${groups} first=${first} second=${second} over=${over} setOver=${setOver} />`
    }
    <details class="numbers"><summary>Numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="${label}, as numbers"><table><caption class="sr">${label}</caption>
      <thead><tr><th scope="col">group</th><th scope="col" class="num">${first.name}</th><th scope="col" class="num">${second.name}</th><th scope="col" class="num">change</th></tr></thead>
      <tbody>${groups.map((group, at) => html`<tr key=${group}><th scope="row">${group}</th><td class="num">${percent(first.shares?.[at])}</td><td class="num">${percent(second.shares?.[at])}</td><td class="num">${change(first, second, at)}</td></tr>`)}</tbody>
    </table></div></details>
  </figure>`;
}

/** In points of a hundred. @param {Distribution} first @param {Distribution} second @param {number} at */
const change = (first, second, at) =>
  first.shares && second.shares ? `${signed((second.shares[at] - first.shares[at]) * 100)} pp` : "–";

/** Upright columns, for numbers. @param {any} props */
function Columns({ groups, first, second, over, setOver }) {
  const [box, width] = useWidth(640);
  const highest = Math.max(...(first.shares ?? [0]), ...(second.shares ?? [0])) || 1;
  const step = (width - EDGE.left - EDGE.right) / groups.length;
  const y = (/** @type {number} */ share) =>
    HEIGHT - EDGE.bottom - (share / highest) * (HEIGHT - EDGE.top - EDGE.bottom);
  const every = Math.ceil(groups.length / (width / 70));
  const bar = (
    /** @type {number} */ share,
    /** @type {number} */ at,
    /** @type {string} */ name,
    /** @type {number} */ part,
  ) => html`<rect class=${name}
    x=${EDGE.left + at * step + (step * (1 - part)) / 2} width=${step * part} y=${y(share)} height=${Math.max(0, HEIGHT - EDGE.bottom - y(share))} rx="1.5"></rect>`;
  return html`<div ref=${box}><svg class="bars" width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true" onMouseLeave=${() => setOver(null)}>
    ${[0.5, 1].map(
      (
        part,
      ) => html`<g key=${part}><line class="grid" x1=${EDGE.left} x2=${width} y1=${y(highest * part)} y2=${y(highest * part)}></line>
      <text class="tick" x=${EDGE.left - 6} y=${y(highest * part) + 4} text-anchor="end">${percent(highest * part)}</text></g>`,
    )}
    ${groups.map(
      (group, at) => html`<g key=${group} class=${over === at ? "over" : ""} onMouseEnter=${() => setOver(at)}>
      <rect class="hover" x=${EDGE.left + at * step} width=${step} y=${EDGE.top} height=${HEIGHT - EDGE.top - EDGE.bottom}></rect>
      ${first.shares && bar(first.shares[at], at, "reference", 0.9)}${second.shares && bar(second.shares[at], at, "current", 0.5)}
      ${at % every === 0 && html`<text class="tick" x=${EDGE.left + at * step + step / 2} y=${HEIGHT - 8} text-anchor="middle">${short(group)}</text>`}</g>`,
    )}
    <line class="base" x1=${EDGE.left} x2=${width} y1=${HEIGHT - EDGE.bottom} y2=${HEIGHT - EDGE.bottom}></line>
  </svg></div>`;
}

/** Lying bars with their names, for categories. @param {any} props */
function Bars({ groups, first, second }) {
  const highest = Math.max(...(first.shares ?? [0]), ...(second.shares ?? [0])) || 1;
  return html`<div class="categories" aria-hidden="true">${groups.map(
    (group, at) => html`<div class="category" key=${group}>
    <span class="name" title=${group}>${group}</span>
    <svg viewBox="0 0 100 14" preserveAspectRatio="none">
      <rect class="reference" width=${((first.shares?.[at] ?? 0) / highest) * 100} height="14" rx="0.6"></rect>
      <rect class="current" y="3.5" width=${((second.shares?.[at] ?? 0) / highest) * 100} height="7" rx="0.4"></rect></svg>
    <span class="num">${percent(second.shares?.[at])}</span><span class="num faint">${change(first, second, at)}</span></div>`,
  )}</div>`;
}

/** A group in few characters: where it begins. @param {string} group as `15.1487 to 20.3912`, `below 2`, `above 9` or a value */
function short(group) {
  const sign = group.startsWith("below ") ? "< " : group.startsWith("above ") ? "> " : "";
  const begin = group.replace(/^(below|above) /, "").split(" to ")[0];
  const text = begin !== "" && Number.isFinite(Number(begin)) ? number(Number(begin)) : begin;
  return sign + (text.length > 9 ? `${text.slice(0, 8)}…` : text);
}
