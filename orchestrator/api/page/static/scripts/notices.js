/* Says what happened: aloud for screen readers, and as a note in the corner that goes by itself unless it is an error. */
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 5_000;
const AT_ONCE = 4;

/** Says something to screen readers only. */
export function say(text) {
  fill(document.getElementById("spoken"), text);
}

export function notice(text) {
  say(text);
  const note = show(text, "note");
  setTimeout(() => note.remove(), STAYS);
}

export function problem(error) {
  if (error?.name === "AbortError") return;
  show(error instanceof Error ? error.message : String(error), "error");
}

/** Takes errors away: they belonged to a view that is left. */
export function forgetProblems() {
  for (const note of document.querySelectorAll(".notice.error")) note.remove();
}

/** Takes everything away that was said: somebody else may sign in. */
export function forgetAll() {
  fill(document.getElementById("notices"));
  fill(document.getElementById("spoken"));
}

/** Does something that may fail, and shows the failure as a sentence. Gives whether it went well. */
export async function trying(work) {
  try {
    await work();
    return true;
  } catch (error) {
    problem(error);
    return false;
  }
}

function show(text, tone) {
  const corner = document.getElementById("notices");
  const close = el("button", { class: "quiet only-icon", "aria-label": "Close this note", on: { click: () => note.remove() } }, icon("close", 16));
  const attributes = tone === "error" ? { role: "alert" } : {};
  const note = el("div", { class: `notice ${tone}`, ...attributes }, icon(tone === "error" ? "alert" : "check"), el("p", {}, text), close);
  corner.append(note);
  while (corner.children.length > AT_ONCE) corner.firstChild.remove();
  return note;
}
