/* The console output of a task, following live. What is shown is bounded; what came before can be asked for. */
import { api } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { isGoing } from "../state.js";

const AT_ONCE = 500;
const MOST = 2_000;
const LOOK_EVERY = 1_500;
const NEAR = 24;

export function output(signal) {
  const part = new Output(signal);
  return { element: part.element, update: (task) => part.update(task), close: () => clearTimeout(part.timer) };
}

class Output {
  constructor(signal) {
    this.signal = signal;
    this.task = null;
    this.first = 0;
    this.next = null;
    this.following = true;
    this.count = el("span", { class: "calm" });
    this.pause = el("button", { class: "quiet", on: { click: () => this.follow(!this.following) } });
    this.end = el("button", { class: "quiet", hidden: true, on: { click: () => this.follow(true) } }, icon("down", 16), "Jump to the end");
    this.earlier = el("button", { class: "quiet earlier", hidden: true, on: { click: () => this.#before() } }, "Show earlier lines");
    this.lines = el("div", { class: "console-lines" });
    this.box = el("div", {
      class: "console", tabindex: "0", role: "region", "aria-label": "Console output", on: { scroll: () => this.#scrolled() },
    }, this.earlier, this.lines);
    this.empty = el("p", { class: "calm console-empty" }, "Nothing yet: the node's words appear here while it works.");
    this.element = el("section", { class: "card", "aria-labelledby": "output" },
      el("div", { class: "card-head" }, el("div", { class: "console-title" }, el("h2", { id: "output" }, "Console"), this.count),
        el("div", { class: "console-tools" }, this.end, this.pause)), this.empty, this.box);
    this.#draw();
  }

  update(task) {
    const anew = this.task && task.attempt !== this.task.attempt;
    const ended = this.task && isGoing(this.task) && !isGoing(task);
    this.task = task;
    if (anew) this.#reset();
    if (this.next === null || anew || ended) this.#look();
    this.pause.hidden = !isGoing(task);
  }

  /** Follows the end, or stays where the person reads. */
  follow(on) {
    this.following = on;
    this.#draw();
    if (!on) return;
    this.#toEnd();
    this.#look();
  }

  #draw() {
    fill(this.pause, icon(this.following ? "pause" : "down", 16), this.following ? "Pause" : "Follow");
    this.end.hidden = this.following;
  }

  async #look() {
    clearTimeout(this.timer);
    if (this.looking) return;
    this.looking = true;
    try {
      if (this.next === null) await this.#begin();
      else if (this.following) await this.#more();
    } catch (error) {
      if (error.name === "AbortError") return;
      // The next look says it again; until then the lines that are here are what is known.
      setText(this.count, error.status === 404 ? "" : error.message);
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
    for (;;) {
      const { lines, count } = await api.output(this.task, this.next, AT_ONCE, this.signal);
      if (count < this.next) {
        this.#reset();
        return this.#begin();
      }
      this.#append(lines, count);
      if (lines.length < AT_ONCE) return undefined;
    }
  }

  async #before() {
    const from = Math.max(0, this.first - AT_ONCE);
    const { lines } = await api.output(this.task, from, this.first - from, this.signal);
    const height = this.box.scrollHeight;
    this.lines.prepend(...lines.map((line, index) => lineOf(line, from + index)));
    this.first = from;
    while (this.lines.children.length > MOST && !this.following) this.#dropLast();
    this.box.scrollTop += this.box.scrollHeight - height;
    this.earlier.hidden = this.first === 0;
  }

  #append(lines, count) {
    this.lines.append(...lines.map((line, index) => lineOf(line, this.next + index)));
    this.next += lines.length;
    while (this.lines.children.length > MOST) {
      this.lines.firstChild.remove();
      this.first += 1;
    }
    setText(this.count, count ? `${number(count)} lines` : "");
    this.earlier.hidden = this.first === 0;
    this.empty.hidden = this.next > 0;
    this.box.hidden = this.next === 0;
    if (this.following) this.#toEnd();
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

  /** Scrolling up pauses, scrolling down to the end follows again. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.following && scrollTop < (this.last ?? 0) - NEAR && !atEnd) this.follow(false);
    else if (!this.following && atEnd && scrollTop > (this.last ?? 0)) this.follow(true);
    this.last = scrollTop;
  }
}

function lineOf(text, index) {
  return el("div", { class: "line", dataset: { line: String(index + 1) } }, text || " ");
}
