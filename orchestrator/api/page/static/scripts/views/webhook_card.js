/* One webhook: whether what it is told arrives, what it is told, what it did not take; switch it off, try again, remove it. */
import { MOST_FAILURES, api } from "../api.js";
import { confirmed } from "../dialog.js";
import { el, fill, setText } from "../dom.js";
import { counted, number, setTime } from "../format.js";
import { icon } from "../icons.js";
import { notice, trying } from "../notices.js";

/** `changed()` is called when something about it may be different. */
export function webhookCard(hook, changed) {
  const state = el("span", { class: "badge" });
  const url = el("h2", { class: "card-url" });
  const wrong = el("p", { class: "card-problem" });
  const facts = el("p", { class: "card-facts" });
  const since = el("time");
  const button = (words, sign, act) => el("button", { class: "quiet", on: { click: async () => { if (await act(now)) changed(); } } }, icon(sign, 16), words);
  const shelf = el("div", { class: "shelf" });
  const untaken = el("p");
  shelf.append(untaken, button("Try them again", "restart", replay));
  const off = button("Switch off", "pause", (of) => trying(() => api.changeWebhook(of.id, { active: false })));
  const on = button("Switch on", "running", (of) => trying(() => api.changeWebhook(of.id, { active: true })));
  const gone = button("Remove", "trash", remove);
  let now = hook;
  return {
    element: el("li", { class: "card" }, el("div", { class: "card-head" }, url, state), wrong, facts, shelf,
      el("div", { class: "card-foot" }, el("span", { class: "calm" }, "Since ", since), el("div", { class: "row-actions" }, off, on, gone))),
    update(given) {
      now = given;
      drawState(state, now);
      setText(url, now.url);
      url.title = now.url;
      setText(wrong, now.problem);
      wrong.hidden = !now.problem;
      setText(facts, wantedOf(now));
      setText(untaken, untakenOf(now.shelf));
      shelf.hidden = now.shelf.length === 0;
      off.hidden = !now.active;
      on.hidden = now.active;
      gone.hidden = now.static;
      setTime(since, now.created_at, { relative: true });
    },
  };
}

function drawState(badge, { active, failing_since: failing, problem }) {
  const [word, sign, tone] = !active ? ["Switched off", "pause", problem ? "bad" : "calm"] : failing ? ["Not taking", "alert", "bad"] : ["Taking", "check", "good"];
  if (badge.textContent === word) return;
  badge.dataset.tone = tone;
  fill(badge, el("span", { class: "badge-sign" }, icon(sign, 14)), word);
}

function wantedOf({ types, projects, tasks, static: fixed }) {
  return [types?.join(", ") ?? "Every event", projects ? `of ${counted(projects.length, "project")}` : "", tasks ? `of ${counted(tasks.length, "task")}` : "",
    fixed ? "from the settings" : ""].filter(Boolean).join(" · ");
}

function untakenOf({ length }) {
  const count = length < MOST_FAILURES ? counted(length, "event") : `${number(MOST_FAILURES)} events or more`;
  return `${count} it never took`;
}

function replay({ id }) {
  return trying(async () => notice(`${counted((await api.replayWebhook(id)).count, "event")} will be tried again.`));
}

async function remove({ id, url }) {
  const yes = await confirmed({
    title: "Remove the webhook?", yes: "Remove it", text: `${url} is told of nothing any more, and what it has not taken is thrown away.`,
  });
  return yes && trying(() => api.removeWebhook(id));
}
