/* What happened to a task: every change with its time and its reason, the last one first. */
import { history } from "../api.js";
import { el, fill } from "../dom.js";
import { duration, number, sentence, time } from "../format.js";
import { icon } from "../icons.js";
import { lookOf, stateOf } from "../state.js";
import { changesOf } from "./story_changes.js";

const FIRST = 12;
const MORE = 100;
const ASKED = "task.pending-action-set";
const CHANGED = "task.updated";
const WORTH_TELLING = 1_000;
const ACTIONS = { 1: "Cancel", 2: "Remove", 3: "Restart" };

/** `begin()` asks for what was before; `take(event)` adds what happens. */
export function timeline(signal) {
  const list = el("ol", { class: "timeline" });
  const more = el("button", { class: "quiet", hidden: true, on: { click: grow } });
  const hint = el("p", { class: "calm", hidden: true });
  const seen = new Map();
  let after = 0;
  let drawing = 0;
  let most = FIRST;

  function take(event) {
    if (event.type === "task.progressed" || seen.has(event.sequence)) return;
    seen.set(event.sequence, event);
    drawing ||= requestAnimationFrame(draw);
  }
  function draw() {
    drawing = 0;
    const told = [...seen.values()].sort((one, other) => other.sequence - one.sequence);
    let until = null;
    fill(list, told.slice(0, most).map((event, index) => {
      const look = lookAt(event, told[index + 1]);
      const element = entry(event, look, until);
      if (look.isState) until = event.time;
      return element;
    }));
    more.hidden = told.length <= most;
    fill(more, icon("more", 16), `Show ${number(Math.min(MORE, told.length - most))} more`);
  }
  function grow() {
    const first = most;
    most += MORE;
    draw();
    list.children[first].tabIndex = -1;
    list.children[first].focus();
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
    element: el("section", { class: "card", "aria-labelledby": "timeline" }, el("h2", { id: "timeline" }, "What happened"), list, more, hint),
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

/** `until`: when the next state began; null: it is so still. */
function entry({ sequence, data: { task }, time: when }, { sign, word, tone, reason, isState }, until) {
  return el("li", { class: "event", dataset: { tone, sequence: String(sequence) } },
    el("span", { class: "event-sign" }, icon(sign, 14)),
    el("div", { class: "event-head" }, el("h3", {}, word), time(when)),
    says(reason, word) ? el("p", {}, sentence(reason.split("\n")[0], task.processing_node_name)) : null,
    isState && until ? lasted(when, until, task) : null);
}

/** What an event is shown as; `older` is the one before it. */
function lookAt({ type, data: { task, reason } }, older) {
  const changes = type === CHANGED && older ? changesOf(task, older.data.task) : "";
  if (changes) return { sign: "edit", tone: "asked", word: "Changed", reason: changes };
  if (type === ASKED) return { sign: "hand", tone: "asked", word: `${ACTIONS[task.pending_action] ?? "Something"} was asked for`, reason };
  if (type === "task.removed") return { sign: "trash", tone: "calm", word: "Removed", reason };
  return { ...lookOf(task), reason, isState: true };
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
