/* Names of nodes, and of projects, which are asked for once and kept: tasks only carry their numbers. */
import { api, paged } from "./api.js";

const known = new Map();

const MOST_PAGES = 10;

/** Gives the projects by name, as many as a person can choose from, and remembers them. */
export async function allProjects() {
  const all = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const { results, next } = paged(await api.projects(page));
    all.push(...results);
    if (!next) break;
  }
  for (const project of all) known.set(project.id, project.name);
  return all;
}

/** A node is called by its label, else by its address. */
export function nodeName({ label, hostname, port }) {
  return label || `${hostname}:${port}`;
}

export function projectName(id) {
  return known.get(id) ?? `Project ${id}`;
}

/** Learns the names of these projects, where they are not known yet. */
export async function learn(ids) {
  const unknown = [...new Set(ids)].filter((id) => !known.has(id));
  await Promise.all(unknown.map(async (id) => {
    known.set(id, (await api.project(id)).name);
  }));
}
