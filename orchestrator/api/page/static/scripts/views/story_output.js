/* The console output of a task, following live. What is shown is bounded; what is before and behind it is asked for. */
import { api, outputFrom } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { counted, number } from "../format.js";
import { icon } from "../icons.js";
import { say, trying } from "../notices.js";
import { isGoing } from "../state.js";
import { ConsoleFind, MOST_FOUND } from "./console_find.js";
import { lineOf } from "./console_line.js";

const AT_ONCE = 500;
const MOST = 2_000;
const LOOK_EVERY = 1_500;
const NEAR = 24;
const AROUND = 200;
const PAUSE = 250;

export function output(signal) {
  const part = new Output(signal);
  return { element: part.element, update: (task) => part.update(task), close: () => part.close() };
}

class Output {
  constructor(signal) {
    this.signal = signal;
    this.task = null;
    this.first = 0;
    this.next = null;
    this.following = true;
    this.total = 0;
    this.finding = new ConsoleFind((index) => trying(() => this.#showAmong(index)));
    this.count = el("span", { class: "calm" });
    this.find = el("input", {
      type: "search", class: "console-search", placeholder: "Find", "aria-label": "Show only lines with", autocomplete: "off", spellcheck: "false",
      on: { input: () => this.#soon() },
    });
    this.save = el("button", { class: "quiet only-icon", "aria-label": "Save the whole output", title: "Save the whole output", on: { click: () => trying(() => this.#save()) } }, icon("save", 16));
    this.pause = el("button", { class: "quiet", on: { click: () => this.follow(!this.following) } });
    this.end = el("button", { class: "quiet", hidden: true, on: { click: () => this.follow(true) } }, icon("down", 16), "Jump to the end");
    this.earlier = el("button", { class: "quiet earlier", hidden: true, on: { click: () => this.#before() } }, "Show earlier lines");
    this.lines = el("div", { class: "console-lines" });
    this.box = el("div", {
      class: "console", tabindex: "0", role: "region", "aria-label": "Console output", on: { scroll: () => this.#scrolled() },
    }, this.earlier, this.lines, this.finding.element);
    this.tools = el("div", { class: "console-tools" }, el("div", { class: "search" }, icon("search", 14), this.find), this.save, this.end, this.pause);
    this.empty = el("p", { class: "calm console-empty" });
    this.element = el("section", { class: "card", "aria-labelledby": "output" },
      el("div", { class: "card-head" }, el("div", { class: "console-title" }, el("h2", { id: "output" }, "Console"), this.count),
        this.tools), this.empty, this.box);
    this.box.hidden = this.tools.hidden = this.empty.hidden = true;
    this.#draw();
  }

  update(task) {
    const anew = this.task && task.attempt !== this.task.attempt;
    const ended = this.task && isGoing(this.task) && !isGoing(task);
    this.task = task;
    if (anew) {
      this.#reset();
      this.finding.begin(this.finding.words);
    }
    if (this.next === null || anew || ended) this.#look();
    this.#draw();
    this.element.hidden = task.partial;
    setText(this.empty, isGoing(task) ? "Nothing yet: the node's words appear here while it works." : "No node has said anything.");
  }

  /** Follows the end, or stays where the person reads. */
  follow(on) {
    this.following = on;
    this.#draw();
    if (!on) return;
    if (this.total - this.next > MOST) this.#reset();
    this.#toEnd();
    this.#look();
  }

  #draw() {
    const finds = this.finding.words !== "";
    fill(this.pause, icon(this.following ? "pause" : "down", 16), this.following ? "Pause" : "Follow");
    this.pause.hidden = finds || !this.task || !isGoing(this.task);
    this.end.hidden = finds || this.following;
    this.lines.hidden = finds;
    this.finding.element.hidden = !finds;
    this.earlier.hidden = finds || this.first === 0;
  }

  async #look() {
    clearTimeout(this.timer);
    if (this.looking) return;
    this.looking = true;
    try {
      if (this.finding.words) await this.#find();
      else if (this.next === null) await this.#begin();
      else if (this.following) await this.#more();
    } catch (error) {
      if (this.signal.aborted) return;
      // The next look says it again; until then the lines that are here are what is known.
      if (error.status !== 404) setText(this.count, error.message);
    } finally {
      this.looking = false;
    }
    clearTimeout(this.timer);
    if (!this.signal.aborted && isGoing(this.task)) this.timer = setTimeout(() => this.#look(), LOOK_EVERY);
  }

  async #begin() {
    const { lines, count } = await api.output(this.task, 0, -AT_ONCE, this.signal);
    this.first = this.next = count - lines.length;
    this.#append(lines, count);
  }

  async #more() {
    while (await this.#step());
  }

  /** Adds the next lines, and says whether there may be more. */
  async #step() {
    const from = this.next;
    const { lines, count } = await api.output(this.task, from, AT_ONCE, this.signal);
    // Somebody went to another place meanwhile.
    if (from !== this.next) return false;
    if (count < from) {
      this.#reset();
      await this.#begin();
      return false;
    }
    this.#append(lines, count);
    return lines.length === AT_ONCE;
  }

  async #before() {
    const from = Math.max(0, this.first - AT_ONCE);
    const { lines } = await api.output(this.task, from, this.first - from, this.signal);
    const height = this.box.scrollHeight;
    this.lines.prepend(...lines.map((line, index) => lineOf(line, from + index)));
    this.first = from;
    while (this.lines.children.length > MOST && !this.following) this.#dropLast();
    this.box.scrollTop += this.box.scrollHeight - height;
    this.#draw();
  }

  async #after() {
    if (this.looking) return;
    this.looking = true;
    try {
      await this.#step();
    } finally {
      this.looking = false;
    }
  }

  #append(lines, count) {
    this.lines.append(...lines.map((line, index) => lineOf(line, this.next + index)));
    this.next += lines.length;
    while (this.lines.children.length > MOST) {
      this.lines.firstChild.remove();
      this.first += 1;
    }
    this.total = count;
    this.#tell();
    this.#draw();
    this.empty.hidden = this.next > 0;
    this.box.hidden = this.tools.hidden = this.next === 0;
    if (this.following && !this.finding.words) this.#toEnd();
  }

  #soon() {
    clearTimeout(this.pausing);
    this.pausing = setTimeout(() => this.#beginToFind(this.find.value.trim()), PAUSE);
  }

  /** Shows only the lines with these words, wherever they are; without any, all lines again. */
  #beginToFind(words) {
    this.finding.begin(words);
    this.#draw();
    this.#tell();
    if (words) trying(() => this.#find().then(() => say(this.count.textContent)));
    else if (this.following) this.follow(true);
  }

  async #find() {
    try {
      await this.finding.look(this.task, () => this.#tell());
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
    this.#tell();
  }

  /** Shows a line that was found with what is around it. */
  async #showAmong(index) {
    const from = Math.max(0, index - AROUND);
    const { lines, count } = await api.output(this.task, from, AT_ONCE, this.signal);
    this.find.value = "";
    this.finding.begin("");
    this.#reset();
    this.first = this.next = from;
    this.follow(false);
    this.#append(lines, count);
    const line = this.lines.children[index - from];
    line.dataset.here = "";
    this.box.scrollTop = line.offsetTop - this.box.clientHeight / 2;
    this.last = this.box.scrollTop;
    this.box.focus({ preventScroll: true });
  }

  #tell() {
    const { words, count, total, busy } = this.finding;
    if (!words) setText(this.count, this.total ? counted(this.total, "line") : "");
    else if (busy) setText(this.count, `${number(count)} so far…`);
    else setText(this.count, `${number(count)} of ${counted(total, "line")}${count > MOST_FOUND ? `, the first ${MOST_FOUND} shown` : ""}`);
  }

  async #save() {
    const all = [];
    for await (const { lines } of outputFrom(this.task, 0, this.signal)) all.push(...lines.map((line) => `${line}\n`));
    const url = URL.createObjectURL(new Blob(all, { type: "text/plain" }));
    el("a", { href: url, download: `task-${this.task.id}-console.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  #dropLast() {
    this.lines.lastChild.remove();
    this.next -= 1;
  }

  #reset() {
    fill(this.lines);
    this.first = 0;
    this.next = null;
  }

  #toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.last = this.box.scrollTop;
  }

  /** Scrolling up pauses; scrolling down shows what comes next, and follows again at the very end. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const down = scrollTop > (this.last ?? 0);
    if (!this.finding.words) {
      if (this.following && scrollTop < (this.last ?? 0) - NEAR && !atEnd) this.follow(false);
      else if (!this.following && atEnd && down && this.next < this.total) trying(() => this.#after());
      else if (!this.following && atEnd && down) this.follow(true);
    }
    this.last = scrollTop;
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.pausing);
    this.finding.begin("");
  }
}
