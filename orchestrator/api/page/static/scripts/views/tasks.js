/* The list of tasks: filter, search, order, pages; rows live as long as their tasks are on the page. */
import { api, paged } from "../api.js";
import { el, failure, fill, Keyed, loading, setText } from "../dom.js";
import { counted, number } from "../format.js";
import { icon } from "../icons.js";
import { allProjects, learn } from "../names.js";
import { problem, say } from "../notices.js";
import { href, leaveList, settle } from "../router.js";
import { session } from "../session.js";
import { FILTERS, isOver } from "../state.js";
import { taskChips } from "./task_chips.js";
import { taskRow } from "./task_row.js";

const PAGE = 25;
const ORDERS = { "-created_at": "Newest first", created_at: "Oldest first", "-updated_at": "Last changed first", name: "By name" };
const PAUSE = 250;
const SETTLED = 800;

export function tasksView(query) {
  const wanted = {
    show: FILTERS[query.get("show")] ? query.get("show") : "all",
    project: query.get("project") ?? "",
    search: query.get("search") ?? "",
    ordering: ORDERS[query.get("ordering")] ? query.get("ordering") : "-created_at",
    page: Math.max(1, Number(query.get("page")) || 1),
  };
  const view = new TasksView(wanted);
  return {
    title: "Tasks", element: view.element,
    take: (event) => view.take(event), refresh: () => view.refresh(), close: () => view.close(),
  };
}

class TasksView {
  constructor(wanted) {
    this.wanted = wanted;
    this.count = el("p", { class: "count", role: "status" });
    this.list = el("ol", { class: "rows" });
    this.rows = new Keyed(this.list, taskRow);
    this.below = el("div", {}, loading());
    this.list.hidden = true;
    this.heads = el("div", { class: "row heads", hidden: true, "aria-hidden": "true" }, ["State", "Task", "How far, and why", "Node", "Changed"].map((words) => el("span", {}, words)));
    this.chips = taskChips((name) => this.change({ show: name }));
    this.project = el("select", { "aria-label": "Project", on: { change: () => this.change({ project: this.project.value }) } },
      el("option", { value: "" }, "All projects"));
    this.element = el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Tasks"), this.count), this.#bars(),
      el("div", { class: "table" }, this.heads, this.list), this.below);
    this.#settle();
    this.load();
    this.#count();
    allProjects().then((projects) => this.#drawProjects(projects), problem);
  }

  #bars() {
    const search = this.search = el("input", {
      type: "search", placeholder: "Name, reference or number", "aria-label": "Search tasks", value: this.wanted.search,
      on: { input: () => this.#soon(() => this.change({ search: search.value.trim() })) },
    });
    const order = el("select", { "aria-label": "Order", on: { change: () => this.change({ ordering: order.value }) } },
      Object.entries(ORDERS).map(([value, words]) => el("option", { value, selected: value === this.wanted.ordering }, words)));
    return el("div", { class: "filters" }, this.chips.element,
      el("div", { class: "filter-fields" }, el("div", { class: "search" }, icon("search", 16), search), this.project, order));
  }

  #drawProjects(projects) {
    this.project.append(...projects.map(({ id, name }) => el("option", { value: id, selected: String(id) === this.wanted.project }, name)));
  }

  /** Shows something else; the address says what, so that the back button and a reload come here again. */
  change(given) {
    const { project, search } = this.wanted;
    Object.assign(this.wanted, { page: 1 }, given);
    this.#settle();
    this.load({ other: true });
    if (project !== this.wanted.project || search !== this.wanted.search) this.#count();
  }

  #settle() {
    const { show, project, search, ordering, page } = this.wanted;
    settle("/tasks", {
      show: show === "all" ? "" : show, project, search,
      ordering: ordering === "-created_at" ? "" : ordering, page: page === 1 ? "" : page,
    });
    leaveList(location.hash);
    this.chips.show(show);
  }

  #among() {
    return { project: this.wanted.project, search: this.wanted.search };
  }

  #count() {
    this.chips.count(this.#among());
  }

  refresh() {
    this.load();
    this.chips.countSoon(() => this.#among());
  }

  /** `other`: what is on the page is not what is asked for. */
  async load({ other = false } = {}) {
    clearTimeout(this.reloading);
    this.reloading = null;
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    const { show, project, search, ordering, page } = this.wanted;
    const query = { ...FILTERS[show][1], project, search, ordering, page, page_size: PAGE };
    try {
      const answer = paged(await api.tasks(query, asking.signal));
      await learn(answer.results.map((task) => task.project)).catch(() => {});
      if (!asking.signal.aborted) this.#show(answer);
    } catch (error) {
      if (error.status === 404 && page > 1) this.change({ page: 1 });
      else this.#showProblem(error, other);
    }
  }

  #show({ count, results }) {
    this.rows.show(results);
    this.list.hidden = this.heads.hidden = results.length === 0;
    setText(this.count, counted(count, "task"));
    const first = (this.wanted.page - 1) * PAGE;
    fill(this.below, results.length === 0 ? this.#nothing() : null, count > PAGE ? this.#pages(first, results.length, count) : null);
  }

  #showProblem(error, other) {
    if (error.name === "AbortError" || !(other || this.list.hidden)) return;
    this.list.hidden = this.heads.hidden = true;
    setText(this.count, "");
    fill(this.below, failure("The tasks cannot be shown", error, () => this.load()));
  }

  #nothing() {
    const { show, project, search } = this.wanted;
    if (show !== "all" || project || search) {
      return el("div", { class: "empty" }, el("h2", {}, "No task fits"), el("p", {}, "Nothing is like this just now."),
        el("button", { on: { click: () => this.#showAll() } }, "Show all tasks"));
    }
    return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("image", 30)), el("h2", {}, "No tasks yet"),
      el("p", {}, "A task is one set of drone photos on its way to maps. Drop photos anywhere on this page to make the first, or send a command over the bus."),
      session.may("operator") ? el("a", { class: "button primary", href: href("/new") }, icon("add"), "New task") : null);
  }

  #showAll() {
    this.project.value = "";
    this.search.value = "";
    this.change({ show: "all", project: "", search: "" });
  }

  #pages(first, shown, count) {
    const turn = (by, words, sign, off) => el("button", {
      disabled: off, on: { click: () => { this.change({ page: this.wanted.page + by }); window.scrollTo(0, 0); } },
    }, by < 0 ? icon(sign, 16) : null, words, by > 0 ? icon(sign, 16) : null);
    return el("nav", { class: "pages", "aria-label": "Pages" }, turn(-1, "Previous", "left", first === 0),
      el("span", {}, `${number(first + 1)}–${number(first + shown)} of ${number(count)}`),
      turn(1, "Next", "right", first + shown >= count));
  }

  /** Takes an event: what is on the page changes in its place; what may belong on it makes the page be asked for anew. */
  take(event) {
    const task = event.data?.task;
    if (!task) return;
    if (this.rows.has(task.id) && event.type === "task.progressed") {
      this.rows.update(task);
      return;
    }
    if (this.rows.has(task.id)) this.rows.update(task);
    if (event.type === "task.status-changed" && isOver(task)) say(`${task.name}: ${task.reason}`);
    if (event.type === "task.progressed") return;
    this.reloading ??= setTimeout(() => this.load(), SETTLED);
    this.chips.countSoon(() => this.#among());
  }

  #soon(work) {
    clearTimeout(this.pausing);
    this.pausing = setTimeout(work, PAUSE);
  }

  close() {
    clearTimeout(this.pausing);
    clearTimeout(this.reloading);
    this.asking?.abort();
    this.chips.close();
  }
}
