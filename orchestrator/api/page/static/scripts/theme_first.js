/* Sets the chosen theme before anything is drawn; without a choice, the system's holds. */
try {
  const chosen = localStorage.getItem("orchestrator.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage there is no choice to remember.
}
