/*
 * Follows what happens: the daemon's stream of events while it can be had, asking again every few seconds while not.
 *
 * Tells of `event` (detail: a CloudEvent), `refresh` (look again: something may have been missed) and `state`.
 */
import { ApiError, fetched } from "./api.js";
import { eventsIn } from "./sse.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const ASK_EVERY = 4_000;
const SILENCE = 45_000;
const LASTED = 5_000;

class Live extends EventTarget {
  state = "off";
  /** When something was last heard from the daemon. */
  heard = null;
  #stop = null;
  #last = null;
  #asking = null;

  /** Begins to follow; called again, it begins anew. */
  start() {
    this.stop();
    this.#stop = new AbortController();
    this.#follow(this.#stop.signal);
  }

  /** Tries at once, instead of waiting. */
  retry() {
    this.dispatchEvent(new Event("retry"));
  }

  stop() {
    this.#stop?.abort();
    this.#stop = null;
    this.#last = null;
    this.#setState("off");
  }

  async #follow(signal) {
    let wait = FIRST_WAIT;
    while (!signal.aborted) {
      const began = Date.now();
      const state = await this.#stream(signal);
      if (signal.aborted) return;
      // The daemon ends every stream now and then: that is no loss, and the next one goes on where it ended.
      if (state === "over" && Date.now() - began > LASTED) continue;
      this.#setState(state === "over" ? "reconnecting" : state);
      wait = Date.now() - began > LASTED ? FIRST_WAIT : Math.min(wait * 2, LONGEST_WAIT);
      await this.#sleep(wait * (0.75 + Math.random() / 2), signal);
    }
  }

  /** Follows one connection to its end, and gives the state that is left by it. */
  async #stream(signal) {
    const watch = new Watchdog(SILENCE, signal);
    try {
      const headers = { Accept: "text/event-stream", ...(this.#last ? { "Last-Event-ID": this.#last } : {}) };
      const response = await fetched("/events", { signal: watch.signal, headers });
      this.#setState("live");
      // What happened between the first look and now is in neither; and a gap may hide anything.
      this.#tell("refresh");
      const heard = () => {
        this.heard = new Date();
        watch.heard();
      };
      heard();
      for await (const event of eventsIn(response, heard)) this.#take(event);
      return "over";
    } catch (error) {
      return error instanceof ApiError && error.status === 404 ? "polling" : "reconnecting";
    } finally {
      watch.end();
    }
  }

  #take({ id, event, data }) {
    if (id) this.#last = id;
    if (event === "gap") this.#tell("refresh");
    else if (data) this.#tell("event", JSON.parse(data));
  }

  /** Waits; at once over when the network comes back, or the person asks for it. */
  #sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      const over = new AbortController();
      const wake = () => {
        clearTimeout(timer);
        over.abort();
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      window.addEventListener("online", wake, { signal: over.signal });
      this.addEventListener("retry", wake, { signal: over.signal });
      signal.addEventListener("abort", wake, { signal: over.signal });
    });
  }

  #setState(state) {
    if (state === "live" || state === "off") {
      clearInterval(this.#asking);
      this.#asking = null;
    } else {
      this.#asking ??= setInterval(() => this.#tell("refresh"), ASK_EVERY);
    }
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Aborts a connection on which nothing was heard for too long: a dead one looks just like a quiet one. */
class Watchdog {
  #own = new AbortController();

  constructor(patience, signal) {
    this.patience = patience;
    this.signal = AbortSignal.any([signal, this.#own.signal]);
    this.heard();
  }

  heard() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#own.abort(), this.patience);
  }

  end() {
    clearTimeout(this.timer);
    this.#own.abort();
  }
}

export const live = new Live();
