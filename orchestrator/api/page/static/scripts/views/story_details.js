/* What is known of a task, and its options. */
import { api } from "../api.js";
import { asked, field } from "../dialog.js";
import { el, fill } from "../dom.js";
import { bytes, duration, number, time } from "../format.js";
import { icon } from "../icons.js";
import { projectName } from "../names.js";
import { href } from "../router.js";
import { session } from "../session.js";
import { isOver } from "../state.js";
import { nodeChoices } from "./node_choice.js";

const PRIORITIES = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
const USUAL = 5;
const LONG = 24;
/** Stages in which the node can still be chosen. */
const RESTING = new Set(["draft", "waiting", "ended"]);

/** `changed()` is called when something about the task was changed. */
export function details(changed) {
  const facts = el("dl", { class: "facts wide" });
  const options = el("div");
  let drawn = "";
  let now = null;
  const edit = el("button", { class: "quiet", hidden: true, on: { click: async () => { if (await change(now)) changed(); } } }, icon("edit", 16), "Change");
  return {
    element: el("section", { class: "card", "aria-labelledby": "details" }, el("div", { class: "card-head" }, el("h2", { id: "details" }, "Details"), edit), facts, options),
    update(task) {
      now = task;
      edit.hidden = !session.may("operator") || task.stage === "removing";
      const { running_progress: _r, upload_progress: _u, version: _v, reason: _w, updated_at: _t, ...lasting } = task;
      const text = JSON.stringify(lasting);
      if (text === drawn) return;
      drawn = text;
      fill(facts, told(task).map(factRow).sort((one, other) => isLong(one) - isLong(other)));
      fill(options, el("h3", {}, "Options"), task.options.length
        ? el("dl", { class: "options" }, task.options.map(({ name, value }) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))))
        : el("p", { class: "calm" }, "None: the engine's own defaults hold."));
    },
  };
}

/** A long one takes the whole width, below the others. */
function factRow([name, value]) {
  const row = el("div", {}, el("dt", {}, name), el("dd", {}, value));
  row.classList.toggle("long", isLong(row));
  return row;
}

const isLong = ({ lastChild }) => lastChild.textContent.length > LONG;

async function change(task) {
  const before = task.auto_processing_node ? "" : String(task.processing_node ?? "");
  const nodes = RESTING.has(task.stage) ? await api.nodes().catch(() => null) : null;
  const fields = [
    field("Name", "name", { value: task.name, maxlength: 255, autocomplete: "off" }),
    field("Priority", "priority", {
      tag: "select", hint: "Of tasks that wait, those with more are placed first.",
      children: PRIORITIES.map((each) => el("option", { value: each, selected: each === task.priority }, each === USUAL ? `${each}, as usual` : each)),
    }),
    nodes && field("Processing node", "node", {
      tag: "select", children: nodeChoices(nodes, before), hint: isOver(task) ? "Where a restart goes." : "Where it goes.",
    }),
    field("Tags", "tags", { value: task.tags.join(", "), hint: "Divided by commas.", autocomplete: "off" }),
  ];
  const save = ({ name, priority, node = before, tags }) => api.changeTask(task, {
    name: name.trim(), priority: Number(priority), tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean),
    ...(node === before ? {} : { auto_processing_node: node === "", processing_node: node === "" ? null : Number(node) }),
  });
  return asked({ title: "Change the task", yes: "Save", fields, save });
}

function told(task) {
  const facts = [
    ["Project", el("a", { href: href("/tasks", { project: task.project }) }, projectName(task.project))],
    ["Node", task.processing_node_name ?? (task.auto_processing_node ? "chosen automatically" : "none")],
    ["Images", number(task.images_count)],
    ["Created", time(task.created_at)],
    ["Attempt", number(task.attempt)],
    ["Priority", number(task.priority)],
  ];
  if (task.processing_time > 0) facts.push(["Processing time", duration(task.processing_time)]);
  if (task.size > 0) facts.push(["Size of results", bytes(task.size * 1e6)]);
  if (task.resize_to > 0) facts.push(["Resized to", `${number(task.resize_to)} px`]);
  if (task.reference) facts.push(["Reference", task.reference]);
  if (task.tags.length) facts.push(["Tags", el("ul", { class: "tags" }, task.tags.map((tag) => el("li", {}, tag)))]);
  if (task.ground_control_points) facts.push(["Ground control", task.ground_control_points]);
  if (task.uuid) facts.push(["Job on the node", el("code", {}, task.uuid)]);
  return facts;
}
