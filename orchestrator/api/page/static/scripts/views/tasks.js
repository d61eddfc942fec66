/* The list of tasks: filter, search, order, pages; rows live as long as their tasks are on the page. */
import { api, paged } from "../api.js";
import { el, fill, Keyed, setText } from "../dom.js";
import { bytes, counted, duration, number, setTime } from "../format.js";
import { icon } from "../icons.js";
import { allProjects, learn, projectName } from "../names.js";
import { problem, say } from "../notices.js";
import { href, settle, taskHref } from "../router.js";
import { session } from "../session.js";
import { FILTERS, badge, bar, isGoing, isMoving, isOver, shareOf, stateOf } from "../state.js";

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
    take: (event) => view.take(event), refresh: () => view.load(), close: () => view.close(),
  };
}

class TasksView {
  constructor(wanted) {
    this.wanted = wanted;
    this.count = el("p", { class: "count", role: "status" });
    this.list = el("ol", { class: "rows", on: { keydown: walk } });
    this.rows = new Keyed(this.list, taskRow);
    this.below = el("div");
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "Show tasks that are" });
    this.project = el("select", { "aria-label": "Project", on: { change: () => this.change({ project: this.project.value }) } },
      el("option", { value: "" }, "All projects"));
    this.element = el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Tasks"), this.count), this.#bars(), this.list, this.below);
    this.#drawChips();
    this.load();
    allProjects().then((projects) => this.#drawProjects(projects), problem);
  }

  #bars() {
    const search = el("input", {
      type: "search", placeholder: "Search by name", "aria-label": "Search tasks by name", value: this.wanted.search,
      on: { input: () => this.#soon(() => this.change({ search: search.value.trim() })) },
    });
    const order = el("select", { "aria-label": "Order", on: { change: () => this.change({ ordering: order.value }) } },
      Object.entries(ORDERS).map(([value, words]) => el("option", { value, selected: value === this.wanted.ordering }, words)));
    return el("div", { class: "filters" }, this.chips,
      el("div", { class: "filter-fields" }, el("div", { class: "search" }, icon("search", 16), search), this.project, order));
  }

  #drawChips() {
    fill(this.chips, Object.entries(FILTERS).map(([name, [words]]) => el("button", {
      class: "chip", "aria-pressed": String(name === this.wanted.show), on: { click: () => this.change({ show: name }) },
    }, words)));
  }

  #drawProjects(projects) {
    this.project.append(...projects.map(({ id, name }) => el("option", { value: id, selected: String(id) === this.wanted.project }, name)));
  }

  /** Shows something else; the address says what, so that the back button and a reload come here again. */
  change(given) {
    Object.assign(this.wanted, { page: 1 }, given);
    const { show, project, search, ordering, page } = this.wanted;
    settle("/tasks", {
      show: show === "all" ? "" : show, project, search,
      ordering: ordering === "-created_at" ? "" : ordering, page: page === 1 ? "" : page,
    });
    const chosen = Object.keys(FILTERS).indexOf(show);
    [...this.chips.children].forEach((chip, index) => chip.setAttribute("aria-pressed", String(index === chosen)));
    this.load();
  }

  async load() {
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
      else this.#showProblem(error);
    }
  }

  #show({ count, results }) {
    this.rows.show(results);
    this.list.hidden = results.length === 0;
    setText(this.count, counted(count, "task"));
    const first = (this.wanted.page - 1) * PAGE;
    fill(this.below, results.length === 0 ? this.#nothing() : null, count > PAGE ? this.#pages(first, results.length, count) : null);
  }

  #showProblem(error) {
    if (error.name === "AbortError") return;
    if (this.rows.rows.size === 0) fill(this.below, el("div", { class: "empty" }, el("h2", {}, "The tasks cannot be shown"), el("p", {}, error.message)));
  }

  #nothing() {
    const { show, project, search } = this.wanted;
    if (show !== "all" || project || search) {
      return el("div", { class: "empty" }, el("h2", {}, "No task fits"), el("p", {}, "Nothing is like this just now."),
        el("button", { on: { click: () => { location.hash = href("/tasks"); this.change({ show: "all", project: "", search: "" }); } } }, "Show all tasks"));
    }
    return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("image", 30)), el("h2", {}, "No tasks yet"),
      el("p", {}, "A task is one set of drone photos on its way to maps. Drop photos here to make the first, or send a command over the bus."),
      session.may("operator") ? el("a", { class: "button primary", href: href("/new") }, icon("add"), "New task") : null);
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
    if (event.type !== "task.progressed") this.reloading ??= setTimeout(() => this.load(), SETTLED);
  }

  #soon(work) {
    clearTimeout(this.pausing);
    this.pausing = setTimeout(work, PAUSE);
  }

  close() {
    clearTimeout(this.pausing);
    clearTimeout(this.reloading);
    this.asking?.abort();
  }
}

function taskRow(first) {
  const sign = badge();
  const share = bar(`Progress of ${first.name}`);
  const name = el("a", { class: "row-name" });
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
      name.href = taskHref(task);
      setText(under, [`#${task.id}`, projectName(task.project), counted(task.images_count, "image"), ...task.tags].join(" · "));
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
  const told = task.reason || task.last_error || "";
  return told.charAt(0).toUpperCase() + told.slice(1);
}

/** Up and down go from task to task. */
function walk(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !event.target.matches(".row-name")) return;
  const links = [...event.currentTarget.querySelectorAll(".row-name")];
  const next = links[links.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
