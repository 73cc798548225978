// Before the first paint, so that a chosen scheme does not flash: which colours, if somebody chose.
try {
  const scheme = localStorage.getItem("scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  document.documentElement.dataset.storage = "none"; // a browser that keeps nothing follows the system
}
