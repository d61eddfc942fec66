"""An end to waiting for a transfer in which nothing moves, however long the transfer as a whole may take."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

LOOKS = 4
"""Looks per deadline: it strikes late by at most a quarter."""


class IdleDeadline:
    """A context that raises ``TimeoutError`` once ``moved()`` has given the same number for ``seconds``."""

    def __init__(self, seconds: float, moved: Callable[[], int]) -> None:
        self._every = seconds / LOOKS
        self._moved = moved
        self._scope = asyncio.timeout(None)
        self._last = -1
        self._still = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def _look(self) -> None:
        moved = self._moved()
        self._still = self._still + 1 if moved == self._last else 0
        self._last = moved
        loop = asyncio.get_running_loop()
        if self._still >= LOOKS:
            self._scope.reschedule(loop.time())
        else:
            self._timer = loop.call_later(self._every, self._look)
