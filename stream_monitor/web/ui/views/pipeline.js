/** The machinery: workers, partitions and their lag, rebalances, and what was rejected. */
import { html, useMemo } from "../lib/html.js";
import { address } from "../lib/api.js";
import { count, plural, span, words } from "../lib/format.js";
import { useData } from "../lib/data.js";
import { Ago, Empty, Fact, Loaded, Meter, Panel, State } from "../parts/basics.js";
import { Table } from "../parts/table.js";
import { Problems } from "../parts/workers.js";

const sum = (/** @type {Record<string, number>} */ counts) =>
  Object.values(counts ?? {}).reduce((all, one) => all + one, 0);

export function Pipeline() {
  const { data, error } = useData(address("pipeline"), { when: (change) => change.workers, every: 1500 });
  return html`<div class="page-head"><div><h1 tabindex="-1">Pipeline</h1><p class="lead">How the monitor itself is doing.</p></div></div>
    <${Loaded} data=${data} error=${error}>${(found) => html`<${Problems} problems=${found.problems} />
      ${
        found.workers.length === 0
          ? html`<${Empty} title="No worker has reported.">Workers write to the status topic every few seconds. Start one with <code>stream-monitor run -c monitor.yaml</code>; see what is wrong with <code>stream-monitor doctor</code>.<//>`
          : html`<${Facts} found=${found} /><${Workers} workers=${found.workers} />`
      }
      <${Partitions} partitions=${found.partitions} />
      <div class="columns even"><${Counts} title="Rejected" note="records and events that could not be understood, by reason" counts=${found.rejected} empty="Nothing was rejected." />
        <${Counts} title="Rebalances" note="of the group, by kind" counts=${found.rebalances} empty="No rebalance so far." /></div>`}<//>`;
}

/** @param {{found: any}} props */
function Facts({ found }) {
  const lag = found.partitions.reduce((all, one) => all + (one.lag ?? 0), 0);
  const unknown = found.partitions.filter((one) => one.lag === null).length;
  const paused = found.partitions.filter((one) => one.paused).length;
  return html`<dl class="facts wide">
    <${Fact} name="workers ready" value=${html`${found.workers.filter((one) => one.ready && !one.gone).length}<small>/${found.workers.length}</small>`} />
    <${Fact} name="partitions" value=${count(found.partitions.length)} note=${paused ? `${paused} paused` : ""} />
    <${Fact} name="lag" value=${count(lag)} note=${unknown ? `${unknown} unknown` : "records"} />
    <${Fact} name="rejected" value=${count(sum(found.rejected))} tone=${sum(found.rejected) ? "warning" : ""} />
    <${Fact} name="rebalances" value=${count(sum(found.rebalances))} />
    <${Fact} name="aborted" value=${count(found.workers.reduce((all, one) => all + (one.aborted ?? 0), 0))} note="transactions" />
  </dl>`;
}

/** @param {{workers: any[]}} props */
function Workers({ workers }) {
  const columns = useMemo(
    () => [
      { id: "worker", name: "worker", head: true, by: (one) => one.worker, cell: (one) => one.worker },
      {
        id: "ready",
        name: "state",
        cell: (one) =>
          html`<${State} state=${one.gone ? "critical" : one.ready ? "ready" : "silent"} text=${one.gone ? "gone" : one.ready ? "ready" : "not ready"} />`,
      },
      { id: "assigned", name: "partitions", number: true, cell: (one) => count(one.partitions) },
      {
        id: "checkpoint",
        name: "last checkpoint",
        number: true,
        cell: (one) => html`<${Ago} time=${one.last_checkpoint} />`,
      },
      { id: "started", name: "up", number: true, cell: (one) => span(one.wall - one.started) },
      { id: "age", name: "seen", number: true, cell: (one) => `${span(one.age * 1000)} ago` },
      { id: "aborted", name: "aborted", number: true, cell: (one) => count(one.aborted) },
      {
        id: "losses",
        name: "losses",
        number: true,
        cell: (one) =>
          html`<span class=${one.losses?.length ? "critical" : ""}>${count(one.losses?.length ?? 0)}</span>`,
      },
      { id: "release", name: "release", cell: (one) => one.release },
    ],
    [],
  );
  const losses = workers.flatMap((one) =>
    (one.losses ?? []).map(
      (loss) =>
        `${one.worker} gave up ${count(loss.records)} records of ${loss.topic}/${loss.partition}, ${plural(loss.times, "time")}`,
    ),
  );
  return html`<${Panel} title="Workers"><${Table} caption="Workers" columns=${columns} rows=${workers} id=${(one) => one.worker} />
    ${losses.length > 0 && html`<ul class="lines">${losses.map((one) => html`<li key=${one} class="critical">${one}</li>`)}</ul>`}<//>`;
}

/** @param {{partitions: any[]}} props */
function Partitions({ partitions }) {
  const most = Math.max(1, ...partitions.map((one) => one.lag ?? 0));
  const columns = useMemo(
    () => [
      { id: "topic", name: "topic", head: true, by: (one) => one.topic, cell: (one) => one.topic },
      {
        id: "partition",
        name: "partition",
        number: true,
        by: (one) => one.partition,
        cell: (one) => one.partition,
      },
      { id: "worker", name: "worker", by: (one) => one.worker, cell: (one) => one.worker },
      {
        id: "lag",
        name: "lag",
        number: true,
        descending: true,
        by: (one) => one.lag,
        cell: (one) => (one.lag === null ? html`<span class="nothing">unknown</span>` : count(one.lag)),
      },
      {
        id: "bar",
        name: "",
        class: "trend",
        cell: (one) => html`<${Meter} share=${(one.lag ?? 0) / most} tone=${one.lag > 1000 ? "warning" : "accent"} />`,
      },
      {
        id: "paused",
        name: "state",
        cell: (one) =>
          one.paused
            ? html`<${State} state="paused" title="it is far ahead of the slowest partition, and waits" />`
            : html`<span class="nothing">reading</span>`,
      },
    ],
    [most],
  );
  return html`<${Panel} title="Partitions" note=${plural(partitions.length, "partition")}><${Table} caption="Partitions" columns=${columns} rows=${partitions} id=${(one) => `${one.topic}/${one.partition}`} size=${24}
    empty=${html`<p class="none">No partition is assigned.</p>`} /><//>`;
}

/** @param {{title: string, note: string, counts: Record<string, number>, empty: string}} props */
function Counts({ title, note, counts, empty }) {
  const rows = Object.entries(counts ?? {})
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1]);
  const most = rows[0]?.[1] ?? 1;
  return html`<${Panel} title=${title} note=${note}>${rows.length === 0 ? html`<p class="none">${empty}</p>` : html`<ul class="counts">${rows.map(([name, n]) => html`<li key=${name}><span>${words(name)}</span><${Meter} share=${n / most} tone="silent" /><b class="num">${count(n)}</b></li>`)}</ul>`}<//>`;
}
