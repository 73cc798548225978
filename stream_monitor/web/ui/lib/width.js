/** The width of an element, so that drawings fill it without stretching their text. */
import { useLayoutEffect, useRef, useState } from "./html.js";

/** @param {number} first until it is known @returns {[any, number]} */
export function useWidth(first) {
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const measure = () => element.current && setWidth(Math.max(240, Math.round(element.current.clientWidth)));
    measure();
    const seen = new ResizeObserver(measure);
    if (element.current) seen.observe(element.current);
    return () => seen.disconnect();
  }, []);
  return [element, width];
}
