"""Commands in: deliveries are collected as they come, and acknowledged by the batch."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from orchestrator.bus import words
from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.link import Session
from orchestrator.bus.port import Delivery

MOST_HELD = 64 * 1024 * 1024
"""Bytes of bodies that are held without being done. Beyond, reading stops until half of them are."""
MOST_AT_ONCE = 8 * 1024 * 1024
"""Bytes of bodies given at a time, if there is more than one: read into objects they take several times as much."""
TOLD_AFTER = 5.0
"""Seconds without reading after which it is worth a line in the log: a working store takes far less."""

log = structlog.get_logger()


class Taker(Protocol):
    """Where whole deliveries go."""

    def arrived(self, delivery: Delivery) -> None:
        """Take one."""
        ...


class Inbox:
    """The sink of a consuming channel: puts frames together to deliveries. No task, no await."""

    def __init__(self, session: Session, channel: int, *, into: Taker) -> None:
        self._session = session
        self._into = into
        self._method: wire.Delivered | None = None
        self._content = wire.Content(0, wire.Properties())
        self._parts: list[bytes] = []
        self._missing = 0
        self.channel = channel

    def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take a frame of this channel."""
        if kind == wire.METHOD:
            return self._begin(data, start)
        if self._method is None:
            return False
        if kind == wire.HEADER:
            self._content = wire.read_content(data, start, end)
            self._missing = self._content.size
        else:
            self._parts.append(data[start:end])
            self._missing -= end - start
        if self._missing <= 0:
            self._finish(self._method)
        return True

    def _begin(self, data: bytes, start: int) -> bool:
        (method,) = wire.METHOD_ID.unpack_from(data, start)
        if method == wire.DELIVER:
            self._method = wire.read_deliver(data, start)
            return True
        if method == wire.CHANNEL_CLOSE:
            self._session.fail(wire.read_reason(data, start))
        elif method == wire.CANCEL:
            self._session.fail("the broker ended the consumer, its queue was deleted or moved")
            return True
        return False

    def _finish(self, method: wire.Delivered) -> None:
        properties, parts = self._content.properties, self._parts
        delivery = Delivery(
            method.tag,
            self._session.number,
            method.exchange,
            method.routing_key,
            method.redelivered,
            parts[0] if len(parts) == 1 else b"".join(parts),
            properties.type,
            properties.message_id,
            properties.reply_to,
            properties.correlation_id,
            properties.content_type,
            properties.headers or {},
            properties.content_encoding,
            properties.priority,
            properties.timestamp,
            properties.app_id,
        )
        self._method, self._parts = None, []
        self._into.arrived(delivery)


class Consumer:
    """What came and is not done. Deliveries of a lost session are forgotten: the broker sends them again.

    Bounded by the broker's prefetch in number and by ``MOST_HELD`` in bytes.
    """

    def __init__(self, *, queue: str, prefetch: int) -> None:
        self._queue = queue
        self._prefetch = prefetch
        self._session: Session | None = None
        self._channel = 0
        self._waiting: deque[Delivery] = deque()
        self._some = asyncio.Event()
        self._acked = 0
        self._done: set[int] = set()
        self._most_held = MOST_HELD
        self._held = 0
        # Set while reading is held: what tells of it if it lasts.
        self._holding: asyncio.TimerHandle | None = None
        self._told = False

    async def prepare(self, session: Session) -> None:
        """Begin to consume on a new session."""
        self._waiting.clear()
        self._some.clear()
        self._acked = 0
        self._done.clear()
        self._settled(self._held)
        self._session = session
        channel = await session.channel(sink=lambda number: Inbox(session, number, into=self))
        self._channel = channel.number
        await channel.basic_qos(prefetch_count=self._prefetch)
        await channel.basic_consume(self._queue, never)

    def arrived(self, delivery: Delivery) -> None:
        """Keep a delivery until it is taken."""
        self._waiting.append(delivery)
        self._some.set()
        self._held += delivery.size
        if self._held > self._most_held and self._holding is None and self._session is not None:
            self._session.hold()
            self._holding = asyncio.get_running_loop().call_later(TOLD_AFTER, self._tell)

    async def take(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        """Wait for deliveries and give what is there; see the port."""
        waiting = self._waiting
        while True:
            while not waiting:
                self._some.clear()
                await self._some.wait()
                if linger:
                    await asyncio.sleep(linger)
            found = self._some_of(waiting, limit)
            if ours := [delivery for delivery in found if self.holds(delivery)]:
                return ours

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Put deliveries before all others."""
        self._waiting.extendleft(delivery for delivery in reversed(deliveries) if self.holds(delivery))
        self._some.set()

    def holds(self, delivery: Delivery) -> bool:
        """Whether an acknowledgement of this would still mean something."""
        return self._session is not None and self._session.alive and delivery.session == self._session.number

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge: one frame for everything up to the first that is still open, one for each beyond."""
        session = self._session
        ours = sorted(delivery.tag for delivery in deliveries if self.holds(delivery))
        if session is None or not ours:
            return
        self._done.update(ours)
        self._settled(sum(delivery.size for delivery in deliveries if self.holds(delivery)))
        while self._acked + 1 in self._done:
            self._acked += 1
            self._done.discard(self._acked)
        beyond = bisect_right(ours, self._acked)
        frames = [wire.ack(self._channel, tag, multiple=False) for tag in ours[beyond:]]
        if beyond:  # the broker must not have had this tag before, even where all up to it are meant
            frames.append(wire.ack(self._channel, ours[beyond - 1], multiple=True))
        session.write(b"".join(frames))

    def _some_of(self, waiting: deque[Delivery], limit: int) -> list[Delivery]:
        found, size = [waiting.popleft()], 0
        while waiting and len(found) < limit and (size := size + found[-1].size) < MOST_AT_ONCE:
            found.append(waiting.popleft())
        return found

    def _settled(self, size: int) -> None:
        """Note that so many bytes are held no more, and read again when it is time."""
        self._held -= size
        if self._holding is None or self._held > self._most_held // 2:
            return
        self._holding.cancel()
        self._holding = None
        if self._told:
            self._told = False
            log.info(words.READING_AGAIN)
        if self._session is not None:
            self._session.release()

    def _tell(self) -> None:
        """Say that commands wait at the broker because those that were read are not settled."""
        self._told = True
        log.warning(words.READING_HELD, held_bytes=self._held, waiting=len(self._waiting))


async def never(_: object) -> None:
    """Stand where aiormq wants a callback: the tap takes every delivery before."""
