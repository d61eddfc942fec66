/* Asks: a question that needs a yes, or a small form. The focus goes in, stays in, and comes back afterwards. */
import { el, nodes } from "./dom.js";
import { icon } from "./icons.js";

let named = 0;

/** Asks for a yes. Gives whether it came; Escape and "Keep" are no. */
export function confirmed({ title, text, yes, no = "Keep", dangerous = true }) {
  return new Promise((resolve) => {
    const dialog = frame(title, (answer) => resolve(answer === "yes"));
    dialog.append(
      el("p", {}, text),
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", autofocus: true, on: { click: () => dialog.close("no") } }, no),
        el("button", { type: "button", class: dangerous ? "danger" : "primary", on: { click: () => dialog.close("yes") } }, yes)),
    );
    dialog.showModal();
  });
}

/**
 * Shows a form. `fields`: elements made by `field`. `save(values)` may raise: the sentence is shown and the dialog
 * stays. Gives whether it was saved.
 */
export function asked({ title, fields, yes, save }) {
  return new Promise((resolve) => {
    const dialog = frame(title, (answer) => resolve(answer === "yes"));
    const wrong = el("p", { class: "form-error", role: "alert" });
    const button = el("button", { class: "primary" }, yes);
    const form = el("form", { on: { submit } }, fields, wrong,
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", on: { click: () => dialog.close("no") } }, "Cancel"), button));
    async function submit(event) {
      event.preventDefault();
      button.disabled = true;
      wrong.textContent = "";
      try {
        await save(Object.fromEntries(new FormData(form)));
        dialog.close("yes");
      } catch (error) {
        wrong.textContent = error.message;
      } finally {
        button.disabled = false;
      }
    }
    dialog.append(form);
    dialog.showModal();
    form.querySelector("input, select, textarea").focus();
  });
}

/** Tells something until it is closed. `wide`: it takes the whole window. */
export function told(title, ...children) {
  const dialog = frame(title, () => {});
  dialog.append(...nodes(children));
  dialog.showModal();
  return dialog;
}

/** A labelled field for a form; `hint` is tied to it for screen readers. */
export function field(label, name, { hint, tag = "input", children = [], ...attributes } = {}) {
  named += 1;
  const id = `field-${named}`;
  const input = el(tag, { id, name, "aria-describedby": hint ? `${id}-hint` : null, ...attributes }, children);
  return el("div", { class: "field" }, el("label", { for: id }, label), input,
    hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null);
}

function frame(title, closed) {
  named += 1;
  const id = `dialog-${named}`;
  const opener = document.activeElement;
  const dialog = el("dialog", { "aria-labelledby": id });
  dialog.append(el("div", { class: "dialog-title" }, el("h2", { id }, title),
    el("button", { class: "quiet only-icon", "aria-label": "Close", on: { click: () => dialog.close("no") } }, icon("close"))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
    else document.getElementById("main").focus();
    closed(dialog.returnValue);
  });
  document.body.append(dialog);
  return dialog;
}
