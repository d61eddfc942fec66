/* Two buttons that ask the system for files: one for photos, one for a whole folder. */
import { el } from "./dom.js";
import { sorted } from "./dropped.js";

/** `take(found)` gets what was chosen, as `sorted` gives it. */
export function photoChoosers(take) {
  return [chooser("photos", "Choose photos", take), chooser("folder", "Choose a folder", take, { webkitdirectory: true })];
}

function chooser(id, words, take, attributes) {
  const input = el("input", { type: "file", multiple: true, class: "unseen", id, ...attributes, on: { change: chosen } });
  function chosen() {
    const found = sorted([...input.files]);
    // The same files may be chosen again.
    input.value = "";
    take(found);
  }
  return [input, el("label", { for: id, class: "button" }, words)];
}
