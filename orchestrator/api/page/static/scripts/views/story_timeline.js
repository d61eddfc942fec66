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
  let drawing = 0;

  function take(event) {
    if (event.type === "task.progressed" || seen.has(event.sequence)) return;
    seen.set(event.sequence, event);
    drawing ||= requestAnimationFrame(draw);
  }
  function draw() {
    drawing = 0;
    const told = [...seen.values()].sort((one, other) => other.sequence - one.sequence).slice(0, MOST);
    fill(list, told.map(entry));
  }
  function tell(text) {
    hint.textContent = text;
    hint.hidden = text === "";
  }
  async function begin(task) {
    tell("Looking for what happened before…");
    let first = Infinity;
    try {
      const whole = await history(task, signal, (event) => {
        first = Math.min(first, event.sequence);
        take(event);
      });
      tell(!whole ? "There is too much to look through for more." : first > 1 ? "What happened earlier is not kept any more." : "");
    } catch (error) {
      if (error.name === "AbortError") return;
      tell("What happened before cannot be shown just now.");
    }
    if (seen.size === 0) take(asEvent(task));
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
