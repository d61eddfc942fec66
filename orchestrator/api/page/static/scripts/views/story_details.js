/* What is known of a task, and its options. */
import { el, fill } from "../dom.js";
import { bytes, duration, number, time } from "../format.js";
import { href } from "../router.js";
import { projectName } from "../names.js";

export function details() {
  const facts = el("dl", { class: "facts wide" });
  const options = el("div");
  let drawn = "";
  return {
    element: el("section", { class: "card", "aria-labelledby": "details" }, el("h2", { id: "details" }, "Details"), facts, options),
    update(task) {
      const { running_progress: _r, upload_progress: _u, version: _v, reason: _w, updated_at: _t, ...lasting } = task;
      const now = JSON.stringify(lasting);
      if (now === drawn) return;
      drawn = now;
      fill(facts, told(task).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
      fill(options, el("h3", {}, "Options"), task.options.length
        ? el("dl", { class: "options" }, task.options.map(({ name, value }) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))))
        : el("p", { class: "calm" }, "None: the engine's own defaults hold."));
    },
  };
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
  if (task.tags.length) facts.push(["Tags", task.tags.join(", ")]);
  if (task.ground_control_points) facts.push(["Ground control", task.ground_control_points]);
  if (task.uuid) facts.push(["Job on the node", el("code", {}, task.uuid)]);
  return facts;
}
