/**
 * The one place that knows where preact and htm are.
 * htm does not close tags by itself: what is opened in a template has to be closed in it.
 */
export {
  html,
  render,
  useState,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useCallback,
} from "../vendor/htm-preact.js";
