/** Addresses of views in the hash: `#/models/fraud/series?name=feature:amount`. */
import { useEffect, useState } from "./html.js";

/** @typedef {{parts: string[], query: URLSearchParams, text: string}} Place */

/** @returns {Place} */
export function here() {
  const text = location.hash.replace(/^#\/?/, "");
  const [path, query = ""] = text.split("?", 2);
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query), text };
}

/** @returns {Place} */
export function usePlace() {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = () => setPlace(here());
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  return place;
}

/** @param {string[]} parts @param {Record<string, unknown>} [query] empty values are left out @returns {string} */
export function link(parts, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** The same view with other values in its query; it takes the place of this one in the history. @param {Record<string, unknown>} changes */
export function refine(changes) {
  const { parts, query } = here();
  location.replace(link(parts, { ...Object.fromEntries(query), ...changes }));
}

/** @param {string} model @param {{series: string, version?: string|null, segment?: string|null}} series */
export const seriesLink = (model, series) =>
  link(["models", model, "series"], { name: series.series, version: series.version, segment: series.segment });
