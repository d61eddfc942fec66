/* Single keys for those who do not like to let go of the keyboard; "?" tells them, and there they can be switched off. */
import { told } from "./dialog.js";
import { el } from "./dom.js";
import { go, lastList } from "./router.js";
import { session } from "./session.js";

const KEPT = "orchestrator.keys";
const WORDS = [
  ["/", "Search"], ["j, k, \u2193, \u2191", "The next, the previous in a list"], ["Enter", "Open it"], ["Escape", "Back to the list"],
  ["n", "New task"], ["?", "These keys"],
];
const KEYS = {
  "/": search, j: () => step(1), k: () => step(-1), n: () => session.may("operator") && go("/new"), "?": tellKeys, Escape: back,
};

/** Begins to listen. */
export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") arrows(event);
    else if (isFree(event) && Object.hasOwn(KEYS, event.key)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
}

/** Whether a key is nobody else's: nothing is being written, no question is open, and the person has not switched it off. */
function isFree({ target, key, ctrlKey, metaKey, altKey, defaultPrevented }) {
  if (defaultPrevented || ctrlKey || metaKey || altKey || !session.who || document.querySelector("dialog[open]")) return false;
  if (target.matches("input:not([type=checkbox]), select, textarea")) return false;
  return key === "Escape" || key === "?" || areOn();
}

function search() {
  const field = document.querySelector("main input[type=search]:not(.console-search)");
  if (!field) return;
  field.focus();
  field.select();
}

const rows = () => [...document.querySelectorAll("main .row-name")];

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement);
  (at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by])?.focus();
}

/** Up and down scroll, except from row to row. */
function arrows(event) {
  if (!event.target.matches(".row-name") || event.defaultPrevented) return;
  event.preventDefault();
  step(event.key === "ArrowDown" ? 1 : -1);
}

function back() {
  const list = document.querySelector(".story") && lastList();
  if (list) location.hash = list;
}

/** Shows what keys there are. */
export function tellKeys() {
  const on = el("input", { type: "checkbox", id: "keys-on", checked: areOn(), on: { change: () => keep(on.checked) } });
  told("Keys", el("dl", { class: "keys" }, WORDS.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)))),
    el("p", { class: "check" }, on, el("label", { for: "keys-on" }, "Single letters and / do this")));
}

function areOn() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

function keep(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // Private windows may refuse; the keys then stay as they are.
  }
}
