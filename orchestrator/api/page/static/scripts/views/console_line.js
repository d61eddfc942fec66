/* One line of console output: its number, and a colour where it tells of something wrong. */
import { el } from "../dom.js";

const WRONG = /\b(error|exception|traceback|failed|fatal)\b/i;
const ODD = /\bwarn(ing)?\b/i;

/** `children`: what is shown in place of the bare text. */
export function lineOf(text, index, tag = "div", attributes = {}, children = text || " ") {
  const tone = WRONG.test(text) ? "bad" : ODD.test(text) ? "odd" : null;
  return el(tag, { class: "line", ...attributes, dataset: { line: String(index + 1), ...(tone ? { tone } : {}) } }, el("span", {}, children));
}
