"""Events on their way to one subscriber: a bounded line that ends with a reason."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

from orchestrator.domain.errors import BusError

LIMIT = 10_000


class EventStream:
    """A subscriber's events. ``on_read`` is told of each one read, ``on_close`` is called once at the end."""

    def __init__(
        self,
        *,
        limit: int = LIMIT,
        on_read: Callable[[Any], Awaitable[None]] | None = None,
        on_close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._limit = limit
        self._on_read = on_read
        self._on_close = on_close
        self._waiting: deque[tuple[bytes, Any]] = deque()
        self._some = asyncio.Event()
        self._end: BusError | None = None
        self._closed = False

    def put(self, body: bytes, *, mark: object = None) -> None:
        """Add an event; a reader that is too slow loses the stream, and is told."""
        if self._end is not None or self._closed:
            return
        if len(self._waiting) >= self._limit:
            self.fail(f"The subscriber is {self._limit} events behind; it may subscribe again.")
            return
        self._waiting.append((body, mark))
        self._some.set()

    def fail(self, why: str) -> None:
        """End the stream; what waits is still read."""
        self._end = self._end or BusError(why)
        self._some.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            if self._end is not None:
                raise self._end
            self._some.clear()
            await self._some.wait()
        body, mark = self._waiting.popleft()
        if self._on_read is not None:
            await self._on_read(mark)
        event: dict[str, Any] = json.loads(body)
        return event

    async def close(self) -> None:
        """Stop the events; may be called again."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        self._some.set()
        if self._on_close is not None:
            await self._on_close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
