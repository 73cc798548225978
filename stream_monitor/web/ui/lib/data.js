/** What a view shows, read from the API, kept while a newer one is fetched, and read again when the stream says so. */
import { useCallback, useEffect, useRef, useState } from "./html.js";
import { read } from "./api.js";
import { onChange } from "./live.js";

/** @typedef {import("./live.js").Change} Change */

/** The latest answers, so that going back to a view shows it at once. @type {Map<string, any>} */
const kept = new Map();
const KEPT = 40;

/**
 * @param {string|null} url null: nothing to read
 * @param {{when?: (change: Change) => boolean, every?: number, sticky?: boolean}} [options]
 *   when: which changes matter; every: ms between two readings at least; sticky: show the answer of another address until this comes
 * @returns {{data: any, error: Error|null, reload: () => void}}
 */
export function useData(url, { when = () => false, every = 1500, sticky = false } = {}) {
  const [found, setFound] = useState({ url: "", data: null, error: null });
  const matters = useRef(when);
  matters.current = when;
  const reading = useRef({ again: () => {} });

  useEffect(() => {
    if (!url) return undefined;
    const loop = readingLoop(url, every, (data, error) => setFound({ url, data, error }));
    reading.current = loop;
    const ended = onChange((change) => {
      if (change.all || matters.current(change)) loop.again();
    });
    loop.again();
    return () => {
      ended();
      loop.end();
    };
  }, [url, every]);

  const reload = useCallback(() => reading.current.again(), []);
  const current = found.url === url;
  return {
    data: (current ? found.data : null) ?? kept.get(url ?? "") ?? (sticky ? found.data : null),
    error: current ? found.error : null,
    reload,
  };
}

/**
 * At most one request at a time and one every `every` ms; a change meanwhile is one more.
 * @param {string} url @param {number} every @param {(data: any, error: Error|null) => void} tell
 */
function readingLoop(url, every, tell) {
  const abort = new AbortController();
  let busy = false;
  let due = false;
  let last = -Infinity;
  let timer = 0;

  async function now() {
    busy = true;
    due = false;
    last = performance.now();
    try {
      const data = await read(url, abort.signal);
      keep(url, data);
      tell(data, null);
    } catch (error) {
      if (!abort.signal.aborted) tell(kept.get(url) ?? null, /** @type {Error} */ (error));
    }
    busy = false;
    if (due) again();
  }

  function again() {
    due = true;
    if (busy || abort.signal.aborted) return;
    clearTimeout(timer);
    timer = window.setTimeout(now, Math.max(0, last + every - performance.now()));
  }

  return {
    again,
    end: () => {
      clearTimeout(timer);
      abort.abort();
    },
  };
}

/** @param {string} url @param {any} data */
function keep(url, data) {
  kept.delete(url);
  kept.set(url, data);
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
}
