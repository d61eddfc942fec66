"""Follows tasks to their end: bars on a terminal, a line for each change elsewhere."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.cli.daemon import Daemon
from orchestrator.cli.displays import Display, Task, display
from orchestrator.cli.errors import CliError, NoDaemon, StreamEnded, Unreachable
from orchestrator.cli.words import COMPLETED

PATIENCE: Final = 60.0
"""Seconds that a daemon which is being restarted is waited for."""

PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Ended:
    """How tasks ended, in the order in which they were asked for."""

    tasks: list[Task]

    @property
    def exit_code(self) -> int:
        """0 if every task is COMPLETED, else 1."""
        return 0 if all(task["status"] == COMPLETED and task["stage"] == "ended" for task in self.tasks) else 1


def watch(daemon: Daemon, tasks: Sequence[Task], *, json: bool = False, quiet: bool = False) -> Ended:
    """Follow tasks until each has ended or was removed. ``json``: a line per change; ``quiet``: nothing."""
    with display(json=json, quiet=quiet) as shown:
        watched = Watched(tasks, shown)
        _follow(daemon, watched)
        return Ended(watched.tasks)


class Watched:
    """Tasks as last seen: news of a task counts only if it is newer than what is known."""

    def __init__(self, tasks: Sequence[Task], display: Display) -> None:
        self._tasks = {task["id"]: task for task in tasks}
        self._display = display
        for task in tasks:
            display.show(task)

    @property
    def tasks(self) -> list[Task]:
        """All of them."""
        return list(self._tasks.values())

    @property
    def open(self) -> list[Task]:
        """Those that have not ended."""
        return [task for task in self._tasks.values() if task["stage"] not in {"ended", "removed"}]

    def see(self, task: Task) -> None:
        """Take news of a task."""
        known = self._tasks.get(task["id"])
        if known is not None and task["version"] > known["version"]:
            self._tasks[task["id"]] = task
            self._display.show(task)

    def lose(self, task: Task) -> None:
        """Take it that a task is no more."""
        self.see({**task, "stage": "removed", "version": task["version"] + 1})


def _follow(daemon: Daemon, watched: Watched) -> None:
    patience_ends = None
    while watched.open:
        try:
            with daemon.events(_pattern(watched.open)) as events:
                # A broker goes on while the daemon is restarted: that this can be followed does not mean it is there.
                patience_ends = patience_ends or time.monotonic() + PATIENCE
                # Looked at only now that events are followed: nothing can slip through between the two.
                for task in watched.open:
                    _refresh(daemon, watched, task)
                patience_ends = None
                _read(events, watched)
        except Unreachable as error:
            if patience_ends is None and isinstance(error, StreamEnded | NoDaemon):
                # It was there to tell of the tasks, and is most likely being restarted: they go on, and so do we.
                patience_ends = time.monotonic() + PATIENCE
                continue
            if patience_ends is None or time.monotonic() > patience_ends:
                raise
            time.sleep(PAUSE)


def _read(events: Iterator[Task], watched: Watched) -> None:
    while watched.open:
        event = next(events)
        task = event.get("data", {}).get("task")
        if task is not None:
            watched.see({**task, "stage": "removed"} if event["type"] == "task.removed" else task)


def _refresh(daemon: Daemon, watched: Watched, task: Task) -> None:
    try:
        watched.see(daemon.control.task(str(task["id"])))
    except Unreachable:
        raise
    except CliError:
        watched.lose(task)


def _pattern(tasks: Sequence[Task]) -> str:
    return f"task.*.*.*.{tasks[0]['id']}" if len(tasks) == 1 else "task.#"
