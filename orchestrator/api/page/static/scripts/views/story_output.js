/* The console output of a task, following live. What is shown is bounded; what came before can be asked for. */
import { api } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { counted, number } from "../format.js";
import { icon } from "../icons.js";
import { say, trying } from "../notices.js";
import { isGoing } from "../state.js";

const AT_ONCE = 500;
const MOST = 2_000;
const LOOK_EVERY = 1_500;
const NEAR = 24;
const WRONG = /\b(error|exception|traceback|failed|fatal)\b/i;
const ODD = /\bwarn(ing)?\b/i;

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
    this.total = 0;
    this.words = "";
    this.count = el("span", { class: "calm" });
    this.find = el("input", {
      type: "search", class: "console-search", placeholder: "Find", "aria-label": "Show only lines with", autocomplete: "off", spellcheck: "false",
      on: { input: () => this.#filter() },
    });
    this.save = el("button", { class: "quiet only-icon", "aria-label": "Save the whole output", title: "Save the whole output", on: { click: () => trying(() => this.#save()) } }, icon("save", 16));
    this.pause = el("button", { class: "quiet", on: { click: () => this.follow(!this.following) } });
    this.end = el("button", { class: "quiet", hidden: true, on: { click: () => this.follow(true) } }, icon("down", 16), "Jump to the end");
    this.earlier = el("button", { class: "quiet earlier", hidden: true, on: { click: () => this.#before() } }, "Show earlier lines");
    this.lines = el("div", { class: "console-lines" });
    this.box = el("div", {
      class: "console", tabindex: "0", role: "region", "aria-label": "Console output", on: { scroll: () => this.#scrolled() },
    }, this.earlier, this.lines);
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
    if (anew) this.#reset();
    if (this.next === null || anew || ended) this.#look();
    this.pause.hidden = !isGoing(task);
    this.element.hidden = task.partial;
    setText(this.empty, isGoing(task) ? "Nothing yet: the node's words appear here while it works." : "No node has said anything.");
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
    this.lines.prepend(...lines.map((line, index) => this.#line(line, from + index)));
    this.first = from;
    while (this.lines.children.length > MOST && !this.following) this.#dropLast();
    this.box.scrollTop += this.box.scrollHeight - height;
    this.earlier.hidden = this.first === 0;
  }

  #append(lines, count) {
    this.lines.append(...lines.map((line, index) => this.#line(line, this.next + index)));
    this.next += lines.length;
    while (this.lines.children.length > MOST) {
      this.lines.firstChild.remove();
      this.first += 1;
    }
    this.total = count;
    this.#tell();
    this.earlier.hidden = this.first === 0;
    this.empty.hidden = this.next > 0;
    this.box.hidden = this.tools.hidden = this.next === 0;
    if (this.following) this.#toEnd();
  }

  #line(text, index) {
    const line = lineOf(text, index);
    line.hidden = !this.#fits(line);
    return line;
  }

  #fits(line) {
    return this.words === "" || line.textContent.toLowerCase().includes(this.words);
  }

  /** Shows only those of the lines that are here which hold the words. */
  #filter() {
    this.words = this.find.value.trim().toLowerCase();
    for (const line of this.lines.children) line.hidden = !this.#fits(line);
    this.#tell();
    say(this.count.textContent);
    if (this.following) this.#toEnd();
  }

  #tell() {
    const fitting = this.words && this.lines.querySelectorAll(":not([hidden])").length;
    const among = this.lines.children.length < this.total ? `the last ${number(this.lines.children.length)}` : number(this.total);
    setText(this.count, this.words ? `${number(fitting)} of ${among} lines` : this.total ? counted(this.total, "line") : "");
  }

  async #save() {
    const { lines } = await api.output(this.task, 0, this.total, this.signal);
    const url = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/plain" }));
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
  const tone = WRONG.test(text) ? "bad" : ODD.test(text) ? "odd" : null;
  return el("div", { class: "line", dataset: { line: String(index + 1), ...(tone ? { tone } : {}) } }, text || " ");
}
