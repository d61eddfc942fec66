"""Speaks with the daemon over RabbitMQ, as any producer or subscriber does."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.bus.client import BusClient
from orchestrator.cli.errors import StreamEnded, Unreachable
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError

if TYPE_CHECKING:
    from orchestrator.bus.port import Subscription
    from orchestrator.settings.tree import Bus

# The client library logs each failure as well; what it raises is told once, in plain words.
logging.getLogger("aiormq").addHandler(logging.NullHandler())
logging.getLogger("aio_pika").addHandler(logging.NullHandler())


def send(bus: "Bus", name: str, body: bytes, *, message_id: str | None) -> dict[str, Any]:
    """Send a command and give its answer. Raises ``Unreachable``."""

    async def exchange() -> dict[str, Any]:
        async with await _connect(bus) as client:
            return await client.send(name, body, message_id=message_id)

    try:
        return asyncio.run(exchange())
    except BusError as error:
        raise Unreachable(str(error)) from None


@contextmanager
def events(bus: "Bus", pattern: str, *, replay: bool) -> Iterator[Iterator[dict[str, Any]]]:
    """Follow events; in force when the block begins. Raises ``Unreachable``; the iterator raises ``StreamEnded``."""
    with asyncio.Runner() as runner:
        try:
            client = runner.run(_connect(bus))
        except BusError as error:
            raise Unreachable(str(error)) from None
        try:
            yield _read(runner, _subscribed(runner, client, pattern, replay=replay))
        finally:
            runner.run(client.close())


def _subscribed(runner: asyncio.Runner, client: BusClient, pattern: str, *, replay: bool) -> "Subscription":
    try:
        return runner.run(client.events(pattern, replay=replay))
    except BusError as error:
        raise Unreachable(str(error)) from None


def _read(runner: asyncio.Runner, subscription: "Subscription") -> Iterator[dict[str, Any]]:
    while True:
        try:
            yield runner.run(_following(subscription))
        except BusError as error:
            raise StreamEnded(str(error)) from None


async def _following(subscription: "Subscription") -> dict[str, Any]:
    return await anext(subscription)


async def _connect(bus: "Bus") -> BusClient:
    return await BusClient.connect(bus.url.get_secret_value(), topology=Topology(prefix=bus.prefix))
