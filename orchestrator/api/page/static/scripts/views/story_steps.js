/* The way of a task in four steps, each with how far it is: images to the node, work, results back, done. */
import { el, setText } from "../dom.js";
import { duration, percent } from "../format.js";
import { stateOf } from "../state.js";

const STEPS = ["Send images", "Process", "Collect results", "Verify"];
const WORKED = 0.85;
const FETCHED = 0.95;
const AT = { draft: -1, waiting: -1, uploading: 0, queued: 1, running: 1, collecting: 2, completed: 4 };

export function steps() {
  const made = STEPS.map((name) => {
    const fill = el("div", { class: "bar-fill" });
    const track = el("div", { class: "bar" }, fill);
    const told = el("span", { class: "step-told" });
    return { track, told, name, element: el("li", { class: "step" }, el("p", {}, el("span", { class: "step-name" }, name), told), track) };
  });
  const element = el("ol", { class: "steps", "aria-label": "Steps" }, made.map((step) => step.element));
  return {
    element,
    update(task) {
      const state = stateOf(task);
      const broken = state === "failed" || state === "canceled";
      const at = broken ? reached(task) : AT[state] ?? -1;
      made.forEach((step, index) => {
        const share = index < at ? 1 : index > at ? 0 : shareOf(task, index);
        step.track.style.setProperty("--share", String(share));
        step.element.dataset.state = index < at ? "done" : index === at ? (broken ? "broken" : "now") : "later";
        step.track.classList.toggle("moving", index === at && !broken);
        setText(step.told, toldOf(task, index, at, share, broken));
        if (index === at) step.element.setAttribute("aria-current", "step");
        else step.element.removeAttribute("aria-current");
      });
    },
  };
}

/** The step in which a task that did not get through ended. */
function reached(task) {
  if (task.running_progress >= WORKED) return 2;
  if (task.running_progress > 0 || task.uuid) return 1;
  return task.upload_progress > 0 ? 0 : -1;
}

function shareOf(task, index) {
  if (index === 0) return task.upload_progress;
  if (index === 1) return Math.min(1, task.running_progress / WORKED);
  return Math.max(0, Math.min(1, (task.running_progress - WORKED) / (FETCHED - WORKED)));
}

function toldOf(task, index, at, share, broken) {
  if (index === 1 && at > 1 && task.processing_time > 0) return duration(task.processing_time);
  if (index < at) return "done";
  if (index > at) return "";
  return broken ? "ended here" : percent(share);
}
