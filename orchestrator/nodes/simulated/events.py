"""What has happened on the node, so that tests wait for events and never for time.

Events are remembered: waiting for something that has already happened returns at once.
"""

import asyncio
from collections import Counter
from typing import get_args

from orchestrator.nodes.simulated.words import EventName

__all__ = ["EventBook"]

_NAMES = frozenset(get_args(EventName))


class EventBook:
    """Counts events by name and job, and wakes whoever waits for them."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None]] = Counter()
        self._waiting: set[asyncio.Event] = set()

    def record(self, event: EventName, uuid: str | None = None) -> None:
        """Note that it happened to this job, or to the node itself when there is no uuid."""
        self._counts[event, None] += 1
        if uuid is not None:
            self._counts[event, uuid] += 1
        for waiter in self._waiting:
            waiter.set()

    def count(self, event: EventName, uuid: str | None = None) -> int:
        """How often it has happened so far."""
        return self._counts[event, uuid]

    async def wait_for(self, event: str, uuid: str | None, *, times: int, timeout: float) -> None:
        """Return once it has happened so many times.

        Raises:
            ValueError: there is no such event.
            TimeoutError: it did not happen in time.
        """
        if event not in _NAMES:
            raise ValueError(f"simulated node: no event {event!r}; there are {', '.join(sorted(_NAMES))}")
        waiter = asyncio.Event()
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                while self._counts[event, uuid] < times:
                    waiter.clear()
                    await waiter.wait()
        except TimeoutError:
            whose = f" of {uuid}" if uuid else ""
            raise TimeoutError(f"simulated node: no event {event!r}{whose} within {timeout:g} s") from None
        finally:
            self._waiting.discard(waiter)
