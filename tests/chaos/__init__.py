"""Real processes, broker and database, and everything that can break, breaking: `make chaos MINUTES=10`."""
