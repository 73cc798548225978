/** The head that all views of a model share, and the parts they are made of. */
import { html, useState } from "../lib/html.js";
import { link } from "../lib/router.js";
import { State } from "./basics.js";
import { ActionDialog } from "./dialog.js";

export { Ago, Choice, Empty, Fact, Loaded, Meter, Panel, SeriesName, State, WarmUp, warmUpOf } from "./basics.js";

/** @param {{model: {model: string, state?: string}, tab: "series"|"performance"}} props */
export function ModelHead({ model, tab }) {
  const [muting, setMuting] = useState(false);
  const tabs = /** @type {[string, string, string][]} */ ([
    ["series", "Series", link(["models", model.model])],
    ["performance", "Performance", link(["models", model.model, "performance"])],
    ["alerts", "Alerts", link(["alerts"], { model: model.model, state: "all" })],
  ]);
  return html`<div class="page-head"><div><nav class="crumbs" aria-label="Where this is"><a href="#/">Models</a></nav>
      <h1 tabindex="-1">${model.model} ${model.state && html`<${State} state=${model.state} />`}</h1></div>
    <div class="actions"><nav class="tabs" aria-label="Views of ${model.model}">${tabs.map(([id, text, href]) => html`<a key=${id} href=${href} aria-current=${id === tab ? "page" : undefined}>${text}</a>`)}</nav>
      <button type="button" onClick=${() => setMuting(true)}>Mute…</button></div>
    ${muting && html`<${ActionDialog} kind="mute" model=${model.model} close=${() => setMuting(false)} />`}
  </div>`;
}
