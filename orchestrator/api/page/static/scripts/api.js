/* Every request that the page makes, and every answer that says no as a plain sentence. */
import { session } from "./session.js";

const SIGN_IN = /credentials were not provided|Error decoding|expired|Invalid token|not signed in/i;
const HISTORY_AT_ONCE = 1_000;
const LINES_AT_ONCE = 10_000;
/** What a timeline is made of. Progress is by far the most of the events, and nothing that happened. */
const TOLD = ["created", "updated", "pending-action-set", "status-changed", "removed"].map((each) => `task.${each}`).join(",");
/** More are not counted. */
export const MOST_FAILURES = 100;
const BARE = new Set(["detail", "non_field_errors"]);

/** An answer that says no, or none at all (`status` 0). The message is a sentence for people. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Reads the shapes of refusals that the daemon gives into one sentence. */
export function sentence(body, status) {
  if (Array.isArray(body)) return body.join(" ");
  if (body && typeof body === "object") {
    if (body.error?.detail) return body.error.detail;
    const parts = Object.entries(body).map(([field, told]) => {
      const text = [told].flat().join(" ");
      return BARE.has(field) ? text : `${field.replaceAll("_", " ")}: ${text}`;
    });
    if (parts.length) return parts.join(" ");
  }
  return `The daemon answered with status ${status}.`;
}

export function refusal(body, status) {
  const error = new ApiError(sentence(body, status), status);
  if ((status === 401 || status === 403) && SIGN_IN.test(error.message)) session.expire();
  return error;
}

/** The address of something under /api. */
export function address(path, query = {}) {
  const url = new URL(`/api${path}`, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

/** Fetches with the person's credentials. Raises ApiError when nobody answers or the answer says no. */
export async function fetched(path, { method = "GET", query, json, headers, signal } = {}) {
  let response;
  try {
    response = await fetch(address(path, query), {
      method, signal, cache: "no-store",
      headers: { ...session.headers(), ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: json === undefined ? undefined : JSON.stringify(json),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The daemon does not answer. Is it running?");
  }
  if (!response.ok) throw refusal(await bodyOf(response), response.status);
  return response;
}

async function bodyOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function call(path, given) {
  return bodyOf(await fetched(path, given));
}

const one = (task) => `/projects/${task.project}/tasks/${task.id}`;

export const api = {
  whoami: () => call("/whoami/"),
  signIn: (username, password) => call("/token-auth/", { method: "POST", json: { username, password } }),

  tasks: (query, signal) => call("/tasks/", { query, signal }),
  task: (project, id, signal) => call(`/projects/${project}/tasks/${id}/`, { signal }),
  createTask: (project, fields) => call(`/projects/${project}/tasks/`, { method: "POST", json: fields }),
  changeTask: (task, fields) => call(`${one(task)}/`, { method: "PATCH", json: fields }),
  act: (task, action) => call(`${one(task)}/${action}/`, { method: "POST", json: {} }),
  uploadTo: (task) => address(`${one(task)}/upload/`),
  images: (task, signal) => call(`${one(task)}/images/`, { signal }),
  thumbnailPath: (task, name) => `${one(task)}/images/thumbnail/${encodeURIComponent(name)}`,
  commit: (task) => call(`${one(task)}/commit/`, { method: "POST", json: {} }),
  output: (task, line, limit, signal) =>
    call(`${one(task)}/output/`, { query: { line, limit, f: "json" }, signal }),
  assetPath: (task, asset) => `${one(task)}/download/${asset}`,
  ticket: (task, asset) => call(`${one(task)}/download/${asset}/ticket/`, { method: "POST", json: {} }),

  projects: (page = 1) => call("/projects/", { query: { page, ordering: "name" } }),
  project: (id) => call(`/projects/${id}/`),
  createProject: (fields) => call("/projects/", { method: "POST", json: fields }),
  changeProject: (id, fields) => call(`/projects/${id}/`, { method: "PATCH", json: fields }),
  removeProject: (id) => call(`/projects/${id}/`, { method: "DELETE" }),

  nodes: () => call("/processingnodes/"),
  addNode: (fields) => call("/processingnodes/", { method: "POST", json: fields }),
  removeNode: (id) => call(`/processingnodes/${id}/`, { method: "DELETE" }),
  webhooks: () => call("/webhooks/"),
  addWebhook: (fields) => call("/webhooks/", { method: "POST", json: fields }),
  changeWebhook: (id, fields) => call(`/webhooks/${id}/`, { method: "PATCH", json: fields }),
  removeWebhook: (id) => call(`/webhooks/${id}/`, { method: "DELETE" }),
  webhookFailures: (id) => call(`/webhooks/${id}/failures/`, { query: { limit: MOST_FAILURES } }),
  replayWebhook: (id) => call(`/webhooks/${id}/failures/replay/`, { method: "POST", json: {} }),
  commonOptions: () => call("/processingnodes/options/"),
};

/** Passes on what is kept of a task's events but for its progress, page by page, the oldest first. */
export async function history(task, signal, pass) {
  for (let after = 0, more = true; more;) {
    const page = await call(`/tasks/${task.id}/events/`, { query: { after, limit: HISTORY_AT_ONCE, type: TOLD }, signal });
    for (const { event } of page.events) pass(event);
    after = page.last_event_id;
    more = page.next !== null;
  }
}

/** Gives the console output of a task from a line on, piece by piece: `{lines, line, count}`. */
export async function* outputFrom(task, from, signal) {
  for (let line = from, more = true; more;) {
    const { lines, count } = await api.output(task, line, LINES_AT_ONCE, signal);
    yield { lines, line, count };
    line += lines.length;
    more = lines.length > 0 && line < count;
  }
}

/** A list that may come whole or as a page: gives `{count, results}` either way. */
export function paged(answer) {
  return Array.isArray(answer) ? { count: answer.length, results: answer } : answer;
}
