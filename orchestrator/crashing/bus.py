"""The bus with points around what comes in and goes out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.bus.port import Bus, BusState, DeadLetter, Delivery, Reply, Shelf
from orchestrator.crashing.trigger import Trigger
from orchestrator.domain.events import OutboxEntry

WRITTEN = 0.005
"""Seconds until what was given to the event loop to write is surely with the kernel, which outlives us."""


class BusAtPoints:
    """A bus; what has no points of its own goes straight through."""

    def __init__(self, bus: Bus, trigger: Trigger) -> None:
        self._bus = bus
        self._trigger = trigger
        self.run = bus.run
        self.until = bus.until
        self.watch = bus.watch
        self.give_back = bus.give_back
        self.holds = bus.holds

    @property
    def state(self) -> BusState:
        """How the bus stands now."""
        return self._bus.state

    async def take(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        """Wait for deliveries and give what is there."""
        deliveries = await self._bus.take(limit, linger=linger)
        self._trigger.reached("command.taken")
        return deliveries

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Send answers and wait until the broker has them."""
        self._trigger.reached("answer.before")
        await self._bus.reply(replies)
        self._trigger.reached("answer.after")

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note deliveries as done."""
        if not deliveries:
            return
        self._trigger.reached("ack.before")
        self._bus.acknowledge(deliveries)
        self._later("ack.after")

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Put copies on the shelf."""
        self._trigger.reached("letter.before")
        lying = await self._bus.dead_letter(letters)
        self._trigger.reached("letter.after")
        return lying

    @asynccontextmanager
    async def shelf(self) -> AsyncIterator[Shelf]:
        """Look at the shelf for the length of the block."""
        async with self._bus.shelf() as shelf:
            yield _ShelfAtPoints(shelf, self._trigger)

    def publish(self, entries: Sequence[OutboxEntry]) -> "asyncio.Future[list[int]]":
        """Send events now."""
        self._trigger.reached("event.before")
        numbers = asyncio.ensure_future(self._bus.publish(entries))
        # Ahead of whoever waits for it.
        numbers.add_done_callback(self._confirmed)
        self._later("event.sent")
        return numbers

    def _confirmed(self, numbers: "asyncio.Future[list[int]]") -> None:
        if not numbers.cancelled() and numbers.result():
            self._trigger.reached("event.confirmed")

    def _later(self, point: str) -> None:
        asyncio.get_running_loop().call_later(WRITTEN, self._trigger.reached, point)


class _ShelfAtPoints:
    """A shelf with points around what leaves it."""

    def __init__(self, shelf: Shelf, trigger: Trigger) -> None:
        self._shelf = shelf
        self._trigger = trigger

    @property
    def total(self) -> int:
        return self._shelf.total

    @property
    def most(self) -> int:
        return self._shelf.most

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self._shelf.__aiter__()

    async def remove(self, deliveries: Sequence[Delivery]) -> None:
        self._trigger.reached("letter.gone.before")
        await self._shelf.remove(deliveries)
        self._trigger.reached("letter.gone.after")


if TYPE_CHECKING:

    def _is_a_bus(bus: BusAtPoints) -> Any:
        checked: Bus = bus
        return checked
