"""The heart: what a task is and how it moves. Pure: standard library only, no clock, no I/O, no async."""
