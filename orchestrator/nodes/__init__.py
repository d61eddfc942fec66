"""A door: processing nodes, real and simulated."""
