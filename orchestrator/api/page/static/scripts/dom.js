/* Builds elements. Text stays text: nothing that comes from data is ever read as HTML. */

/**
 * Makes an element. Of the attributes, `on` holds listeners, `dataset` data attributes, `value`, `checked` and the like
 * are set as properties; null, undefined and false are left out. Children: nodes, texts, lists of them, or nothing.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "hidden"]);

export function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Puts these in the place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** Says that something is on its way; it shows only where that takes a while. */
export function loading() {
  return el("p", { class: "loading" }, "Looking…");
}

/** Sets a text only where it differs, so that screen readers and selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets texts with points between them; each keeps its own direction of writing. The whole of it shows on hover. */
export function setParts(element, parts) {
  const text = parts.join(" · ");
  if (element.textContent === text) return;
  element.title = text;
  fill(element, parts.map((part, index) => [index ? " · " : "", el("bdi", {}, part)]));
}

/** Says in the place of a view what went wrong, and offers to try it again. */
export function failure(title, { message }, again, heading = "h2") {
  return el("div", { class: "empty" }, el(heading, {}, title), el("p", {}, message), el("button", { on: { click: again } }, "Try again"));
}

/** A list that keeps the elements of what stays. `make(item)` gives `{element, update(item)}`. */
export class Keyed {
  constructor(parent, make, key = (item) => item.id) {
    this.parent = parent;
    this.make = make;
    this.key = key;
    this.rows = new Map();
  }

  has(key) {
    return this.rows.has(key);
  }

  update(item) {
    this.rows.get(this.key(item))?.update(item);
  }

  show(items) {
    const kept = new Map();
    for (const item of items) {
      const row = this.rows.get(this.key(item)) ?? this.make(item);
      row.update(item);
      kept.set(this.key(item), row);
    }
    for (const [key, row] of this.rows) if (!kept.has(key)) row.element.remove();
    let place = this.parent.firstChild;
    for (const { element } of kept.values()) {
      if (element === place) place = place.nextSibling;
      else this.parent.insertBefore(element, place);
    }
    this.rows = kept;
  }
}
