/* One processing node: whether it can be given work, what it works on, what it is, and what is wrong with it. */
import { el, fill, Keyed, setText } from "../dom.js";
import { counted, number, setTime } from "../format.js";
import { icon } from "../icons.js";
import { nodeName } from "../names.js";
import { taskHref } from "../router.js";
import { bar, isMoving, lookOf, shareOf } from "../state.js";

const HEALTH = {
  online: ["Online", "check", "good"],
  offline: ["Offline", "failed", "bad"],
  unauthorized: ["Token refused", "alert", "bad"],
  unknown: ["Not asked yet", "clock", "calm"],
};
const MANY = 8;
const MOST = 4;

/** `remove(node)` is called when somebody wants it gone; null: they may not. `progress(task)` is about one of its tasks. */
export function nodeCard(node, remove) {
  const health = el("span", { class: "badge" });
  const name = el("h2");
  const url = el("p", { class: "card-under" });
  const wrong = el("p", { class: "card-problem" });
  const queue = el("div", { class: "queue" });
  const list = el("ul", { class: "card-tasks" });
  const tasks = new Keyed(list, workRow);
  const rest = el("p", { class: "card-rest" });
  const facts = el("p", { class: "card-facts" });
  const seen = el("time");
  const answered = el("span", { class: "calm" });
  let now = node;
  const button = remove ? el("button", { class: "quiet", on: { click: () => remove(now) } }, icon("trash", 16), "Remove") : null;
  return {
    element: el("li", { class: "card" }, el("div", { class: "card-head" }, el("div", {}, name, url), health), wrong, queue, list, rest, facts,
      el("div", { class: "card-foot" }, answered, button)),
    progress: (task) => tasks.update(task),
    update(given) {
      now = given;
      drawHealth(health, now);
      setText(name, nodeName(now));
      setText(url, now.url ?? `${now.hostname}:${now.port}`);
      setText(wrong, now.problem);
      wrong.hidden = !now.problem;
      drawQueue(queue, now);
      tasks.show(now.tasks.slice(0, MOST));
      list.hidden = now.tasks.length === 0;
      setText(rest, now.tasks.length > MOST ? `and ${counted(now.tasks.length - MOST, "more task")}` : "");
      setText(facts, factsOf(now));
      if (now.last_refreshed) setTime(seen, now.last_refreshed, { relative: true });
      fill(answered, now.last_refreshed ? ["Answered ", seen] : "Never answered");
      button?.setAttribute("aria-label", `Remove ${name.textContent}`);
    },
  };
}

function drawHealth(badge, { health }) {
  const [word, sign, tone] = HEALTH[health] ?? HEALTH.unknown;
  if (badge.dataset.health === health) return;
  Object.assign(badge.dataset, { tone, health });
  fill(badge, el("span", { class: "badge-sign" }, icon(sign, 14)), word);
}

/** One block for each job that waits or runs there, ours or not. */
function drawQueue(queue, { queue_count: count, online }) {
  queue.hidden = !online;
  fill(queue, el("div", { class: "blocks", "aria-hidden": "true" },
    Array.from({ length: MANY }, (_, index) => el("span", { class: index < count ? "block full" : "block" }))),
  el("span", {}, count === 0 ? "No jobs" : counted(count, "job")));
}

/** A task that the node works on, and how far it is. */
function workRow(first) {
  const name = el("a", { dir: "auto" });
  const word = el("span", { class: "calm" });
  const share = bar(`Progress of ${first.name || `task ${first.id}`}`);
  return {
    element: el("li", { class: "work" }, el("p", {}, name, word), share.element),
    update(task) {
      setText(name, task.name || `Task ${task.id}`);
      name.href = taskHref(task);
      setText(word, lookOf(task).word);
      share.update(shareOf(task), { moving: isMoving(task) });
    },
  };
}

function factsOf(node) {
  if (!node.engine) return "What it can do is not known yet.";
  const limit = node.max_images === null ? "any number of images" : `up to ${number(node.max_images)} images`;
  return `${node.engine} ${node.engine_version ?? ""} · ${limit} · ${counted(node.available_options.length, "option")} · protocol ${node.api_version}`;
}
