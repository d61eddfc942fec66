"""``orchestrator task``: tasks."""

import typer

from orchestrator.cli import task_changes, task_reading
from orchestrator.cli.command import group


def add_to(cli: typer.Typer) -> None:
    """Add the group."""
    tasks = group("task", into=cli, help="Tasks.")
    task_changes.add_to(tasks)
    task_reading.add_to(tasks)
