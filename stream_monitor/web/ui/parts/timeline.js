/** Alerts as bars over time, one line an incident: what began together lies together. */
import { html } from "../lib/html.js";
import { useWidth } from "../lib/width.js";
import { clock, moment, plural } from "../lib/format.js";
import { link } from "../lib/router.js";
import { tone } from "./basics.js";

const ROW = 26;
const NAMES = 210;
const AXIS = 22;
const SHOWN = 14;

/** @param {{groups: {key: string, model: string, alerts: any[], summary: string}[], from: number, to: number}} props */
export function Timeline({ groups, from, to }) {
  const [box, width] = useWidth(1000);
  const shown = groups.slice(0, SHOWN);
  const height = shown.length * ROW + AXIS;
  const x = (/** @type {number} */ time) =>
    NAMES + Math.max(0, Math.min(1, (time - from) / Math.max(1, to - from))) * (width - NAMES - 6);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8].map((part) => from + part * (to - from));
  return html`<div class="timeline scroll" tabindex="0" role="region" aria-label="Timeline of alerts"><div ref=${box}><svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="group" aria-label="Alerts from ${moment(from)} to ${moment(to)}">
    ${ticks.map((time) => html`<g key=${time}><line class="grid" x1=${x(time)} x2=${x(time)} y1="0" y2=${height - AXIS}></line><text class="tick" x=${x(time)} y=${height - 6}>${clock(time)}</text></g>`)}
    ${shown.map(
      (group, row) => html`<g key=${group.key} transform="translate(0 ${row * ROW})">
      <text class="name" x="0" y="17">${fitted(group.model, 20)}${group.alerts.length > 1 ? ` · ${group.alerts.length}` : ""}</text>
      ${group.alerts.map((alert) => html`<${Bar} key=${alert.alert_id} alert=${alert} x=${x} />`)}
    </g>`,
    )}
  </svg></div>${groups.length > SHOWN && html`<p class="note">and ${plural(groups.length - SHOWN, "more incident")}</p>`}</div>`;
}

/** From the change point to its end: thin until it was found, full from then on. @param {{alert: any, x: (time: number) => number}} props */
function Bar({ alert, x }) {
  const end = x(alert.resolved_at ?? Infinity);
  const [onset, found] = [x(alert.change_point), x(alert.opened_at)];
  const colour = alert.resolved_at ? "silent" : tone(alert.severity);
  return html`<a href=${link(["alerts", alert.alert_id])} aria-label=${alert.summary}><title>${alert.summary}</title>
    <rect class="bar onset ${colour}" x=${onset} y="11" width=${Math.max(2, found - onset)} height="4"></rect>
    <rect class="bar ${colour}" x=${found} y="7" width=${Math.max(5, end - found)} height="12" rx="3"></rect></a>`;
}

/** @param {string} text @param {number} room */
const fitted = (text, room) => (text.length > room ? `${text.slice(0, room - 1)}…` : text);
