/**
 * The one stream of server-sent events of this tab. It is closed while the tab is hidden: nobody looks, and a browser allows
 * six connections to a host. When the tab is seen again everything counts as changed.
 */
import { address } from "./api.js";

/** @typedef {{models: string[], alerts: boolean, workers: boolean, operations: boolean, all?: boolean}} Change */
/** @typedef {"connecting"|"live"|"lost"|"paused"} Connection */

const EVERYTHING = { models: [], alerts: true, workers: true, operations: true, all: true };
const RETRY = 3000;

/** @type {Set<(change: Change) => void>} */
const listeners = new Set();
/** @type {Set<(state: Connection) => void>} */
const watchers = new Set();
/** @type {EventSource|null} */
let source = null;
/** @type {Connection} */
let state = "connecting";
let missed = false;
let retry = 0;

/** @param {(change: Change) => void} listener @returns {() => void} ends it */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Told at once and on every change. @param {(state: Connection) => void} watcher @returns {() => void} ends it */
export function onConnection(watcher) {
  watchers.add(watcher);
  watcher(state);
  return () => watchers.delete(watcher);
}

/** Everything is read again, now. */
export const changed = () => tell(EVERYTHING);

/** Opens the stream, and closes and opens it as the tab is hidden and seen. */
export function start() {
  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : open()));
  if (document.hidden) pause();
  else open();
}

function open() {
  if (source) return;
  clearTimeout(retry);
  source = new EventSource(address("stream"));
  source.onopen = () => {
    if (missed) changed();
    missed = false;
    become("live");
  };
  source.addEventListener("changed", (event) => tell(JSON.parse(event.data)));
  source.onerror = () => {
    missed = true;
    become("lost");
    // A browser tries again by itself unless the answer was an error.
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      retry = window.setTimeout(open, RETRY);
    }
  };
}

function pause() {
  clearTimeout(retry);
  source?.close();
  source = null;
  missed = true;
  become("paused");
}

/** @param {Change} change */
function tell(change) {
  for (const listener of [...listeners]) listener(change);
}

/** @param {Connection} next */
function become(next) {
  state = next;
  for (const watcher of watchers) watcher(next);
}
