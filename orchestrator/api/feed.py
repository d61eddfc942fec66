"""Events for those who look on live: each subscriber has a bounded queue, and one who reads too slowly is cut off."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self

from orchestrator.contract.patterns import Topic
from orchestrator.engine.ports import OutboxEntry

LIMIT: Final = 10_000
"""Events that may wait for one subscriber."""


class TooSlow(Exception):
    """A subscriber read so slowly that events were lost to it; it may subscribe anew."""


class Subscription:
    """One subscriber's events as CloudEvents JSON. The iterator ends with the feed, or raises ``TooSlow``."""

    def __init__(self, topic: Topic, *, limit: int) -> None:
        self._topic = topic
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._lost = False
        self._closed = False

    def offer(self, entries: Sequence[OutboxEntry]) -> None:
        """Add the events that fit the pattern."""
        if self._lost or self._closed:
            return
        self._waiting.extend(entry.body for entry in entries if self._topic.matches(entry.routing_key))
        if len(self._waiting) > self._limit:
            # What waits is given up at once: a reader that hangs must not hold memory as well.
            self._lost = True
            self._waiting.clear()
        if self._waiting or self._lost:
            self._some.set()

    def close(self) -> None:
        """End after what already waits."""
        self._closed = True
        self._some.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Wait for the next event; a cancelled wait loses none."""
        while not self._waiting:
            if self._lost:
                raise TooSlow(f"the reader fell more than {self._limit} events behind")
            if self._closed:
                raise StopAsyncIteration
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()


class Feed:
    """Passes on what was committed. ``limit``: events that may wait for one subscriber before it is cut off."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """How many are looking on."""
        return len(self._subscriptions)

    def offer(self, entries: Sequence[OutboxEntry]) -> None:
        """Pass events on, in commit order; to be called after each commit. Never waits."""
        if not entries:
            return
        for subscription in self._subscriptions:
            subscription.offer(entries)

    @asynccontextmanager
    async def subscribe(self, pattern: str = "#") -> AsyncIterator[AsyncIterator[bytes]]:
        """Look on from now until the end of the block. Raises ``ValueError`` for an invalid pattern."""
        subscription = Subscription(Topic.of(pattern), limit=self._limit)
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription after what already waits; may be called again."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
