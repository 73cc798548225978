/** One model: what drifts, how it went, what matters, and every series in a table. */
import { html, useMemo, useState } from "../lib/html.js";
import { address } from "../lib/api.js";
import { count, evidence, number, percent, plural, rate, signed, span } from "../lib/format.js";
import { useData } from "../lib/data.js";
import {
  Ago,
  Choice,
  Empty,
  Fact,
  Loaded,
  Meter,
  ModelHead,
  Panel,
  SeriesName,
  State,
  WarmUp,
  warmUpOf,
} from "../parts/model_parts.js";
import { Incidents, folded } from "../parts/alerts.js";
import { HeatStrip } from "../parts/heat.js";
import { Quadrant } from "../parts/quadrant.js";
import { MiniHistogram, Sparkline } from "../parts/sparkline.js";
import { Table } from "../parts/table.js";
import { grade } from "../lib/statistics.js";
import { total } from "./overview.js";

const SPANS = /** @type {[string, string][]} */ ([
  ["", "all kept"],
  ["1", "1 h"],
  ["6", "6 h"],
  ["24", "24 h"],
  ["168", "7 d"],
]);
const HOUR = 3_600_000;
const id = (/** @type {any} */ one) => `${one.series}|${one.version ?? ""}|${one.segment ?? ""}`;

/** @param {{name: string}} props */
export function Model({ name }) {
  const concerns = (/** @type {any} */ change) => change.models.includes(name);
  const path = `models/${encodeURIComponent(name)}`;
  const { data, error } = useData(address(path), {
    when: (change) => concerns(change) || change.alerts || change.operations,
    every: 3000,
  });
  const alerts = useData(address("alerts", { state: "open", model: name }), {
    when: (change) => change.alerts || change.operations,
    every: 2000,
  });
  return html`<${Loaded} data=${data} error=${error}>${(model) => html`
    <${ModelHead} model=${model} tab="series" />
    <${Facts} model=${model} />
    <${Open} alerts=${alerts.data} />
    ${
      model.series.length === 0
        ? html`<${Empty} title="No series yet.">They begin with the first events of this model.<//>`
        : html`<div class="columns"><${Heat} name=${name} model=${model} concerns=${concerns} /><${Impact} name=${name} model=${model} /></div>
        <${SeriesTable} name=${name} model=${model} /><${Outliers} model=${model} />`
    }`}<//>`;
}

/** @param {{model: any}} props */
function Facts({ model }) {
  const series = model.counts;
  return html`<dl class="facts wide">
    <${Fact} name="series drifting" value=${html`${count(series.drifting)}<small>/${count(total(series))}</small>`} tone=${series.drifting ? "critical" : ""} />
    <${Fact} name="warm-up" value=${series.warming ? html`<${WarmUp} warmUp=${model.warm_up} />` : "done"} note=${series.warming ? plural(series.warming, "series", "series") : ""} />
    <${Fact} name="rows" value=${count(model.rows)} note=${rate(model.rows_per_second)} />
    <${Fact} name="late · held" value=${html`${count(model.late_rows)}<small> · ${count(model.held_rows)}</small>`} title="rows that came after their moment; rows that wait for slower partitions" />
    <${Fact} name="labels" value=${model.label_coverage === null ? "none" : percent(model.label_coverage)} note=${model.label_delay === null ? "" : `after ${span(model.label_delay)}`} />
    <${Fact} name="blind" value=${count(model.blind)} tone=${model.blind ? "warning" : ""} title="series that nothing can watch" />
    <${Fact} name="alarm budget" value=${number(model.budget_credit)} note="credit" title="alarms of river's detectors that could be raised at once" />
    <${Fact} name="last event" value=${html`<${Ago} time=${model.time} />`} />
  </dl>`;
}

/** @param {{alerts: any}} props */
function Open({ alerts }) {
  if (!alerts || alerts.alerts.length === 0) return null;
  return html`<${Panel} title="Open alerts" note=${plural(alerts.alerts.length, "alert")}><${Incidents} groups=${folded(alerts.alerts, alerts.incidents)} model=${false} /><//>`;
}

/** @param {{name: string, model: any, concerns: (change: any) => boolean}} props */
function Heat({ name, model, concerns }) {
  const [hours, setHours] = useState("");
  const [asTable, setAsTable] = useState(false);
  const buckets = hours === "" || hours === "1" ? columnsFor(model.sparkline) : COLUMNS[0];
  const minute = Math.ceil((model.time + 1) / 60_000) * 60_000;
  const url = useMemo(
    () =>
      address(`models/${encodeURIComponent(name)}/heat`, {
        from: hours && minute - Number(hours) * HOUR,
        to: hours && minute,
        buckets,
      }),
    [name, hours, buckets, hours && minute],
  );
  const { data, error } = useData(url, { when: concerns, every: 5000, sticky: true });
  const heat = useMemo(() => data && ranked(data, model.series), [data, model.series]);
  return html`<${Panel} title="Drift over time" label="Drift over time" class="grow" actions=${html`
      <${Choice} label="Time span" value=${hours} options=${SPANS} choose=${setHours} />
      <button type="button" aria-pressed=${String(asTable)} onClick=${() => setAsTable(!asTable)}>Table</button>`}>
    <${Loaded} data=${heat} error=${error}>${(strip) =>
      strip.series.length === 0 || strip.starts.length === 0
        ? html`<p class="none">No history yet. It begins with the first snapshot after the warm-up.</p>`
        : asTable
          ? html`<${HeatTable} heat=${strip} model=${name} />`
          : html`<${HeatStrip} heat=${strip} model=${name} />`}<//>
  <//>`;
}

const COLUMNS = [60, 30, 20, 12];
const ROWS_EACH = 200; // the distance of fewer values is mostly chance

/** So many columns that each has rows enough. @param {number[]} rows of the last 60 buckets */
function columnsFor(rows) {
  const most = rows.reduce((sum, one) => sum + one, 0) / ROWS_EACH;
  return COLUMNS.find((one) => one <= most) ?? COLUMNS.at(-1);
}

/** Drifting series first, then by their latest scores. @param {any} heat @param {any[]} series */
function ranked(heat, series) {
  const drifting = new Set(series.filter((one) => one.status === "drifting").map(id));
  const weight = (/** @type {any} */ one) =>
    Math.max(0, ...one.scores.slice(-6).map((score) => score ?? 0)) + (drifting.has(id(one)) ? 10 : 0);
  const weighed = heat.series.map((one) => ({ one, weight: weight(one) }));
  weighed.sort((a, b) => b.weight - a.weight);
  return { starts: heat.starts, series: weighed.map(({ one }) => one) };
}

/** @param {{heat: any, model: string}} props */
function HeatTable({ heat, model }) {
  const worst = (/** @type {any} */ one) => Math.max(0, ...one.scores.map((score) => score ?? 0));
  const latest = (/** @type {any} */ one) => one.scores.findLast((score) => score !== null) ?? null;
  const first = (/** @type {any} */ one) => {
    const at = one.scores.findIndex((score) => score !== null && score >= 0.1);
    return at < 0 ? null : heat.starts[at];
  };
  const columns = useMemo(
    () => [
      {
        id: "series",
        name: "series",
        head: true,
        by: (one) => one.series,
        cell: (one) => html`<${SeriesName} series=${one} model=${model} />`,
      },
      {
        id: "latest",
        name: "latest score",
        number: true,
        descending: true,
        by: latest,
        cell: (one) => number(latest(one)),
      },
      {
        id: "worst",
        name: "highest",
        number: true,
        descending: true,
        by: worst,
        cell: (one) => number(worst(one)),
      },
      {
        id: "first",
        name: "0.1 or more since",
        number: true,
        descending: true,
        by: first,
        cell: (one) => html`<${Ago} time=${first(one)} />`,
      },
    ],
    [heat, model],
  );
  return html`<${Table} caption="Drift scores of series" columns=${columns} rows=${heat.series} id=${id} size=${15} />`;
}

const ORIGIN = {
  configured: "importance as configured",
  estimated: "importance by how strongly each goes with the predictions",
};

/** Where importance is told by nobody, all weigh the same and effects alone say something. @param {{name: string, model: any}} props */
function Impact({ name, model }) {
  const note = ORIGIN[model.importance_origin];
  if (note)
    return html`<${Panel} title="Impact" note=${note} class="narrow"><${Quadrant} series=${model.series} model=${name} /><//>`;
  return html`<${Panel} title="Largest effects" note="importance is not known; it can be configured" class="narrow"><${Ranked} series=${model.series} model=${name} /><//>`;
}

const RANKED = 12;

/** @param {{series: any[], model: string}} props */
function Ranked({ series, model }) {
  const inputs = series.filter((one) => one.effect !== null && one.series.startsWith("feature:") && !one.segment);
  const first = inputs.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, RANKED);
  const most = Math.max(1, ...first.map((one) => Math.abs(one.effect)));
  if (first.length === 0) return html`<p class="none">No input has an effect to show yet.</p>`;
  return html`<ul class="counts">${first.map(
    (one) => html`<li key=${id(one)}><${SeriesName} series=${one} model=${model} />
    <${Meter} share=${Math.abs(one.effect) / most} tone=${one.status === "drifting" ? "critical" : "accent"} /><span class="num">${signed(one.effect)} sd</span></li>`,
  )}</ul>`;
}

/** @param {any} one latest score of the history */
const score = (one) => one.sparkline?.findLast((value) => value !== null) ?? null;
const SEVERE = { drifting: 0, warming: 1, watching: 2, unwatched: 3 };

/** @param {string} model */
const columnsOf = (model) => [
  {
    id: "series",
    name: "series",
    head: true,
    by: (one) => one.series,
    cell: (one) => html`<${SeriesName} series=${one} model=${model} />`,
  },
  {
    id: "status",
    name: "state",
    by: (one) => SEVERE[one.status] - (one.alert_id ? 0.5 : 0),
    cell: (one) => html`<${Status} one=${one} />`,
  },
  {
    id: "score",
    name: "score",
    title: "Jensen-Shannon distance of the last bucket from the reference",
    number: true,
    descending: true,
    by: score,
    cell: (one) => html`<span class=${grade(score(one))}>${number(score(one))}</span>`,
  },
  {
    id: "trend",
    name: "trend",
    title: "score of the last 60 buckets",
    class: "trend",
    cell: (one) =>
      html`<${Sparkline} values=${one.sparkline} top=${0.15} line=${0.1} tone=${one.status === "drifting" ? "critical" : "accent"} />`,
  },
  {
    id: "shape",
    name: "reference · now",
    class: "trend",
    cell: (one) =>
      html`<${MiniHistogram} reference=${one.reference?.shares} current=${one.current?.shares} tone=${one.status === "drifting" ? "critical" : "accent"} />`,
  },
  {
    id: "effect",
    name: "effect",
    title: "recent shift in standard deviations of the reference",
    number: true,
    descending: true,
    by: (one) => (one.effect === null ? null : Math.abs(one.effect)),
    cell: (one) => html`${signed(one.effect)}<small> sd</small>`,
  },
  {
    id: "evidence",
    name: "evidence",
    title: "of the strongest detector; 1 is an alarm",
    number: true,
    descending: true,
    by: (one) => one.evidence,
    cell: (one) => evidence(one.evidence),
  },
  {
    id: "importance",
    name: "importance",
    number: true,
    descending: true,
    by: (one) => one.importance,
    cell: (one) => number(one.importance),
  },
  {
    id: "missing",
    name: "missing",
    number: true,
    descending: true,
    by: (one) => one.missing,
    cell: (one) => html`<span class=${one.missing >= 0.05 ? "warning" : ""}>${percent(one.missing)}</span>`,
  },
  {
    id: "values",
    name: "values",
    number: true,
    descending: true,
    by: (one) => one.values,
    cell: (one) => count(one.values),
  },
];

/** @param {{one: any}} props */
const Status = ({
  one,
}) => html`<span class="states"><${State} state=${one.status} />${one.status === "warming" && html`<${WarmUp} warmUp=${warmUpOf(one)} />`}
  ${one.blind && html`<${State} state="blind" title=${one.words ?? "nothing that watches it can see it"} />`}${one.waiting && html`<${State} state="waiting" />`}${one.muted && html`<${State} state="muted" />`}</span>`;

/** Events with a value that almost none has: where they are and in which features, without the values. @param {{model: any}} props */
function Outliers({ model }) {
  if (!model.outliers?.length) return null;
  return html`<${Panel} title="Unusual events" note="the most unusual of late; a score of 3 is one in a thousand"><div class="scroll" tabindex="0" role="region" aria-label="Unusual events, as a table"><table>
    <caption class="sr">Unusual events</caption>
    <thead><tr><th scope="col">where</th><th scope="col" class="num">score</th><th scope="col">features</th><th scope="col" class="num">when</th></tr></thead>
    <tbody>${model.outliers.map(
      (
        one,
      ) => html`<tr key=${`${one.topic}/${one.partition}/${one.offset}`}><th scope="row"><code>${one.topic}/${one.partition}@${one.offset}</code></th><td class="num">${number(one.score)}</td>
      <td>${Object.entries(one.features)
        .map(([name, score]) => `${name} ${number(score)}`)
        .join(", ")}</td><td class="num"><${Ago} time=${one.time} /></td></tr>`,
    )}</tbody></table></div><//>`;
}

/** @param {{name: string, model: any}} props */
function SeriesTable({ name, model }) {
  const [filter, setFilter] = useState("");
  const [status, setStatus] = useState("all");
  const equal = model.importance_origin === "equal"; // all weigh 1: nothing to be said
  const columns = useMemo(() => columnsOf(name).filter((one) => !equal || one.id !== "importance"), [name, equal]);
  const rows = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return model.series
      .filter(
        (one) =>
          (status === "all" || one.status === status) &&
          (!wanted || `${one.series} ${one.segment ?? ""} ${one.version ?? ""}`.toLowerCase().includes(wanted)),
      )
      .sort((a, b) => SEVERE[a.status] - SEVERE[b.status] || (score(b) ?? -1) - (score(a) ?? -1));
  }, [model.series, filter, status]);
  const options = /** @type {[string, string][]} */ ([
    ["all", `all ${model.series.length}`],
    ...["drifting", "warming", "watching", "unwatched"].map((one) => [
      one,
      `${one} ${model.series.filter((other) => other.status === one).length}`,
    ]),
  ]);
  return html`<${Panel} title="Series" note=${model.series_dropped ? `${plural(model.series_dropped, "series", "series")} beyond the cap are not watched` : ""} actions=${html`
      <${Choice} label="State" value=${status} options=${options} choose=${setStatus} />
      <input type="search" aria-label="Filter series" placeholder="filter series" value=${filter} onInput=${(event) => setFilter(event.currentTarget.value)} />`}>
    <${Table} caption="Series of ${name}" columns=${columns} rows=${rows} id=${id} empty=${html`<p class="none">No series matches.</p>`} /><//>`;
}
