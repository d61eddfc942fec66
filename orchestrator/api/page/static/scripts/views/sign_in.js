/* Signing in: a token's name and the token itself, for as long as the tab is open. */
import { api } from "../api.js";
import { field } from "../dialog.js";
import { el } from "../dom.js";
import { session } from "../session.js";

/** `entered()` is called once the daemon has let the person in. */
export function signInView(entered) {
  const wrong = el("p", { class: "form-error", role: "alert" });
  const button = el("button", { class: "primary wide" }, "Sign in");
  const form = el("form", { class: "sign-in card", on: { submit } },
    el("h1", {}, "Sign in"),
    el("p", { class: "calm" }, "This daemon wants to know who is there."),
    field("Token name", "username", { autocomplete: "username", required: true, autocapitalize: "off", spellcheck: "false" }),
    field("Token", "password", { type: "password", autocomplete: "current-password", required: true,
      hint: ["Made by whoever runs the daemon: ", el("code", {}, "orchestrator token create")] }),
    wrong, button);

  async function submit(event) {
    event.preventDefault();
    const { username, password } = Object.fromEntries(new FormData(form));
    button.disabled = true;
    wrong.textContent = "";
    try {
      session.keep((await api.signIn(username.trim(), password.trim())).token);
      entered();
    } catch (error) {
      wrong.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  }
  return { title: "Sign in", element: el("div", { class: "view narrow" }, form) };
}
