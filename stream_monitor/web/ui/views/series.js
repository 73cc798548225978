/** One series: how far from normal, how strong the evidence, and two windows of its values side by side. */
import { html, useMemo } from "../lib/html.js";
import { address } from "../lib/api.js";
import { clock, count, evidence, number, percent, signed, span } from "../lib/format.js";
import { useData } from "../lib/data.js";
import { link, refine, usePlace } from "../lib/router.js";
import { added, distance, grade, shares } from "../lib/statistics.js";
import { Choice, Empty, Fact, Loaded, Panel, SeriesName, State, WarmUp, warmUpOf } from "../parts/basics.js";
import { AlertLine } from "../parts/alerts.js";
import { Chart } from "../parts/chart.js";
import { Histogram } from "../parts/histogram.js";

const LEAST = 1e-4; // evidence below it is none, and a logarithm has to end somewhere
const HOUR = 3_600_000;
const SPANS = /** @type {[string, string][]} */ ([
  ["", "all kept"],
  ["1", "1 h"],
  ["4", "4 h"],
  ["24", "24 h"],
  ["168", "7 d"],
]);
const WINDOWS = [5, 15, 60, 240]; // buckets: minutes, hours or days, as the history is kept
const AGAINST = /** @type {[string, string][]} */ ([
  ["reference", "reference"],
  ["before", "the window before"],
  ["start", "start of the chart"],
]);

/** @param {{model: string}} props */
export function Series({ model }) {
  const { query } = usePlace();
  const hours = query.get("span") ?? "";
  const which = { name: query.get("name"), version: query.get("version"), segment: query.get("segment") };
  const path = `models/${encodeURIComponent(model)}/series`;
  const newest = useData(address("overview"), { when: () => false });
  const latest = newest.data?.models.find((one) => one.model === model)?.time;
  const url = useMemo(
    () => address(path, { ...which, from: hours && latest - Number(hours) * HOUR }),
    [path, query.get("name"), which.version, which.segment, hours, latest === undefined],
  );
  const { data, error } = useData(hours && latest === undefined ? null : url, {
    when: (change) => change.models.includes(model) || change.alerts || change.operations,
    every: 3000,
    sticky: true,
  });
  return html`<${Loaded} data=${data} error=${error}>${(series) => html`<${Whole} model=${model} which=${which} data=${series} hours=${hours} />`}<//>`;
}

/** @param {any} props */
function Whole({ model, which, data, hours }) {
  const { status, buckets } = data;
  return html`
    <div class="page-head"><div><nav class="crumbs" aria-label="Where this is"><a href="#/">Models</a><a href=${link(["models", model])}>${model}</a></nav>
        <h1 tabindex="-1"><${SeriesName} series=${{ series: which.name, version: which.version, segment: which.segment }} /> ${status && html`<${State} state=${status.status} />`}</h1></div>
      <div class="actions"><${Choice} label="Time span" value=${hours} options=${SPANS} choose=${(value) => refine({ span: value, from: "", to: "" })} /></div></div>
    ${status && html`<${Facts} status=${status} reference=${data.reference} />`}
    ${data.alerts.map((alert) => html`<${AlertLine} key=${alert.alert_id} alert=${alert} model=${false} series=${false} />`)}
    ${
      buckets.length === 0
        ? html`<${Empty} title="No history in this span.">History is written with every snapshot, by default each 30 seconds, once the series has a reference. Try a longer span.<//>`
        : html`<${Drift} data=${data} /><${Compare} data=${data} /><${Values} data=${data} />`
    }`;
}

/** @param {any} props */
function Facts({ status, reference }) {
  const score = status.sparkline?.findLast((one) => one !== null) ?? null;
  return html`<dl class="facts wide">
    ${status.status === "warming" && html`<${Fact} name="warm-up" value=${html`<${WarmUp} warmUp=${warmUpOf(status)} />`} />`}
    <${Fact} name="score" value=${number(score)} tone=${grade(score)} title="Jensen-Shannon distance from the reference" />
    <${Fact} name="evidence" value=${evidence(status.evidence)} note="1 is an alarm" />
    <${Fact} name="effect" value=${html`${signed(status.effect)}<small> sd</small>`} />
    <${Fact} name="importance" value=${number(status.importance)} />
    <${Fact} name="values" value=${count(status.values)} note=${status.kind ?? ""} />
    <${Fact} name="missing" value=${percent(status.missing)} tone=${status.missing >= 0.05 ? "warning" : ""} />
    <${Fact} name="reference" value=${reference ? count(reference.size) : "–"} note=${reference?.origin ?? "none yet"} />
    ${reference?.mean !== null && reference?.mean !== undefined && html`<${Fact} name="its mean · sd" value=${html`${number(reference.mean)}<small> · ${number(reference.sd)}</small>`} />`}
  </dl>${status.words && html`<p class="words">${status.words}</p>`}`;
}

/** @param {any[]} alerts @returns {import("../parts/chart.js").Marker[]} */
function markersOf(alerts) {
  return alerts.flatMap((alert) => {
    const colour = alert.resolved_at
      ? "--silent"
      : alert.severity === "critical"
        ? "--critical-line"
        : "--warning-line";
    return [
      { time: alert.change_point, colour: "--accent-line", text: "change", dash: true },
      { time: alert.opened_at, colour, text: "alert", until: alert.resolved_at },
    ];
  });
}

/** @param {any} props */
function Drift({ data }) {
  const { buckets } = data;
  const times = useMemo(() => buckets.map((one) => one.start), [buckets]);
  const markers = useMemo(() => markersOf(data.alerts), [data.alerts]);
  const score = useMemo(
    () => [{ name: "score", values: buckets.map((one) => one.score), colour: "--accent", fill: "--accent" }],
    [buckets],
  );
  const evidence = useMemo(
    () => [
      {
        name: "evidence",
        values: buckets.map((one) => (one.evidence === null ? null : Math.max(one.evidence, LEAST))),
        colour: "--warming-line",
        joined: true,
      },
    ],
    [buckets],
  );
  const custom = (/** @type {number} */ from, /** @type {number} */ to) => refine({ from, to });
  return html`<div class="columns even">
    <${Panel} title="Score" note="distance from the reference, 0 to 1; 0.1 is worth a look. Drag over a span to compare it.">
      <${Chart} label="Drift score over time" times=${times} lines=${score} threshold=${0.1} range=${[0, 0.2]} markers=${markers} select=${custom} /><//>
    <${Panel} title="Evidence" note="of the strongest detector, on a logarithmic axis; at 1 an alert opens">
      <${Chart} label="Evidence over time" times=${times} lines=${evidence} threshold=${1} log=${true} markers=${markers} select=${custom} /><//>
  </div>`;
}

/** Both windows from the address, so that a link shows the same. @param {any} data @param {URLSearchParams} query */
function windows({ buckets, reference, width }, query) {
  const end = buckets.at(-1).start + width;
  const custom = query.get("from") && query.get("to");
  const chosen = Number(query.get("window") ?? 15);
  const [from, to] = custom ? [Number(query.get("from")), Number(query.get("to"))] : [end - chosen * width, end];
  const groups = reference?.groups.length;
  const within = (/** @type {number} */ low, /** @type {number} */ high) =>
    buckets.filter((one) => one.start >= low && one.start < high && one.counts.length === groups);
  const against = query.get("against") ?? "reference";
  const size = to - from;
  const start = buckets[0].start;
  const first =
    against === "reference"
      ? {
          name: `reference (${count(reference?.size)} values)`,
          shares: reference?.shares ?? null,
          values: reference?.size ?? 0,
        }
      : windowOf(
          within(
            ...(against === "before"
              ? /** @type {[number, number]} */ ([from - size, from])
              : /** @type {[number, number]} */ ([start, start + size])),
          ),
          against === "before" ? "before" : "start",
        );
  return {
    custom: Boolean(custom),
    chosen: String(chosen),
    against,
    first,
    second: windowOf(within(from, to), custom ? `${clock(from)}–${clock(to)}` : `last ${span(size)}`),
  };
}

/** Buckets that were counted by an earlier reference have no counts. @param {any[]} buckets @param {string} name */
function windowOf(buckets, name) {
  const counts = added(buckets.map((one) => one.counts));
  const values = buckets.reduce((sum, one) => sum + one.values, 0);
  return {
    name: `${name} (${count(values)} values)`,
    shares: shares(counts),
    unusable: buckets.reduce((sum, one) => sum + one.unusable, 0),
    values,
  };
}

/** @param {any} props */
function Compare({ data }) {
  const { query } = usePlace();
  const { custom, chosen, against, first, second } = windows(data, query);
  const options = WINDOWS.map((one) => /** @type {[string, string]} */ ([String(one), span(one * data.width)]));
  const groups = data.reference?.groups ?? [];
  if (groups.length === 0) return null;
  const apart =
    first.shares && second.shares && first.shares.length === second.shares.length
      ? distance(/** @type {any} */ (first), /** @type {any} */ (second))
      : null;
  return html`<${Panel} title="Distribution" note=${apart === null ? "" : html`these two are <b class="num ${grade(apart)}">${number(apart)}</b> apart (Jensen-Shannon distance)`} actions=${html`
      <${Choice} label="Window" value=${custom ? "" : chosen} options=${options} choose=${(value) => refine({ window: value, from: "", to: "" })} />
      <span class="between">against</span>
      <${Choice} label="Against" value=${against} options=${AGAINST} choose=${(value) => refine({ against: value })} />`}>
    ${custom && html`<p class="note">A span of your own: ${second.name}. <button type="button" class="quiet" onClick=${() => refine({ from: "", to: "" })}>Back to the latest</button></p>`}
    <${Histogram} groups=${groups} first=${first} second=${second} sideways=${data.status?.kind === "categorical" || data.status?.kind === "boolean" || data.reference?.categories} label="Distribution of two windows" /><//>`;
}

/** @param {any} props */
function Values({ data }) {
  const { buckets } = data;
  const times = useMemo(() => buckets.map((one) => one.start), [buckets]);
  const markers = useMemo(() => markersOf(data.alerts), [data.alerts]);
  const missing = useMemo(
    () => [
      {
        name: "missing",
        values: buckets.map((one) =>
          one.values + one.unusable > 0 ? one.unusable / (one.values + one.unusable) : null,
        ),
        colour: "--warning-line",
        fill: "--warning-line",
      },
    ],
    [buckets],
  );
  const rows = useMemo(
    () => [
      {
        name: "values",
        values: buckets.map((one) => one.values + one.unusable),
        colour: "--accent",
        fill: "--accent",
      },
    ],
    [buckets],
  );
  const quantiles = buckets.some((one) => one.quantiles);
  return html`${quantiles ? html`<${Quantiles} buckets=${buckets} times=${times} markers=${markers} />` : html`<${Categories} data=${data} times=${times} markers=${markers} />`}
    <div class="columns even"><${Panel} title="Missing"><${Chart} label="Missing rate over time" times=${times} lines=${missing} range=${[0, 0.02]} format=${percent} height=${130} /><//>
      <${Panel} title="Values" note="per bucket"><${Chart} label="Values over time" times=${times} lines=${rows} range=${[0, null]} format=${count} height=${130} /><//></div>`;
}

/** @param {any} props */
function Quantiles({ buckets, times, markers }) {
  const lines = useMemo(
    () =>
      ["p90", "p50", "p10"].map((name) => ({
        name,
        values: buckets.map((one) => one.quantiles?.[name] ?? null),
        colour: name === "p50" ? "--accent" : "--accent-line",
        width: name === "p50" ? 2 : 1,
      })),
    [buckets],
  );
  const bands = useMemo(() => [{ upper: 0, lower: 2, fill: "--accent-line" }], []);
  return html`<${Panel} title="Quantiles" note="between 10 % and 90 % of the values, and the median; from the counts of the groups">
    <${Chart} label="Quantiles over time" times=${times} lines=${lines} bands=${bands} markers=${markers} height=${200} /><//>`;
}

const HUES = ["--accent", "--warning-line", "--warming-line", "--good-line", "--critical-line", "--silent-line"];

/** The shares of the largest categories over time. @param {any} props */
function Categories({ data, times, markers }) {
  const lines = useMemo(() => {
    const order = (data.reference?.shares ?? [])
      .map((share, at) => ({ share, at }))
      .sort((a, b) => b.share - a.share)
      .slice(0, HUES.length);
    return order.map(({ at }, place) => ({
      name: data.reference.groups[at],
      values: data.buckets.map((one) => shares(one.counts)?.[at] ?? null),
      colour: HUES[place],
    }));
  }, [data]);
  if (lines.length === 0) return null;
  return html`<${Panel} title="Shares" note="of the largest groups"><${Chart} label="Shares over time" times=${times} lines=${lines} markers=${markers} range=${[0, null]} format=${percent} height=${200} /><//>`;
}
