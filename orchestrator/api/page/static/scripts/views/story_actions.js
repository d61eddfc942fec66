/* What can be done to a task: cancel, restart (from a stage, where its node can), remove; each after a question. */
import { api } from "../api.js";
import { asked, confirmed, field } from "../dialog.js";
import { el, fill } from "../dom.js";
import { counted } from "../format.js";
import { icon } from "../icons.js";
import { notice, trying } from "../notices.js";
import { session } from "../session.js";
import { isOver } from "../state.js";
import { uploads } from "../uploads.js";
import { optionPicker } from "./create_options.js";

const RERUN = "rerun-from";

/** `changed()` is called after something was asked for. */
export function actions(changed) {
  const element = el("div", { class: "story-actions" });
  let now = null;
  let drawn = "";
  const button = (words, sign, act, attributes = {}) =>
    el("button", { ...attributes, on: { click: async () => { await act(now); changed(); } } }, icon(sign, 16), words);
  return {
    element,
    update(task) {
      now = task;
      const kind = !session.may("operator") || task.stage === "removing" ? "none" : isOver(task) ? "over" : task.partial ? draftOf(task) : "going";
      if (kind === drawn) return;
      const focused = element.contains(document.activeElement);
      drawn = kind;
      fill(element,
        kind === "draft" ? button("Start it", "up", start, { class: "primary" }) : null,
        kind === "going" ? button("Cancel", "stop", cancel) : null,
        kind === "over" || kind === "going" ? button("Restart", "restart", restart) : null,
        kind === "none" ? null : button("Remove", "trash", remove));
      // What had the focus may be gone with the state it belonged to.
      if (focused) element.querySelector("button")?.focus();
    },
  };
}

/** A draft whose photos are on their way from this page cannot be started yet; a new one starts by itself. */
function draftOf(task) {
  return uploads.isFor(task) ? "arriving" : "draft";
}

async function start(task) {
  const yes = await confirmed({
    title: `Start ${nameOf(task)}?`, yes: "Start it", no: "Wait for more", dangerous: false,
    text: `It begins with the ${counted(task.images_count, "photo")} that ${task.images_count === 1 ? "is" : "are"} here; no more can be added then.`,
  });
  if (yes && await trying(() => api.commit(task))) notice("The task was started.");
}

const nameOf = (task) => task.name || `task ${task.id}`;

async function cancel(task) {
  const yes = await confirmed({
    title: `Cancel ${nameOf(task)}?`, yes: "Cancel the task", no: "Let it go on",
    text: "The work on it stops now, and what its node has done so far is given up. It can be restarted later.",
  });
  if (yes && await trying(() => api.act(task, "cancel"))) notice("Cancel was asked for.");
}

async function restart(task) {
  const stages = isOver(task) ? task.can_rerun_from : [];
  const text = isOver(task)
    ? "It is processed once more. The results that are here stay until new ones are verified."
    : "What runs now is stopped, and it starts over from the beginning.";
  const choice = field("Begin", "stage", {
    tag: "select", children: [el("option", { value: "" }, "From the start"), stages.map((stage) => el("option", { value: stage }, `From ${stage}`))],
  });
  const before = task.options.filter(({ name }) => name !== RERUN);
  const picker = optionPicker(before);
  offer(picker, task);
  const save = async ({ stage }) => {
    const options = [...picker.chosen(), ...(stage ? [{ name: RERUN, value: stage }] : [])];
    if (JSON.stringify(options) !== JSON.stringify(task.options)) await api.changeTask(task, { options });
    await api.act(task, "restart");
  };
  const yes = await asked({
    title: `Restart ${nameOf(task)}?`, yes: "Restart it", save,
    fields: [el("p", {}, text), stages.length ? choice : null,
      el("details", { class: "more" }, el("summary", {}, icon("more", 16), before.length ? `Other options (${before.length} set)` : "Other options"), picker.element)],
  });
  if (yes) notice("Restart was asked for.");
}

/** Offers the options that the task's node knows, or those that all do; without them, what is set can still be changed. */
async function offer(picker, task) {
  const [nodes, common] = await Promise.all([api.nodes().catch(() => []), api.commonOptions().catch(() => [])]);
  const own = nodes.find(({ id }) => id === task.processing_node)?.available_options ?? [];
  picker.show((own.length ? own : common).filter(({ name }) => name !== RERUN));
}

async function remove(task) {
  const yes = await confirmed({
    title: `Remove ${nameOf(task)}?`, yes: "Remove the task",
    text: "Its images, its results and its console output go with it, here and on its node. This cannot be undone.",
  });
  if (yes) await trying(() => api.act(task, "remove"));
}
