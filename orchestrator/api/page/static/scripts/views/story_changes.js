/* What somebody changed of a task: told by comparing it with what it was before. */
import { projectName } from "../names.js";

const FIELDS = [
  ["name", ({ name }) => `Name: ${name}`],
  ["priority", ({ priority }, before) => `Priority: ${before.priority} → ${priority}`],
  ["tags", ({ tags }) => (tags.length ? `Tags: ${tags.join(", ")}` : "No tags any more")],
  ["project", ({ project }) => `Moved to ${projectName(project)}`],
  ["options", ({ options }) => (options.length ? `Options: ${options.map(({ name, value }) => `${name} ${value}`).join(", ")}` : "No options any more")],
  ["resize_to", ({ resize_to: size }) => (size > 0 ? `Photos resized to ${size} px` : "Photos as they are")],
];

/** One sentence for all that differs; nothing where nobody changed anything. */
export function changesOf(task, before) {
  const differs = (field) => JSON.stringify(task[field]) !== JSON.stringify(before[field]);
  return FIELDS.filter(([field]) => differs(field)).map(([, told]) => told(task, before)).join(" · ");
}
