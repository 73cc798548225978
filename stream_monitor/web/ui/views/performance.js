/** How well each version predicts, how sure that is, what is expected without labels, and how late labels come. */
import { html, useMemo, useState } from "../lib/html.js";
import { address } from "../lib/api.js";
import { count, number, percent, plural, signed, span, words } from "../lib/format.js";
import { useData } from "../lib/data.js";
import { Choice, Empty, Fact, Loaded, ModelHead, Panel, State } from "../parts/model_parts.js";
import { Meter } from "../parts/basics.js";
import { Chart } from "../parts/chart.js";

// Those that say most come first; what is left out is in the table.
const FIRST = ["accuracy", "f1", "roc_auc", "precision", "recall", "log_loss", "mae", "rmse", "r2", "bias"];
const CHARTS = 6;

/** @param {{name: string}} props */
export function Performance({ name }) {
  const concerns = (/** @type {any} */ change) => change.models.includes(name);
  const { data, error } = useData(address(`models/${encodeURIComponent(name)}/performance`), {
    when: concerns,
    every: 3000,
  });
  const model = useData(address(`models/${encodeURIComponent(name)}`), { when: concerns, every: 8000 });
  return html`<${ModelHead} model=${model.data ?? { model: name }} tab="performance" />
    <${Loaded} data=${data} error=${error}>${(found) => html`
      ${found.labels && html`<${Labels} labels=${found.labels} />`}
      ${
        found.versions.length === 0
          ? html`<${Empty} title="No labels, so no performance.">Send labels with the <code>id</code> of their prediction: <code>{"model": "${name}", "id": "e-1", "label": "legit"}</code>. They may come hours or days later.<//>`
          : html`<${Versions} versions=${found.versions} />`
      }
      <${SideBySide} rows=${model.data?.side_by_side ?? []} /><${Fairness} rows=${model.data?.fairness ?? []} />`}<//>`;
}

/** @param {{labels: any}} props */
function Labels({ labels }) {
  const delays = labels.delays ?? {};
  return html`<${Panel} title="Labels" note=${labels.due_after ? `a prediction is due after ${span(labels.due_after)}` : ""}><dl class="facts inside">
    <${Fact} name="coverage" value=${html`${percent(labels.coverage)} <${Meter} share=${labels.coverage} tone=${labels.coverage !== null && labels.coverage < 0.5 ? "warning" : "good"} />`} note="of those due" />
    <${Fact} name="waiting" value=${count(labels.pending)} note="predictions" />
    <${Fact} name="half come within" value=${span(delays["0.5"])} />
    <${Fact} name="90 % within" value=${span(delays["0.9"])} />
    <${Fact} name="99 % within" value=${span(delays["0.99"])} />
    ${Object.entries(labels.outcomes ?? {})
      .filter(([, n]) => n > 0)
      .map(([what, n]) => html`<${Fact} key=${what} name=${words(what)} value=${count(/** @type {number} */ (n))} />`)}
  </dl><//>`;
}

/** @param {{versions: any[]}} props */
function Versions({ versions }) {
  const [wanted, setWanted] = useState("");
  const nameOf = (/** @type {any} */ one) => one.version ?? "";
  const chosen = versions.find((one) => nameOf(one) === wanted) ?? versions.at(-1);
  const options = versions.map(
    (one) => /** @type {[string, string]} */ ([nameOf(one), nameOf(one) ? `version ${nameOf(one)}` : "no version"]),
  );
  return html`${versions.length > 1 && html`<div class="bar"><${Choice} label="Version" value=${nameOf(chosen)} options=${options} choose=${setWanted} /></div>`}
    <${Version} key=${nameOf(chosen)} version=${chosen} />`;
}

/** @param {{version: any}} props */
function Version({ version }) {
  const { status, history } = version;
  const main = Object.keys(history ?? {})
    .filter((name) => FIRST.includes(name))
    .sort((a, b) => FIRST.indexOf(a) - FIRST.indexOf(b));
  return html`${status?.withheld && html`<p class="problem">No figures are shown: ${status.withheld}</p>`}
    ${main.length > 0 && html`<div class="charts">${main.slice(0, CHARTS).map((name) => html`<${Figure} key=${name} name=${name} points=${history[name]} status=${status?.figures?.[name]} />`)}</div>`}
    ${status && html`<div class="columns"><${Figures} status=${status} /><${Calibration} bins=${status.calibration ?? []} /></div>`}`;
}

/** @param {{name: string, points: any[], status: any}} props */
function Figure({ name, points, status }) {
  const times = useMemo(() => points.map((point) => point[0]), [points]);
  const lines = useMemo(() => {
    const column = (/** @type {number} */ at) => points.map((point) => point[at] ?? null);
    const all = [
      { name: "high", values: column(3), colour: "--accent-line", width: 0, quiet: true },
      { name: words(name), values: column(1), colour: "--accent", width: 2 },
      { name: "low", values: column(2), colour: "--accent-line", width: 0, quiet: true },
    ];
    if (points.some((point) => (point[4] ?? null) !== null))
      all.push(
        /** @type {any} */ ({
          name: "estimate",
          values: column(4),
          colour: "--warming-line",
          dash: [5, 4],
          width: 1.5,
        }),
      );
    return all;
  }, [points, name]);
  const bands = useMemo(() => [{ upper: 0, lower: 2, fill: "--accent-line" }], []);
  const expected = status?.expected ?? undefined;
  return html`<${Panel} title=${words(name)} note=${expected === undefined ? "" : `expected ${number(expected)} (dashed)`}>
    ${points.length === 0 ? html`<p class="none">No history in this span.</p>` : html`<${Chart} label="${words(name)} over time with its interval" times=${times} lines=${lines} bands=${bands} threshold=${expected} height=${150} />`}<//>`;
}

/** @param {{status: any}} props */
function Figures({ status }) {
  const estimates = status.estimate?.figures ?? {};
  const scores = status.estimate?.scores ?? {};
  const tried = Object.keys(scores).length > 0;
  const names = [...new Set([...Object.keys(status.figures ?? {}), ...Object.keys(estimates)])];
  return html`<${Panel} class="grow" title="Figures" note=${`${plural(status.pairs, "labelled prediction")} in the window; intervals of 95 %`}><div class="table"><div class="scroll" tabindex="0" role="region" aria-label="Figures, as a table"><table>
    <caption class="sr">Figures of this version</caption>
    <thead><tr><th scope="col">figure</th><th scope="col" class="num">realised</th><th scope="col" class="num">interval</th><th scope="col" class="num">expected</th><th scope="col" class="num">worse by</th><th scope="col" class="num">estimated</th>${tried && html`<th scope="col" class="num" title="how often labels that came later lay within the estimate's interval">held</th>`}</tr></thead>
    <tbody>${names.map((name) => html`<${FigureRow} key=${name} name=${name} figure=${status.figures?.[name]} estimate=${estimates[name]} score=${tried && (scores[name] ?? null)} />`)}</tbody></table></div></div>
    ${status.estimate?.unreliable && html`<p class="problem">The estimates proved wrong: ${status.estimate.unreliable}</p>`}
    ${status.estimate && html`<p class="note">${status.estimate.reason ? `No estimate: ${status.estimate.reason}` : `The estimate needs no labels; it holds if ${(status.estimate.assumptions ?? []).join(", and ")}.`}</p>`}<//>`;
}

/** @param {{name: string, figure: any, estimate: any, score: any}} props score: false where no estimate was held against labels */
function FigureRow({ name, figure, estimate, score }) {
  const fallen = figure && figure.drop_low !== null && figure.drop_low > 0;
  return html`<tr><th scope="row">${words(name)}</th>
    <td class="num">${figure?.value === null && figure?.reason ? html`<span class="nothing" title=${figure.reason}>not defined</span>` : html`<b>${number(figure?.value)}</b>`}</td>
    <td class="num">${figure && figure.low !== null ? `${number(figure.low)} – ${number(figure.high)}` : "–"}</td>
    <td class="num">${number(figure?.expected)}</td>
    <td class="num">${figure?.drop === null || figure?.drop === undefined ? "–" : html`<span class=${fallen ? "critical" : ""}>${signed(figure.drop)}</span>`}</td>
    <td class="num">${estimate?.value === null || estimate?.value === undefined ? "–" : html`${number(estimate.value)} <span class="note">${estimate.low === null ? "" : `${number(estimate.low)}–${number(estimate.high)}`}</span>`}</td>
    ${score !== false && html`<td class="num">${score ? html`<span class=${score.unreliable ? "critical" : ""} title="mean error ${signed(score.mean_error)}; last estimated ${number(score.estimated)}, realised ${number(score.realised)}">${percent(score.inside)} <span class="note">of ${count(score.trials)}</span></span>` : "–"}</td>`}</tr>`;
}

/** What was promised by probabilities against what came. @param {{bins: any[]}} props */
function Calibration({ bins }) {
  const known = bins
    .filter((bin) => bin.observed !== null && bin.expected !== null)
    .map((bin) => [bin.expected, bin.observed, bin.n]);
  const most = Math.max(1, ...known.map(([, , n]) => n));
  if (known.length === 0) return null;
  const at = (/** @type {number} */ share) => 30 + share * 190;
  const y = (/** @type {number} */ share) => 220 - share * 190;
  const path = known.map(([x, realised], index) => `${index ? "L" : "M"}${at(x)} ${y(realised)}`).join("");
  return html`<${Panel} title="Calibration" class="narrow" note="predicted probability against what came">
    <svg class="calibration" viewBox="0 0 250 250" role="img" aria-label="Calibration: ${known.map(([x, realised]) => `${percent(x)} predicted, ${percent(realised)} came`).join("; ")}">
      ${[0, 0.5, 1].map((one) => html`<g key=${one}><line class="grid" x1=${at(0)} x2=${at(1)} y1=${y(one)} y2=${y(one)}></line><text class="tick" x="26" y=${y(one) + 4} text-anchor="end">${one}</text><text class="tick" x=${at(one)} y="236" text-anchor="middle">${one}</text></g>`)}
      <line class="ideal" x1=${at(0)} y1=${y(0)} x2=${at(1)} y2=${y(1)}></line><path class="line" d=${path}></path>
      ${known.map(([x, realised, n]) => html`<circle key=${x} cx=${at(x)} cy=${y(realised)} r=${2 + 3 * Math.sqrt(n / most)}></circle>`)}</svg><//>`;
}

/** @param {{rows: any[]}} props */
function SideBySide({ rows }) {
  if (rows.length === 0) return null;
  return html`<${Panel} title="Side by side" note="two versions on the same cases"><ul class="lines">${rows.map(
    (one) => html`<li key=${`${one.first} ${one.second}`}>
    Version <b>${one.second}</b> against <b>${one.first}</b>: ${words(one.figure)} worse by <b class="num">${signed(one.worse)}</b> ${one.low !== null && html`<span class="note num">(${signed(one.low)} … ${signed(one.high)})</span>`} on ${plural(one.cases, "case")}</li>`,
  )}</ul><//>`;
}

/** @param {{rows: any[]}} props */
function Fairness({ rows }) {
  const figures = rows.flatMap((one) =>
    Object.entries(one.figures).map(([name, figure]) => ({
      version: one.version,
      name,
      .../** @type {any} */ (figure),
    })),
  );
  if (figures.length === 0) return null;
  return html`<${Panel} title="Fairness" note="between the groups that are declared"><ul class="lines">${figures.map(
    (one) => html`<li key=${`${one.version} ${one.name}`}>
    ${one.beyond && html`<${State} state="warning" text="beyond" />`} ${words(one.name)}${one.version ? ` of version ${one.version}` : ""}: <b class="num">${number(one.value)}</b> <span class="note">${one.reason ?? `${one.lowest} against ${one.highest}; accepted ${number(one.tolerance)}`}</span></li>`,
  )}</ul><//>`;
}
