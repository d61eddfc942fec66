/* What stands around every view: the name, the ways to the views, the state of the connection, theme, sign-out. */
import { el, fill, setText } from "./dom.js";
import { percent } from "./format.js";
import { icon } from "./icons.js";
import { live } from "./live.js";
import { say } from "./notices.js";
import { href, taskHref } from "./router.js";
import { session } from "./session.js";
import { currentTheme, nextTheme } from "./theme.js";
import { uploads } from "./uploads.js";

const VIEWS = [["tasks", "Tasks"], ["nodes", "Nodes"], ["projects", "Projects"]];
const views = () => (session.seesAll ? [...VIEWS, ["webhooks", "Webhooks"]] : VIEWS);
const LIVE = {
  off: "Not connected",
  live: "Live",
  reconnecting: "Reconnecting…",
  polling: "Refreshing",
};
const THEMES = { system: "as the system", light: "light", dark: "dark" };

/** Draws it anew, for who is signed in; `view` is the one that is shown. */
export function drawFrame(view, { signOut }) {
  const known = session.who !== null;
  fill(document.getElementById("top"), el("div", { class: "top-inner" },
    el("a", { class: "brand", href: href("/tasks"), "aria-label": "Orchestrator, all tasks" }, mark(), el("span", {}, "Orchestrator")),
    known ? el("nav", { class: "views", "aria-label": "Main" }, views().map((entry) => wayTo(entry, view))) : null,
    el("div", { class: "top-end" },
      known ? sendingSign() : null,
      known ? liveSign() : null,
      themeSwitch(),
      known && session.token ? signOutButton(signOut) : null,
      known && session.may("operator") ? newTask() : null)));
  const tabs = document.getElementById("tabs");
  tabs.hidden = !known;
  fill(tabs, known ? [...views().map((entry) => wayTo(entry, view, true)), session.may("operator") ? tabNew(view) : null] : []);
}

function wayTo([name, words], view, pictured = false) {
  const here = view === name ? "page" : null;
  return el("a", { href: href(`/${name}`), "aria-current": here }, pictured ? icon(name, 20) : null, words);
}

function tabNew(view) {
  return el("a", { href: href("/new"), "aria-current": view === "new" ? "page" : null }, icon("add", 20), "New task");
}

function newTask() {
  return el("a", { class: "button primary new-task", href: href("/new") }, icon("add"), "New task");
}

function liveSign() {
  const words = el("span", { class: "live-words" });
  const sign = el("span", { class: "live", role: "status" }, el("span", { class: "live-dot" }), words);
  const show = () => {
    sign.dataset.state = live.state;
    sign.title = live.state === "live" ? "Changes show at once" : "Looking again every few seconds";
    setText(words, LIVE[live.state]);
  };
  show();
  // Signs that were drawn before are not in the page any more, and stop listening.
  const listen = () => (sign.isConnected ? show() : live.removeEventListener("state", listen));
  live.addEventListener("state", listen);
  return sign;
}

/** The way back to an upload that goes on while other views are looked at. */
function sendingSign() {
  const sign = el("a", { class: "sending-sign" });
  const show = () => {
    const { state, sent, size, adds, task } = uploads;
    sign.href = adds && task ? taskHref(task) : href("/new");
    sign.hidden = (state !== "sending" && state !== "stuck") || location.hash.split("?")[0] === sign.hash;
    setText(sign, state === "stuck" ? "Upload stuck" : `Sending ${percent(size ? sent / size : 1)}`);
    if (!sign.isConnected) uploads.removeEventListener("change", show);
  };
  show();
  requestAnimationFrame(() => uploads.addEventListener("change", show));
  return sign;
}

function themeSwitch() {
  const button = el("button", { class: "quiet only-icon", on: { click: change } });
  function show(theme) {
    fill(button, icon(theme));
    button.setAttribute("aria-label", `Theme: ${THEMES[theme]}`);
    button.title = `Theme: ${THEMES[theme]}`;
  }
  function change() {
    const theme = nextTheme();
    show(theme);
    say(`Theme: ${THEMES[theme]}`);
  }
  show(currentTheme());
  return button;
}

function signOutButton(signOut) {
  const who = session.who.name ? `Sign out ${session.who.name}` : "Sign out";
  return el("button", { class: "quiet only-icon", "aria-label": who, title: who, on: { click: signOut } }, icon("out"));
}

function mark() {
  return el("img", { src: new URL("../icon.svg", import.meta.url).href, width: 28, height: 28, alt: "" });
}
