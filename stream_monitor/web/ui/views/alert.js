/** One alert: what happened in a sentence, what speaks for it, what moved with it, where the data is. */
import { html } from "../lib/html.js";
import { address } from "../lib/api.js";
import { count, moment, number, signed, span, words } from "../lib/format.js";
import { useData } from "../lib/data.js";
import { link, seriesLink } from "../lib/router.js";
import { Ago, Copy, Fact, Loaded, Panel, SeriesName, State } from "../parts/basics.js";
import { AlertActions } from "../parts/alerts.js";
import { Histogram } from "../parts/histogram.js";

/** @param {{id: string}} props */
export function Alert({ id }) {
  const { data, error } = useData(address(`alerts/${encodeURIComponent(id)}`), {
    when: (change) => change.alerts || change.operations,
  });
  return html`<${Loaded} data=${data} error=${error}>${(alert) => html`<${Whole} alert=${alert.alert ?? alert} />`}<//>`;
}

/** @param {{alert: any}} props */
function Whole({ alert }) {
  return html`
    <div class="page-head"><div><nav class="crumbs" aria-label="Where this is"><a href="#/alerts">Alerts</a><a href=${link(["models", alert.model])}>${alert.model}</a><a href=${seriesLink(alert.model, alert)}>${alert.series}</a></nav>
        <h1 tabindex="-1" class="sentence">${alert.summary}</h1>
        <p class="states"><${State} state=${alert.resolved_at ? "resolved" : alert.severity} />${alert.acknowledged && html`<${State} state="acknowledged" />`}${alert.muted && html`<${State} state="muted" />`}
          ${alert.performance && html`<${State} state=${alert.performance.verdict} />`}</p></div>
      <div class="actions"><${AlertActions} alert=${alert} series=${false} /><a class="button" href=${seriesLink(alert.model, alert)}>Open series</a></div></div>
    <${Said} alert=${alert} />
    <dl class="facts wide">
      <${Fact} name="changed" value=${html`<${Ago} time=${alert.change_point} />`} note="${moment(alert.change_point)} UTC" />
      <${Fact} name="found after" value=${span(alert.opened_at - alert.change_point)} note="${moment(alert.opened_at)} UTC" />
      <${Fact} name="claim" value=${words(alert.claim)} />
      ${alert.resolved_at !== null && html`<${Fact} name="resolved" value=${html`<${Ago} time=${alert.resolved_at} />`} note=${alert.resolution ? words(alert.resolution) : ""} />`}
      ${Object.entries(alert.labels ?? {}).map(([name, value]) => html`<${Fact} key=${name} name=${name} value=${html`<${Linked} text=${String(value)} />`} />`)}
    </dl>
    ${
      alert.reference?.bins?.length > 0 &&
      html`<${Panel} title="What changed" note="normal against since the change"><${Histogram} groups=${alert.reference.bins} first=${{ name: `reference (${count(alert.reference.size)} values)`, shares: alert.reference.shares }}
      second=${{ name: `since the change (${count(alert.current.size)} values)`, shares: alert.current.shares.length ? alert.current.shares : null }} sideways=${alert.kind !== "numeric"} label="Reference against current" /><//>`
    }
    <div class="columns even"><${Evidence} alert=${alert} /><${Effects} alert=${alert} /></div>
    <${Moved} alert=${alert} /><${Harm} note=${alert.performance} /><${Positions} positions=${alert.positions ?? []} alert=${alert} /><${History} transitions=${alert.transitions ?? []} />`;
}

/** What people said of it. @param {{alert: any}} props */
const Said = ({ alert }) => html`
  ${alert.acknowledged && html`<p class="said"><b>${alert.acknowledged.by}</b> acknowledged it <${Ago} time=${alert.acknowledged.at} />: ${alert.acknowledged.reason}</p>`}
  ${alert.muted && html`<p class="said"><b>${alert.muted.by}</b> muted it, until ${moment(alert.muted.until)} UTC: ${alert.muted.reason}</p>`}`;

/** Only web addresses become links: labels come from a configuration, not from here. @param {{text: string}} props */
const Linked = ({ text }) =>
  /^https?:\/\//.test(text)
    ? html`<a href=${text} rel="noreferrer noopener" target="_blank">${text.replace(/^https?:\/\//, "")}</a>`
    : text;

/** @param {{alert: any}} props */
function Evidence({ alert }) {
  return html`<${Panel} title="Evidence"><div class="scroll" tabindex="0" role="region" aria-label="Evidence, as a table"><table><caption class="sr">Evidence</caption>
    <thead><tr><th scope="col">detector</th><th scope="col">watched</th><th scope="col" class="num">statistic</th><th scope="col" class="num">threshold</th><th scope="col" class="num">effect</th><th scope="col">false alarms</th></tr></thead>
    <tbody>${alert.evidence.map(
      (
        one,
        at,
      ) => html`<tr key=${at}><th scope="row">${one.detector}</th><td>${words(one.view)}</td><td class="num"><b>${number(one.statistic)}</b></td><td class="num">${number(one.threshold)}</td>
      <td class="num">${signed(one.effect)} sd</td><td>${one.bounded ? "bounded by the budget" : "held by the bucket"}</td></tr>`,
    )}</tbody></table></div><//>`;
}

/** @param {{alert: any}} props */
function Effects({ alert }) {
  const sizes = Object.entries(alert.effect_sizes ?? {}).filter(([, size]) => size !== null);
  if (sizes.length === 0) return null;
  return html`<${Panel} title="Effect sizes" note="against the published thresholds"><div class="scroll" tabindex="0" role="region" aria-label="Effect sizes, as a table"><table><caption class="sr">Effect sizes</caption>
    <thead><tr><th scope="col">measure</th><th scope="col" class="num">value</th><th scope="col" class="num">threshold</th></tr></thead>
    <tbody>${sizes.map(([name, size]) => html`<tr key=${name}><th scope="row">${MEASURES[name] ?? words(name)}</th><td class="num"><b class=${/** @type {any} */ (size).exceeded ? "warning" : ""}>${number(/** @type {any} */ (size).value)}</b></td><td class="num">${number(/** @type {any} */ (size).threshold)}</td></tr>`)}</tbody></table></div><//>`;
}

const MEASURES = {
  psi: "PSI",
  js_distance: "Jensen-Shannon distance",
  wasserstein: "Wasserstein distance",
  ks: "Kolmogorov-Smirnov",
  chi_square: "chi-square",
  cramers_v: "Cramér's V",
  l_infinity: "L-infinity",
};

/** @param {{alert: any}} props */
function Moved({ alert }) {
  const moved = alert.attribution;
  if (!moved) return null;
  return html`<${Panel} title="What moved with it" note="${count(moved.moved)} of ${count(moved.inputs)} inputs moved visibly">${
    moved.ranked.length === 0
      ? html`<p class="none">No input moved by ${number(moved.visible)} sd or more.</p>`
      : html`<ul class="lines">${moved.ranked.map(
          (
            one,
          ) => html`<li key=${one.series}><span><${SeriesName} series=${one} model=${alert.model} /> <span class="note">${words(one.view)}</span></span>
        <span class="num">${signed(one.effect)} sd × ${number(one.importance)} = <b>${number(one.score)}</b></span>${one.alert_id && html`<a class="button" href=${link(["alerts", one.alert_id])}>Its alert</a>`}</li>`,
        )}</ul>`
  }<//>`;
}

/** @param {{note: any}} props */
function Harm({ note }) {
  if (!note) return null;
  return html`<${Panel} title="Does it do harm?" note=${`by ${words(note.basis ?? "what is known")}`}>${note.reason && html`<p class="note">${note.reason}</p>`}
    <ul class="lines">${note.figures.map(
      (
        one,
        at,
      ) => html`<li key=${at}><span>${words(one.figure)}${one.version ? ` of version ${one.version}` : ""} <span class="note">${words(one.span)}, ${count(one.pairs)} pairs</span></span>
      <span class="num"><b>${number(one.value)}</b> ${one.low !== null ? html`<span class="note">${number(one.low)}–${number(one.high)}</span>` : ""}${one.expected !== null ? html` expected ${number(one.expected)}` : ""}</span></li>`,
    )}</ul><//>`;
}

/** @param {{positions: any[], alert: any}} props */
function Positions({ positions, alert }) {
  return html`<${Panel} title="Where the data is" note="the records of the new regime, to be read again">${
    positions.length === 0
      ? html`<p class="none">The rows of this series come from no topic of their own.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Positions, as a table"><table><caption class="sr">Positions</caption>
    <thead><tr><th scope="col">topic</th><th scope="col" class="num">partition</th><th scope="col" class="num">first offset</th><th scope="col" class="num">last offset</th></tr></thead>
    <tbody>${positions.map((one) => html`<tr key=${`${one.topic}${one.partition}`}><th scope="row">${one.topic}</th><td class="num">${one.partition}</td><td class="num">${one.first_offset}</td><td class="num">${one.last_offset}</td></tr>`)}</tbody></table></div>`
  }
    <p class="commands"><${Copy} text="stream-monitor alerts show ${alert.alert_id}" label="command" /></p><//>`;
}

/** @param {{transitions: any[]}} props */
function History({ transitions }) {
  if (transitions.length === 0) return null;
  return html`<${Panel} title="History"><ol class="history">${transitions.map((one, at) => html`<li key=${one.id ?? at}><${State} state=${one.status === "resolved" ? "resolved" : one.severity} text=${one.status} /><time>${moment(one.time)}</time> <span>${one.summary}</span></li>`)}</ol><//>`;
}
