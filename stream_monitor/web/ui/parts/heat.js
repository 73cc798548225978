/**
 * Series × time as a heat strip on a canvas. Only the rows in sight are drawn, so that 500 are as quick as 10. The arrow keys
 * move through it, Enter opens a series, and the same as a table is one button away (by whoever uses it).
 */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { clock, nameOf, number } from "../lib/format.js";
import { colour, useScheme } from "../lib/scheme.js";
import { seriesLink } from "../lib/router.js";

const ROW = 18;
const AXIS = 20;
const NAMES = 168;
const TALLEST = 380;
const STOPS = [0, 0.05, 0.1, 0.2, 0.35, 0.6];

/** @typedef {{starts: number[], series: {series: string, version: string|null, segment: string|null, scores: (number|null)[]}[]}} Heat */

/** @param {{heat: Heat, model: string}} props */
export function HeatStrip({ heat, model }) {
  const box = useRef(/** @type {HTMLDivElement|null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement|null} */ (null));
  const [cursor, setCursor] = useState(/** @type {{row: number, at: number}|null} */ (null));
  const scheme = useScheme();
  const rows = heat.series.length;
  const columns = heat.starts.length;
  const height = Math.min(TALLEST, rows * ROW + AXIS);

  useEffect(() => {
    const draw = () => box.current && canvas.current && paint(box.current, canvas.current, heat, cursor);
    draw();
    const seen = new ResizeObserver(draw);
    if (box.current) seen.observe(box.current);
    const scroller = box.current;
    scroller?.addEventListener("scroll", draw, { passive: true });
    return () => {
      seen.disconnect();
      scroller?.removeEventListener("scroll", draw);
    };
  }, [heat, cursor, scheme]);

  const move = (/** @type {number} */ row, /** @type {number} */ at) => {
    const next = { row: clamp(row, rows), at: clamp(at, columns) };
    setCursor(next);
    reveal(box.current, next.row, height);
  };
  const open = (/** @type {number} */ row) => (location.hash = seriesLink(model, heat.series[row]));
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const from = cursor ?? {
      row: 0,
      at: Math.max(
        0,
        heat.series[0].scores.findLastIndex((score) => score !== null),
      ),
    };
    const steps = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -columns],
      End: [0, columns],
      PageUp: [-10, 0],
      PageDown: [10, 0],
    };
    if (event.key === "Enter" && cursor) open(cursor.row);
    else if (event.key in steps) {
      const [down, right] = steps[event.key];
      move(cursor ? from.row + down : from.row, cursor ? from.at + right : from.at);
    } else return;
    event.preventDefault();
  };
  const under = (/** @type {MouseEvent} */ event) => box.current && placeOf(box.current, event, heat);

  return html`<div class="heat">
    <div class="heat-box" ref=${box} style=${{ height: `${height}px` }} tabindex="0" role="application"
      aria-roledescription="heat strip" aria-label="Drift score of ${rows} series over time. Arrow keys move, Enter opens a series."
      onKeyDown=${onKeyDown} onMouseMove=${(/** @type {MouseEvent} */ event) => setCursor(under(event))}
      onMouseLeave=${() => setCursor(null)} onClick=${(/** @type {MouseEvent} */ event) => {
        const at = under(event);
        if (at) open(at.row);
      }}>
      <div class="heat-room" style=${{ height: `${rows * ROW + AXIS}px` }}><canvas ref=${canvas} aria-hidden="true"></canvas></div>
    </div>
    <div class="heat-foot">
      <p class="heat-said" aria-live="polite">${said(heat, cursor)}</p>
      <${Legend} />
    </div>
  </div>`;
}

/** @param {Heat} heat @param {{row: number, at: number}|null} cursor */
function said(heat, cursor) {
  const series = cursor && heat.series[cursor.row];
  if (!cursor || !series) return "Point at a cell, or move with the arrow keys.";
  const score = series.scores[cursor.at];
  return `${series.series}${series.segment ? ` where ${series.segment}` : ""} at ${clock(heat.starts[cursor.at])}: ${score === null || score === undefined ? "no values" : `score ${number(score)}`}`;
}

const Legend = () => html`<div class="heat-legend" aria-hidden="true"><span>0</span>
  ${STOPS.map((_, at) => html`<i key=${at} class="h${at}"></i>`)}<span>${STOPS.at(-1)}+ distance from the reference</span></div>`;

/** @param {number} value @param {number} n */
const clamp = (value, n) => Math.max(0, Math.min(n - 1, value));

/** @param {HTMLElement|null} box @param {number} row @param {number} height */
function reveal(box, row, height) {
  if (!box) return;
  const top = row * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW + AXIS > box.scrollTop + height) box.scrollTop = top + ROW + AXIS - height;
}

/** @param {HTMLElement} box @param {MouseEvent} event @param {Heat} heat */
function placeOf(box, event, heat) {
  const frame = box.getBoundingClientRect();
  const row = Math.floor((event.clientY - frame.top + box.scrollTop) / ROW);
  const step = (box.clientWidth - NAMES) / heat.starts.length;
  const at = clamp(Math.floor((event.clientX - frame.left - NAMES) / step), heat.starts.length);
  return row >= 0 && row < heat.series.length && event.clientY < frame.top + box.clientHeight - AXIS
    ? { row, at }
    : null;
}

/** Colours between the stops, and one for "no values". */
function palette() {
  const stops = STOPS.map((_, at) => channels(colour(`--heat-${at}`)));
  return (/** @type {number} */ score) => {
    let upper = STOPS.findIndex((stop) => score <= stop);
    if (upper < 0) upper = STOPS.length - 1;
    if (upper === 0) return rgb(stops[0]);
    const part = Math.min(1, (score - STOPS[upper - 1]) / (STOPS[upper] - STOPS[upper - 1]));
    return rgb(
      stops[upper].map((one, channel) => stops[upper - 1][channel] + part * (one - stops[upper - 1][channel])),
    );
  };
}

/** @param {string} hex */
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
/** @param {number[]} parts */
const rgb = (parts) => `rgb(${parts.map(Math.round).join(" ")})`;

/** @param {HTMLDivElement} box @param {HTMLCanvasElement} canvas @param {Heat} heat @param {{row: number, at: number}|null} cursor */
function paint(box, canvas, heat, cursor) {
  const [width, height] = [box.clientWidth, box.clientHeight];
  const density = window.devicePixelRatio || 1;
  canvas.width = width * density;
  canvas.height = height * density;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.style.top = `${box.scrollTop}px`;
  const pen = canvas.getContext("2d");
  if (!pen || width <= NAMES) return;
  pen.scale(density, density);
  pen.clearRect(0, 0, width, height);
  const fill = palette();
  const [text, faint, mark] = [colour("--text-2"), colour("--text-3"), colour("--text")];
  const font = `12px ${colour("--font")}`;
  const step = (width - NAMES) / heat.starts.length;
  const first = Math.floor(box.scrollTop / ROW);
  const last = Math.min(heat.series.length, Math.ceil((box.scrollTop + height - AXIS) / ROW));
  pen.textBaseline = "middle";
  for (let row = first; row < last; row += 1) {
    const y = row * ROW - box.scrollTop;
    const { series, segment, version, scores } = heat.series[row];
    pen.font = font;
    pen.fillStyle = cursor?.row === row ? mark : text;
    pen.fillText(fitted(pen, named(series, segment, version), NAMES - 12), 0, y + ROW / 2);
    for (let at = 0; at < scores.length; at += 1) {
      const score = scores[at];
      if (score === null || score === undefined) continue;
      pen.fillStyle = fill(score);
      pen.fillRect(NAMES + at * step, y + 1, Math.max(1, step - (step > 5 ? 1 : 0)), ROW - 2);
    }
  }
  if (cursor && cursor.row >= first && cursor.row < last) {
    pen.strokeStyle = mark;
    pen.lineWidth = 1.5;
    pen.strokeRect(NAMES + cursor.at * step - 0.5, cursor.row * ROW - box.scrollTop + 0.5, step + 0.5, ROW - 1);
  }
  axis(pen, heat.starts, { width, height, step, faint, behind: colour("--surface") });
}

/** @param {CanvasRenderingContext2D} pen @param {number[]} starts @param {any} frame */
function axis(pen, starts, { width, height, step, faint, behind }) {
  pen.fillStyle = behind;
  pen.fillRect(0, height - AXIS, width, AXIS);
  pen.fillStyle = faint;
  pen.font = `11px ${colour("--font")}`;
  const every = Math.max(1, Math.ceil(78 / step));
  for (let at = 0; at < starts.length; at += every) {
    const x = NAMES + at * step;
    if (x + 40 < width) pen.fillText(clock(starts[at]), x, height - AXIS / 2 + 1);
  }
}

/** @param {string} series @param {string|null} segment @param {string|null} version */
function named(series, segment, version) {
  const { role, name } = nameOf(series);
  return `${role && role !== "feature" ? `${role} ` : ""}${name}${version ? ` v${version}` : ""}${segment ? ` · ${segment}` : ""}`;
}

/** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} room */
function fitted(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
  return `${text.slice(0, end)}…`;
}
