"""The window: health, and the control socket that the command line uses."""
