/** The workers and what is wrong with reading, in a line each. */
import { html } from "../lib/html.js";
import { count, plural, span } from "../lib/format.js";
import { link } from "../lib/router.js";
import { Panel, State } from "./basics.js";

/** @param {{problems: string[]}} props */
export function Problems({ problems }) {
  if (!problems?.length) return null;
  return html`<div class="problems" role="status">${problems.map((one) => html`<p class="problem" key=${one}>${one}</p>`)}</div>`;
}

/** @param {{workers: any[]}} props */
export function WorkerStrip({ workers }) {
  const more = html`<a class="button" href=${link(["pipeline"])}>Pipeline</a>`;
  if (workers.length === 0)
    return html`<${Panel} title="Workers" actions=${more}><p class="none">No worker has reported for a minute. Start one with <code>stream-monitor run</code>.</p><//>`;
  return html`<${Panel} title="Workers" note=${plural(workers.length, "worker")} actions=${more}><ul class="workers">
    ${workers.map(
      (
        one,
      ) => html`<li key=${one.worker}><${State} state=${one.ready ? "ready" : "silent"} text=${one.ready ? "ready" : "not ready"} /><b>${one.worker}</b>
      <span class="note">${plural(one.partitions, "partition")} · lag <span class="num">${count(one.lag)}</span> · heard of ${span(one.age * 1000)} ago</span></li>`,
    )}</ul><//>`;
}
