"""Declares what the contract's topology says: exchanges, queues, bindings. What is there already stays as it is.

An error of aiormq is raised if the broker has one of the names with other arguments.
"""

from collections.abc import Iterable
from typing import Any

from aiormq.abc import AbstractChannel

from orchestrator.contract.topology import Exchange, Queue, Topology


async def furnish_intake(channel: AbstractChannel, topology: Topology) -> None:
    """Declare what commands need: a broken events log must not keep them out."""
    exchanges = (topology.dead_letters_exchange, topology.commands_exchange)
    await _declare(channel, exchanges, (topology.dead_letters, topology.commands))


async def furnish(channel: AbstractChannel, topology: Topology) -> None:
    """Declare everything."""
    await _declare(channel, topology.exchanges, topology.queues)


async def _declare(channel: AbstractChannel, exchanges: Iterable[Exchange], queues: Iterable[Queue]) -> None:
    for exchange in exchanges:
        await channel.exchange_declare(exchange=exchange.name, exchange_type=exchange.type, durable=True)
    for queue in queues:
        arguments: dict[str, Any] = dict(queue.arguments)
        await channel.queue_declare(queue=queue.name, durable=True, arguments=arguments)
        await channel.queue_bind(queue=queue.name, exchange=queue.exchange, routing_key=queue.binding)
