"""The eyes: logs and metrics."""
