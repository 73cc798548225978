/** The dashboard: its frame, and which view the address asks for. */
import { html, render, useEffect, useRef, useState } from "./lib/html.js";
import { address } from "./lib/api.js";
import { useData } from "./lib/data.js";
import { changed, onConnection, start } from "./lib/live.js";
import { link, usePlace } from "./lib/router.js";
import { choose, useScheme } from "./lib/scheme.js";
import { tone } from "./parts/basics.js";
import { Alert } from "./views/alert.js";
import { Alerts } from "./views/alerts.js";
import { Configuration } from "./views/configuration.js";
import { Model } from "./views/model.js";
import { Overview } from "./views/overview.js";
import { Performance } from "./views/performance.js";
import { Pipeline } from "./views/pipeline.js";
import { Series } from "./views/series.js";

/** @typedef {import("./lib/router.js").Place} Place */

/** The view of a place and its title. @param {Place} place @returns {{title: string, section: string, view: any}} */
function viewOf({ parts, query }) {
  const [section = "", name = "", page = ""] = parts;
  if (section === "") return { title: "Overview", section: "", view: html`<${Overview} />` };
  if (section === "models" && name && page === "")
    return { title: name, section: name, view: html`<${Model} key=${name} name=${name} />` };
  if (section === "models" && page === "performance")
    return {
      title: `Performance of ${name}`,
      section: name,
      view: html`<${Performance} key=${name} name=${name} />`,
    };
  if (section === "models" && page === "series" && query.get("name"))
    return {
      title: `${query.get("name")} of ${name}`,
      section: name,
      view: html`<${Series} key=${`${name} ${query.get("name")}`} model=${name} />`,
    };
  if (section === "alerts" && !name) return { title: "Alerts", section: "alerts", view: html`<${Alerts} />` };
  if (section === "alerts")
    return { title: "Alert", section: "alerts", view: html`<${Alert} key=${name} id=${name} />` };
  if (section === "pipeline") return { title: "Pipeline", section, view: html`<${Pipeline} />` };
  if (section === "configuration") return { title: "Configuration", section, view: html`<${Configuration} />` };
  return {
    title: "Not found",
    section: "?",
    view: html`<h1 tabindex="-1">Nothing is here</h1><p>The address leads nowhere. <a href="#/">To the overview</a></p>`,
  };
}

function App() {
  const place = usePlace();
  const { title, section, view } = viewOf(place);
  const main = useRef(/** @type {HTMLElement|null} */ (null));
  const path = place.parts.join("/") + (place.query.get("name") ?? "");
  const first = useRef(true);
  useEffect(() => {
    document.title = `${title} · stream-monitor`;
    if (first.current) first.current = false;
    else {
      window.scrollTo(0, 0);
      main.current?.focus({ preventScroll: true }); // a screen reader goes on where the new view begins
    }
  }, [path]);
  const skip = (/** @type {Event} */ event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Side} section=${section} />
    <main id="main" ref=${main} tabindex="-1" aria-label=${title}>${view}</main>`;
}

/** @param {{section: string}} props */
function Side({ section }) {
  const overview = useData(address("overview"), { when: () => true, every: 2000 });
  const models = overview.data?.models ?? [];
  const open = overview.data?.alerts.open ?? 0;
  const current = (/** @type {string} */ name) => (section === name ? "page" : undefined);
  return html`<header class="side">
    <a class="brand" href="#/"><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"></rect><path d="M5 20h6l3-9 4 13 3-8h6"></path></svg>stream-monitor</a>
    <nav aria-label="Views"><ul>
      <li><a href="#/" aria-current=${current("")}>Overview</a></li>
      <li><a href="#/alerts" aria-current=${current("alerts")}>Alerts ${open > 0 && html`<span class="badge">${open}</span>`}</a></li>
      <li><a href="#/pipeline" aria-current=${current("pipeline")}>Pipeline</a></li>
      <li><a href="#/configuration" aria-current=${current("configuration")}>Configuration</a></li>
    </ul></nav>
    <nav class="model-list" aria-label="Models"><h2>Models</h2><ul>${models.map(
      (one) => html`<li key=${one.model}><a href=${link(["models", one.model])} aria-current=${current(one.model)}>
      <i class="dot ${tone(one.state)}" aria-hidden="true"></i><span>${one.model}</span>${one.open_alerts > 0 && html`<span class="badge ${one.critical ? "critical" : ""}">${one.open_alerts}<span class="sr"> open</span></span>`}</a></li>`,
    )}</ul></nav>
    <div class="foot"><${Connection} /><${Scheme} /></div>
  </header>`;
}

const SAID = { connecting: "connecting", live: "live", lost: "connection lost", paused: "paused" };

function Connection() {
  const [state, setState] = useState(/** @type {keyof typeof SAID} */ ("connecting"));
  useEffect(() => onConnection(setState), []);
  return html`<span class="connection ${state}" role="status"><i aria-hidden="true"></i>${SAID[state]}${state === "lost" && html` <button type="button" class="quiet" onClick=${changed}>Read again</button>`}</span>`;
}

function Scheme() {
  const scheme = useScheme();
  const other = scheme === "dark" ? "light" : "dark";
  return html`<button type="button" class="quiet scheme" aria-label="Use ${other} colours" title="Use ${other} colours" onClick=${() => choose(other)}>
    <svg viewBox="0 0 16 16" aria-hidden="true">${scheme === "dark" ? html`<circle cx="8" cy="8" r="3.2"></circle><path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13"></path>` : html`<path d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z"></path>`}</svg>
    ${other === "dark" ? "Dark" : "Light"}</button>`;
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.textContent = "";
render(html`<${App} />`, root);
start();
