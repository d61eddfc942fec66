/* The filters above the list of tasks, each with how many there are where that says whether something is to be done. */
import { api, paged } from "../api.js";
import { el, setText } from "../dom.js";
import { number } from "../format.js";
import { FILTERS } from "../state.js";

const AGAIN_AFTER = 4_000;

/** `choose(name)` is called for a click. `show(chosen)` marks one; `count(query, {soon})` counts what fits that, too. */
export function taskChips(choose) {
  const made = Object.entries(FILTERS).map(([name, [words, query, counted]]) => {
    const count = el("span", { class: "chip-count", hidden: true });
    const chip = el("button", { class: "chip", on: { click: () => choose(name) } }, words, count);
    return { name, query, counted, count, chip };
  });
  const element = el("div", { class: "chips", role: "group", "aria-label": "Show tasks that are" }, made.map(({ chip }) => chip));
  let asking = new AbortController();
  let later = null;

  async function count(given) {
    clearTimeout(later);
    later = null;
    asking.abort();
    const { signal } = asking = new AbortController();
    for (const entry of made.filter(({ counted }) => counted)) {
      try {
        draw(entry, paged(await api.tasks({ ...given, ...entry.query, page: 1, page_size: 1 }, signal)).count);
      } catch {
        return; // The list below says what is wrong.
      }
    }
  }
  function draw(entry, found) {
    entry.count.hidden = found === 0;
    setText(entry.count, number(found));
  }
  return {
    element, count,
    /** Counts again, but not for each of many changes. */
    countSoon(given) { later ??= setTimeout(() => count(given()), AGAIN_AFTER); },
    show(chosen) {
      for (const { name, chip } of made) chip.setAttribute("aria-pressed", String(name === chosen));
    },
    close() {
      clearTimeout(later);
      asking.abort();
    },
  };
}
