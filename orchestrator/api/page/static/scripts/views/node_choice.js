/* The processing nodes to choose from, for a select. */
import { el } from "../dom.js";
import { nodeName } from "../names.js";

/** `chosen`: the number of the one that is chosen, as text; "": the daemon chooses. */
export function nodeChoices(nodes, chosen = "") {
  const isKnown = chosen === "" || nodes.some(({ id }) => String(id) === chosen);
  return [el("option", { value: "" }, "Choose automatically"), ...nodes.map((node) =>
    el("option", { value: node.id, selected: String(node.id) === chosen }, `${nodeName(node)}${node.online ? "" : " (not online)"}`)),
  isKnown ? null : el("option", { value: chosen, selected: true }, "The one before, which is no more")];
}
