/* Why a task is where it is: one sentence, and below it the whole message where a node had more to say. */
import { el, setText } from "../dom.js";
import { sentence } from "../format.js";
import { icon } from "../icons.js";
import { notice, trying } from "../notices.js";
import { isOver } from "../state.js";

const LONGEST = 220;

export function why() {
  const head = el("p", { class: "story-why", role: "status" });
  const whole = el("pre", { class: "whole", tabindex: "0", role: "region", "aria-label": "The whole message" });
  const more = el("details", { class: "more", hidden: true }, el("summary", {}, icon("more", 16), "The whole message"), whole,
    el("button", { class: "quiet copy", on: { click: () => copy(whole) } }, icon("file", 16), "Copy"));
  return {
    element: el("div", {}, head, more),
    update(task) {
      const text = ((isOver(task) && task.last_error) || task.reason || "").trim();
      const first = text.split("\n")[0];
      head.dataset.tone = task.status === 30 ? "bad" : "";
      setText(head, sentence(first.length > LONGEST ? `${first.slice(0, LONGEST).trimEnd()}…` : first, task.processing_node_name));
      setText(whole, text);
      more.hidden = text === first && first.length <= LONGEST;
    },
  };
}

/** Copies what is in an element; where the browser does not let a page do that (plain HTTP), it is selected. */
async function copy(element) {
  if (navigator.clipboard) {
    if (await trying(() => navigator.clipboard.writeText(element.textContent))) notice("Copied.");
  } else {
    getSelection().selectAllChildren(element);
  }
}
