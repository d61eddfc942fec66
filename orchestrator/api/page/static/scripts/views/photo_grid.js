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
    const button = el("button", { class: "photo", "aria-label": `Look closer at ${name}`, on: { click: () => lookCloser(task, name, signal) } }, icon("image", 22), picture);
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

async function lookCloser(task, name, signal) {
  const stage = el("div", { class: "stage still", tabindex: "0", role: "region", "aria-label": name }, el("p", { class: "loading" }, "Looking…"));
  const dialog = told(name, stage);
  dialog.classList.add("viewer");
  try {
    const src = await pictureOf(task, name, LARGE, signal);
    dialog.addEventListener("close", () => URL.revokeObjectURL(src));
    fill(stage, el("img", { src, alt: name }));
  } catch (error) {
    fill(stage, el("p", { class: "loading" }, error.message));
  }
}
