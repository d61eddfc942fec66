"""``orchestrator task list``, ``show``, ``output`` and ``watch``: what only looks."""

import sys
from typing import Annotated
from urllib.parse import quote

import typer

from orchestrator.cli.command import command
from orchestrator.cli.daemon import Daemon
from orchestrator.cli.printing import AsJson, print_fields, print_json, print_table, printable
from orchestrator.cli.words import status_name

TaskKey = Annotated[str, typer.Argument(help="Its id, or your own reference.", metavar="TASK")]

MAP_VIEWER = {"srs", "public", "public_edit", "compacted"}
"""Fields that WebODM's map viewer wants, always the same here."""

PAGE = 1000
"""Lines of output that the daemon gives at once."""


def add_to(tasks: typer.Typer) -> None:
    """Add the commands."""
    command(tasks, "list")(show_all)
    command(tasks, "show")(show)
    command(tasks, "output")(output)
    command(tasks, "watch")(watch)


def show_all(
    daemon: Daemon,
    *,
    project: Annotated[int | None, typer.Option(help="Of this project only.", min=1)] = None,
    status: Annotated[str | None, typer.Option(help="Of this status only, e.g. RUNNING.")] = None,
    stage: Annotated[str | None, typer.Option(help="In this stage only, e.g. waiting.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 100,
    offset: Annotated[int, typer.Option(help="How many to leave out.", min=0)] = 0,
    json: AsJson = False,
) -> None:
    """List tasks, newest first."""
    asked = {"project": project, "status": status, "stage": stage, "limit": limit, "offset": offset}
    tasks = daemon.control.get("/tasks", asked)
    if json:
        print_json(tasks)
        return
    columns = ("ID", "NAME", "PROJECT", "STATUS", "STAGE", "DONE", "NODE", "IMAGES", "REASON")
    rows = [
        (
            it["id"], it["name"], it["project"], status_name(it["status"]), it["stage"],
            f"{it['running_progress']:.0%}", it["processing_node_name"], it["images_count"], it["reason"],
        )
        for it in tasks
    ]  # fmt: skip
    print_table(columns, rows)


def show(daemon: Daemon, task: TaskKey, *, json: AsJson = False) -> None:
    """Show a task."""
    found = daemon.control.task(task)
    if json:
        print_json(found)
        return
    found["status"] = status_name(found["status"])
    print_fields({key: it for key, it in found.items() if it not in (None, "", [], {}) and key not in MAP_VIEWER})


def output(
    daemon: Daemon,
    task: TaskKey,
    *,
    line: Annotated[int, typer.Option(help="From this line on; the first is 0.", min=0)] = 0,
    limit: Annotated[int | None, typer.Option(help="How many lines; negative: the last ones.")] = None,
    json: AsJson = False,
) -> None:
    """Print a task's console output."""
    path = f"/tasks/{quote(task, safe='')}/output"
    if limit is not None and limit < 0:
        found = daemon.control.get(path, {"line": line, "limit": max(limit, -PAGE)})
        lines, count = found["lines"], found["count"]
    else:
        lines, count = _pages(daemon, path, line=line, limit=limit)
    if json:
        print_json({"lines": lines, "count": count})
        return
    for text in lines:
        sys.stdout.write(printable(text) + "\n")


def watch(
    daemon: Daemon,
    tasks: Annotated[list[str], typer.Argument(help="Ids or references.", metavar="TASK...")],
    *,
    json: AsJson = False,
) -> None:
    """Follow tasks to their end; exit code 0 if all are COMPLETED, else 1. With --json a line for each change."""
    from orchestrator.cli import watching

    found = [daemon.control.task(key) for key in tasks]
    raise typer.Exit(watching.watch(daemon, found, json=json).exit_code)


def _pages(daemon: Daemon, path: str, *, line: int, limit: int | None) -> tuple[list[str], int]:
    lines: list[str] = []
    while True:
        left = PAGE if limit is None else min(PAGE, limit - len(lines))
        found = daemon.control.get(path, {"line": line + len(lines), "limit": left or 1})
        lines += found["lines"][:left]
        if not found["lines"] or left == 0 or (limit is not None and len(lines) >= limit):
            return lines, found["count"]
