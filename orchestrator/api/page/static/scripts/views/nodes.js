/* The processing nodes: whether they can be given work, how much they have, and what is wrong. */
import { api } from "../api.js";
import { asked, confirmed, field } from "../dialog.js";
import { el, fill, Keyed, setText } from "../dom.js";
import { counted, number, setTime } from "../format.js";
import { icon } from "../icons.js";
import { notice, problem, trying } from "../notices.js";
import { session } from "../session.js";

const LOOK_EVERY = 5_000;
const HEALTH = {
  online: ["Online", "check", "good"],
  offline: ["Offline", "failed", "bad"],
  unauthorized: ["Token refused", "alert", "bad"],
  unknown: ["Not asked yet", "clock", "calm"],
};
const MANY = 8;

export function nodesView() {
  const count = el("p", { class: "count", role: "status" });
  const list = el("ul", { class: "cards" });
  const below = el("div");
  const cards = new Keyed(list, (node) => nodeCard(node, load));
  const looking = setInterval(load, LOOK_EVERY);
  const add = session.may("admin") ? el("button", { on: { click: () => addNode(load) } }, icon("add"), "Add a node") : null;

  async function load() {
    try {
      const nodes = await api.nodes();
      cards.show(nodes);
      list.hidden = nodes.length === 0;
      setText(count, `${counted(nodes.length, "node")}, ${number(nodes.filter(({ online }) => online).length)} online`);
      fill(below, nodes.length === 0 ? nothing() : null);
    } catch (error) {
      if (cards.rows.size === 0) fill(below, el("div", { class: "empty" }, el("h2", {}, "The nodes cannot be shown"), el("p", {}, error.message)));
    }
  }
  load();
  return {
    title: "Nodes",
    element: el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Processing nodes"), count, el("div", { class: "view-actions" }, add)), list, below),
    take: (event) => event.data?.processing_node && load(),
    refresh: load,
    close: () => clearInterval(looking),
  };
}

function nothing() {
  return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("nodes", 30)), el("h2", {}, "No processing nodes yet"),
    el("p", {}, "A node does the work: NodeODM, ClusterODM or NodeMICMAC. Tasks wait until there is one."));
}

function nodeCard(node, changed) {
  const health = el("span", { class: "badge" });
  const name = el("h2");
  const url = el("p", { class: "card-under" });
  const wrong = el("p", { class: "card-problem" });
  const queue = el("div", { class: "queue" });
  const facts = el("dl", { class: "facts" });
  const seen = el("time");
  let now = node;
  const remove = session.may("admin") ? el("button", {
    class: "quiet", on: { click: () => removeNode(now, changed) },
  }, icon("trash", 16), "Remove") : null;
  return {
    element: el("li", { class: "card" }, el("div", { class: "card-head" }, el("div", {}, name, url), health), wrong, queue, facts,
      el("div", { class: "card-foot" }, el("span", { class: "calm" }, "Answered ", seen), remove)),
    update(given) {
      now = given;
      const [word, sign, tone] = HEALTH[now.health] ?? HEALTH.unknown;
      if (health.dataset.health !== now.health) {
        Object.assign(health.dataset, { tone, health: now.health });
        fill(health, el("span", { class: "badge-sign" }, icon(sign, 14)), word);
      }
      setText(name, now.label || `${now.hostname}:${now.port}`);
      setText(url, now.url ?? `${now.hostname}:${now.port}`);
      setText(wrong, now.problem);
      wrong.hidden = !now.problem;
      drawQueue(queue, now);
      drawFacts(facts, now);
      if (now.last_refreshed) setTime(seen, now.last_refreshed, { relative: true });
      else setText(seen, "never");
      remove?.setAttribute("aria-label", `Remove ${name.textContent}`);
    },
  };
}

/** One block for each job that waits or runs there. */
function drawQueue(queue, { queue_count: count, online }) {
  const told = !online ? "Not known just now" : count === 0 ? "Nothing to do" : `${counted(count, "job")} there`;
  fill(queue, el("div", { class: "blocks", "aria-hidden": "true" },
    Array.from({ length: MANY }, (_, index) => el("span", { class: online && index < count ? "block full" : "block" }))),
  el("span", {}, told));
}

function drawFacts(facts, node) {
  const engine = node.engine ? `${node.engine} ${node.engine_version ?? ""}` : "not known yet";
  const told = [
    ["Engine", engine], ["Protocol", node.api_version ?? "not known yet"],
    ["Images per task", node.max_images === null ? "no limit known" : `up to ${number(node.max_images)}`],
    ["Options", number(node.available_options.length)],
  ];
  fill(facts, told.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

async function addNode(changed) {
  const saved = await asked({
    title: "Add a processing node",
    yes: "Add it",
    fields: [
      el("div", { class: "field-pair" }, field("Host", "hostname", { required: true, placeholder: "node-1.example.org", autocomplete: "off" }),
        field("Port", "port", { required: true, inputmode: "numeric", pattern: "[0-9]{1,5}", value: "3000", autocomplete: "off" })),
      field("Label", "label", { hint: "What people call it. Without one, host and port.", autocomplete: "off" }),
      field("Token", "token", { type: "password", hint: "Only if the node asks for one. It is never shown again.", autocomplete: "off" }),
    ],
    save: ({ hostname, port, label, token }) => api.addNode({
      hostname: hostname.trim(), port: Number(port), ...(label ? { label } : {}), ...(token ? { token } : {}),
    }),
  });
  if (saved) notice("The node was added; it is asked for its health now.");
  changed();
}

async function removeNode(node, changed) {
  const name = node.label || `${node.hostname}:${node.port}`;
  const yes = await confirmed({
    title: `Remove ${name}?`, yes: "Remove the node",
    text: "It gets no more tasks from here. What it runs for others goes on. A node with live tasks is not removed.",
  });
  if (yes && await trying(() => api.removeNode(node.id))) notice(`${name} was removed.`);
  changed();
}
