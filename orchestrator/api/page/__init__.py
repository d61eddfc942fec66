"""The page at ``/`` for the person who runs the daemon, and what serves it."""
