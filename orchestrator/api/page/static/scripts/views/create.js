/* A new task: photos are dropped, a few words are said about it, and off it goes. */
import { api } from "../api.js";
import { field } from "../dialog.js";
import { el, fill, setText } from "../dom.js";
import { filesIn, sorted } from "../dropped.js";
import { bytes, counted } from "../format.js";
import { icon } from "../icons.js";
import { allProjects } from "../names.js";
import { problem, say } from "../notices.js";
import { uploads } from "../uploads.js";
import { optionPicker } from "./create_options.js";
import { sendingPanel } from "./create_sending.js";

const LEAST = 2;
const FIRST_PROJECT = "My first project";
const SIZES = [[-1, "As they are"], [4096, "4096 px"], [2048, "2048 px"], [1024, "1024 px"]];

export function createView(query) {
  const view = new CreateView(query.get("project"));
  return { title: "New task", element: view.element, close: () => view.close() };
}

class CreateView {
  constructor(project) {
    this.files = new Map();
    this.wanted = project;
    this.options = optionPicker();
    this.told = el("div", { class: "chosen", role: "status" });
    this.wrong = el("p", { class: "form-error", role: "alert" });
    this.start = el("button", { class: "primary" }, icon("up"), "Start the task");
    this.panel = sendingPanel();
    this.form = this.#form();
    this.element = el("div", { class: "view create" }, el("div", { class: "view-head" }, el("h1", {}, "New task")), this.form, this.panel.element);
    this.drawn = () => this.#drawState();
    uploads.addEventListener("change", this.drawn);
    this.#drawState();
    this.#drawChosen();
    this.#ask();
  }

  #form() {
    this.projects = field("Project", "project", { tag: "select" });
    this.nodes = field("Processing node", "node", { tag: "select", children: [el("option", { value: "" }, "Choose automatically")] });
    this.nodes.querySelector("select").addEventListener("change", () => this.#chooseNode());
    return el("form", { class: "create-form", on: { submit: (event) => this.#submit(event) } },
      this.#dropZone(), this.told,
      el("section", { class: "card", "aria-labelledby": "about" }, el("h2", { id: "about" }, "About it"),
        el("div", { class: "field-grid" },
          field("Name", "name", { placeholder: "What people call it", maxlength: 255, autocomplete: "off" }), this.projects, this.nodes,
          field("Resize photos", "resize_to", { tag: "select", children: SIZES.map(([value, words]) => el("option", { value }, words)),
            hint: "The longest side. Smaller photos are processed faster." }))),
      this.options.element, this.wrong, el("div", { class: "create-end" }, this.start));
  }

  #dropZone() {
    const input = el("input", { type: "file", multiple: true, class: "unseen", id: "photos", on: { change: () => this.#add(sorted([...input.files]), input) } });
    const folder = el("input", { type: "file", multiple: true, webkitdirectory: true, class: "unseen", id: "folder", on: { change: () => this.#add(sorted([...folder.files]), folder) } });
    const zone = el("div", { class: "drop", on: {
      dragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
      dragleave: () => zone.classList.remove("over"),
      drop: async (event) => {
        event.preventDefault();
        zone.classList.remove("over");
        this.#add(await filesIn(event.dataTransfer));
      },
    } }, el("span", { class: "empty-sign" }, icon("image", 30)), el("p", { class: "drop-words" }, "Drop photos or a folder here"),
    el("div", { class: "drop-ways" }, input, el("label", { for: "photos", class: "button" }, "Choose photos"),
      folder, el("label", { for: "folder", class: "button" }, "Choose a folder")),
    el("p", { class: "hint" }, "JPEG, TIFF, PNG, DNG or video; gcp_list.txt and geo.txt go along."));
    return zone;
  }

  #add({ files, left }, input) {
    for (const file of files) this.files.set(`${file.webkitRelativePath}/${file.name} ${file.size} ${file.lastModified}`, file);
    this.left = left;
    if (input) input.value = "";
    this.#drawChosen();
    if (files.length) say(`${counted(this.files.size, "file")} chosen`);
  }

  #drawChosen() {
    const files = [...this.files.values()];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    this.start.disabled = files.length === 0;
    const left = this.left ? `${counted(this.left, "file")} left out: ${this.left === 1 ? "it is no photo" : "they are no photos"}` : "";
    fill(this.told, files.length || left ? el("p", {}, el("strong", {}, counted(files.length, "file")), ` · ${bytes(size)}`, left ? ` · ${left}` : "") : null,
      files.length ? el("button", { type: "button", class: "quiet", on: { click: () => { this.files.clear(); this.left = 0; this.#drawChosen(); } } }, icon("close", 16), "Choose others") : null);
  }

  async #ask() {
    try {
      const [projects, nodes, options] = await Promise.all([allProjects(), api.nodes(), api.commonOptions()]);
      const select = this.projects.querySelector("select");
      select.append(...projects.map(({ id, name }) => el("option", { value: id, selected: String(id) === this.wanted }, name)));
      if (projects.length === 0) select.append(el("option", { value: "" }, `${FIRST_PROJECT} (new)`));
      this.known = nodes;
      this.common = options;
      this.nodes.querySelector("select").append(...nodes.map((node) =>
        el("option", { value: node.id }, `${node.label || `${node.hostname}:${node.port}`}${node.online ? "" : " (not online)"}`)));
      this.options.show(options);
    } catch (error) {
      problem(error);
    }
  }

  #chooseNode() {
    const chosen = Number(this.nodes.querySelector("select").value);
    this.options.show(this.known?.find(({ id }) => id === chosen)?.available_options ?? this.common ?? []);
  }

  async #submit(event) {
    event.preventDefault();
    const { name, project, node, resize_to } = Object.fromEntries(new FormData(this.form));
    if (this.files.size < LEAST) {
      setText(this.wrong, `A task needs at least ${LEAST} photos.`);
      return;
    }
    setText(this.wrong, "");
    this.start.disabled = true;
    const fields = {
      name: name.trim() || defaultName(), options: this.options.chosen(), resize_to: Number(resize_to),
      auto_processing_node: node === "", ...(node === "" ? {} : { processing_node: Number(node) }),
    };
    try {
      const id = project === "" ? (await api.createProject({ name: FIRST_PROJECT })).id : Number(project);
      await uploads.begin(id, fields, [...this.files.values()]);
    } catch (error) {
      setText(this.wrong, error.message);
    } finally {
      this.start.disabled = false;
    }
  }

  #drawState() {
    const busy = uploads.state !== "idle";
    if (busy && !this.form.hidden) window.scrollTo(0, 0);
    this.form.hidden = busy;
    this.panel.element.hidden = !busy;
    this.panel.update();
    if (!busy) this.#drawChosen();
  }

  close() {
    uploads.removeEventListener("change", this.drawn);
  }
}

/** A name for those who give none: the day and the hour say more than a number. */
function defaultName() {
  const now = new Date();
  const two = (value) => String(value).padStart(2, "0");
  return `Photos of ${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}:${two(now.getMinutes())}`;
}
