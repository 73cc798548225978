/** Alerts of all models over time, folded into incidents; and what is muted. */
import { html, useState } from "../lib/html.js";
import { address, change } from "../lib/api.js";
import { ago, moment, plural } from "../lib/format.js";
import { changed } from "../lib/live.js";
import { useData } from "../lib/data.js";
import { refine, usePlace } from "../lib/router.js";
import { Choice, Empty, Loaded, Panel } from "../parts/basics.js";
import { Incidents, folded } from "../parts/alerts.js";
import { Timeline } from "../parts/timeline.js";

const STATES = /** @type {[string, string][]} */ ([
  ["open", "open"],
  ["resolved", "resolved"],
  ["all", "all"],
]);
const HOUR = 3_600_000;

export function Alerts() {
  const { query } = usePlace();
  const state = query.get("state") ?? "open";
  const model = query.get("model") ?? "";
  const concerns = (/** @type {any} */ what) => what.alerts || what.operations;
  const { data, error } = useData(address("alerts", { state, model, limit: 500 }), { when: concerns, every: 1500 });
  const overview = useData(address("overview"), { when: concerns, every: 5000 });
  const mutes = useData(address("mutes"), { when: concerns, every: 2000 });
  const models = overview.data?.models.map((one) => one.model) ?? [];
  return html`<div class="page-head"><div><h1 tabindex="-1">Alerts</h1><p class="lead">${data ? html`${plural(data.alerts.length, "alert")} in ${plural(folded(data.alerts, data.incidents).length, "incident")}` : ""}</p></div>
      <div class="actions"><${Choice} label="State" value=${state} options=${STATES} choose=${(value) => refine({ state: value })} />
        <label class="inline">Model <select value=${model} onChange=${(event) => refine({ model: event.currentTarget.value })}><option value="">all</option>
          ${[...new Set(model ? [model, ...models] : models)].sort().map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label></div></div>
    <${Loaded} data=${data} error=${error}>${(
      found,
    ) => html`<${Found} groups=${folded(found.alerts, found.incidents)} state=${state} />
      ${found.more > 0 && html`<p class="note">and ${plural(found.more, "more alert")} that ${found.more === 1 ? "is" : "are"} not shown</p>`}`}<//>
    <${Mutes} mutes=${mutes.data?.mutes ?? []} />`;
}

/** @param {{groups: any[], state: string}} props */
function Found({ groups, state }) {
  if (groups.length === 0)
    return html`<${Empty} title=${state === "open" ? "No alert is open." : "No alert here."}>${
      state === "open"
        ? html`Look at <button type="button" class="quiet" onClick=${() => refine({ state: "all" })}>all alerts</button> for those that are over, or at the configuration for what would be found.`
        : "Alerts of the last days appear here once there are some."
    }<//>`;
  const alerts = groups.flatMap((group) => group.alerts);
  const to = Math.max(...alerts.map((one) => one.resolved_at ?? one.time));
  const from = Math.min(...alerts.map((one) => one.change_point));
  const margin = Math.max(HOUR / 12, (to - from) * 0.04);
  return html`<${Panel} title="Timeline" note="from the change (thin) through its alert (wide); one line an incident. Times are UTC."><${Timeline} groups=${groups} from=${from - margin} to=${to + margin} /><//>
    <${Panel} title="Incidents"><${Incidents} groups=${groups} /><//>`;
}

/** @param {{mutes: any[]}} props */
function Mutes({ mutes }) {
  const [error, setError] = useState("");
  const end = async (/** @type {string} */ id) => {
    try {
      await change("DELETE", `mutes/${encodeURIComponent(id)}`);
      setError("");
      changed();
    } catch (failure) {
      setError(/** @type {Error} */ (failure).message);
    }
  };
  if (mutes.length === 0) return null;
  return html`<${Panel} title="Muted" note="found and shown, but nobody is notified">${error && html`<p class="problem" role="alert">${error}</p>`}
    <ul class="lines">${mutes.map(
      (one) => html`<li key=${one.mute_id}><span><b>${one.model}</b> <code>${one.series}</code> – ${one.reason}
      <span class="note">by ${one.by}, ends <time title="${moment(one.until)} UTC">${ago(one.until)}</time></span></span>
      <button type="button" onClick=${() => end(one.mute_id)}>Unmute</button></li>`,
    )}</ul><//>`;
}
