/* The options of the engine: searched by name and by what they do; what is set stands on top. */
import { el, fill, setText } from "../dom.js";
import { counted } from "../format.js";
import { icon } from "../icons.js";

const SHOWN = 12;
/** Options that most people who set any at all set; shown before anything is searched for. */
const OFTEN = ["orthophoto-resolution", "dsm", "dtm", "orthophoto-png", "fast-orthophoto", "pc-quality", "feature-quality", "auto-boundary",
  "dem-resolution", "split", "gps-accuracy", "skip-3dmodel"];

/** `set`: what is set from the beginning. `show(options)` says which there are; `chosen()` gives what is set, as a task takes it. */
export function optionPicker(set = []) {
  let known = [];
  const values = new Map(set.map(({ name, value }) => [name, value]));
  const search = el("input", { type: "search", id: "option-search", placeholder: "Search: dsm, resolution, split…", autocomplete: "off", on: { input: draw } });
  const taken = el("ul", { class: "option-list set" });
  const found = el("ul", { class: "option-list" });
  const told = el("p", { class: "calm", role: "status" });
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

  function draw() {
    const words = search.value.trim().toLowerCase();
    const rest = known.filter(({ name }) => !values.has(name));
    const fitting = words ? rest.filter((option) => `${option.name} ${option.help}`.toLowerCase().includes(words)) : often(rest);
    fitting.sort((one, other) => rank(one, words) - rank(other, words));
    const shown = fitting.slice(0, SHOWN);
    fill(found, shown.map((option) => offered(option)));
    if (known.length === 0) setText(told, "No node has said yet which options it takes.");
    else if (fitting.length === 0) setText(told, "No option fits.");
    else setText(told, words ? counted(fitting.length, "option fits", "options fit") : `Often used, of ${counted(known.length, "option")}`);
  }
  function drawSet() {
    taken.hidden = values.size === 0;
    fill(taken, [...values.keys()].map((name) => known.find((option) => option.name === name) ?? { name, help: "", type: "string", domain: "", value: "" }).map(chosenRow));
  }
  function offered(option) {
    return el("li", { class: "option" }, el("div", {}, el("span", { class: "option-name" }, option.name),
      el("p", { class: "hint" }, shortened(option.help))),
    el("button", { type: "button", "aria-label": `Set ${option.name}`, on: { click: () => add(option) } }, icon("add", 16), "Set"));
  }
  function add(option) {
    values.set(option.name, option.type === "bool" ? true : first(option));
    drawSet();
    draw();
    taken.lastChild.querySelector("input, select, button").focus();
  }
  function chosenRow(option) {
    const input = control(option, values.get(option.name), (value) => values.set(option.name, value));
    return el("li", { class: "option" }, el("div", {}, el("span", { class: "option-name" }, option.name), el("p", { class: "hint" }, shortened(option.help))),
      el("div", { class: "option-set" }, input, el("button", {
        type: "button", class: "quiet only-icon", "aria-label": `Leave out ${option.name}`, on: { click: () => { values.delete(option.name); drawSet(); draw(); search.focus(); } },
      }, icon("close", 16))));
  }
  drawSet();
  draw();
  return {
    element: el("section", { class: "card", "aria-labelledby": "options" }, el("div", { class: "card-head" }, el("h2", { id: "options" }, "Options")),
      taken, el("label", { class: "unseen", for: "option-search" }, "Search options"), el("div", { class: "search" }, icon("search", 16), search), told, found),
    show(options) {
      known = options;
      drawSet();
      draw();
    },
    chosen: () => [...values].map(([name, value]) => ({ name, value })),
  };
}

function often(options) {
  return options.filter(({ name }) => OFTEN.includes(name));
}

function rank({ name }, words) {
  if (words) return name === words ? 0 : name.startsWith(words) ? 1 : name.includes(words) ? 2 : 3;
  return OFTEN.indexOf(name);
}

function first({ domain, value, type }) {
  if (value !== "" && value !== undefined && value !== null) return read(value, type);
  return Array.isArray(domain) ? domain[0] : "";
}

function read(value, type) {
  const number = Number(value);
  return (type === "int" || type === "float") && value !== "" && Number.isFinite(number) ? number : value;
}

function control(option, value, changed) {
  const label = { "aria-label": option.name };
  if (option.type === "bool") {
    return el("select", { ...label, on: { change: ({ target }) => changed(target.value === "true") } },
      ["true", "false"].map((choice) => el("option", { value: choice, selected: choice === String(value).toLowerCase() }, choice === "true" ? "on" : "off")));
  }
  if (Array.isArray(option.domain) && option.domain.length) {
    return el("select", { ...label, on: { change: ({ target }) => changed(target.value) } },
      option.domain.map((choice) => el("option", { value: choice, selected: String(choice) === String(value) }, choice)));
  }
  const numeric = option.type === "int" || option.type === "float";
  return el("input", { ...label, value: String(value), inputmode: numeric ? "decimal" : null, autocomplete: "off",
    on: { input: ({ target }) => changed(read(target.value.trim(), option.type)) } });
}

function shortened(help) {
  const text = (help ?? "").replace(/\s*Default:?\s*%\(default\)s\.?/i, "").trim();
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
