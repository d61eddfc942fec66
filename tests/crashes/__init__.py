"""Kills the daemon at every crash point, starts it again, and compares what came of it with a run without kills."""
