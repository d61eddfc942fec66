/* What somebody changed of a task: told by comparing it with what it was before. */
import { projectName } from "../names.js";

/** What may differ, and how it is told. */
const FIELDS = [
  [({ name }) => name, ({ name }) => `Name: ${name}`],
  [({ priority }) => priority, ({ priority }, before) => `Priority: ${before.priority} → ${priority}`],
  [({ tags }) => tags, ({ tags }) => (tags.length ? `Tags: ${tags.join(", ")}` : "No tags any more")],
  [({ project }) => project, ({ project }) => `Moved to ${projectName(project)}`],
  [nodeOf, (task) => `Processing node: ${nodeOf(task)}`],
  [({ options }) => options, ({ options }) => (options.length ? `Options: ${options.map(({ name, value }) => `${name} ${value}`).join(", ")}` : "No options any more")],
  [({ resize_to: size }) => size, ({ resize_to: size }) => (size > 0 ? `Photos resized to ${size} px` : "Photos as they are")],
];

function nodeOf({ auto_processing_node: automatic, processing_node_name: name }) {
  return automatic ? "chosen automatically" : name;
}

/** One sentence for all that differs; nothing where nobody changed anything. */
export function changesOf(task, before) {
  const differs = ([value]) => JSON.stringify(value(task)) !== JSON.stringify(value(before));
  return FIELDS.filter(differs).map(([, told]) => told(task, before)).join(" · ");
}
