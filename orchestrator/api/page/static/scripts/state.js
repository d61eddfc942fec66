/* What is being done about a task, in a word, a sign and a colour; and how far it is. */
import { el, fill, setText } from "./dom.js";
import { percent } from "./format.js";
import { icon } from "./icons.js";

const STATES = {
  draft: ["Draft", "draft", "calm"],
  waiting: ["Waiting", "clock", "calm"],
  uploading: ["Sending", "up", "busy"],
  queued: ["Queued", "queued", "calm"],
  running: ["Running", "running", "busy"],
  collecting: ["Collecting", "down", "busy"],
  removing: ["Removing", "trash", "calm"],
  failed: ["Failed", "failed", "bad"],
  completed: ["Completed", "check", "good"],
  canceled: ["Canceled", "canceled", "calm"],
};
const ENDED = { 30: "failed", 40: "completed", 50: "canceled" };
const SENDING_SHARE = 0.15;

/** The filters of the list: what they are called, what they ask the daemon for, and whether it helps to know how many. */
export const FILTERS = {
  all: ["All", {}],
  waiting: ["Waiting", { stage: "waiting" }, true],
  sending: ["Sending", { stage: "uploading" }, true],
  queued: ["Queued", { status: 10 }, true],
  running: ["Running", { status: 20 }, true],
  failed: ["Failed", { status: 30 }, true],
  completed: ["Completed", { status: 40 }],
  canceled: ["Canceled", { status: 50 }],
  draft: ["Drafts", { stage: "draft" }, true],
};

export function stateOf(task) {
  if (task.stage === "ended") return ENDED[task.status] ?? "waiting";
  if (task.stage === "processing") return task.status === 20 ? "running" : "queued";
  return task.stage;
}

/** The word, the sign and the tone of what is being done about a task. */
export function lookOf(task) {
  const [word, sign, tone] = STATES[stateOf(task)];
  return { word, sign, tone };
}

export const isOver = (task) => task.stage === "ended";
export const isGoing = (task) => ["waiting", "uploading", "processing", "collecting"].includes(task.stage);

export const isMoving = (task) => STATES[stateOf(task)][2] === "busy";

/** How far a task is as a whole, 0..1: the images on their way, then the work, then the results on theirs. */
export function shareOf(task) {
  if (task.stage === "ended") return task.status === 40 ? 1 : 0;
  if (task.stage === "draft" || task.stage === "waiting") return 0;
  if (task.stage === "uploading") return SENDING_SHARE * task.upload_progress;
  return SENDING_SHARE + (1 - SENDING_SHARE) * task.running_progress;
}

/** A badge that can be updated: a sign, a word and a colour. */
export function badge() {
  const element = el("span", { class: "badge" });
  return {
    element,
    update(task) {
      const state = stateOf(task);
      if (element.dataset.state === state) return;
      const [word, sign, tone] = STATES[state];
      Object.assign(element.dataset, { state, tone });
      fill(element, el("span", { class: "badge-sign" }, icon(sign, 14)), word);
    },
  };
}

/** A bar that can be updated, with its share in words beside it. */
export function bar(name) {
  const track = el("div", {
    class: "bar", role: "progressbar", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100",
  }, el("div", { class: "bar-fill" }));
  const words = el("span", { class: "bar-words", "aria-hidden": "true" });
  const element = el("div", { class: "bar-line" }, track, words);
  return {
    element,
    update(share, { moving = true } = {}) {
      track.setAttribute("aria-valuenow", String(Math.floor(share * 100)));
      track.style.setProperty("--share", String(share));
      track.classList.toggle("moving", moving);
      setText(words, percent(share));
    },
  };
}
