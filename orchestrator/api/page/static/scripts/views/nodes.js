/* The processing nodes: whether they can be given work, how much they have, and what is wrong. */
import { api, paged } from "../api.js";
import { asked, confirmed, field } from "../dialog.js";
import { el, failure, fill, Keyed, loading, setText } from "../dom.js";
import { counted, number } from "../format.js";
import { icon } from "../icons.js";
import { nodeName } from "../names.js";
import { notice, trying } from "../notices.js";
import { session } from "../session.js";
import { nodeCard } from "./node_card.js";

const LOOK_EVERY = 5_000;
const SETTLED = 800;
const MOST = 100;
const AT_WORK = ["uploading", "processing", "collecting"];

export function nodesView() {
  const count = el("p", { class: "count", role: "status" });
  const list = el("ul", { class: "cards" });
  const below = el("div", {}, loading());
  const cards = new Keyed(list, (node) => nodeCard(node, session.may("admin") ? (now) => removeNode(now, load) : null));
  const looking = setInterval(load, LOOK_EVERY);
  let later = null;
  const add = session.may("admin") ? el("button", { on: { click: () => addNode(load) } }, icon("add"), "Add a node") : null;

  async function load() {
    clearTimeout(later);
    later = null;
    try {
      const [nodes, tasks] = await Promise.all([api.nodes(), tasksAtWork()]);
      cards.show(ordered(nodes).map((node) => ({ ...node, tasks: tasks.filter((task) => task.processing_node === node.id) })));
      list.hidden = nodes.length === 0;
      setText(count, `${counted(nodes.length, "node")}, ${number(nodes.filter(({ online }) => online).length)} online`);
      fill(below, nodes.length === 0 ? nothing(load) : null);
    } catch (error) {
      if (cards.rows.size === 0) fill(below, failure("The nodes cannot be shown", error, load));
    }
  }
  load();
  return {
    title: "Nodes",
    element: el("div", { class: "view" },
      el("div", { class: "view-head" }, el("h1", {}, "Processing nodes"), count, el("div", { class: "view-actions" }, add)), list, below),
    take: ({ type, data }) => {
      if (type !== "task.progressed") later ??= setTimeout(load, SETTLED);
      else cards.rows.get(data.task.processing_node)?.progress(data.task);
    },
    refresh: load,
    close: () => {
      clearInterval(looking);
      clearTimeout(later);
    },
  };
}

/** What the nodes are working on for us. What others have there only shows as a number of jobs. */
async function tasksAtWork() {
  const found = await Promise.all(AT_WORK.map((stage) => api.tasks({ stage, page: 1, page_size: MOST })));
  return found.flatMap((answer) => paged(answer).results);
}

/** Those that need somebody come first, then by name. */
function ordered(nodes) {
  return [...nodes].sort((one, other) => one.online - other.online || nodeName(one).localeCompare(nodeName(other), undefined, { numeric: true }));
}

function nothing(changed) {
  return el("div", { class: "empty" }, el("span", { class: "empty-sign" }, icon("nodes", 30)), el("h2", {}, "No processing nodes yet"),
    el("p", {}, "A node does the work: NodeODM, ClusterODM or NodeMICMAC. Tasks wait until there is one. To try things out, ", el("code", {}, "orchestrator simulate-node"), " plays one."),
    session.may("admin") ? el("button", { class: "primary", on: { click: () => addNode(changed) } }, icon("add"), "Add the first node") : null);
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
  const name = nodeName(node);
  const yes = await confirmed({
    title: `Remove ${name}?`, yes: "Remove the node",
    text: "It gets no more tasks from here. What it runs for others goes on. A node with live tasks is not removed.",
  });
  if (yes && await trying(() => api.removeNode(node.id))) notice(`${name} was removed.`);
  changed();
}
