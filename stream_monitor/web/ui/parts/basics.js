/** Small parts that all views share: states, names, times, meters, empty and failed views. */
import { html, useEffect, useState } from "../lib/html.js";
import { ago, count, moment, nameOf, plural, words } from "../lib/format.js";
import { seriesLink } from "../lib/router.js";

/** Words and colour of every state the monitor tells. */
const STATES = {
  needs_attention: ["critical", "needs attention"],
  critical: ["critical", "critical"],
  drifting: ["warning", "drifting"],
  warning: ["warning", "warning"],
  warming: ["warming", "warming up"],
  watching: ["good", "watching"],
  ready: ["good", "ready"],
  resolved: ["good", "resolved"],
  silent: ["silent", "silent"],
  unwatched: ["silent", "unwatched"],
  muted: ["silent", "muted"],
  acknowledged: ["accent", "acknowledged"],
  paused: ["warning", "paused"],
  blind: ["warning", "blind"],
  waiting: ["warming", "waiting for budget"],
  worse: ["critical", "performance worse"],
  unchanged: ["good", "performance unchanged"],
  unknown: ["silent", "performance unknown"],
};

/** A word with a dot; the colour never stands alone. @param {{state: string, text?: string, title?: string}} props */
export function State({ state, text, title }) {
  const [tone, word] = STATES[state] ?? ["silent", words(state)];
  return html`<span class="state ${tone}" title=${title}><i aria-hidden="true"></i>${text ?? word}</span>`;
}

/** @param {string} state */
export const tone = (state) => (STATES[state] ?? ["silent"])[0];

/** @param {{series: {series: string, version?: string|null, segment?: string|null}, model?: string}} props model: makes it a link */
export function SeriesName({ series, model }) {
  const { role, name } = nameOf(series.series);
  const text = html`${role && role !== "feature" && html`<span class="role">${role}</span>`}<span class="own">${name}</span>`;
  return html`<span class="series-name">
    ${model ? html`<a href=${seriesLink(model, series)}>${text}</a>` : text}
    ${series.version && html`<span class="tag" title="version of the model">v${series.version}</span>`}
    ${series.segment && html`<span class="tag" title="segment">${series.segment}</span>`}
  </span>`;
}

/** Now, every so often, so that "3 min ago" stays true. @param {number} [every] ms */
export function useNow(every = 10_000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** @param {{time: number|null|undefined}} props */
export function Ago({ time }) {
  const now = useNow();
  if (time === null || time === undefined) return html`<span class="nothing">–</span>`;
  return html`<time datetime=${new Date(time).toISOString()} title="${moment(time)} UTC">${ago(time, now)}</time>`;
}

/** How far a warm-up is: a bar and the numbers. @param {{warmUp: {done: number, of: number|null}|null}} props */
export function WarmUp({ warmUp }) {
  if (!warmUp) return null;
  const { done, of } = warmUp;
  return html`<span class="warm-up" title="values seen, of those that say what is normal">
    <${Meter} share=${of ? done / of : 0} tone="warming" /><span class="num">${of ? `${count(done)}/${count(of)}` : plural(done, "value")}</span>
  </span>`;
}

/** Of one series: its share of the warm-up says how many values it takes. @param {{warm_up: number, values: number}} series */
export const warmUpOf = ({ warm_up: share, values }) => ({
  done: values,
  of: share > 0 && values > 0 ? Math.round(values / share) : null,
});

/** A bar of at most one; decoration, its number stands beside it. @param {{share: number|null, tone?: string}} props */
export function Meter({ share, tone: colour = "accent" }) {
  const width = Math.max(0, Math.min(1, share ?? 0)) * 100;
  return html`<svg class="meter ${colour}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="6"></rect><rect class="fill" width=${width} height="6"></rect>
  </svg>`;
}

/** Parts of a whole side by side. @param {{parts: {tone: string, n: number, name: string}[]}} props */
export function Stack({ parts }) {
  const total = parts.reduce((sum, part) => sum + part.n, 0);
  let at = 0;
  const text = parts
    .filter((part) => part.n > 0)
    .map((part) => `${count(part.n)} ${part.name}`)
    .join(", ");
  return html`<svg class="stack" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${text || "no series"}>
    <title>${text}</title>
    <rect class="track" width="100" height="6"></rect>
    ${
      total > 0 &&
      parts.map((part) => {
        const width = (part.n / total) * 100;
        const x = at;
        at += width;
        return (
          part.n > 0 && html`<rect class="fill ${part.tone}" x=${x} width=${Math.max(width, 1.5)} height="6"></rect>`
        );
      })
    }
  </svg>`;
}

/** A number with its name. @param {{name: string, value: any, note?: any, tone?: string, title?: string}} props */
export function Fact({ name, value, note, tone: colour = "", title }) {
  return html`<div class="fact ${colour}" title=${title}>
    <dt>${name}</dt><dd><span class="value">${value}</span>${note && html`<span class="note">${note}</span>`}</dd>
  </div>`;
}

/** What to do where there is nothing to show. @param {{title: string, children?: any}} props */
export const Empty = ({ title, children }) =>
  html`<div class="empty"><p class="title">${title}</p><p>${children}</p></div>`;

/** @param {{error: Error}} props */
export const Failed = ({ error }) =>
  html`<div class="problem" role="alert"><strong>This could not be read.</strong> <span>${error.message}</span></div>`;

/** Until the first answer; what is there stays while a newer one comes. @param {{data: any, error: Error|null, children: any}} props */
export function Loaded({ data, error, children }) {
  return html`${error && html`<${Failed} error=${error} />`}${data ? children(data) : !error && html`<${Loading} />`}`;
}

export const Loading = () => html`<div class="loading" role="status"><span class="sr">Loading</span>
  <i></i><i></i><i></i>
</div>`;

/** @param {{title: any, note?: any, actions?: any, children?: any, label?: string, class?: string}} props */
export function Panel({ title, note, actions, children, label, class: extra = "" }) {
  return html`<section class="panel ${extra}" aria-label=${label ?? (typeof title === "string" ? title : undefined)}>
    <header><h2>${title}</h2>${note && html`<p class="note">${note}</p>`}${actions && html`<div class="actions">${actions}</div>`}</header>
    ${children}
  </section>`;
}

/** One of some. @param {{label: string, value: string, options: [string, string][], choose: (value: string) => void}} props */
export function Choice({ label, value, options, choose }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      ([one, text]) => html`<button type="button" key=${one} aria-pressed=${String(one === value)}
      onClick=${() => choose(one)}>${text}</button>`,
    )}
  </div>`;
}

/** A text that can be copied. @param {{text: string, label: string}} props */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`<span class="copy"><code tabindex="0">${text}</code>
    <button type="button" class="quiet" aria-label="Copy ${label}" onClick=${copy}>${done ? "Copied" : "Copy"}</button></span>`;
}
