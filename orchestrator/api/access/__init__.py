"""Who may come in: tokens, sessions, wrong attempts, and from which pages and under which names requests may come."""
