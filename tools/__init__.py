"""Scripts for developers and CI; nothing in here ships."""
