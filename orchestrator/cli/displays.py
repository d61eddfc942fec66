"""Ways to show how watched tasks stand: bars on a terminal, a line for each change elsewhere, or JSON."""

import sys
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self

from orchestrator.cli.printing import print_json_line, printable
from orchestrator.cli.words import COMPLETED, status_name

Task = dict[str, Any]


class Display(Protocol):
    """Shows how tasks stand."""

    def show(self, task: Task) -> None:
        """Show a task as it now stands."""
        ...


def display(*, json: bool, quiet: bool) -> AbstractContextManager[Display]:
    """Choose how to show tasks; people are told on standard error, so that standard output stays data."""
    if quiet:
        return Silence()
    if json:
        return JsonLines()
    return Bars() if sys.stderr.isatty() else Lines()


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, task: Task) -> None:
        """Show nothing."""


class JsonLines(Silence):
    """Prints each state of a task as a line of JSON."""

    def show(self, task: Task) -> None:
        """Print it."""
        print_json_line(task)


class Lines(Silence):
    """Prints a line whenever a task's status, stage or reason changes; mere progress is passed over."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[object, ...]] = {}

    def show(self, task: Task) -> None:
        """Print it, if there is something new to say."""
        news = (task["status"], task["stage"], task["attempt"], task["reason"])
        if self._last.get(task["id"]) != news:
            self._last[task["id"]] = news
            told = f"Task {task['id']}: {status_name(task['status'])}, {task['stage']} ({task['reason']})"
            print(printable(told), file=sys.stderr, flush=True)  # noqa: T201


class Bars:
    """Draws a bar for each task."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars: dict[int, Any] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[reason]}", markup=False),
            console=Console(stderr=True, markup=False, highlight=False),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, task: Task) -> None:
        """Draw it."""
        bar = self._bars.get(task["id"])
        if bar is None:
            bar = self._bars[task["id"]] = self._progress.add_task("", total=1.0, reason="")
        name = f" {task['name']}" if task["name"] else ""
        description = printable(f"Task {task['id']}{name}  {state(task)}")
        self._progress.update(bar, description=description, completed=done(task), reason=printable(task["reason"]))
        if task["stage"] in {"ended", "removed"}:
            self._progress.stop_task(bar)


def state(task: Task) -> str:
    """Say in a word what is being done about a task, or how it ended."""
    return status_name(task["status"]) if task["stage"] == "ended" else str(task["stage"])


def done(task: Task) -> float:
    """Give the share, 0 to 1, of what is being done now: of the upload while that is on, else of all the rest."""
    if task["status"] == COMPLETED:
        return 1.0
    return float(task["upload_progress" if task["stage"] == "uploading" else "running_progress"])
