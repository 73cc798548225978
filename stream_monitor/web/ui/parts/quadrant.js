/** Effect × importance: what moved and matters is at the top right. Without importance: effect alone, on a line of its own. */
import { html, useMemo, useState } from "../lib/html.js";
import { nameOf, number, signed } from "../lib/format.js";
import { useWidth } from "../lib/width.js";
import { seriesLink } from "../lib/router.js";
import { tone } from "./basics.js";

const HEIGHT = 356;
const EDGE = { left: 40, right: 14, top: 14, bottom: 36 };
const SHOWN = 150; // of the most moved; more are a cloud nobody reads
const NAMED = 6;

/** @param {{series: any[], model: string}} props */
export function Quadrant({ series, model }) {
  const [over, setOver] = useState("");
  const [box, width] = useWidth(420);
  const points = useMemo(() => placed(series), [series]);
  const most = Math.max(1, ...points.map((one) => one.effect));
  const highest = Math.max(0, ...points.map((one) => one.importance)) || 1;
  const x = (/** @type {number} */ effect) => EDGE.left + Math.sqrt(effect / most) * (width - EDGE.left - EDGE.right);
  const y = (/** @type {number} */ importance) =>
    HEIGHT - EDGE.bottom - (importance / highest) * (HEIGHT - EDGE.top - EDGE.bottom);
  const half = (HEIGHT - EDGE.top - EDGE.bottom) / 2;
  const ticks = [0, 0.1, 0.5, 1, 2, 5].filter((one) => one <= most);
  const labels = spaced(
    points
      .filter((one) => one.drifting)
      .slice(0, NAMED)
      .concat(points.filter((one) => one.key === over && !one.drifting)),
    x,
    y,
    width,
  );
  return html`<div class="quadrant" ref=${box}>${
    points.length === 0
      ? html`<p class="none">No input has an effect to show yet.</p>`
      : html`<svg width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" role="group" aria-label="Impact of inputs: effect against importance">
    <rect class="hot" x=${x(most * 0.16)} y=${EDGE.top} width=${width - EDGE.right - x(most * 0.16)} height=${half}></rect>
    ${ticks.map(
      (
        one,
      ) => html`<g key=${one}><line class="grid" x1=${x(one)} x2=${x(one)} y1=${EDGE.top} y2=${HEIGHT - EDGE.bottom}></line>
      <text class="tick" x=${x(one)} y=${HEIGHT - EDGE.bottom + 14} text-anchor="middle">${one}</text></g>`,
    )}
    <line class="grid" x1=${EDGE.left} x2=${width - EDGE.right} y1=${EDGE.top + half} y2=${EDGE.top + half}></line>
    <path class="frame" d="M${EDGE.left} ${EDGE.top}V${HEIGHT - EDGE.bottom}H${width - EDGE.right}"></path>
    <text class="axis" x=${width - EDGE.right} y=${HEIGHT - 6} text-anchor="end">effect, in sd of the reference →</text>
    <text class="axis" transform="rotate(-90 12 ${EDGE.top})" x="12" y=${EDGE.top + 4} text-anchor="end">importance →</text>
    <text class="corner" x=${width - EDGE.right - 8} y=${EDGE.top + half - 10} text-anchor="end">moved and matters</text>
    ${points.map(
      (one) => html`<a key=${one.key} href=${seriesLink(model, one.series)} tabindex=${one.drifting ? 0 : -1}
      aria-label="${one.series.series}: effect ${signed(one.series.effect)} sd, importance ${number(one.series.importance)}"
      onMouseEnter=${() => setOver(one.key)} onMouseLeave=${() => setOver("")} onFocus=${() => setOver(one.key)} onBlur=${() => setOver("")}>
      <circle class="${one.tone} ${over === one.key ? "over" : ""}" cx=${x(one.effect)} cy=${y(one.importance)} r=${one.drifting ? 6 : 3.5}>
        <title>${one.series.series}: effect ${signed(one.series.effect)} sd, importance ${number(one.series.importance)}</title></circle></a>`,
    )}
    ${labels.map((one) => html`<text key=${one.key} class="name" x=${one.x} y=${one.y} text-anchor=${one.anchor}>${one.text}</text>`)}
  </svg>`
  }</div>`;
}

/** Inputs with an effect, the most moved first. @param {any[]} series */
function placed(series) {
  return series
    .filter((one) => one.effect !== null && one.series.startsWith("feature:") && !one.segment)
    .map((one) => ({
      key: `${one.series}|${one.version ?? ""}`,
      series: one,
      effect: Math.abs(one.effect),
      importance: one.importance ?? 0,
      drifting: one.status === "drifting",
      tone: tone(one.status),
    }))
    .sort((a, b) => Number(b.drifting) - Number(a.drifting) || b.effect - a.effect)
    .slice(0, SHOWN);
}

/** Names beside their points, moved down where two would touch. */
function spaced(points, x, y, width) {
  const used = /** @type {number[]} */ ([]);
  return points.map((one) => {
    const right = x(one.effect) < width * 0.62;
    let at = y(one.importance) + 4;
    while (used.some((other) => Math.abs(other - at) < 13)) at += 13;
    used.push(at);
    return {
      key: one.key,
      x: x(one.effect) + (right ? 10 : -10),
      y: at,
      anchor: right ? "start" : "end",
      text: nameOf(one.series.series).name,
    };
  });
}
