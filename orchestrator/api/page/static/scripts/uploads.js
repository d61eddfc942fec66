/*
 * The upload under way: a draft is made, its files go a few at a time, then it is committed; or a draft gets more files.
 *
 * It goes on while the person looks at other views. Tells of `change`.
 */
import { api } from "./api.js";
import { sendFile } from "./sending.js";
import { uniqueNames } from "./unique.js";

const LANES = 4;

class Uploads extends EventTarget {
  /** "idle", "sending", "stuck" (files failed; `again` tries those), "done" (`task` is the whole task, or the draft). */
  state = "idle";
  files = [];
  task = null;
  error = null;
  /** Whether a draft that was there gets more, and stays a draft. */
  adds = false;
  #stop = null;
  #told = false;

  get size() {
    return this.files.reduce((sum, { file }) => sum + file.size, 0);
  }

  get sent() {
    return this.files.reduce((sum, { sent }) => sum + sent, 0);
  }

  get done() {
    return this.files.filter(({ state }) => state === "done").length;
  }

  get failed() {
    return this.files.filter(({ state }) => state === "failed");
  }

  /** Begins a new task. Raises ApiError if the daemon does not want such a task. */
  async begin(project, fields, files) {
    await this.#send(await api.createTask(project, { ...fields, partial: true }), files, uniqueNames(namesOf(files)));
  }

  /** Gives a draft more files, and says how many were new to it: what is there already, by name and size, is not sent. */
  async add(task, files) {
    const there = new Map((await api.images(task)).map(({ name, size }) => [name.toLowerCase(), { name, size }]));
    const missing = files.filter(({ name, size }) => there.get(name.toLowerCase())?.size !== size);
    const names = uniqueNames(namesOf(missing), [...there.keys()]);
    if (missing.length) this.#send(task, missing, names, { adds: true });
    return missing.length;
  }

  /** Tries what failed once more. */
  async again() {
    for (const entry of this.failed) Object.assign(entry, { state: "waiting", sent: 0, error: "" });
    await this.#run();
  }

  /** Gives up: what is on its way is cut, and a draft that was made for it removed. */
  async cancel() {
    const { task, state, adds } = this;
    this.#stop?.abort();
    this.clear();
    if (task && !adds && (state === "sending" || state === "stuck")) await api.act(task, "remove");
  }

  /** Whether this is about that task. */
  isFor(task) {
    return this.state !== "idle" && this.task?.id === task.id;
  }

  /** Forgets an upload that is over. */
  clear() {
    Object.assign(this, { files: [], task: null, error: null });
    this.#set("idle");
  }

  async #send(task, files, names, { adds = false } = {}) {
    this.#stop = new AbortController();
    Object.assign(this, { task, adds, error: null });
    this.files = files.map((file, index) => ({ id: index, file, name: names[index], sent: 0, state: "waiting", error: "" }));
    await this.#run();
  }

  async #run() {
    const { signal } = this.#stop;
    this.#set("sending");
    await Promise.all(Array.from({ length: LANES }, () => this.#lane(signal)));
    if (signal.aborted) return;
    if (this.failed.length) {
      this.error = new Error(this.failed[0].error);
      this.#set("stuck");
      return;
    }
    try {
      if (!this.adds) this.task = await api.commit(this.task);
      this.#set("done");
    } catch (error) {
      this.error = error;
      this.#set("stuck");
    }
  }

  async #lane(signal) {
    for (;;) {
      const entry = this.files.find(({ state }) => state === "waiting");
      if (!entry || signal.aborted) return;
      entry.state = "sending";
      try {
        await sendFile(this.task, entry.file, entry.name, { signal, progress: (sent) => this.#progress(entry, sent) });
        entry.state = "done";
      } catch (error) {
        Object.assign(entry, { state: "failed", sent: 0, error: error.message });
      }
      this.#tell();
    }
  }

  #progress(entry, sent) {
    entry.sent = Math.min(sent, entry.file.size);
    this.#tell();
  }

  #set(state) {
    this.state = state;
    this.#tell();
  }

  /** Tells once for all that changes within a frame. */
  #tell() {
    if (this.#told) return;
    this.#told = true;
    requestAnimationFrame(() => {
      this.#told = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}

const namesOf = (files) => files.map(({ name }) => name);

export const uploads = new Uploads();

window.addEventListener("beforeunload", (event) => {
  if (uploads.state === "sending") event.preventDefault();
});
