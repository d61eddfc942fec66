/* The webhooks: whether programs that are told of events take them, what they did not take, and trying that again. */
import { api } from "../api.js";
import { asked, field, told } from "../dialog.js";
import { el, failure, fill, Keyed, loading, setText } from "../dom.js";
import { counted } from "../format.js";
import { icon } from "../icons.js";
import { webhookCard } from "./webhook_card.js";

const LOOK_EVERY = 10_000;

export function webhooksView() {
  const count = el("p", { class: "count", role: "status" });
  const list = el("ul", { class: "cards" });
  const below = el("div", {}, loading());
  const cards = new Keyed(list, (hook) => webhookCard(hook, load));
  const looking = setInterval(load, LOOK_EVERY);

  async function load() {
    try {
      const hooks = await api.webhooks();
      const shelves = await Promise.all(hooks.map(({ id }) => api.webhookFailures(id)));
      cards.show(hooks.map((hook, index) => ({ ...hook, shelf: shelves[index] })));
      list.hidden = hooks.length === 0;
      setText(count, counted(hooks.length, "webhook"));
      fill(below, hooks.length === 0 ? nothing() : null);
    } catch (error) {
      if (cards.rows.size === 0) fill(below, failure("The webhooks cannot be shown", error, load));
    }
  }
  load();
  return {
    title: "Webhooks",
    element: el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Webhooks"), count, el("div", { class: "view-actions" },
        el("button", { on: { click: () => add(load) } }, icon("add"), "Add a webhook"))), list, below),
    refresh: load,
    close: () => clearInterval(looking),
  };
}

function nothing() {
  return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("webhooks", 30)), el("h2", {}, "No webhooks yet"),
    el("p", {}, "A webhook is an address of a program of yours. It is told of every change of a task, signed, and again until it takes it."));
}

async function add(changed) {
  let made = null;
  await asked({
    title: "Add a webhook", yes: "Add it",
    fields: [
      field("Address", "url", { type: "url", required: true, placeholder: "https://example.org/hook", autocomplete: "off" }),
      field("Tell it of", "types", { tag: "select", children: [
        el("option", { value: "[\"task.status-changed\"]" }, "Changes of status"), el("option", { value: "[]" }, "Everything"),
      ] }),
    ],
    save: async (given) => { made = await api.addWebhook(given); },
  });
  if (made) {
    told("Its secret", el("p", {}, "What it is sent is signed with this. It is shown now and never again."), el("pre", { class: "whole", tabindex: "0", role: "region", "aria-label": "Secret" }, made.secret));
  }
  changed();
}
