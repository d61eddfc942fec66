/* The photos of a task that came in over HTTP, small; while it is a draft, more can be added here. */
import { api } from "../api.js";
import { photoChoosers } from "../choosers.js";
import { el, fill, setText } from "../dom.js";
import { leftOut } from "../dropped.js";
import { bytes, counted } from "../format.js";
import { icon } from "../icons.js";
import { notice, problem, trying } from "../notices.js";
import { session } from "../session.js";
import { uploads } from "../uploads.js";
import { sendingPanel } from "./create_sending.js";
import { photoGrid } from "./photo_grid.js";

/** Whether somebody may add photos to the task. */
export const takesPhotos = (task) => task?.stage === "draft" && session.may("operator");

export function photos(signal) {
  const part = new Photos(signal);
  return {
    element: part.element, update: (task) => part.update(task), drawUpload: () => part.drawUpload(),
    drop: (found) => takesPhotos(part.task) && part.add(found), close: () => part.grid.close(),
  };
}

class Photos {
  constructor(signal) {
    this.signal = signal;
    this.task = null;
    this.drawn = "";
    this.count = el("span", { class: "calm" });
    this.words = el("p", { class: "drop-words" });
    this.hint = el("p", { class: "hint" }, "What is here already, by name and size, is not sent again.");
    this.zone = el("div", { class: "drop small" }, el("span", { class: "empty-sign" }, icon("image", 26)), this.words,
      el("div", { class: "drop-ways" }, photoChoosers((found) => this.add(found))), this.hint);
    this.panel = sendingPanel();
    this.grid = photoGrid(signal);
    this.element = el("section", { class: "card photos", "aria-labelledby": "task-photos", hidden: true },
      el("div", { class: "console-title" }, el("h2", { id: "task-photos" }, "Photos"), this.count), this.zone, this.panel.element, this.grid.element);
  }

  update(task) {
    this.task = task;
    this.drawUpload();
    const now = `${task.images_count} ${task.stage === "draft"}`;
    if (now === this.drawn) return;
    this.drawn = now;
    if (task.images_count || task.stage === "draft") this.#look();
  }

  drawUpload() {
    if (!this.task) return;
    const busy = uploads.isFor(this.task);
    if (this.busy && !busy) this.drawn = "";
    this.busy = busy;
    this.panel.element.hidden = !busy;
    this.zone.hidden = busy || !takesPhotos(this.task);
    if (busy) this.panel.update();
  }

  async #look() {
    try {
      const files = await api.images(this.task, this.signal);
      this.grid.show(this.task, files);
      this.element.hidden = files.length === 0 && !takesPhotos(this.task);
      this.hint.hidden = files.length === 0;
      setText(this.words, files.length ? "Drop more photos here" : "Drop the photos here");
      setText(this.count, files.length ? `${counted(files.length, "file")} · ${bytes(files.reduce((sum, { size }) => sum + size, 0))}` : "");
    } catch (error) {
      problem(error);
    }
  }

  /** Sends files to the draft at once. */
  add({ files, left }) {
    if (uploads.state !== "idle") problem("An upload is under way; more can be added when it is over.");
    else trying(() => this.#send(files, left));
    return true;
  }

  async #send(files, left) {
    if (left) notice(leftOut(left));
    const missing = await uploads.add(this.task, files);
    const known = files.length - missing;
    if (known) notice(`${counted(known, "file is", "files are")} here already.`);
  }
}
