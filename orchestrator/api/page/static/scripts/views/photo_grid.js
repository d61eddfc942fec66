/* Photos in a grid, a few at first. Each is asked for when it comes into sight, and shown large when it is chosen. */
import { api, fetched } from "../api.js";
import { told } from "../dialog.js";
import { el, fill, Keyed, setText } from "../dom.js";
import { number } from "../format.js";
import { icon } from "../icons.js";

const FIRST = 12;
const MORE = 60;
const LANES = 3;
const SMALL = 320;
const LARGE = 2_048;
const PHOTO = /\.(jpe?g|png|tiff?|bmp)$/i;

/** `show(task, files)` shows those of `{name, size}`; what cannot be shown small is named below. */
export function photoGrid(signal) {
  const list = el("ul", { class: "photo-grid" });
  const tiles = new Keyed(list, tile, ({ name }) => name);
  const more = el("button", { class: "quiet", on: { click: grow } });
  const others = el("p", { class: "hint" });
  const sight = new IntersectionObserver(arrived, { rootMargin: "200px" });
  const loads = new WeakMap();
  const waiting = [];
  const urls = [];
  let task = null;
  let photos = [];
  let most = FIRST;
  let busy = 0;

  function draw() {
    tiles.show(photos.slice(0, most));
    more.hidden = photos.length <= most;
    setText(more, `Show ${number(Math.min(MORE, photos.length - most))} more`);
  }
  function grow() {
    const first = most;
    most += MORE;
    draw();
    list.children[first].querySelector("button").focus();
  }
  function tile({ name }) {
    const picture = el("img", { alt: "", hidden: true });
    const button = el("button", { class: "photo", "aria-label": `Look closer at ${name}`, on: { click: () => lookThrough(task, photos.map((each) => each.name), name, signal) } }, icon("image", 22), picture);
    const element = el("li", {}, button, el("span", { class: "photo-name", title: name, "aria-hidden": "true" }, name));
    loads.set(element, async () => {
      picture.src = await pictureOf(task, name, SMALL, signal);
      urls.push(picture.src);
      picture.hidden = false;
    });
    sight.observe(element);
    return { element, update() {} };
  }
  function arrived(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      waiting.push(loads.get(target));
    }
    while (busy < LANES && waiting.length) lane();
  }
  async function lane() {
    busy += 1;
    // What cannot be shown keeps the sign in its place; choosing it says what is wrong.
    while (waiting.length && !signal.aborted) await waiting.shift()().catch(() => {});
    busy -= 1;
  }
  return {
    element: el("div", {}, list, more, others),
    show(given, files) {
      task = given;
      photos = files.filter(({ name }) => PHOTO.test(name));
      const rest = files.filter(({ name }) => !PHOTO.test(name)).map(({ name }) => name);
      others.hidden = rest.length === 0;
      setText(others, `Beside them: ${rest.slice(0, FIRST).join(", ")}${rest.length > FIRST ? "…" : ""}`);
      draw();
    },
    close() {
      sight.disconnect();
      for (const url of urls) URL.revokeObjectURL(url);
    },
  };
}

/** A picture cannot carry a header: it is fetched, and shown from memory. */
async function pictureOf(task, name, size, signal) {
  const response = await fetched(api.thumbnailPath(task, name), { query: { size }, signal });
  return URL.createObjectURL(await response.blob());
}

/** Shows one in the whole window; the arrows go to its neighbours, and around at either end. */
function lookThrough(task, names, first, signal) {
  const stage = el("div", { class: "stage still", tabindex: "0", role: "region" });
  const place = el("span", { role: "status" });
  const turn = (by, words, sign) => el("button", { class: "only-icon", "aria-label": words, title: words, on: { click: () => show(at + by) } }, icon(sign));
  const turns = el("div", { class: "viewer-turns", hidden: names.length === 1 }, turn(-1, "The photo before", "left"), turn(1, "The next photo", "right"));
  const dialog = told("Photo", el("div", { class: "viewer-tools" }, place, turns), stage);
  let at = 0;
  let url = "";

  async function show(index) {
    const wanted = at = (index + names.length) % names.length;
    const name = names[wanted];
    setText(place, `${name} · ${number(wanted + 1)} of ${number(names.length)}`);
    stage.setAttribute("aria-label", name);
    fill(stage, el("p", { class: "loading" }, "Looking…"));
    const shown = await pictureOf(task, name, LARGE, signal)
      .then((src) => el("img", { src, alt: name }), ({ message }) => el("p", { class: "loading" }, message));
    if (at !== wanted || !dialog.open) {
      // Another one is looked at meanwhile, or none.
      URL.revokeObjectURL(shown.src);
      return;
    }
    fill(stage, shown);
    URL.revokeObjectURL(url);
    url = shown.src;
  }
  dialog.classList.add("viewer");
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") show(at - 1);
    if (key === "ArrowRight") show(at + 1);
  });
  dialog.addEventListener("close", () => URL.revokeObjectURL(url));
  show(names.indexOf(first));
}
