/** Acknowledging and muting: a dialog with who, why and until when. Both change what is shown and sent, never what is watched. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { address, change, keepToken, token } from "../lib/api.js";
import { useData } from "../lib/data.js";
import { changed } from "../lib/live.js";

const NAME = "stream-monitor.name";
const SPANS = [
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["1d", "1 day"],
  ["7d", "1 week"],
  ["30d", "30 days"],
];

/**
 * @param {{kind: "acknowledge"|"mute", alert?: any, model?: string, series?: string, close: () => void}} props
 */
export function ActionDialog({ kind, alert, model = alert?.model, series = alert?.series ?? "*", close }) {
  const dialog = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const [form, setForm] = useState({
    by: localStorage.getItem(NAME) ?? "",
    reason: "",
    for: "4h",
    series,
    token: token(),
  });
  const [error, setError] = useState(/** @type {import("../lib/api.js").ApiError|null} */ (null));
  const [busy, setBusy] = useState(false);
  const { data: configuration } = useData(address("configuration"));
  const refused = configuration?.changes && !configuration.changes.allowed ? configuration.changes.how : null;
  useEffect(() => dialog.current?.showModal(), []);
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) =>
    setForm((before) => ({ ...before, [name]: event.currentTarget.value }));

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    keepToken(form.token.trim());
    localStorage.setItem(NAME, form.by);
    const who = { by: form.by.trim(), reason: form.reason.trim() };
    try {
      if (kind === "acknowledge") await change("POST", `alerts/${encodeURIComponent(alert.alert_id)}/acknowledge`, who);
      else await change("POST", "mutes", { ...who, model, series: form.series, for: form.for });
      changed();
      close();
    } catch (failure) {
      setError(/** @type {any} */ (failure));
    }
    setBusy(false);
  };

  const title = kind === "acknowledge" ? "Acknowledge alert" : `Mute ${model}`;
  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="dialog-title" onClose=${close}>
    <form method="dialog" onSubmit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      <p class="lead">${kind === "acknowledge" ? alert.summary : "Muted alerts are still found and shown, greyed out. Nobody is notified of them until the mute ends."}</p>
      ${
        kind === "mute" &&
        html`<label>Series <input value=${form.series} onInput=${set("series")} required /><small>A pattern: <code>*</code> is every series of the model.</small></label>
        <label>For <select value=${form.for} onChange=${set("for")}>${SPANS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>`
      }
      <label>Your name <input maxlength="300" value=${form.by} onInput=${set("by")} required autocomplete="name" /></label>
      <label>Reason <input value=${form.reason} onInput=${set("reason")} required maxlength="1000" placeholder=${kind === "mute" ? "planned migration of the upstream table" : "looking into it with the payments team"} /></label>
      <label>Token <input type="password" value=${form.token} onInput=${set("token")} autocomplete="off" /><small>As in <code>http.token</code>. Kept until this tab is closed.</small></label>
      ${(error || refused) && html`<p class="problem" role="alert">${error?.message ?? refused}</p>`}
      <div class="buttons"><button type="button" onClick=${() => dialog.current?.close()}>Cancel</button>
        <button type="submit" class="primary" disabled=${busy || refused !== null}>${kind === "acknowledge" ? "Acknowledge" : "Mute"}</button></div>
    </form>
  </dialog>`;
}
