/** Lines over time by uPlot, with bands, thresholds and markers; drawn again when size, data or colours change. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { clock, day, moment, number } from "../lib/format.js";
import { colour, useScheme } from "../lib/scheme.js";

const { uPlot } = /** @type {any} */ (window); // a classic script, which has run before any module

const DAY = 86_400; // seconds

/** @typedef {{name: string, values: (number|null)[], colour: string, width?: number, dash?: number[], fill?: string, quiet?: boolean, joined?: boolean}} Line joined: over gaps */
/** @typedef {{upper: number, lower: number, fill: string}} Band indices of lines */
/** @typedef {{time: number, colour: string, text?: string, dash?: boolean, until?: number|null}} Marker ms */

/**
 * @param {{label: string, times: number[], lines: Line[], bands?: Band[], threshold?: number, markers?: Marker[], height?: number,
 *   log?: boolean, range?: [number|null, number|null], format?: (value: number|null) => string, select?: (from: number, to: number) => void,
 *   table?: boolean}} props
 *   times: ms; select: called when somebody drags over a span
 */
export function Chart(props) {
  const { label, times, lines, height = 180, format = number, table = true } = props;
  const box = useRef(/** @type {HTMLDivElement|null} */ (null));
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState(/** @type {number|null} */ (null));
  const scheme = useScheme();
  const shape = `${scheme}|${height}|${props.log ?? ""}|${lines.map((one) => one.name + one.colour).join()}|${(props.bands ?? []).length}|${!!props.select}`;
  const plot = useRef(/** @type {any} */ (null));

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    plot.current = new uPlot(options(latest, element.clientWidth, setAt), columns(latest.current), element);
    const sized = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: latest.current.height ?? 180 }),
    );
    sized.observe(element);
    return () => {
      sized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(columns(latest.current)), [times, lines, props.markers, props.threshold]);

  const shown = lines.map((one, index) => ({ ...one, index })).filter((one) => !one.quiet);
  const last = at ?? lastWithValue(lines, times.length);
  return html`<figure class="chart" aria-label=${label}>
    <figcaption class="legend">${shown.map(
      (
        one,
      ) => html`<span key=${one.name}><i class="key ${one.dash ? "dashed" : ""}" style=${{ color: colour(one.colour) }} aria-hidden="true"></i>${one.name}
      <b class="num">${format(one.values[last] ?? null)}</b></span>`,
    )}
      <span class="when num">${last >= 0 ? `${clock(times[last])}` : ""}</span></figcaption>
    <div class="plot" ref=${box} aria-hidden="true" style=${{ height: `${height}px` }}></div>
    ${table && html`<${Numbers} label=${label} times=${times} lines=${lines} format=${format} />`}
  </figure>`;
}

/** The same as a table, for who cannot see the lines or wants the numbers. @param {any} props */
function Numbers({ label, times, lines, format }) {
  const [open, setOpen] = useState(false);
  return html`<details class="numbers" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary>Numbers</summary>
    ${
      open &&
      html`<div class="scroll" tabindex="0" role="region" aria-label="${label}, as numbers"><table><caption class="sr">${label}</caption>
      <thead><tr><th scope="col">time (UTC)</th>${lines.map((one) => html`<th scope="col" class="num" key=${one.name}>${one.name}</th>`)}</tr></thead>
      <tbody>${times.map((time, at) => html`<tr key=${time}><th scope="row">${moment(time)}</th>${lines.map((one) => html`<td class="num" key=${one.name}>${format(one.values[at] ?? null)}</td>`)}</tr>`).reverse()}</tbody>
    </table></div>`
    }
  </details>`;
}

/** @param {Line[]} lines @param {number} n */
function lastWithValue(lines, n) {
  for (let at = n - 1; at >= 0; at -= 1)
    if (lines.some((one) => one.values[at] !== null && one.values[at] !== undefined)) return at;
  return -1;
}

/** uPlot counts in seconds. @param {any} props */
const columns = ({ times, lines }) => [times.map((time) => time / 1000), ...lines.map((one) => one.values)];

/** @param {{current: any}} latest @param {number} width @param {(at: number|null) => void} setAt */
function options(latest, width, setAt) {
  const { lines, bands = [], height = 180, log, select } = latest.current;
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--text-3"), font: `11px ${colour("--font")}`, grid, ticks: { ...grid, size: 4 } };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: Boolean(select), y: false, setScale: false } },
    scales: {
      x: { time: true },
      y: log
        ? {
            distr: 3,
            log: 10,
            range: (_, low, high) => [Math.max(1e-4, Math.min(0.01, low || 0.01)) / 1.5, Math.max(10, high || 1)],
          }
        : { range: (_, low, high) => room(latest.current, low, high) },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 30,
        values: (_, ticks, __, ___, step) => ticks.map((one) => (step >= DAY ? day(one * 1000) : clock(one * 1000))),
      },
      {
        ...axis,
        size: 52,
        space: 34,
        ...(log ? { splits: powers } : {}),
        values: (_, ticks) => ticks.map((one) => (one === null ? null : (latest.current.format ?? number)(one))),
      },
    ],
    series: [
      {},
      ...lines.map((one) => ({
        label: one.name,
        stroke: colour(one.colour),
        width: one.width ?? 1.75,
        dash: one.dash,
        fill: one.fill && tinted(colour(one.fill), 0.14),
        spanGaps: Boolean(one.joined),
        points: { show: !one.quiet, size: 4, filter: alone },
      })),
    ],
    bands: bands.map((one) => ({ series: [one.upper + 1, one.lower + 1], fill: tinted(colour(one.fill), 0.2) })),
    hooks: {
      drawClear: [(plot) => spans(plot, latest.current)],
      draw: [(plot) => marks(plot, latest.current)],
      setCursor: [(plot) => setAt(plot.cursor.idx ?? null)],
      setSelect: [(plot) => selected(plot, latest.current.select)],
    },
  };
}

/** Indices of values without neighbours, which no line would show. @param {any} plot @param {number} series */
function alone(plot, series) {
  const values = plot.data[series];
  const gap = (/** @type {number} */ at) => values[at] === null || values[at] === undefined;
  const found = [];
  for (let at = 0; at < values.length; at += 1) if (!gap(at) && gap(at - 1) && gap(at + 1)) found.push(at);
  return found;
}

/** Whole powers of ten: a line for each of the nine between them would be a carpet. @param {any} plot */
function powers(plot) {
  const { min, max } = plot.scales.y;
  const all = [];
  for (let power = Math.ceil(Math.log10(min)); power <= Math.floor(Math.log10(max)); power += 1) all.push(10 ** power);
  const every = Math.ceil(all.length / 5);
  return all.filter((one) => Math.round(Math.log10(one)) % every === 0);
}

/** The lowest and highest of the axis. @param {any} props @param {number|null} low @param {number|null} high */
function room({ range = [null, null], threshold }, low, high) {
  let bottom = range[0] ?? low ?? 0;
  let top = Math.max(range[1] ?? -Infinity, high ?? 1, threshold === undefined ? -Infinity : threshold);
  if (range[0] === null && threshold !== undefined) bottom = Math.min(bottom, threshold);
  if (top <= bottom) top = bottom + 1;
  const margin = (top - bottom) * 0.06;
  if (range[0] === null) bottom -= margin;
  return [bottom, top + margin];
}

/** Spans of alerts, behind the lines. @param {any} plot @param {any} props */
function spans(plot, { markers = [] }) {
  const { left, top, width, height } = plot.bbox;
  for (const marker of markers) {
    if (marker.until === undefined) continue;
    const from = Math.max(left, plot.valToPos(marker.time / 1000, "x", true));
    const to = Math.min(
      left + width,
      marker.until === null ? left + width : plot.valToPos(marker.until / 1000, "x", true),
    );
    if (to <= from) continue;
    plot.ctx.fillStyle = tinted(colour(marker.colour), 0.08);
    plot.ctx.fillRect(from, top, to - from, height);
  }
}

/** @param {any} plot @param {any} props */
function marks(plot, { markers = [], threshold, log }) {
  const pen = plot.ctx;
  const { left, top, width, height } = plot.bbox;
  const density = window.devicePixelRatio || 1;
  pen.save();
  pen.lineWidth = density;
  if (threshold !== undefined && (!log || threshold > 0)) {
    const y = Math.round(plot.valToPos(threshold, "y", true));
    if (y >= top && y <= top + height)
      line(pen, colour("--text-3"), [4 * density, 4 * density], left, y, left + width, y);
  }
  pen.font = `${11 * density}px ${colour("--font")}`;
  for (const marker of markers) {
    const x = Math.round(plot.valToPos(marker.time / 1000, "x", true));
    if (x < left || x > left + width) continue;
    pen.lineWidth = 1.5 * density;
    line(pen, colour(marker.colour), marker.dash ? [5 * density, 3 * density] : [], x, top, x, top + height);
    if (marker.text) {
      pen.fillStyle = colour(marker.colour);
      const leftwards = marker.dash ? x > left + 60 * density : x > left + width - 60 * density;
      pen.textAlign = leftwards ? "right" : "left";
      pen.fillText(marker.text, x + (leftwards ? -5 : 5) * density, top + (marker.dash ? 12 : 26) * density);
    }
  }
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {string} stroke @param {number[]} dash @param {number} x @param {number} y @param {number} toX @param {number} toY */
function line(pen, stroke, dash, x, y, toX, toY) {
  pen.strokeStyle = stroke;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(toX, toY);
  pen.stroke();
}

/** @param {any} plot @param {((from: number, to: number) => void)|undefined} select */
function selected(plot, select) {
  const { left, width } = plot.select;
  if (!select || width < 4) return;
  const [from, to] = [plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  select(Math.round(from), Math.round(to));
}

/** @param {string} hex @param {number} part */
function tinted(hex, part) {
  return `${hex}${Math.round(part * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
