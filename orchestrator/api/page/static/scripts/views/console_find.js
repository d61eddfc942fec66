/* Finds lines in the whole console output of a task, also where it is not shown just now, and in what is added to it. */
import { outputFrom } from "../api.js";
import { el, fill } from "../dom.js";
import { lineOf } from "./console_line.js";

/** More are only counted. */
export const MOST_FOUND = 500;

/** `choose(index)` is called for a line that somebody wants to see among the others. */
export class ConsoleFind {
  words = "";
  count = 0;
  /** Lines that there are in all, as far as is known. */
  total = 0;
  #next = 0;
  #stop = new AbortController();
  #busy = null;

  constructor(choose) {
    this.choose = choose;
    this.element = el("div", { class: "console-lines", on: { keydown: (event) => this.#step(event) } });
  }

  /** Begins anew; no words end it. */
  begin(words) {
    this.#stop.abort();
    this.#stop = new AbortController();
    Object.assign(this, { words: words.toLowerCase(), count: 0 });
    this.#next = 0;
    fill(this.element);
  }

  /** Whether it has not come to the end yet. */
  get busy() {
    return this.#busy === this.#stop;
  }

  /** Goes on from where it was to the end. `tell()` is called for every piece. Raises AbortError once it begins anew. */
  async look(task, tell) {
    if (this.busy || !this.words) return;
    const stop = this.#busy = this.#stop;
    try {
      for await (const piece of outputFrom(task, this.#next, stop.signal)) {
        this.#take(piece);
        tell();
      }
    } finally {
      if (this.#busy === stop) this.#busy = null;
    }
  }

  #take({ lines, line, count }) {
    this.total = count;
    this.#next = line + lines.length;
    const fitting = lines.map((text, at) => [text, line + at]).filter(([text]) => text.toLowerCase().includes(this.words));
    const room = MOST_FOUND - this.element.children.length;
    this.element.append(...fitting.slice(0, Math.max(0, room)).map(([text, index]) => this.#row(text, index)));
    this.count += fitting.length;
    this.element.firstChild?.setAttribute("tabindex", "0");
  }

  #row(text, index) {
    return lineOf(text, index, "button", {
      class: "line found", tabindex: "-1", title: "Show it among the others", on: { click: () => this.choose(index) },
    }, marked(text, this.words));
  }

  /** All lines are one stop of the tab key; the arrows go from one to the next. */
  #step(event) {
    const to = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!to) return;
    event.preventDefault();
    event.target[to]?.focus();
  }
}

function marked(text, words) {
  const parts = [];
  const low = text.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(words); at >= 0; at = low.indexOf(words, from)) {
    parts.push(text.slice(from, at), el("mark", {}, text.slice(at, at + words.length)));
    from = at + words.length;
  }
  return [...parts, text.slice(from)];
}
