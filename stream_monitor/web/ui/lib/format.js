/** How numbers, times and names are written. Pure. Times are epoch milliseconds and shown in UTC. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOTHING = "–";

/** @param {number|null|undefined} value @returns {value is null|undefined} */
const absent = (value) => value === null || value === undefined || !Number.isFinite(value);

/** Whole numbers with separators; from a million on short. @param {number|null|undefined} value */
export function count(value) {
  if (absent(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(size >= 1e10 ? 0 : 1)} G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(size >= 1e7 ? 0 : 1)} M`;
  return Math.round(value).toLocaleString("en-US");
}

/** Three significant digits. @param {number|null|undefined} value */
export function number(value) {
  if (absent(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 1e6) return count(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size === 0) return "0";
  if (size < 0.001) return value.toExponential(1).replace("e-", "e−");
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

/** Of detectors: far below 1 it is none, however far. @param {number|null|undefined} value */
export const evidence = (value) => (!absent(value) && value < 0.001 ? "< 0.001" : number(value));

/** @param {number|null|undefined} value 0..1 */
export function percent(value) {
  if (absent(value)) return NOTHING;
  const share = value * 100;
  if (share === 0) return "0 %";
  if (share < 0.1) return "< 0.1 %";
  return `${share >= 99.95 ? "100" : Number(share.toPrecision(share < 10 ? 2 : 3))} %`;
}

/** With a sign. @param {number|null|undefined} value */
export function signed(value) {
  if (absent(value)) return NOTHING;
  const text = Math.abs(value).toFixed(2);
  return Number(text) === 0 ? "0.00" : `${value < 0 ? "−" : "+"}${text}`;
}

/** @param {number|null|undefined} perSecond */
export function rate(perSecond) {
  if (absent(perSecond)) return NOTHING;
  if (perSecond === 0) return "0/s";
  if (perSecond < 1) return `${number(perSecond * 60)}/min`;
  return `${perSecond >= 1000 ? count(perSecond) : number(perSecond)}/s`;
}

/** A span of milliseconds in its two largest units, the second only where it matters. @param {number|null|undefined} ms */
export function span(ms) {
  if (absent(ms)) return NOTHING;
  const size = Math.abs(ms);
  if (size < 1000) return `${Math.round(size)} ms`;
  if (size < MINUTE) return `${Math.round(size / 1000)} s`;
  if (size < HOUR) return `${Math.round(size / MINUTE)} min`;
  if (size < DAY) {
    const hours = Math.floor(size / HOUR);
    const minutes = Math.round((size - hours * HOUR) / MINUTE);
    return hours < 10 && minutes > 0 && minutes < 60 ? `${hours} h ${minutes} min` : `${Math.round(size / HOUR)} h`;
  }
  const days = Math.floor(size / DAY);
  const hours = Math.round((size - days * DAY) / HOUR);
  return days < 3 && hours > 0 && hours < 24 ? `${days} d ${hours} h` : `${Math.round(size / DAY)} d`;
}

/** @param {number|null|undefined} time @param {number} [now] */
export function ago(time, now = Date.now()) {
  if (absent(time)) return NOTHING;
  const passed = now - time;
  if (passed < -5000) return `in ${span(passed)}`;
  if (passed < 5000) return "just now";
  return `${span(passed)} ago`;
}

/** Like 2026-11-22 18:04:05. @param {number|null|undefined} time */
export function moment(time) {
  if (absent(time)) return NOTHING;
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** Like 18:04, with the day where it is not today's. @param {number|null|undefined} time @param {number} [now] */
export function clock(time, now = Date.now()) {
  if (absent(time)) return NOTHING;
  const text = new Date(time).toISOString();
  const sameDay = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return sameDay ? text.slice(11, 16) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

/** Like 11-22. @param {number} time */
export const day = (time) => new Date(time).toISOString().slice(5, 10);

/** `1 alert`, `2 alerts`. @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A name from code, for people: `label_delay` → `label delay`. @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** A series as its role and its own name. @param {string} series @returns {{role: string, name: string}} */
export function nameOf(series) {
  const at = series.indexOf(":");
  return at < 0 ? { role: "", name: series } : { role: series.slice(0, at), name: series.slice(at + 1) };
}
