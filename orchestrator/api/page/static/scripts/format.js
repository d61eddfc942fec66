/* Writes numbers, sizes and times for people; times in the person's zone, UTC on hover. */
import { el } from "./dom.js";

const NUMBER = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const UNITS = ["B", "kB", "MB", "GB", "TB"];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TICK = 30_000;

export function number(value) {
  return NUMBER.format(value);
}

/** "1 task", "2 tasks". */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function percent(share) {
  return `${Math.floor(share * 100)} %`;
}

function withRest(count, unit, rest, smaller) {
  return rest ? `${count} ${unit} ${rest} ${smaller}` : `${count} ${unit}`;
}

export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(minutes, "min", seconds % 60, "s");
  return withRest(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** Begins it with a capital letter, unless that would be the first of this name. */
export function sentence(text, name = "") {
  return name && text.startsWith(name) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function utc(moment) {
  return `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "14:03:12" of today, "3 Nov, 14:03:12" of another day. */
export function local(moment) {
  const today = moment.toDateString() === new Date().toDateString();
  const day = moment.getFullYear() === new Date().getFullYear() ? DAY : DAY_OF_YEAR;
  return today ? CLOCK.format(moment) : `${day.format(moment)}, ${CLOCK.format(moment)}`;
}

/** "just now", "5 min ago", "3 h ago", then the date. */
function ago(moment) {
  const passed = Date.now() - moment.getTime();
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < 24 * HOUR) return `${Math.floor(passed / HOUR)} h ago`;
  return local(moment).split(",")[0];
}

/** A `time` element; `relative` ones count on by themselves. */
export function time(iso, { relative = false } = {}) {
  const element = el("time");
  setTime(element, iso, { relative });
  return element;
}

export function setTime(element, iso, { relative = false } = {}) {
  const moment = new Date(iso);
  element.dateTime = iso;
  element.title = relative ? `${local(moment)} · ${utc(moment)}` : utc(moment);
  element.textContent = relative ? ago(moment) : local(moment);
  if (relative) element.dataset.relative = "";
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    element.textContent = ago(new Date(element.dateTime));
  }
}, TICK);
