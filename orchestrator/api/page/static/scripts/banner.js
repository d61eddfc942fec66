/* Says under the top, for all views, that the connection is lost, or what is wrong with the daemon itself. */
import { el, fill } from "./dom.js";
import { local, sentence } from "./format.js";
import { icon } from "./icons.js";
import { live } from "./live.js";

const PATIENCE = 1_500;
const LOOK_EVERY = 15_000;
const place = document.getElementById("banner");
let problems = [];
let lost = null;

/** Begins to look; what is told goes by itself when it is over. */
export function watchOver() {
  live.addEventListener("state", connection);
  setInterval(look, LOOK_EVERY);
}

/** A short loss is none: the daemon may just have been started anew. */
function connection() {
  clearTimeout(lost);
  if (live.state === "reconnecting") {
    lost = setTimeout(draw, PATIENCE);
  } else {
    if (live.state === "live") look();
    draw();
  }
}

async function look() {
  if (live.state === "off" || live.state === "reconnecting" || document.hidden) return;
  try {
    const told = await (await fetch("/health/ready", { cache: "no-store" })).json();
    problems = Object.entries(told.problems ?? {});
  } catch {
    problems = [];
  }
  draw();
}

function draw() {
  const gone = live.state === "reconnecting";
  place.hidden = live.state === "off" || (!gone && problems.length === 0);
  if (place.hidden) fill(place);
  else if (gone) fill(place, lostWords());
  else fill(place, icon("alert"), el("div", {}, problems.map(([part, words]) => el("p", {}, el("strong", {}, `${sentence(part)}:`), ` ${words}`))));
}

function lostWords() {
  const since = live.heard ? ` What you see is from ${local(live.heard)}.` : "";
  return [icon("offline"), el("div", {}, el("p", {}, el("strong", {}, "The daemon cannot be reached."), since, " It is tried again by itself.")),
    el("button", { on: { click: () => live.retry() } }, "Try now")];
}
