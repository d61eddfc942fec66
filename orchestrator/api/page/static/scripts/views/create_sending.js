/* The upload under way: how much of it is here, which files are going, what failed, and the ways on and back. */
import { el, fill, Keyed, setText } from "../dom.js";
import { bytes, counted, duration, number, percent } from "../format.js";
import { icon } from "../icons.js";
import { confirmed } from "../dialog.js";
import { trying } from "../notices.js";
import { uploads } from "../uploads.js";

const SHOWN = 30;
const WORDS = { waiting: "waits", sending: "", done: "here", failed: "failed" };

export function sendingPanel() {
  const title = el("h2", { id: "sending" });
  const portion = el("span", { class: "sending-share", "aria-hidden": "true" });
  const told = el("p", { class: "calm" });
  const wrong = el("p", { class: "form-error", role: "alert" });
  const track = el("div", { class: "bar large", role: "progressbar", "aria-label": "Photos sent", "aria-valuemin": "0", "aria-valuemax": "100" },
    el("div", { class: "bar-fill" }));
  const list = el("ul", { class: "files" });
  const rows = new Keyed(list, fileRow);
  const more = el("p", { class: "calm" });
  const again = el("button", { class: "primary", on: { click: () => trying(() => uploads.again()) } }, icon("restart", 16), "Try again");
  const cancel = el("button", { on: { click: giveUp } }, icon("close", 16), "Cancel the upload");
  let began = 0;
  return {
    element: el("section", { class: "card sending", "aria-labelledby": "sending", hidden: true },
      el("div", { class: "sending-head" }, title, portion), track, told, wrong, el("div", { class: "sending-actions" }, again, cancel), list, more),
    update() {
      if (uploads.state === "idle") {
        began = 0;
        return;
      }
      began ||= Date.now();
      const share = uploads.size ? uploads.sent / uploads.size : 1;
      const stuck = uploads.state === "stuck";
      setText(title, stuck ? "The upload is stuck" : titleOf(uploads));
      track.setAttribute("aria-valuenow", String(Math.floor(share * 100)));
      track.style.setProperty("--share", String(share));
      track.classList.toggle("moving", !stuck);
      setText(portion, percent(share));
      setText(told, `${number(uploads.done)} of ${counted(uploads.files.length, "file")} here · ${bytes(uploads.sent)} of ${bytes(uploads.size)}${left(began, share)}`);
      setText(wrong, stuck ? uploads.error?.message ?? "" : "");
      again.hidden = !stuck;
      const notable = [...uploads.failed, ...uploads.files.filter(({ state }) => state === "sending")];
      rows.show(notable.slice(0, SHOWN));
      setText(more, restOf(notable.length));
    },
  };
}

/** What of the files is not listed one by one. */
function restOf(listed) {
  const waiting = uploads.files.filter(({ state }) => state === "waiting").length;
  return [listed > SHOWN ? `${number(listed - SHOWN)} more like these` : "", waiting ? `${number(waiting)} more wait for their turn` : ""].filter(Boolean).join(" · ");
}

function titleOf({ adds, files, task }) {
  const sent = counted(files.length, "file");
  return adds ? `Adding ${sent} to ${task.name || `task ${task.id}`}` : `Sending ${sent}`;
}

async function giveUp() {
  const yes = await confirmed({
    title: "Cancel the upload?", yes: "Cancel the upload", no: "Go on",
    text: uploads.adds ? "The files that are here already stay in the draft." : "What has been sent so far is removed again.",
  });
  if (yes) await trying(() => uploads.cancel());
}

function left(began, share) {
  const passed = Date.now() - began;
  if (share < 0.05 || share >= 1 || passed < 3_000) return "";
  return ` · about ${duration((passed / share) * (1 - share))} left`;
}

function fileRow(entry) {
  const fillOf = el("div", { class: "bar-fill" });
  const track = el("div", { class: "bar" }, fillOf);
  const told = el("span", { class: "file-told" });
  const sign = el("span", { class: "file-sign" });
  const element = el("li", { class: "file" }, sign, el("span", { class: "file-name" }, entry.name), track, told);
  let drawn = "";
  return {
    element,
    update({ state, sent, file, error }) {
      track.style.setProperty("--share", String(file.size ? sent / file.size : state === "done" ? 1 : 0));
      setText(told, state === "sending" ? percent(file.size ? sent / file.size : 0) : WORDS[state]);
      told.title = error;
      if (drawn === state) return;
      drawn = state;
      element.dataset.state = state;
      fill(sign, icon({ waiting: "queued", sending: "up", done: "check", failed: "failed" }[state], 16));
    },
  };
}
