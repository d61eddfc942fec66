/* One task in the list: what is being done about it, how far it is, and why. It stays while its task is on the page. */
import { el, setParts, setText } from "../dom.js";
import { bytes, counted, duration, sentence, setTime } from "../format.js";
import { projectName } from "../names.js";
import { taskHref } from "../router.js";
import { badge, bar, isGoing, isMoving, isOver, shareOf, stateOf } from "../state.js";

export function taskRow(first) {
  const sign = badge();
  const share = bar(`Progress of ${first.name}`);
  const name = el("a", { class: "row-name", dir: "auto" });
  const under = el("p", { class: "row-under" });
  const told = el("p", { class: "row-told" });
  const node = el("p", { class: "row-node" });
  const when = el("time");
  const element = el("li", { class: "row" }, sign.element, el("div", { class: "row-main" }, name, under),
    el("div", { class: "row-progress" }, share.element, told), node, el("p", { class: "row-when" }, when));
  let version = 0;
  return {
    element,
    update(task) {
      // An answer may have been overtaken by an event.
      if (task.version < version) return;
      version = task.version;
      sign.update(task);
      element.dataset.state = stateOf(task);
      setText(name, task.name || `Task ${task.id}`);
      name.title = task.name;
      name.href = taskHref(task);
      setParts(under, [`#${task.id}`, projectName(task.project), counted(task.images_count, "image"), ...task.tags]);
      share.element.hidden = !isGoing(task) || task.stage === "waiting";
      share.update(shareOf(task), { moving: isMoving(task) });
      setText(told, toldOf(task));
      told.title = toldOf(task);
      setText(node, task.processing_node_name ?? "");
      setTime(when, task.updated_at, { relative: true });
    },
  };
}

/** One line on where a task is and why. */
export function toldOf(task) {
  if (task.status === 40 && isOver(task)) {
    const took = task.processing_time > 0 ? `in ${duration(task.processing_time)}` : "";
    return [counted(task.available_assets.length, "result"), task.size ? bytes(task.size * 1e6) : "", took].filter(Boolean).join(" · ");
  }
  return sentence((task.reason || task.last_error || "").split("\n")[0], task.processing_node_name);
}
