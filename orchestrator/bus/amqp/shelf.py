"""A look at the queue of dead letters: consumed without acknowledging, so that the broker puts everything back.

Not by ``basic.get``, one round trip for each: 10,000 letters come in a second. Frames are read by our own reader,
which takes what a client library would break the connection for: the letters are those that were wrong.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiormq.exceptions import ChannelNotFoundEntity

from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.address import Address
from orchestrator.bus.amqp.consumer import Inbox, never
from orchestrator.bus.amqp.link import Session, connect
from orchestrator.bus.amqp.tap import TappedTransport
from orchestrator.bus.amqp.wording import said
from orchestrator.bus.cancellation import bounded, honour_cancellation
from orchestrator.bus.port import Delivery
from orchestrator.domain.errors import BusError

MOST = 10_000
"""Letters that one look shows. Where there are more, the rest is seen when some of these are gone."""
SILENCE = 5.0
"""Seconds without another letter after which no more are waited for: somebody else has them."""
LEAVING, LEAVING_STEP = 40, 0.05
"""How often, and after how many seconds each, it is asked whether an earlier reader has gone."""


class QueueShelf:
    """Implements ``Shelf`` over one session."""

    most = MOST

    def __init__(self, session: Session, queue: str) -> None:
        self.total = 0
        self._session = session
        self._queue = queue
        self._waiting: deque[Delivery] = deque()
        self._some = asyncio.Event()
        session.lost.add_done_callback(lambda _: self._some.set())

    async def open(self) -> None:
        """Begin to look. Raises ``BusError`` while somebody else does, and what the client library raises."""
        self._channel = await self._session.channel(sink=self._inbox)
        self.total, readers = await self._ask()
        # Of two who look at once, each would see what the other does not. An earlier look may just be leaving: the
        # broker puts its letters back in the same step as it forgets the reader.
        for _ in range(LEAVING):
            if not readers:
                break
            await asyncio.sleep(LEAVING_STEP)
            self.total, readers = await self._ask()
        if readers:
            raise BusError("Somebody else is reading the dead letters just now; try again in a moment.")
        if self.total:
            await self._channel.basic_qos(prefetch_count=min(self.total, MOST))
            await self._channel.basic_consume(self._queue, never)

    def arrived(self, delivery: Delivery) -> None:
        """Take a letter from the broker."""
        self._waiting.append(delivery)
        self._some.set()

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        for _ in range(min(self.total, MOST)):
            if not await self._wait():
                return
            yield self._waiting.popleft()

    async def remove(self, deliveries: Sequence[Delivery]) -> None:
        """Take letters away for good. Raises ``BusError``."""
        if not deliveries:
            return
        acks = (wire.ack(self._channel.number, delivery.tag, multiple=False) for delivery in deliveries)
        self._session.write(b"".join(acks))
        try:
            await self._ask()  # the channel does things in order: when it has answered this, it has taken those
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 whatever it is, nobody knows
            honour_cancellation()
            raise BusError("The broker went away; whether the letters are off the shelf is not known.") from None

    async def _wait(self) -> bool:
        """Wait for a letter; says whether there is one. Raises ``BusError``."""
        while not self._waiting:
            if not self._session.alive:
                raise BusError(f"The broker went away while the dead letters were read: {self._session.lost.result()}.")
            self._some.clear()
            try:
                async with asyncio.timeout(SILENCE):
                    await self._some.wait()
            except TimeoutError:
                return False
        return True

    async def _ask(self) -> tuple[int, int]:
        """Ask how many letters wait, and how many readers there are."""
        found = await self._channel.queue_declare(self._queue, passive=True)
        return found.message_count or 0, found.consumer_count or 0

    def _inbox(self, number: int) -> Inbox:
        return Inbox(self._session, number, into=self)


@asynccontextmanager
async def shelf_of(address: Address, queue: str, *, deadline: float) -> AsyncIterator[QueueShelf]:
    """Look at a queue for the length of the block; ``deadline`` is seconds to connect. Raises ``BusError``."""
    transport = TappedTransport()
    url = address.url(name="orchestrator dead letters")
    try:
        session = await bounded(connect(url, transport), deadline=deadline, drop=transport.abort)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 the client library raises many kinds
        honour_cancellation()
        raise BusError(_sentence(address, error, deadline=deadline)) from None
    try:
        shelf = QueueShelf(session, queue)
        try:
            await bounded(shelf.open(), deadline=deadline, drop=transport.abort)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 as above
            honour_cancellation()
            raise BusError(_sentence(address, error, deadline=deadline)) from None
        yield shelf
    finally:
        await session.close()


def _sentence(address: Address, error: BaseException, *, deadline: float) -> str:
    if isinstance(error, BusError):
        return str(error)
    if isinstance(error, ChannelNotFoundEntity):
        return f"The broker at {address} has no shelf for dead letters yet."
    why = f"it did not answer within {deadline:g} s" if isinstance(error, TimeoutError) else said(error, address)
    return address.mask(f"The broker at {address} cannot be used: {why}.")
