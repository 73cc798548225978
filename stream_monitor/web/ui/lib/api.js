/** The HTTP API: reading, changing with a token, and what went wrong in words. Knows no view. */

const BASE = new URL("api/v1/", document.baseURI);
const TOKEN = "stream-monitor.token";

/** An answer that is not a success; `message` is for people. */
export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {string} path below api/v1 @param {Record<string, unknown>} [query] empty ones are left out */
export function address(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** @param {string} url @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function read(url, signal) {
  return answer(await send(url, { signal }));
}

/**
 * A change; needs the token.
 * @param {"POST"|"DELETE"} method @param {string} path @param {object} [body] @returns {Promise<any>}
 */
export async function change(method, path, body) {
  const headers = /** @type {Record<string, string>} */ ({});
  if (token()) headers.authorization = `Bearer ${token()}`;
  if (body) headers["content-type"] = "application/json";
  return answer(await send(address(path), { method, headers, body: body && JSON.stringify(body) }));
}

/** The token of this tab; it is kept until the tab is closed. */
export const token = () => sessionStorage.getItem(TOKEN) ?? "";

/** @param {string} value empty: forget it */
export function keepToken(value) {
  if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
}

/** @param {string} url @param {RequestInit} options */
async function send(url, options) {
  try {
    return await fetch(url, { ...options, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "the monitor does not answer; is `stream-monitor ui` or `run` still running?");
  }
}

/** @param {Response} response */
async function answer(response) {
  const text = await response.text();
  const body = parsed(text);
  if (response.ok) return body;
  throw new ApiError(response.status, said(body) ?? (text.trim() || `the monitor answered ${response.status}`));
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {any} body */
function said(body) {
  const found = body?.error ?? body?.detail ?? body?.message;
  return typeof found === "string" ? found : undefined;
}
