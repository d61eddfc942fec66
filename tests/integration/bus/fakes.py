"""A desk, an outbox and a harness of two buses: what the bus room's tests stand on."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aio_pika

from orchestrator.bus.client import BusClient
from orchestrator.bus.intake import Intake
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.memory_client import MemoryClient
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import Bus
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.bus.relay import Relay
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.engine.ports import Order, Rejected, Settled

QUICK = Patience(first=0.02, ceiling=0.2)
WAIT = 20.0


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)


class PlainRenderer:
    """Answers in the words of the contract, without needing it."""

    def answer(self, outcome: Any) -> bytes:
        assert isinstance(outcome, Rejected)
        problem = outcome.problem
        error = {"type": problem.type, "detail": problem.detail, "errors": [error.field for error in problem.errors]}
        return json.dumps({"ok": False, "command": outcome.command, "error": error}).encode()

    def event(self, event: Any, *, number: int) -> OutboxEntry:
        raise NotImplementedError


class FakeDesk:
    """Settles everything. ``behave`` sees each batch first and may raise."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.batches: list[int] = []
        self.confirmed: list[int] = []
        self.behave: Callable[[Sequence[Order]], None] = lambda _: None
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self._changed = asyncio.Event()

    async def settle(self, orders: Sequence[Order]) -> list[Settled]:
        self.arrived.set()
        await self.gate.wait()
        self.behave(orders)
        self.orders += orders
        self.batches.append(len(orders))
        self._change()
        return [
            Settled(json.dumps({"ok": True, "message_id": order.message_id}).encode(), accepted=True)
            for order in orders
        ]

    def sent(self, numbers: Sequence[int]) -> None:
        self.confirmed += numbers
        self._change()

    @property
    def message_ids(self) -> list[str | None]:
        return [order.message_id for order in self.orders]

    async def until(self, condition: Callable[["FakeDesk"], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not condition(self):
                await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class FakeOutbox:
    """The part of a store that the relay reads."""

    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk
        self.entries: list[OutboxEntry] = []
        self.reads: list[int] = []
        self.away = 0

    async def unsent(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        self.reads.append(after)
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise StoreError("the database is locked")
        sent = set(self._desk.confirmed)
        left = [entry for entry in self.entries if entry.number > after and entry.number not in sent]
        return tuple(left[:limit])

    def commit(self, entries: Sequence[OutboxEntry]) -> Sequence[OutboxEntry]:
        self.entries += entries
        return entries


def entry(number: int, *, key: str = "", routing_key: str = "task.updated.queued.1.1") -> OutboxEntry:
    body = json.dumps({"id": f"e{number}", "number": number}).encode()
    return OutboxEntry(number, f"e{number}", key or f"tasks/{number % 7}", routing_key, body)


@dataclass
class Bundle:
    """One bus with everything around it, real or fake."""

    bus: Bus
    connect: Callable[[], Any]
    dead_letters: Callable[[int], Any]
    desk: FakeDesk = field(default_factory=FakeDesk)

    def __post_init__(self) -> None:
        self.outbox = FakeOutbox(self.desk)
        self.intake = Intake(
            self.bus, self.desk, renderer=PlainRenderer(), clock=FixedClock(), patience=QUICK, max_message_bytes=100_000
        )
        self.relay = Relay(self.bus, self.outbox, self.desk, patience=QUICK)

    @asynccontextmanager
    async def running(self, *parts: str) -> AsyncIterator["Bundle"]:
        """Run the bus and the named parts (intake, relay)."""
        async with running(self.bus.run(), *(getattr(self, part).run() for part in parts)):
            await self.connected()
            yield self

    async def connected(self) -> None:
        async with asyncio.timeout(WAIT):
            await self.bus.until(lambda state: state.connected)


@asynccontextmanager
async def running(*coroutines: Any) -> AsyncIterator[None]:
    """Run coroutines beside the block, and end them after it; what they raise is raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in reversed(tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def memory_bundle() -> Bundle:
    bus = MemoryBus()

    async def connect() -> MemoryClient:
        return MemoryClient(bus)

    async def dead_letters(count: int) -> list[tuple[bytes, dict[str, Any]]]:
        async with asyncio.timeout(WAIT):
            while len(bus.dead_letters) < count:
                await asyncio.sleep(0.001)
        return [(letter.delivery.body, letter.headers) for letter in bus.dead_letters]

    return Bundle(bus, connect, dead_letters)


def rabbit_bundle(url: str, prefix: str) -> Bundle:
    topology = Topology(prefix=prefix)
    bus = RabbitBus(url, topology=topology, patience=QUICK)

    async def connect() -> BusClient:
        return await BusClient.connect(url, topology=topology)

    async def dead_letters(count: int) -> list[tuple[bytes, dict[str, Any]]]:
        return await get(url, topology.dead_letters.name, count)

    return Bundle(bus, connect, dead_letters)


async def get(url: str, queue: str, count: int) -> list[tuple[bytes, dict[str, Any]]]:
    """Take that many messages from a queue."""
    found: list[tuple[bytes, dict[str, Any]]] = []
    async with asyncio.timeout(WAIT), await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        source = await channel.get_queue(queue, ensure=False)
        while len(found) < count:
            message = await source.get(no_ack=True, fail=False)
            if message is not None:
                found.append((message.body, dict(message.headers)))
    return found


async def take(subscription: Any, count: int) -> list[int]:
    """Read that many events and give their numbers."""
    async with asyncio.timeout(WAIT):
        return [(await anext(subscription))["number"] for _ in range(count)]


async def remove(url: str, prefix: str) -> None:
    """Delete all that a bus declared."""
    topology = Topology(prefix=prefix)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in topology.queues:
            await channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            await channel.exchange_delete(exchange.name)
