"""The client of the bus on RabbitMQ, on aio-pika: for the command line, for tests, and as an example to producers."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from orchestrator.bus.amqp.address import Address
from orchestrator.bus.amqp.wording import said
from orchestrator.bus.cancellation import honour_cancellation
from orchestrator.bus.port import Subscription
from orchestrator.bus.stream import EventStream
from orchestrator.contract import headers
from orchestrator.contract.patterns import matches
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError

CONNECT_DEADLINE = 10.0
PREFETCH = 500
DIRECT_REPLY = "amq.rabbitmq.reply-to"
"""RabbitMQ's pseudo-queue: answers come straight to the channel that asked, and nothing has to be declared."""


class BusClient:
    """Sends commands and reads events. Made with ``connect``; a client whose connection broke is to be made anew."""

    def __init__(self, connection: AbstractConnection, *, address: Address, topology: Topology) -> None:
        self._connection = connection
        self._address = address
        self._topology = topology
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._streams: set[EventStream] = set()
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        connection.close_callbacks.add(self._lost)

    def __repr__(self) -> str:
        return f"BusClient({str(self._address)!r})"

    @property
    def closed(self) -> bool:
        """Whether its connection has ended: then it is of no more use."""
        # aio-pika's own is_closed speaks only of connections that we closed, not of those that were lost.
        return self._connection.is_closed or not self._connection.connected.is_set()

    @classmethod
    async def connect(cls, url: str, *, topology: Topology, timeout: float = CONNECT_DEADLINE) -> Self:
        """Connect. Raises ``BusError``."""
        address = Address(url)
        try:
            async with asyncio.timeout(timeout):
                connection = await aio_pika.connect(address.url(name="orchestrator client"))
        except TimeoutError:
            raise BusError(f"The broker at {address} did not answer within {timeout:g} s.") from None
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 the client library raises many kinds
            honour_cancellation()
            raise BusError(address.mask(f"The broker at {address} cannot be used: {said(error, address)}.")) from None
        return cls(connection, address=address, topology=topology)

    async def send(
        self, name: str, body: bytes | Mapping[str, Any], *, message_id: str | None = None, timeout: float = 30
    ) -> dict[str, Any]:
        """Send a command and give its answer. Raises ``BusError``: no queue for it, no answer in time, broker gone."""
        correlation_id = uuid4().hex
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[correlation_id] = answer
        message = aio_pika.Message(
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            content_type=headers.JSON,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message_id,
            correlation_id=correlation_id,
            reply_to=DIRECT_REPLY,
            type=name,
        )
        try:
            async with asyncio.timeout(timeout):
                await self._publish(message, name)
                found: dict[str, Any] = json.loads(await answer)
                return found
        except TimeoutError:
            raise BusError(f"No answer to {name} came within {timeout:g} s.") from None
        finally:
            del self._answers[correlation_id]

    async def events(self, pattern: str = "#", *, replay: bool = False) -> Subscription:
        """Subscribe to events by routing key; it is in force on return. ``replay``: from the first one kept.

        Raises ``BusError`` if the broker has no such events.
        """
        try:
            channel = await self._connection.channel()
            await channel.set_qos(prefetch_count=PREFETCH)
            return await (self._replay(channel, pattern) if replay else self._live(channel, pattern))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 the client library raises many kinds
            honour_cancellation()
            raise BusError(
                f"The events of {self._topology.prefix} cannot be read: {said(error, self._address)}."
            ) from None

    async def close(self) -> None:
        """Leave the bus; may be called again."""
        await self._connection.close()
        self._fail("The client was closed.")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _publish(self, message: aio_pika.Message, name: str) -> None:
        try:
            async with self._opening:
                if self._channel is None or self._channel.is_closed:
                    self._channel = await self._open()
                commands = await self._channel.get_exchange(self._topology.commands_exchange.name, ensure=False)
            await commands.publish(message, routing_key=name, mandatory=True)
        except (aio_pika.exceptions.PublishError, aio_pika.exceptions.ChannelNotFoundEntity):
            honour_cancellation()
            raise BusError(f"Nobody takes commands for {self._topology.prefix} on {self._address}.") from None
        except (aio_pika.exceptions.AMQPError, RuntimeError, OSError, asyncio.CancelledError) as error:
            honour_cancellation()
            raise BusError(f"The command {name} could not be sent: {said(error, self._address)}.") from None

    async def _open(self) -> AbstractChannel:
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        replies = await channel.get_queue(DIRECT_REPLY, ensure=False)
        await replies.consume(self._answered, no_ack=True)
        return channel

    async def _live(self, channel: AbstractChannel, pattern: str) -> EventStream:
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(self._topology.events_exchange.name, routing_key=pattern)
        return await self._read(channel, queue, pattern="#", arguments={})

    async def _replay(self, channel: AbstractChannel, pattern: str) -> EventStream:
        queue = await channel.get_queue(self._topology.events_log.name, ensure=False)
        return await self._read(channel, queue, pattern=pattern, arguments={"x-stream-offset": "first"})

    async def _read(
        self, channel: AbstractChannel, queue: AbstractQueue, *, pattern: str, arguments: dict[str, Any]
    ) -> EventStream:
        async def read(message: AbstractIncomingMessage) -> None:
            try:
                await message.ack()
            except (aio_pika.exceptions.AMQPError, RuntimeError, OSError, asyncio.CancelledError) as error:
                honour_cancellation()
                # It came, and is given; what comes after it is not.
                stream.fail(f"The events of {self._topology.prefix} end here: {said(error, self._address)}.")

        async def leave() -> None:
            self._streams.discard(stream)
            await channel.close()

        async def arrived(message: AbstractIncomingMessage) -> None:
            if matches(pattern, message.routing_key or ""):
                stream.put(message.body, mark=message)
            else:
                await message.ack()

        stream = EventStream(on_read=read, on_close=leave)
        self._streams.add(stream)
        await queue.consume(arrived, arguments=arguments)
        return stream

    async def _answered(self, message: AbstractIncomingMessage) -> None:
        answer = self._answers.get(message.correlation_id or "")
        if answer is not None and not answer.done():
            answer.set_result(message.body)

    async def _lost(self, *_: object) -> None:
        self._fail(f"The connection to {self._address} was lost.")

    def _fail(self, why: str) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(BusError(why))
        for stream in self._streams:
            stream.fail(why)
