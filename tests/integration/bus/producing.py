"""Sends commands as a program does that does not know us."""

import asyncio

import aio_pika

from orchestrator.contract.topology import Topology

PROJECT = {"name": "Hillside"}


async def produce(
    url: str,
    prefix: str,
    ids: list[str],
    *,
    past_exchange: bool = False,
    body: bytes = b'{"name": "Hillside"}',
    **properties: object,
) -> None:
    """Send commands without waiting for answers; returns when the broker has them."""
    topology = Topology(prefix=prefix)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = channel.default_exchange
        if not past_exchange:
            exchange = await channel.get_exchange(topology.commands_exchange.name, ensure=False)
        key = topology.commands.name if past_exchange else "create-project"
        messages = [aio_pika.Message(body, message_id=one, delivery_mode=2, **properties) for one in ids]
        await asyncio.gather(*(exchange.publish(message, key) for message in messages))
