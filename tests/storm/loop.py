"""An event loop whose time is a number: when nothing is ready it jumps to the next timer, and a seed orders the ready.

Nothing outside the seed decides what runs next: no real clock, no selector, no thread, and no order of a set, for tasks
are hashed by the order in which they were begun.
"""

import asyncio
import itertools
import random
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

LIFE: ContextVar[Any] = ContextVar("life", default=None)
"""To which run of the daemon the present task belongs; None: to the world around it."""


class StuckError(Exception):
    """Nothing is ready and no timer is set: everybody waits for everybody."""


class StormTask(asyncio.Task):
    """A task that knows whose it is, and has the same place in every set in every run."""

    def __init__(self, coro: Coroutine[Any, Any, Any], *, loop: "StormLoop", **given: Any) -> None:
        self.number = next(loop.numbers)
        self.life = LIFE.get()
        super().__init__(coro, loop=loop, **given)
        if self.life is not None:
            self.life.tasks[self.number] = self

    def __hash__(self) -> int:
        return self.number


class _Jump:
    """What the loop asks how long to sleep: time goes on by so much at once."""

    def __init__(self, loop: "StormLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise StuckError
        if timeout > 0:
            self._loop.now += timeout
        return []


class StormLoop(asyncio.BaseEventLoop):
    """Virtual time. ``chance`` decides in which order what is ready runs; None: in the order in which it became so."""

    def __init__(self, chance: random.Random | None) -> None:
        super().__init__()
        self.now = 0.0
        self.steps = 0
        self.numbers = itertools.count(1)
        self._chance = chance
        self._selector = _Jump(self)
        self.set_task_factory(lambda loop, coro, **given: StormTask(coro, loop=loop, **given))

    def time(self) -> float:
        """Seconds since the storm began."""
        return self.now

    def _run_once(self) -> None:
        self.steps += 1
        ready = self._ready
        if self._chance is not None and len(ready) > 1:
            handles = list(ready)
            self._chance.shuffle(handles)
            ready.clear()
            ready.extend(handles)
        super()._run_once()

    def _process_events(self, events: list[Any]) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody else could wake it."""
