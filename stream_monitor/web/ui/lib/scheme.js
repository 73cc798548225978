/** Light or dark: as the system says until somebody chooses. Canvases ask for colours and hear when these change. */
import { useEffect, useState } from "./html.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const CHANGED = "schemechange";

/** @returns {"light"|"dark"} */
export const scheme = () =>
  /** @type {any} */ (document.documentElement.dataset.scheme) ?? (dark.matches ? "dark" : "light");

/** @param {"light"|"dark"} chosen */
export function choose(chosen) {
  document.documentElement.dataset.scheme = chosen;
  if (document.documentElement.dataset.storage !== "none") localStorage.setItem("scheme", chosen);
  window.dispatchEvent(new Event(CHANGED));
}

dark.addEventListener("change", () => window.dispatchEvent(new Event(CHANGED)));

/** @returns {"light"|"dark"} and the component is drawn again when it changes */
export function useScheme() {
  const [value, setValue] = useState(scheme);
  useEffect(() => {
    const update = () => setValue(scheme());
    window.addEventListener(CHANGED, update);
    return () => window.removeEventListener(CHANGED, update);
  }, []);
  return value;
}

/** Value of a custom property, such as `--accent`. @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
