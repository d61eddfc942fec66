// Draws the OpenAPI document for people. Text goes into the page as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 4;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

class Reader {
  constructor(described) {
    this.described = described;
  }

  resolved(schema) {
    const name = schema.$ref?.split("/").pop();
    return name ? { name, ...this.described.components.schemas[name] } : schema;
  }

  kind(schema) {
    const whole = this.resolved(schema);
    const either = whole.anyOf ?? whole.oneOf;
    if (either) return either.map((each) => this.kind(each)).join(" or ");
    if (whole.enum) return whole.enum.map((value) => JSON.stringify(value)).join(", ");
    if ("const" in whole) return JSON.stringify(whole.const);
    if (whole.type === "array") return `list of ${this.kind(whole.items ?? {})}`;
    if (Array.isArray(whole.type)) return whole.type.join(" or ");
    if (whole.type === "object") return whole.title ?? "object";
    const word = { string: "text", integer: "whole number", boolean: "true or false" }[whole.type] ?? whole.type;
    return [word ?? "anything", this.bounds(whole)].filter(Boolean).join(", ");
  }

  bounds(schema) {
    const said = [];
    if (schema.format) said.push(schema.format);
    if (schema.minimum !== undefined) said.push(`from ${schema.minimum}`);
    if (schema.maximum !== undefined) said.push(`to ${schema.maximum}`);
    if (schema.maxLength !== undefined) said.push(`at most ${schema.maxLength} characters`);
    if (schema.default !== undefined && schema.default !== null) said.push(`else ${JSON.stringify(schema.default)}`);
    return said.join(", ");
  }

  row(name, schema, { required = false, description = schema.description, depth = 0 } = {}) {
    const mark = required ? make("span", { class: "required", title: "required" }, " *") : null;
    const last = make("td", {}, description ?? "", ...this.models(schema, depth));
    return make("tr", {}, make("th", { scope: "row" }, make("code", {}, name), mark), make("td", {}, this.kind(schema)), last);
  }

  models(schema, depth) {
    if (depth >= DEEPEST) return [];
    const whole = this.resolved(schema);
    const inner = [...(whole.anyOf ?? whole.oneOf ?? []), ...(whole.items ? [whole.items] : [])];
    if (!whole.properties) return inner.flatMap((each) => this.models(each, depth));
    const rows = Object.entries(whole.properties).map(([name, each]) =>
      this.row(name, each, { required: whole.required?.includes(name), depth: depth + 1 }),
    );
    const fields = make("div", { class: "fields" }, make("table", {}, make("tbody", {}, ...rows)));
    return [make("details", { class: "model" }, make("summary", {}, whole.title ?? whole.name ?? "Fields"), fields)];
  }

  table(rows) {
    return make("table", {}, make("tbody", {}, ...rows));
  }

  parameters(operation) {
    const given = operation.parameters ?? [];
    if (!given.length) return [];
    const rows = given.map((each) => this.row(each.name, each.schema, each));
    return [make("h3", {}, "Parameters"), this.table(rows)];
  }

  body(operation) {
    const contents = Object.entries(operation.requestBody?.content ?? {});
    if (!contents.length) return [];
    const kinds = contents.map(([kind]) => kind).join(", ");
    const [, { schema }] = contents[0];
    const models = this.models(schema ?? {}, 0);
    models[0]?.setAttribute("open", "");
    return [make("h3", {}, "Body"), make("p", { class: "note" }, kinds), ...models];
  }

  answers(operation) {
    const rows = Object.entries(operation.responses).map(([status, answer]) => {
      const contents = Object.entries(answer.content ?? {});
      const said = contents.map(([kind, { schema }]) => (schema ? `${kind}: ${this.kind(schema)}` : kind)).join("; ");
      const shown = status < 300 ? contents.flatMap(([, { schema }]) => this.models(schema ?? {}, 0)) : [];
      const last = make("td", {}, answer.description, ...shown);
      return make("tr", {}, make("th", { scope: "row" }, status), make("td", {}, status < 300 ? said : ""), last);
    });
    return [make("h3", {}, "Answers"), this.table(rows)];
  }

  operation(path, method, operation) {
    const head = make(
      "summary",
      {},
      make("span", { class: `method ${method}` }, method.toUpperCase()),
      make("span", { class: "path" }, path),
      make("span", { class: "what" }, operation.summary ?? ""),
    );
    const element = make("details", { class: "operation", id: operation.operationId }, head);
    element.dataset.words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
    const draw = () =>
      element.childElementCount > 1 ||
      element.append(
        make("div", { class: "inside" }, ...this.parameters(operation), ...this.body(operation), ...this.answers(operation)),
      );
    element.addEventListener("toggle", () => element.open && draw());
    return element;
  }

  sections() {
    const byTag = new Map();
    for (const [path, operations] of Object.entries(this.described.paths)) {
      for (const method of METHODS.filter((each) => operations[each])) {
        const [tag] = operations[method].tags ?? ["other"];
        byTag.set(tag, [...(byTag.get(tag) ?? []), this.operation(path, method, operations[method])]);
      }
    }
    return [...byTag].sort(([one], [other]) => one.localeCompare(other));
  }
}

function filter(sections, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of sections) {
    let some = false;
    for (const operation of section.querySelectorAll(".operation")) {
      operation.hidden = !words.every((word) => operation.dataset.words.includes(word));
      some ||= !operation.hidden;
    }
    section.hidden = !some;
  }
}

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.matches("details")) named.open = true;
  named?.scrollIntoView();
}

async function start() {
  const main = document.getElementById("operations");
  const answer = await fetch("../openapi.json");
  if (!answer.ok) throw new Error(`the daemon answered ${answer.status}`);
  const described = await answer.json();
  const { title, version, description } = described.info;
  document.getElementById("about").textContent = `${title} ${version}. ${description} Paths begin with ${described.servers[0].url}.`;
  const drawn = new Reader(described).sections().map(([tag, operations]) => [
    tag,
    make("section", { id: `tag-${tag}`, "aria-label": tag }, make("h2", {}, tag), ...operations),
  ]);
  const sections = drawn.map(([, section]) => section);
  main.replaceChildren(...sections);
  document.getElementById("contents").append(...drawn.map(([tag]) => make("a", { href: `#tag-${tag}` }, tag)));
  document.getElementById("find").addEventListener("input", (event) => filter(sections, event.target.value));
  addEventListener("hashchange", openNamed);
  openNamed();
}

start().catch((error) => {
  const said = make("p", { class: "note", role: "alert" }, `The document could not be read: ${error.message}`);
  document.getElementById("operations").replaceChildren(said);
});
