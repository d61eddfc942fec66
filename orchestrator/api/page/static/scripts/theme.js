/* The theme: the system's, light or dark, as the person chose. */
const KEY = "orchestrator.theme";
const ORDER = ["system", "light", "dark"];

export function currentTheme() {
  return document.documentElement.dataset.theme ?? "system";
}

/** Goes on to the next theme, remembers it and gives its name. */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(currentTheme()) + 1) % ORDER.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Private windows may refuse; the theme then holds for as long as the page is open.
  }
  return next;
}
