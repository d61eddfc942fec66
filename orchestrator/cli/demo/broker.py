"""Leaves a broker as it was found: takes away the queues and exchanges of one prefix."""

import asyncio
from typing import TYPE_CHECKING, Final

import aio_pika
import structlog

from orchestrator.contract.topology import Topology

if TYPE_CHECKING:
    from orchestrator.settings.tree import Bus

WITHIN: Final = 10.0

log = structlog.get_logger()


async def vacate(bus: "Bus") -> None:
    """Delete every queue and exchange of the prefix. A broker that is away keeps them; then the log says so."""
    topology = Topology(prefix=bus.prefix)
    try:
        async with asyncio.timeout(WITHIN), await aio_pika.connect(bus.url.get_secret_value()) as connection:
            channel = await connection.channel()
            for queue in topology.queues:
                await channel.queue_delete(queue.name)
            for exchange in topology.exchanges:
                await channel.exchange_delete(exchange.name)
    except Exception as error:  # noqa: BLE001 - the client library raises many kinds, and the demo is over anyway
        log.warning("demo.broker_not_vacated", prefix=bus.prefix, reason=type(error).__name__)
