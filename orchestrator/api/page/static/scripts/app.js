/* Begins: finds out who is there, shows the view that the address names, and passes on to it what happens. */
import { ApiError, api } from "./api.js";
import { watchOver } from "./banner.js";
import { el, fill } from "./dom.js";
import { takeDrops } from "./dropping.js";
import { counted } from "./format.js";
import { drawFrame } from "./frame.js";
import { listenToKeys, tellKeys } from "./keys.js";
import { live } from "./live.js";
import { forgetAll, forgetProblems, notice, problem } from "./notices.js";
import { href, place, taskHref } from "./router.js";
import { session } from "./session.js";
import { uploads } from "./uploads.js";
import { createView } from "./views/create.js";
import { nodesView } from "./views/nodes.js";
import { projectsView } from "./views/projects.js";
import { signInView } from "./views/sign_in.js";
import { storyView } from "./views/story.js";
import { tasksView } from "./views/tasks.js";
import { webhooksView } from "./views/webhooks.js";

const TRY_AGAIN = 3_000;
const main = document.getElementById("main");
let shown = null;

/** Gives the view that the address names: its name for the frame, and what makes it. */
function viewOf({ parts, query }) {
  if (parts[0] === "projects" && parts[2] === "tasks") return ["tasks", () => storyView(Number(parts[1]), Number(parts[3]))];
  if (parts[0] === "projects") return ["projects", projectsView];
  if (parts[0] === "nodes") return ["nodes", nodesView];
  if (parts[0] === "webhooks" && session.seesAll) return ["webhooks", webhooksView];
  if (parts[0] === "new" && session.may("operator")) return ["new", () => createView(query)];
  return ["tasks", () => tasksView(query)];
}

/** Shows a view: `{title, element, take(event), refresh(), close()}`; what the old one was doing ends. */
function show(name, make, { focus = true } = {}) {
  shown?.close?.();
  forgetProblems();
  shown = { ...make(), name };
  document.title = `${shown.title} · Orchestrator`;
  drawFrame(name, { signOut });
  fill(main, shown.element);
  window.scrollTo(0, 0);
  if (focus) main.focus({ preventScroll: true });
}

function showPlace(options) {
  if (session.who) show(...viewOf(place()), options);
}

function signOut() {
  uploads.cancel();
  session.keep(null);
  askToSignIn();
}

function askToSignIn() {
  live.stop();
  forgetAll();
  if (shown?.name !== "sign-in") show("sign-in", () => signInView(begin));
}

async function begin() {
  try {
    const who = await whoIsThere();
    if (who.role === null) {
      askToSignIn();
      return;
    }
    session.who = who;
  } catch (error) {
    if (error.status === 401 || error.status === 403) askToSignIn();
    else showAway(error);
    return;
  }
  live.start();
  showPlace({ focus: false });
}

/** A daemon that knows no tokens takes everyone who reaches it for its owner. */
async function whoIsThere() {
  try {
    return await api.whoami();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { name: "", role: "admin" };
    throw error;
  }
}

function showAway(error) {
  show("away", () => ({
    title: "Not connected",
    element: el("div", { class: "empty" }, el("h1", {}, "The daemon is away"), el("p", {}, error.message),
      el("button", { class: "primary", on: { click: begin } }, "Try again")),
  }));
  setTimeout(() => shown?.name === "away" && begin(), TRY_AGAIN);
}

uploads.addEventListener("change", () => {
  if (uploads.state !== "done") return;
  const { task, adds, done } = uploads;
  const name = task.name || `task ${task.id}`;
  uploads.clear();
  notice(adds ? `${counted(done, "file was", "files were")} added to ${name}.` : `All photos of ${name} are here.`);
  if (adds) shown?.refresh?.();
  else if (shown?.name === "new") location.hash = taskHref(task);
});
window.addEventListener("hashchange", () => showPlace());
window.addEventListener("unhandledrejection", ({ reason }) => problem(reason));
session.addEventListener("needed", askToSignIn);
live.addEventListener("event", ({ detail }) => shown?.take?.(detail));
live.addEventListener("refresh", () => shown?.refresh?.());
watchOver();
listenToKeys();
takeDrops((found) => {
  if (shown?.drop?.(found)) return;
  history.pushState(null, "", href("/new"));
  showPlace();
  shown.drop(found);
}, () => shown?.dropWords?.() ?? "Drop photos for a new task");
document.getElementById("keys").addEventListener("click", tellKeys);
// A link to "#main" would be taken for an address of a view.
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
begin();
