/* Where the person is, in the part of the address after "#": it survives a reload and the back button. */

/** Gives `{parts, query}` of the address: "#/projects/1/tasks/2?x=y". */
export function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

/** Writes such an address; empty values of the query are left out. */
export function href(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `#${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

export function go(path, query) {
  location.hash = href(path, query);
}

/** Goes there without a new entry in the history. */
export function settle(path, query) {
  history.replaceState(null, "", href(path, query));
}

let list = href("/tasks");

/** Where the list of tasks was left, with its filters. */
export const lastList = () => list;

export function leaveList(address) {
  list = address;
}

export const taskHref = (task) => href(`/projects/${task.project}/tasks/${task.id}`);
