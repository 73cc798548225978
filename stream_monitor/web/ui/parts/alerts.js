/** Alerts as lines, and incidents that fold the alerts of one broken upstream into one line. */
import { html, useState } from "../lib/html.js";
import { change } from "../lib/api.js";
import { plural, span } from "../lib/format.js";
import { changed } from "../lib/live.js";
import { link, seriesLink } from "../lib/router.js";
import { Ago, State } from "./basics.js";
import { ActionDialog } from "./dialog.js";

const RANK = { critical: 0, warning: 1 };

/**
 * Incidents with their alerts, open and critical ones first; an alert without an incident is one of its own.
 * @param {any[]} alerts @param {any[]} incidents
 */
export function folded(alerts, incidents) {
  const byId = new Map(alerts.map((alert) => [alert.alert_id, alert]));
  const groups = incidents.map((incident) => ({
    ...incident,
    key: incident.incident_id,
    alerts: take(byId, incident.alert_ids),
  }));
  for (const alert of byId.values())
    groups.push({
      key: alert.alert_id,
      model: alert.model,
      summary: alert.summary,
      opened_at: alert.opened_at,
      alerts: [alert],
    });
  return groups
    .filter((group) => group.alerts.length > 0)
    .sort((a, b) => order(a) - order(b) || b.opened_at - a.opened_at);
}

/** @param {Map<string, any>} byId @param {string[]} ids */
function take(byId, ids) {
  const found = ids.map((id) => byId.get(id)).filter(Boolean);
  for (const id of ids) byId.delete(id);
  return found.sort((a, b) => (RANK[a.severity] ?? 2) - (RANK[b.severity] ?? 2) || a.opened_at - b.opened_at);
}

/** @param {any} group */
function order(group) {
  const open = group.alerts.filter((alert) => alert.resolved_at === null && !alert.muted);
  return open.length === 0 ? 9 : Math.min(...open.map((alert) => RANK[alert.severity] ?? 2));
}

/** @param {{groups: any[], model?: boolean}} props model: tell it in each line */
export const Incidents = ({ groups, model = true }) =>
  html`<ul class="incidents">${groups.map((group) => html`<${Incident} key=${group.key} group=${group} model=${model} />`)}</ul>`;

/** @param {{group: any, model: boolean}} props */
function Incident({ group, model }) {
  const [open, setOpen] = useState(false);
  if (group.alerts.length === 1) return html`<li><${AlertLine} alert=${group.alerts[0]} model=${model} /></li>`;
  const worst = group.alerts[0];
  const id = `incident-${group.key}`;
  const still = group.alerts.filter((alert) => alert.resolved_at === null).length;
  return html`<li class="incident">
    <div class="alert-line ${model ? "" : "narrow"} ${worst.muted ? "muted" : ""}">
      <div class="what"><${State} state=${worst.resolved_at ? "resolved" : worst.severity} />
        ${model && html`<a class="model" href=${link(["models", group.model])}>${group.model}</a>`}
        <span class="tag">incident</span>${worst.acknowledged && html`<${State} state="acknowledged" />`}</div>
      <p class="sentence">${group.summary}</p>
      <p class="when"><${Ago} time=${group.opened_at} /> · ${still === group.alerts.length ? plural(still, "open alert") : `${still} of ${plural(group.alerts.length, "alert")} open`}</p>
      <div class="actions"><button type="button" aria-expanded=${String(open)} aria-controls=${id} onClick=${() => setOpen(!open)}>${open ? "Fold" : "Unfold"}</button></div>
    </div>
    <ul id=${id} class="folded" hidden=${!open}>${open && group.alerts.map((alert) => html`<li key=${alert.alert_id}><${AlertLine} alert=${alert} model=${false} /></li>`)}</ul>
  </li>`;
}

/** @param {{alert: any, model?: boolean, series?: boolean}} props model: tell it; series: lead there */
export function AlertLine({ alert, model = true, series = true }) {
  return html`<article class="alert-line ${model ? "" : "narrow"} ${alert.muted ? "muted" : ""} ${alert.resolved_at ? "over" : ""}" aria-label=${alert.summary}>
    <div class="what"><${State} state=${alert.resolved_at ? "resolved" : alert.severity} />
      ${model && html`<a class="model" href=${link(["models", alert.model])}>${alert.model}</a>`}
      ${!alert.resolved_at && alert.performance?.verdict === "worse" && html`<${State} state="worse" />`}
      ${alert.acknowledged && html`<${State} state="acknowledged" title="${alert.acknowledged.by}: ${alert.acknowledged.reason}" />`}
      ${alert.muted && html`<${State} state="muted" title="${alert.muted.by}: ${alert.muted.reason}" />`}</div>
    <p class="sentence"><a href=${link(["alerts", alert.alert_id])}>${alert.summary}</a></p>
    <p class="when"><${Ago} time=${alert.opened_at} />${alert.resolved_at && html` · lasted ${span(alert.resolved_at - alert.opened_at)}${alert.resolution && ` · ${alert.resolution.replaceAll("_", " ")}`}`}</p>
    <div class="actions"><${AlertActions} alert=${alert} series=${series} /></div>
  </article>`;
}

/** @param {{alert: any, series?: boolean}} props */
export function AlertActions({ alert, series = true }) {
  const [kind, setKind] = useState(/** @type {"acknowledge"|"mute"|null} */ (null));
  const [error, setError] = useState("");
  const undo = async (/** @type {string} */ path) => {
    try {
      await change("DELETE", path);
      setError("");
      changed();
    } catch (failure) {
      setError(/** @type {Error} */ (failure).message);
    }
  };
  const open = alert.resolved_at === null;
  return html`
    ${series && html`<a class="button" href=${seriesLink(alert.model, alert)}>Series</a>`}
    ${open && !alert.acknowledged && html`<button type="button" onClick=${() => setKind("acknowledge")}>Acknowledge</button>`}
    ${open && alert.acknowledged && html`<button type="button" onClick=${() => undo(`alerts/${encodeURIComponent(alert.alert_id)}/acknowledge`)}>Take back</button>`}
    ${!alert.muted && html`<button type="button" onClick=${() => setKind("mute")}>Mute</button>`}
    ${alert.muted && html`<button type="button" onClick=${() => undo(`mutes/${encodeURIComponent(alert.muted.mute_id)}`)}>Unmute</button>`}
    ${error && html`<span class="problem" role="alert">${error}</span>`}
    ${kind && html`<${ActionDialog} kind=${kind} alert=${alert} close=${() => setKind(null)} />`}`;
}
