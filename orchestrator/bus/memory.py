"""The bus within the process, for trying the daemon out and for tests: the same behaviour, and nothing survives."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from orchestrator.bus import words
from orchestrator.bus.port import BusState, DeadLetter, Delivery, Reply
from orchestrator.bus.presence import Presence
from orchestrator.bus.reasons import reasons
from orchestrator.bus.stream import EventStream
from orchestrator.contract.patterns import matches
from orchestrator.domain.events import OutboxEntry

PREFETCH = 1000
LOG_LIMIT = 10_000
SHELF_LIMIT = 1_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shelved:
    """A dead letter as it lies on the shelf."""

    delivery: Delivery
    headers: dict[str, Any]


class MemoryShelf:
    """A look at the letters of a ``MemoryBus``."""

    most = SHELF_LIMIT

    def __init__(self, letters: deque[Shelved]) -> None:
        self.total = len(letters)
        self._letters = letters

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        for letter in tuple(self._letters):
            yield replace(letter.delivery, headers=letter.headers)

    async def remove(self, deliveries: Sequence[Delivery]) -> None:
        """Take letters away for good."""
        gone = {delivery.tag for delivery in deliveries}
        left = [letter for letter in self._letters if letter.delivery.tag not in gone]
        self._letters.clear()
        self._letters.extend(left)


class MemoryBus:
    """A bus for one process. The last ``LOG_LIMIT`` events are kept for replay, the last dead letters on a shelf."""

    def __init__(self, *, prefetch: int = PREFETCH) -> None:
        self.dead_letters: deque[Shelved] = deque(maxlen=SHELF_LIMIT)
        self._presence = Presence()
        self._prefetch = prefetch
        self._tags = itertools.count(1)
        self._session = 0
        self._queue: deque[Delivery] = deque()
        self._held: dict[int, Delivery] = {}
        self._some = asyncio.Event()
        self._log: deque[OutboxEntry] = deque(maxlen=LOG_LIMIT)
        self._streams: dict[EventStream, str] = {}
        self._askers: dict[str, Callable[[Reply], None]] = {}

    async def run(self) -> None:
        """Be there until cancelled; then what was not acknowledged goes back to the queue."""
        self._session += 1
        self._presence.set(consuming=True, publishing=True)
        self._some.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._presence.set(consuming=False, publishing=False)
            self._session += 1
            self._queue.extendleft(replace(delivery, redelivered=True) for delivery in reversed(self._held.values()))
            self._held.clear()

    @property
    def state(self) -> BusState:
        """How the bus stands now."""
        return self._presence.state

    async def until(self, condition: Callable[[BusState], bool]) -> BusState:
        """Wait for a state."""
        return await self._presence.until(condition)

    def watch(self, watcher: Callable[[BusState], None]) -> None:
        """Have every change of state told."""
        self._presence.watch(watcher)

    async def take(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        """Wait for deliveries and give what is there, in order."""
        while not (room := self._room()):
            self._some.clear()
            await self._some.wait()
            if linger:
                await asyncio.sleep(linger)
        found = [
            replace(self._queue.popleft(), session=self._session, tag=next(self._tags)) for _ in range(min(limit, room))
        ]
        self._held.update((delivery.tag, delivery) for delivery in found)
        return found

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return deliveries untouched."""
        ours = [delivery for delivery in deliveries if self.holds(delivery)]
        for delivery in ours:
            del self._held[delivery.tag]
        self._queue.extendleft(reversed(ours))
        self._some.set()

    def holds(self, delivery: Delivery) -> bool:
        """Say whether a delivery is still ours."""
        return delivery.session == self._session and delivery.tag in self._held

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note deliveries as done."""
        for delivery in deliveries:
            if self.holds(delivery):
                del self._held[delivery.tag]
        self._some.set()

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Hand answers to those who still wait for them."""
        for reply in replies:
            asker = self._askers.get(reply.to)
            if asker is None:
                log.debug(words.REPLY_DROPPED, count=1)
            else:
                asker(reply)

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Put copies on the shelf."""
        for letter in letters:
            self.dead_letters.append(Shelved(letter.delivery, reasons(letter)))
        return [True] * len(letters)

    @asynccontextmanager
    async def shelf(self) -> AsyncIterator[MemoryShelf]:
        """Look at the shelf for the length of the block."""
        yield MemoryShelf(self.dead_letters)

    def publish(self, entries: Sequence[OutboxEntry]) -> Awaitable[list[int]]:
        """Send events now, in the order of calls."""
        numbers: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        if not self.state.publishing:
            numbers.set_result([])
            return numbers
        for entry in entries:
            self._log.append(entry)
            for stream, pattern in self._streams.items():
                if matches(pattern, entry.routing_key):
                    stream.put(entry.body)
        numbers.set_result([entry.number for entry in entries])
        return numbers

    def send(self, delivery: Delivery) -> None:
        """Queue a message, as its sender would."""
        self._queue.append(delivery)
        self._some.set()

    def subscribe(self, pattern: str, *, replay: bool, limit: int) -> EventStream:
        """Begin a stream of events."""

        async def leave() -> None:
            self._streams.pop(stream, None)

        kept = [entry for entry in self._log if matches(pattern, entry.routing_key)] if replay else []
        stream = EventStream(limit=limit + len(kept), on_close=leave)
        for entry in kept:
            stream.put(entry.body)
        self._streams[stream] = pattern
        return stream

    def listen(self, name: str, asker: Callable[[Reply], None]) -> None:
        """Open a reply queue."""
        self._askers[name] = asker

    def unlisten(self, name: str) -> None:
        """Close a reply queue."""
        self._askers.pop(name, None)

    def _room(self) -> int:
        if not self.state.consuming:
            return 0
        return min(len(self._queue), self._prefetch - len(self._held))
