"""The window: the page, REST, health and metrics on TCP, and the control socket that the command line uses."""
