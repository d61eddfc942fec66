/* What happened to a task: every change with its time and its reason, the last one first. */
import { history } from "../api.js";
import { el, fill } from "../dom.js";
import { time } from "../format.js";
import { icon } from "../icons.js";
import { badge, stateOf } from "../state.js";

const MOST = 200;
const TITLES = {
  "task.created": "Created", "task.updated": "Changed", "task.pending-action-set": "Asked for",
  "task.status-changed": "", "task.removed": "Removed",
};
const ACTIONS = { 1: "Cancel", 2: "Remove", 3: "Restart" };

/** `begin()` asks for what was before; `take(event)` adds what happens. */
export function timeline(signal) {
  const list = el("ol", { class: "timeline" });
  const hint = el("p", { class: "calm", hidden: true });
  const seen = new Map();
  let after = 0;

  function take(event) {
    if (event.type === "task.progressed" || seen.has(event.sequence)) return;
    seen.set(event.sequence, event);
    draw();
  }
  function draw() {
    const told = [...seen.values()].sort((one, other) => other.sequence - one.sequence).slice(0, MOST);
    fill(list, told.map((event, index) => entry(event, told[index + 1])).filter(Boolean));
  }
  async function begin(task) {
    try {
      const { events, whole } = await history(task, signal);
      for (const event of events) if (event.type !== "task.progressed") seen.set(event.sequence, event);
      hint.textContent = whole ? "" : "What happened earlier is not kept any more.";
    } catch (error) {
      if (error.name === "AbortError") return;
      hint.textContent = "What happened before cannot be shown just now.";
    }
    if (seen.size === 0) seen.set(task.version, asEvent(task));
    hint.hidden = !hint.textContent;
    draw();
  }
  return {
    element: el("section", { class: "card", "aria-labelledby": "timeline" }, el("h2", { id: "timeline" }, "What happened"), list, hint),
    begin, take,
    update(task) {
      // Without a stream of events, what is asked for now and then shows the changes.
      if (after && task.version > after && !seen.has(task.version) && stateOf(task) !== stateOf(last().data.task)) take(asEvent(task));
      after = task.version;
    },
  };

  function last() {
    return seen.get(Math.max(...seen.keys())) ?? { data: { task: {} } };
  }
}

function asEvent(task) {
  return { sequence: task.version, type: "task.status-changed", time: task.updated_at, data: { task, reason: task.reason } };
}

function entry({ type, data, time: when }) {
  const { task, reason } = data;
  const sign = badge();
  sign.update(task);
  const action = type === "task.pending-action-set" ? ACTIONS[task.pending_action] : null;
  const head = type === "task.status-changed" || type === "task.updated" || type === "task.created" ? sign.element
    : el("span", { class: "badge", dataset: { tone: "calm" } }, el("span", { class: "badge-sign" }, icon("edit", 14)), action ? `${action} asked for` : TITLES[type]);
  return el("li", { class: "event", dataset: { tone: head.dataset.tone ?? "" } }, el("div", { class: "event-head" }, head, time(when)),
    reason ? el("p", {}, reason.charAt(0).toUpperCase() + reason.slice(1)) : null);
}
