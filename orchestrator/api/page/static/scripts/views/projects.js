/* The projects: what they are called, how many tasks they have; create, rename, delete. */
import { api, paged } from "../api.js";
import { asked, confirmed, field } from "../dialog.js";
import { el, failure, fill, Keyed, loading, setText } from "../dom.js";
import { counted, number, setTime } from "../format.js";
import { icon } from "../icons.js";
import { notice, trying } from "../notices.js";
import { href } from "../router.js";
import { session } from "../session.js";

const SETTLED = 1_000;
const DEFAULT = 1;

export function projectsView() {
  const count = el("p", { class: "count", role: "status" });
  const list = el("ul", { class: "rows", hidden: true });
  const below = el("div", {}, loading());
  const rows = new Keyed(list, (project) => projectRow(project, load));
  const may = session.may("operator");
  let page = 1;
  let soon = null;

  async function load() {
    clearTimeout(soon);
    soon = null;
    try {
      const { count: all, results, next } = paged(await api.projects(page));
      rows.show(results);
      list.hidden = results.length === 0;
      setText(count, counted(all, "project"));
      fill(below, results.length === 0 ? nothing() : null, next || page > 1 ? pages(Boolean(next)) : null);
    } catch (error) {
      if (error.status === 404 && page > 1) turn(1);
      else if (rows.rows.size === 0) fill(below, failure("The projects cannot be shown", error, load));
    }
  }
  function turn(to) {
    page = to;
    load();
  }
  function pages(more) {
    return el("nav", { class: "pages", "aria-label": "Pages" },
      el("button", { disabled: page === 1, on: { click: () => turn(page - 1) } }, icon("left", 16), "Previous"),
      el("span", {}, `Page ${number(page)}`),
      el("button", { disabled: !more, on: { click: () => turn(page + 1) } }, "Next", icon("right", 16)));
  }
  load();
  return {
    title: "Projects",
    element: el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Projects"), count, el("div", { class: "view-actions" },
        may ? el("button", { on: { click: () => create(load) } }, icon("add"), "New project") : null)), list, below),
    take: ({ type }) => { if (type === "task.created" || type === "task.removed") soon ??= setTimeout(load, SETTLED); },
    refresh: load,
    close: () => clearTimeout(soon),
  };
}

function nothing() {
  return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("projects", 30)), el("h2", {}, "No projects yet"),
    el("p", {}, "Projects hold tasks together: a site, a customer, a season. The first task makes one if there is none."));
}

function projectRow(project, changed) {
  const name = el("a", { class: "row-name", dir: "auto", href: href("/tasks", { project: project.id }) });
  const under = el("p", { class: "row-under" });
  const tasks = el("p", { class: "row-node" });
  const when = el("time");
  let now = project;
  const button = (words, sign, act) => el("button", { class: "quiet", on: { click: () => act(now, changed) } }, icon(sign, 16), words);
  const edit = session.may("operator") ? button("Rename", "edit", rename) : null;
  const remove = session.may("operator") ? button("Delete", "trash", removed) : null;
  return {
    element: el("li", { class: "row project" }, el("div", { class: "row-main" }, name, under), tasks,
      el("p", { class: "row-when" }, "Created ", when), el("div", { class: "row-actions" }, edit, remove)),
    update(given) {
      now = given;
      setText(name, now.name);
      setText(under, now.description);
      setText(tasks, counted(now.tasks?.length ?? 0, "task"));
      setTime(when, now.created_at, { relative: true });
      edit?.setAttribute("aria-label", `Rename ${now.name}`);
      remove?.setAttribute("aria-label", `Delete ${now.name}`);
      if (remove && now.id === DEFAULT) Object.assign(remove, { disabled: true, title: "Tasks that name no project belong to this one: it stays." });
    },
  };
}

const fields = (project = {}) => [
  field("Name", "name", { required: true, maxlength: 255, value: project.name ?? "", autocomplete: "off" }),
  field("Description", "description", { tag: "textarea", rows: 3, value: project.description ?? "" }),
];

async function create(changed) {
  const saved = await asked({ title: "New project", yes: "Create it", fields: fields(), save: (given) => api.createProject(given) });
  if (saved) notice("The project was created.");
  changed();
}

async function rename(project, changed) {
  const saved = await asked({
    title: "Rename the project", yes: "Save", fields: fields(project), save: (given) => api.changeProject(project.id, given),
  });
  if (saved) notice("The project was changed.");
  changed();
}

/** Asks with the number of tasks as it is now, not as it was when the list was drawn. */
async function removed(project, changed) {
  const ok = await trying(async () => {
    const { tasks } = await api.project(project.id);
    const count = tasks?.length ?? 0;
    const going = count === 0 ? "It has no tasks."
      : `${counted(count, "task")} will be removed with it, wherever they are, with their images and results.`;
    const yes = await confirmed({
      title: `Delete ${project.name}?`, text: `${going} This cannot be undone.`,
      yes: count ? `Delete it and ${counted(count, "task")}` : "Delete it",
    });
    if (!yes) return;
    await api.removeProject(project.id);
    notice(`${project.name} is being deleted.`);
  });
  if (ok) changed();
}
