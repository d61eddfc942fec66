"""The load: commands put into the queue, and events counted where a subscriber would find them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import aiormq
from aiormq.abc import AbstractChannel, DeliveredMessage

from orchestrator.contract.topology import Topology

WINDOW = 1000
"""Unconfirmed commands at a time."""
LOOK = 0.01
"""Seconds between two looks at how many events a queue holds."""


class Load:
    """A client of the bus beside the daemon, cheap while something is measured."""

    def __init__(self, channel: AbstractChannel, topology: Topology) -> None:
        self._channel = channel
        self._topology = topology
        self._queue = f"{topology.prefix}.subscriber"

    async def subscribe(self, binding: str = "task.created.#") -> None:
        """Have events collected in a durable queue."""
        await self._channel.queue_declare(self._queue, durable=True)
        await self._channel.queue_bind(self._queue, self._topology.events_exchange.name, binding)

    async def send(self, bodies: Iterable[bytes], *, lot: str) -> None:
        """Publish create-task commands, persistent and confirmed, as fast as that goes."""
        numbered = enumerate(bodies)
        while window := list(islice(numbered, WINDOW)):
            await asyncio.gather(*(self.send_one(body, message_id=f"{lot}-{number}") for number, body in window))

    async def send_one(self, body: bytes, *, message_id: str) -> None:
        """Publish one create-task command; returns when the broker has it."""
        properties = aiormq.spec.Basic.Properties(
            message_id=message_id, delivery_mode=2, content_type="application/json", message_type="create-task"
        )
        exchange = self._topology.commands_exchange.name
        await self._channel.basic_publish(body, exchange=exchange, routing_key="create-task", properties=properties)

    async def arrived(self, count: int, *, within: float) -> float:
        """Wait until the subscriber's queue holds so many events; gives the time (monotonic) at which it does."""
        async with asyncio.timeout(within):
            while await self._depth() < count:
                await asyncio.sleep(LOOK)
        return time.monotonic()

    async def _depth(self) -> int:
        declared = await self._channel.queue_declare(self._queue, passive=True)
        return declared.message_count or 0

    async def read(self, count: int, *, within: float) -> list[tuple[float, dict[str, Any]]]:
        """Read so many events: when each came (monotonic), and what it says."""
        found: list[tuple[float, bytes]] = []
        enough = asyncio.Event()

        async def on_message(message: DeliveredMessage) -> None:
            found.append((time.monotonic(), message.body))
            if len(found) >= count:
                enough.set()

        consumer = await self._channel.basic_consume(self._queue, on_message, no_ack=True)
        async with asyncio.timeout(within):
            await enough.wait()
        await self._channel.basic_cancel(consumer.consumer_tag or "")
        return [(when, json.loads(body)) for when, body in found]

    async def clear(self) -> None:
        """Delete every queue and exchange of this installation."""
        for queue in (self._queue, *(each.name for each in self._topology.queues)):
            await self._channel.queue_delete(queue)
        for exchange in self._topology.exchanges:
            await self._channel.exchange_delete(exchange.name)


@asynccontextmanager
async def load(url: str, prefix: str) -> AsyncIterator[Load]:
    """Connect for the length of the block; what the installation declared is deleted at its end."""
    connection = await aiormq.connect(url)
    try:
        client = Load(await connection.channel(publisher_confirms=True), Topology(prefix=prefix))
        try:
            yield client
        finally:
            await client.clear()
    finally:
        await connection.close()


def images(folder: Path) -> list[str]:
    """Make two small images and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"DJI_{number:04}.JPG" for number in (1, 2)]
    for path in paths:
        path.write_bytes(b"\xff\xd8" + b"\0" * 1022)
    return [str(path) for path in paths]


def create_task(paths: list[str], *, name: str) -> bytes:
    """Give the body of an ordinary command."""
    body = {
        "images": paths,
        "name": name,
        "options": [{"name": "dsm", "value": True}, {"name": "orthophoto-resolution", "value": 2.5}],
        "priority": 5,
        "tags": ["field-12", "2026"],
    }
    return json.dumps(body).encode()


def bodies(paths: list[str], count: int) -> Iterator[bytes]:
    """Give the bodies of so many commands."""
    return (create_task(paths, name=f"Flight {number}") for number in range(count))
