"""The bus on RabbitMQ: one connection consumes, one publishes, so that back-pressure on one never blocks the other."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from orchestrator.bus.amqp.address import Address
from orchestrator.bus.amqp.consumer import Consumer
from orchestrator.bus.amqp.furniture import furnish_intake
from orchestrator.bus.amqp.link import Link, Session
from orchestrator.bus.amqp.publisher import Publisher
from orchestrator.bus.amqp.shelf import QueueShelf, shelf_of
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import BusState, DeadLetter, Delivery, Reply
from orchestrator.bus.presence import Presence
from orchestrator.contract.topology import Topology
from orchestrator.domain.events import OutboxEntry

PREFETCH = 1000
CONNECT_DEADLINE = 10.0
CONFIRM_DEADLINE = 30.0
"""Seconds, as the one before."""
HEARTBEAT = 20
"""Seconds; a dead peer is noticed after about three."""

Prepare = Callable[[Session], Coroutine[Any, Any, None]]


class RabbitBus:
    """A bus on a broker. Raises ``BusError`` for an invalid URL."""

    def __init__(
        self,
        url: str,
        *,
        topology: Topology,
        prefetch: int = PREFETCH,
        heartbeat: int = HEARTBEAT,
        patience: Patience | None = None,
    ) -> None:
        address = Address(url)
        self._topology = topology
        self._address = address
        self._presence = Presence()
        self._declaring = asyncio.Lock()
        self._problems = {"consuming": "", "publishing": "", "events": ""}
        self._consumer = Consumer(queue=topology.commands.name, prefetch=prefetch)
        self._publisher = Publisher(topology, deadline=CONFIRM_DEADLINE, troubled=self._troubled)

        def link(role: str, prepare: Prepare, told: Callable[[bool, str], None]) -> Link:
            return Link(
                address,
                role=role,
                prepare=prepare,
                told=told,
                deadline=CONNECT_DEADLINE,
                heartbeat=heartbeat,
                patience=patience or Patience(),
            )

        self._links = (
            link("consume", self._prepare_consuming, self._told_consuming),
            link("publish", self._prepare_publishing, self._told_publishing),
        )

    def __repr__(self) -> str:
        return f"RabbitBus({str(self._address)!r})"

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for link in self._links:
                    group.create_task(link.run())
                group.create_task(self._publisher.mend())
        finally:
            self._presence.set(consuming=False, publishing=False)

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
        return await self._consumer.take(limit, linger=linger)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return deliveries untouched."""
        self._consumer.give_back(deliveries)

    def holds(self, delivery: Delivery) -> bool:
        """Say whether a delivery is still ours."""
        return self._consumer.holds(delivery)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note deliveries as done."""
        self._consumer.acknowledge(deliveries)

    async def reply(self, replies: Sequence[Reply]) -> None:
        """Send answers and wait until the broker has them. Raises ``BusError``."""
        await self._publisher.reply(replies)

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        """Put copies on the shelf."""
        return await self._publisher.dead_letter(letters)

    def shelf(self) -> AbstractAsyncContextManager[QueueShelf]:
        """Look at the shelf for the length of the block, over a connection of its own. Raises ``BusError``."""
        return shelf_of(self._address, self._topology.dead_letters.name, deadline=CONNECT_DEADLINE)

    def publish(self, entries: Sequence[OutboxEntry]) -> Awaitable[list[int]]:
        """Send events now, in the order of calls."""
        return self._publisher.publish(entries)

    async def _prepare_consuming(self, session: Session) -> None:
        # One at a time: two connections that declare the same quorum queue at once may get in each other's way.
        async with self._declaring:
            await furnish_intake(await session.channel(), self._topology)
        await self._consumer.prepare(session)

    async def _prepare_publishing(self, session: Session) -> None:
        async with self._declaring:
            await self._publisher.prepare(session)

    def _told_consuming(self, up: bool, problem: str) -> None:  # noqa: FBT001 a callback's shape
        self._problems["consuming"] = problem
        self._presence.set(consuming=up, problem=self._problem())

    def _told_publishing(self, up: bool, problem: str) -> None:  # noqa: FBT001 a callback's shape
        self._problems["publishing"] = problem
        self._presence.set(publishing=up, problem=self._problem())

    def _troubled(self, problem: str) -> None:
        if problem != self._problems["events"]:
            self._problems["events"] = problem
            self._presence.set(problem=self._problem())

    def _problem(self) -> str:
        return next((problem for problem in self._problems.values() if problem), "")
