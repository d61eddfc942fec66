"""What the window needs of the rooms around it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from orchestrator.engine.ports import Desk, Library

Check = Callable[[], tuple[str, str | None]]
"""Looks at one part of the daemon: its name, and what is wrong with it for people (None: nothing)."""

ReadOutput = Callable[[int, int, int | None], Awaitable[tuple[list[str], int]]]
"""Reads console lines of a task: given its id, a line to begin at and a limit (negative: the last of them), it gives
the lines and how many there are in all."""

Subscribe = Callable[[str], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a live stream of CloudEvents whose routing keys fit a pattern; raises ``ValueError`` for a wrong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPorts:
    """What the control socket passes on to: reading, commands, console output and events."""

    library: Library
    desk: Desk
    read_output: ReadOutput
    subscribe: Subscribe


def problems_of(checks: Sequence[Check]) -> dict[str, str]:
    """Give what is wrong, by part; empty when all is well."""
    return {name: problem for name, problem in (check() for check in checks) if problem}
