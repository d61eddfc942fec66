/* What happened to a task: every change with its time and its reason, the last one first. */
import { history } from "../api.js";
import { el, fill } from "../dom.js";
import { duration, sentence, time } from "../format.js";
import { icon } from "../icons.js";
import { lookOf, stateOf } from "../state.js";

const MOST = 200;
const ASKED = "task.pending-action-set";
const WORTH_TELLING = 1_000;
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
    fill(list, told.map((event, index) => entry(event, told[index - 1])));
  }
  function tell(text) {
    hint.textContent = text;
    hint.hidden = text === "";
  }
  async function begin(task) {
    tell("Looking for what happened…");
    let first = Infinity;
    try {
      await history(task, signal, (event) => {
        first = Math.min(first, event.sequence);
        take(event);
      });
      tell(first > 1 ? "What happened earlier is not kept any more." : "");
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

/** `newer` is what came after it: until then it was so. */
function entry(event, newer) {
  const { sequence, type, data: { task, reason }, time: when } = event;
  const { sign, word, tone } = headOf(event);
  return el("li", { class: "event", dataset: { tone, sequence: String(sequence) } },
    el("span", { class: "event-sign" }, icon(sign, 14)),
    el("div", { class: "event-head" }, el("h3", {}, word), time(when)),
    says(reason, word) ? el("p", {}, sentence(reason.split("\n")[0])) : null,
    type !== ASKED && newer ? lasted(when, newer.time, task) : null);
}

function headOf({ type, data: { task } }) {
  if (type === ASKED) return { sign: "hand", tone: "asked", word: `${ACTIONS[task.pending_action] ?? "Something"} was asked for` };
  if (type === "task.removed") return { sign: "trash", tone: "calm", word: "Removed" };
  return lookOf(task);
}

/** Whether a reason tells more than the word above it. */
function says(reason, word) {
  return Boolean(reason) && reason.toLowerCase() !== word.toLowerCase();
}

/** How long it stayed so, where that says something. */
function lasted(from, to, { stage }) {
  const passed = new Date(to) - new Date(from);
  return passed >= WORTH_TELLING && stage !== "ended" ? el("p", { class: "event-lasted" }, `for ${duration(passed)}`) : null;
}
