/* One task's story: where it is, what happened to it, what its node says, what came out, and what can be done. */
import { api } from "../api.js";
import { el, failure, fill, loading, setText } from "../dom.js";
import { learn, projectName } from "../names.js";
import { notice } from "../notices.js";
import { href, lastList } from "../router.js";
import { badge } from "../state.js";
import { uploads } from "../uploads.js";
import { actions } from "./story_actions.js";
import { details } from "./story_details.js";
import { output } from "./story_output.js";
import { photos, takesPhotos } from "./story_photos.js";
import { results } from "./story_results.js";
import { steps } from "./story_steps.js";
import { timeline } from "./story_timeline.js";
import { why } from "./story_why.js";

export function storyView(project, id) {
  const view = new StoryView(project, id);
  return {
    title: `Task ${id}`, element: view.element,
    take: (event) => view.take(event), refresh: () => view.load(), close: () => view.close(),
    drop: (found) => view.drop(found), dropWords: () => view.dropWords(),
  };
}

class StoryView {
  constructor(project, id) {
    this.key = { project, id };
    this.task = null;
    this.leaving = new AbortController();
    this.name = el("h1", {}, `Task ${id}`);
    this.sign = badge();
    this.way = el("nav", { class: "crumbs", "aria-label": "Where this is" });
    this.why = why();
    this.body = el("div", { class: "story-body" }, loading());
    this.element = el("div", { class: "view story" }, this.way, this.body);
    // What an upload from this page does to the task, no event tells.
    uploads.addEventListener("change", () => this.#drawUpload(), { signal: this.leaving.signal });
    this.load();
  }

  async load() {
    try {
      const task = await api.task(this.key.project, this.key.id, this.leaving.signal);
      await learn([task.project]).catch(() => {});
      if (!this.leaving.signal.aborted) this.show(task);
    } catch (error) {
      if (error.name !== "AbortError") this.#showProblem(error);
    }
  }

  take({ data, type, ...event }) {
    if (data?.task?.id !== this.key.id) return;
    if (type === "task.removed") {
      this.#gone();
      return;
    }
    this.key.project = data.task.project;
    this.parts?.timeline.take({ ...event, type, data });
    this.show(data.task);
  }

  show(task) {
    // An older one than what is shown comes by: an answer that was overtaken by an event, or a stream that is resumed.
    if (this.away || (this.task && task.version < this.task.version)) return;
    if (!this.parts) this.#build(task);
    this.task = task;
    document.title = `${task.name || `Task ${task.id}`} · Orchestrator`;
    setText(this.name, task.name || `Task ${task.id}`);
    this.sign.update(task);
    fill(this.way, el("a", { href: lastList() }, "Tasks"), el("span", { "aria-hidden": "true" }, "/"),
      el("a", { href: href("/tasks", { project: task.project }) }, projectName(task.project)),
      el("span", { "aria-hidden": "true" }, "/"), el("span", { "aria-current": "page" }, `#${task.id}`));
    this.why.update(task);
    for (const part of Object.values(this.parts)) part.update(task);
  }

  #build(task) {
    const { signal } = this.leaving;
    const parts = this.parts = {
      actions: actions(() => this.load()), steps: steps(), results: results(signal), output: output(signal),
      timeline: timeline(signal), details: details(() => this.load()), photos: photos(signal),
    };
    fill(this.body,
      el("div", { class: "story-head" }, el("div", { class: "story-title" }, this.name, this.sign.element), parts.actions.element),
      el("section", { class: "card story-now", "aria-label": "Where it is" }, this.why.element, parts.steps.element),
      el("div", { class: "story-columns" },
        el("div", { class: "story-wide" }, parts.results.element, parts.output.element, parts.photos.element),
        el("div", { class: "story-side" }, parts.timeline.element, parts.details.element)));
    parts.timeline.begin(task);
  }

  #drawUpload() {
    if (!this.parts) return;
    this.parts.actions.update(this.task);
    this.parts.photos.drawUpload();
  }

  /** Takes photos that were dropped on the page, where the task still takes any, and says whether it did. */
  drop(found) {
    return Boolean(this.parts?.photos.drop(found));
  }

  dropWords() {
    return takesPhotos(this.task) ? "Drop photos to add them to this draft" : null;
  }

  #gone() {
    this.away = true;
    notice(`${this.name.textContent} was removed.`);
    if (this.element.isConnected) location.hash = href("/tasks");
  }

  #showProblem(error) {
    if (error.status === 404 && this.task) {
      this.#gone();
    } else if (!this.task && error.status === 404) {
      fill(this.body, el("div", { class: "empty" }, el("h1", {}, "The task cannot be shown"),
        el("p", {}, "There is no such task. It may have been removed, or moved to another project."),
        el("a", { class: "button", href: href("/tasks") }, "All tasks")));
    } else if (!this.task) {
      fill(this.body, failure("The task cannot be shown", error, () => this.load(), "h1"));
    }
  }

  close() {
    this.leaving.abort();
    for (const part of Object.values(this.parts ?? {})) part.close?.();
  }
}
