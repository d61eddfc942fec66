"""The state of the bus, and those who wait for it to change."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from orchestrator.bus.port import BusState


class Presence:
    """A state that can be waited for."""

    def __init__(self) -> None:
        self._state = BusState()
        self._changed = asyncio.Event()
        self._watchers: list[Callable[[BusState], None]] = []

    @property
    def state(self) -> BusState:
        """The state now."""
        return self._state

    def set(self, *, consuming: bool | None = None, publishing: bool | None = None, problem: str | None = None) -> None:
        """Change what is given; nobody is told where nothing changed."""
        old = self._state
        new = replace(
            old,
            consuming=old.consuming if consuming is None else consuming,
            publishing=old.publishing if publishing is None else publishing,
            problem=old.problem if problem is None else problem,
        )
        if new == old:
            return
        self._state = new
        self._changed.set()
        self._changed = asyncio.Event()
        for watcher in self._watchers:
            watcher(new)

    def watch(self, watcher: Callable[[BusState], None]) -> None:
        """Have every change told."""
        self._watchers.append(watcher)

    async def until(self, condition: Callable[[BusState], bool]) -> BusState:
        """Wait for a state that meets the condition."""
        while not condition(self._state):
            await self._changed.wait()
        return self._state
