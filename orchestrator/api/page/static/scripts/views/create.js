/* A new task: photos are dropped, a few words are said about it, and off it goes. */
import { api } from "../api.js";
import { photoChoosers } from "../choosers.js";
import { asked, field } from "../dialog.js";
import { el, fill, setText } from "../dom.js";
import { leftOut } from "../dropped.js";
import { bytes, counted } from "../format.js";
import { icon } from "../icons.js";
import { allProjects } from "../names.js";
import { problem, say } from "../notices.js";
import { uploads } from "../uploads.js";
import { optionPicker } from "./create_options.js";
import { sendingPanel } from "./create_sending.js";
import { nodeChoices } from "./node_choice.js";

const LEAST = 2;
const SHOWN = 500;
const NEW = "new";
const FIRST_PROJECT = "My first project";
const SIZES = [[-1, "As they are"], [4096, "4096 px"], [2048, "2048 px"], [1024, "1024 px"]];

export function createView(query) {
  const view = new CreateView(query.get("project"));
  return { title: "New task", element: view.element, drop: (found) => view.drop(found), close: () => view.close() };
}

class CreateView {
  constructor(project) {
    this.files = new Map();
    this.wanted = project;
    this.options = optionPicker();
    this.words = el("p", { class: "drop-words" });
    this.told = el("p", { class: "chosen", role: "status" });
    this.others = el("button", { type: "button", class: "quiet", hidden: true, on: { click: () => this.#choose(new Map()) } }, icon("close", 16), "Choose others");
    this.names = el("ul", { class: "chosen-names" });
    this.list = el("details", { class: "more", hidden: true }, el("summary", {}, icon("more", 16), "Show them"), this.names);
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
    this.projects.querySelector("select").addEventListener("change", ({ target }) => {
      if (target.value === NEW) this.#newProject(target);
      else this.chosenProject = target.value;
    });
    this.nodes = field("Processing node", "node", { tag: "select", children: nodeChoices([]) });
    this.nodes.querySelector("select").addEventListener("change", () => this.#chooseNode());
    return el("form", { class: "create-form", on: { submit: (event) => this.#submit(event) } },
      this.#dropZone(),
      el("section", { class: "card", "aria-labelledby": "about" }, el("h2", { id: "about" }, "About it"),
        el("div", { class: "field-grid" },
          field("Name", "name", { placeholder: "What people call it", maxlength: 255, autocomplete: "off" }), this.projects, this.nodes,
          field("Resize photos", "resize_to", { tag: "select", children: SIZES.map(([value, words]) => el("option", { value }, words)),
            hint: "The longest side. Smaller photos are processed faster." }))),
      this.options.element, el("div", { class: "create-end" }, el("div", {}, this.told, this.wrong), this.start));
  }

  #dropZone() {
    return el("div", { class: "drop" }, el("span", { class: "empty-sign" }, icon("image", 30)), this.words,
      el("div", { class: "drop-ways" }, photoChoosers((found) => this.#add(found)), this.others),
      el("p", { class: "hint" }, "JPEG, TIFF, PNG, DNG or video; gcp_list.txt and geo.txt go along."), this.list);
  }

  #add({ files, left }) {
    for (const file of files) this.files.set(`${file.webkitRelativePath}/${file.name} ${file.size} ${file.lastModified}`, file);
    this.left = left;
    this.#drawChosen();
    if (files.length) say(`${counted(this.files.size, "file")} chosen`);
  }

  /** Takes photos that were dropped somewhere on the page, and says that it did. */
  drop(found) {
    if (uploads.state === "idle") this.#add(found);
    else problem("An upload is under way; the next task can be made when it is over.");
    return true;
  }

  #choose(files) {
    this.files = files;
    this.left = 0;
    this.#drawChosen();
  }

  #drawChosen() {
    const files = [...this.files.values()];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    this.start.disabled = files.length === 0;
    this.others.hidden = this.list.hidden = files.length === 0;
    const words = files.length ? [el("strong", {}, counted(files.length, "file")), `${bytes(size)}`] : ["No photos chosen yet"];
    fill(this.told, [...words, leftOut(this.left)].filter(Boolean).flatMap((word, index) => (index ? [" · ", word] : [word])));
    setText(this.words, files.length ? `${counted(files.length, "file")} chosen` : "Drop photos or a folder here");
    fill(this.names, files.slice(0, SHOWN).map((file) => el("li", {}, file.name)), files.length > SHOWN ? el("li", {}, `and ${counted(files.length - SHOWN, "more", "more")}`) : null);
  }

  async #ask() {
    try {
      const [projects, nodes, options] = await Promise.all([allProjects(), api.nodes(), api.commonOptions()]);
      const select = this.projects.querySelector("select");
      select.append(...projects.map(({ id, name }) => el("option", { value: id, selected: String(id) === this.wanted }, name)));
      if (projects.length === 0) select.append(el("option", { value: "" }, `${FIRST_PROJECT} (new)`));
      select.append(el("option", { value: NEW }, "New project…"));
      this.chosenProject = select.value;
      this.known = nodes;
      this.common = options;
      fill(this.nodes.querySelector("select"), nodeChoices(nodes));
      this.options.show(options);
    } catch (error) {
      problem(error);
    }
  }

  /** Makes a project on the way; without one, what was chosen before is chosen again. */
  async #newProject(select) {
    let made = null;
    await asked({
      title: "New project", yes: "Create it", fields: [field("Name", "name", { required: true, maxlength: 255, autocomplete: "off" })],
      save: async (given) => { made = await api.createProject(given); },
    });
    if (made) select.prepend(el("option", { value: made.id }, made.name));
    select.value = made ? String(made.id) : this.chosenProject;
    this.chosenProject = select.value;
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
