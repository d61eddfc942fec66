/* Who is using the page: the token of the sign-in, for as long as the tab is open, and what it may do. */
const KEY = "orchestrator.token";
const ROLES = ["viewer", "operator", "admin"];

class Session extends EventTarget {
  token = sessionStorage.getItem(KEY);
  who = null;

  /** Whether the person has this role, or a greater one. */
  may(role) {
    return this.who !== null && ROLES.indexOf(this.who.role) >= ROLES.indexOf(role);
  }

  /** Whether they are an admin who sees all projects: only such a one may look at webhooks. */
  get seesAll() {
    return this.may("admin") && !this.who.projects;
  }

  headers() {
    return this.token ? { Authorization: `JWT ${this.token}` } : {};
  }

  /** Keeps the token of a sign-in; null forgets it. */
  keep(token) {
    this.token = token;
    this.who = null;
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  }

  /** The daemon wants to know who is there: whatever shows something shall be put away. */
  expire() {
    this.keep(null);
    this.dispatchEvent(new Event("needed"));
  }
}

export const session = new Session();
