/** All models at a glance: what needs attention first, then the rest, a line each. */
import { html } from "../lib/html.js";
import { address } from "../lib/api.js";
import { count, number, percent, plural, rate, span, words } from "../lib/format.js";
import { useData } from "../lib/data.js";
import { link } from "../lib/router.js";
import { Ago, Empty, Fact, Loaded, Panel, Stack, State, WarmUp } from "../parts/basics.js";
import { Incidents, folded } from "../parts/alerts.js";
import { Sparkline } from "../parts/sparkline.js";
import { Problems, WorkerStrip } from "../parts/workers.js";

const SHOWN = 8;

export function Overview() {
  const overview = useData(address("overview"), { when: () => true, every: 1500 });
  const alerts = useData(address("alerts", { state: "open", limit: 200 }), {
    when: (change) => change.alerts || change.operations,
    every: 2000,
  });
  return html`<${Loaded} data=${overview.data} error=${overview.error}>${(data) => html`
    <${Head} data=${data} />
    <${Problems} problems=${data.problems} />
    ${
      data.models.length === 0
        ? html`<${NoModels} data=${data} />`
        : html`
      <${Attention} groups=${folded(alerts.data?.alerts ?? [], alerts.data?.incidents ?? [])} />
      <${Models} models=${data.models} />
      <${WorkerStrip} workers=${data.workers} />`
    }`}<//>`;
}

/** @param {{data: any}} props */
function Head({ data }) {
  const attention = data.models.filter((one) => one.state === "needs_attention").length;
  const rows = data.models.reduce((sum, one) => sum + (one.rows_per_second ?? 0), 0);
  const warming = data.models.filter((one) => one.state === "warming").length;
  const silent = data.models.filter((one) => one.state === "silent").length;
  const critical = data.models.reduce((sum, one) => sum + one.critical, 0);
  return html`<div class="page-head"><div><h1 tabindex="-1">Overview</h1>
      <p class="lead">${attention > 0 ? html`<strong class="critical">${plural(attention, "model needs", "models need")} attention</strong>` : html`<strong class="good">Nothing needs attention</strong>`}
        ${" "}of ${plural(data.models.length, "model")}.${!data.caught_up && html` <span class="note">Still reading the topics; what is shown may be older.</span>`}</p></div>
    <dl class="facts">
      <${Fact} name="open alerts" value=${count(data.alerts.open)} note=${critical ? `${critical} critical` : ""} tone=${critical ? "critical" : ""} />
      <${Fact} name="acknowledged" value=${count(data.alerts.acknowledged)} />
      <${Fact} name="muted" value=${count(data.alerts.muted)} />
      <${Fact} name="warming up" value=${count(warming)} />
      <${Fact} name="silent" value=${count(silent)} tone=${silent ? "warning" : ""} />
      <${Fact} name="rows" value=${rate(rows)} />
    </dl></div>`;
}

/** @param {{groups: any[]}} props */
function Attention({ groups }) {
  const open = groups.filter((group) => group.alerts.some((alert) => !alert.muted && !alert.acknowledged));
  if (open.length === 0) return null;
  return html`<${Panel} title="Needs attention" note=${`${plural(open.length, "incident")} that nobody has acknowledged`}
    actions=${html`<a class="button" href=${link(["alerts"])}>All alerts</a>`}>
    <${Incidents} groups=${open.slice(0, SHOWN)} />
    ${open.length > SHOWN && html`<p class="more"><a href=${link(["alerts"])}>and ${open.length - SHOWN} more</a></p>`}
  <//>`;
}

/** @param {{models: any[]}} props */
function Models({ models }) {
  return html`<${Panel} title="Models" note="needs attention first"><div class="table"><div class="scroll" tabindex="0" role="region" aria-label="Models, as a table"><table class="models">
    <caption class="sr">Models</caption>
    <thead><tr><th scope="col">model</th><th scope="col">state</th><th scope="col">series</th><th scope="col" class="num">alerts</th><th scope="col">performance</th>
      <th scope="col" class="num">labels</th><th scope="col">rows</th><th scope="col" class="num">rate</th><th scope="col" class="num">last event</th></tr></thead>
    <tbody>${models.map((model) => html`<${ModelRow} key=${model.model} model=${model} />`)}</tbody>
  </table></div></div><//>`;
}

/** @param {{model: any}} props */
function ModelRow({ model }) {
  const { series } = model;
  return html`<tr>
    <th scope="row"><a href=${link(["models", model.model])}>${model.model}</a></th>
    <td><span class="states">${model.state === "warming" ? html`<${State} state="warming" /><${WarmUp} warmUp=${model.warm_up} />` : html`<${State} state=${model.state} />`}
      ${model.blind > 0 && html`<${State} state="blind" text="${model.blind} blind" title="nothing that watches these series can see them" />`}</span></td>
    <td class="series-cell"><${SeriesStack} series=${series} /><span class="num">${series.drifting > 0 ? html`<b>${series.drifting}</b>/` : ""}${total(series)}</span></td>
    <td class="num">${model.open_alerts ? html`<a href=${link(["alerts"], { model: model.model })}>${model.open_alerts}</a>${model.critical ? html`<span class="critical">${model.critical < model.open_alerts ? `, ${model.critical}` : ""} critical</span>` : ""}` : html`<span class="nothing">0</span>`}</td>
    <td><${Headline} figure=${model.headline} /></td>
    <td class="num">${model.label_coverage === null ? html`<span class="nothing">none</span>` : html`${percent(model.label_coverage)}${model.label_delay !== null && html`<span class="note"> after ${span(model.label_delay)}</span>`}`}</td>
    <td><${Sparkline} values=${model.sparkline} area=${true} tone=${model.state === "silent" ? "silent" : "accent"} /></td>
    <td class="num">${rate(model.rows_per_second)}</td>
    <td class="num"><${Ago} time=${model.time} /></td>
  </tr>`;
}

/** @param {any} series */
export const total = (series) => series.warming + series.watching + series.drifting + series.unwatched;

/** @param {{series: any}} props */
export const SeriesStack = ({ series }) =>
  html`<${Stack} parts=${[
    { tone: "critical", n: series.drifting, name: "drifting" },
    { tone: "warming", n: series.warming, name: "warming up" },
    { tone: "good", n: series.watching, name: "watching" },
    { tone: "silent", n: series.unwatched, name: "unwatched" },
  ]} />`;

/** A figure with its interval, and what was promised. @param {{figure: any}} props */
export function Headline({ figure }) {
  if (!figure || figure.value === null) return html`<span class="nothing">no labels</span>`;
  const worse =
    figure.expected !== null &&
    figure.high !== null &&
    figure.low !== null &&
    (figure.high < figure.expected || figure.low > figure.expected);
  return html`<span class="headline" title="95 % interval; expected ${number(figure.expected)}"><span class="role">${words(figure.figure)}</span>
    <b class="num ${worse ? "warning" : ""}">${number(figure.value)}</b>${figure.low !== null && html`<span class="note num">${number(figure.low)}–${number(figure.high)}</span>`}</span>`;
}

/** @param {{data: any}} props */
const NoModels = ({ data }) =>
  data.caught_up
    ? html`<${Empty} title="No model has been seen yet.">Models appear when events are read from the topics of <code>discovery.topics</code> or <code>models[].sources</code>.
      Start a worker with <code>stream-monitor run -c monitor.yaml</code>, or see what is wrong with <code>stream-monitor doctor</code>.<//>`
    : html`<${Empty} title="Reading the topics…">Models appear as soon as the status topic has been read.<//>`;
