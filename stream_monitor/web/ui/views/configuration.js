/** What is in force, secrets hidden, and what the alarm budget of each model means. */
import { html, useState } from "../lib/html.js";
import { address } from "../lib/api.js";
import { useData } from "../lib/data.js";
import { link } from "../lib/router.js";
import { Loaded, Panel } from "../parts/basics.js";

export function Configuration() {
  const { data, error } = useData(address("configuration"));
  return html`<div class="page-head"><div><h1 tabindex="-1">Configuration</h1><p class="lead">What is in force, defaults included. Secrets are hidden.${data && ` Release ${data.release}.`}</p></div></div>
    ${data && !data.changes.allowed && html`<p class="said">Read only: ${data.changes.how}.</p>`}
    <${Loaded} data=${data} error=${error}>${(found) => html`<div class="columns even"><${Budgets} models=${found.models} /><${Settings} settings=${found.settings} /></div>`}<//>`;
}

/** @param {{models: any[]}} props */
function Budgets({ models }) {
  return html`<${Panel} title="Alarm budget" note="the false alarms that you accept of a model, and what follows">${
    models.length === 0
      ? html`<p class="none">No model yet.</p>`
      : html`<ul class="budgets">${models.map(
          (
            one,
          ) => html`<li key=${one.model}><h3><a href=${link(["models", one.model])}>${one.model}</a><span class="tag">${one.false_alarms}</span></h3>
        ${one.budget.map((line, at) => html`<p key=${at}>${line}</p>`)}</li>`,
        )}</ul>`
  }<//>`;
}

/** @param {{settings: any}} props */
function Settings({ settings }) {
  const [filter, setFilter] = useState("");
  const rows = flat(settings).filter(([key]) => key.includes(filter.trim()));
  return html`<${Panel} title="Settings" actions=${html`<input type="search" aria-label="Filter settings" placeholder="filter settings" value=${filter} onInput=${(event) => setFilter(event.currentTarget.value)} />`}>
    <div class="scroll settings" tabindex="0" role="region" aria-label="Settings, as a table"><table><caption class="sr">Settings</caption><thead><tr><th scope="col">setting</th><th scope="col">value</th></tr></thead>
      <tbody>${rows.map(([key, value]) => html`<tr key=${key}><th scope="row"><code>${key}</code></th><td><code>${value}</code></td></tr>`)}</tbody></table></div><//>`;
}

/** Leaves of the tree by dotted key. @param {any} value @param {string} [key] @returns {[string, string][]} */
function flat(value, key = "") {
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object"))
    return [[key, value.length ? value.join(", ") : "none"]];
  if (Array.isArray(value)) return value.flatMap((one, at) => flat(one, `${key}[${one?.name ?? at}]`));
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length === 0
      ? key
        ? [[key, "none"]]
        : []
      : entries.flatMap(([name, one]) => flat(one, key ? `${key}.${name}` : name));
  }
  return [[key, value === null ? "not set" : String(value)]];
}
