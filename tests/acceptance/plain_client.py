"""A producer and subscriber as a stranger would write one: plain aio-pika, and not a line of our own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

PATIENCE = 20.0

Json = dict[str, Any]
Message = AbstractIncomingMessage


class Shelf:
    """Messages in the order in which they came. They are kept: what has already come is found at once."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._news = asyncio.Condition()

    async def put(self, message: Message) -> None:
        async with self._news:
            self.messages.append(message)
            self._news.notify_all()

    async def find(self, fits: Callable[[Message], bool], *, what: str) -> Message:
        """Wait for the first message that fits."""
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: any(map(fits, self.messages)))
        except TimeoutError:
            raise AssertionError(f"{what} did not come; there are {len(self.messages)} messages") from None
        return next(filter(fits, self.messages))

    @property
    def bodies(self) -> list[Json]:
        return [json.loads(message.body) for message in self.messages]


class PlainClient:
    """Sends commands and remembers answers, events and dead letters."""

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel, *, prefix: str) -> None:
        self.connection = connection
        self.channel = channel
        self.prefix = prefix
        self.answers = Shelf()
        self.events = Shelf()
        self.dead_letters = Shelf()
        self.reply_to = ""

    async def begin(self) -> None:
        self.reply_to = (await self._consume(await self.channel.declare_queue(exclusive=True), self.answers)).name
        dead = await self.channel.get_queue(f"{self.prefix}.dead-letters", ensure=False)
        await self._consume(dead, self.dead_letters)
        await self.subscribe("#", into=self.events)

    async def subscribe(self, pattern: str, *, into: Shelf | None = None) -> Shelf:
        """Collect the events that fit a pattern, from now on."""
        queue = await self.channel.declare_queue(exclusive=True)
        await queue.bind(f"{self.prefix}.events", routing_key=pattern)
        shelf = into or Shelf()
        await self._consume(queue, shelf)
        return shelf

    async def replay(self) -> Shelf:
        """Collect every event that the stream has kept; a broker that has just started may not have it up yet."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self._replay()
                except aio_pika.exceptions.ChannelNotFoundEntity:
                    await asyncio.sleep(0.2)

    async def _replay(self) -> Shelf:
        channel = await self.connection.channel()
        await channel.set_qos(prefetch_count=100)
        queue = await channel.get_queue(f"{self.prefix}.events.log", ensure=False)
        shelf = Shelf()

        async def take(message: Message) -> None:
            await shelf.put(message)
            await message.ack()

        await queue.consume(take, arguments={"x-stream-offset": "first"})
        return shelf

    async def publish(
        self,
        key: str,
        body: bytes | Json,
        *,
        straight: bool = False,
        channel: AbstractChannel | None = None,
        **said: Any,
    ) -> None:
        """Publish as a producer does; ``straight`` goes to the queue itself."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        target = await self._target(channel or self.channel, straight=straight)
        message = aio_pika.Message(raw, **({"content_type": "application/json"} | said))
        await target.publish(message, routing_key=f"{self.prefix}.commands" if straight else key, mandatory=True)

    async def send(self, command: str, body: bytes | Json, **said: Any) -> Json:
        """Publish, and wait for the answer."""
        token = uuid4().hex
        await self.publish(command, body, reply_to=self.reply_to, correlation_id=token, **said)
        return await self.answer(token)

    async def answer(self, token: str) -> Json:
        """Wait for the answer with that correlation id."""
        found = await self.answers.find(lambda it: it.correlation_id == token, what="the answer")
        answer: Json = json.loads(found.body)
        return answer

    async def ok(self, command: str, body: Json, **said: Any) -> Json:
        """Send a command that must be taken, and give what it is about."""
        answer = await self.send(command, body, **said)
        assert (True, command) == (answer["ok"], answer["command"]), answer
        (subject,) = (value for key, value in answer.items() if key not in {"ok", "command"})
        return subject

    async def refused(self, command: str, body: bytes | Json, **said: Any) -> Json:
        """Send a command that must be rejected, check the answer's shape, and give the problem."""
        return problem_in(await self.send(command, body, **said), command=command)

    async def event(self, fits: Callable[[Json], bool], *, what: str = "the event") -> Json:
        """Wait for an event."""
        found = await self.events.find(lambda it: fits(json.loads(it.body)), what=what)
        event: Json = json.loads(found.body)
        return event

    async def task(self, id: int, fits: Callable[[Json], bool]) -> Json:
        """Wait until a task has been seen in some state."""

        def shows(event: Json) -> bool:
            return event["subject"] == f"tasks/{id}" and fits(event["data"]["task"])

        found: Json = (await self.event(shows, what=f"the state of task {id}"))["data"]["task"]
        return found

    async def ended(self, id: int, *, attempt: int | None = None) -> Json:
        """Wait until a task has ended, in that attempt if one is named."""
        return await self.task(id, lambda task: task["stage"] == "ended" and attempt in {None, task["attempt"]})

    async def removed(self, id: int) -> Json:
        """Wait until a task is no more."""
        return await self.event(lambda it: (it["type"], it["subject"]) == ("task.removed", f"tasks/{id}"))

    async def dead_letter(self, message_id: str) -> Message:
        """Wait for the dead letter that was sent under that id."""
        return await self.dead_letters.find(lambda it: it.message_id == message_id, what=f"dead letter {message_id}")

    async def _consume(self, queue: AbstractQueue, shelf: Shelf) -> AbstractQueue:
        await queue.consume(shelf.put, no_ack=True)
        return queue

    async def _target(self, channel: AbstractChannel, *, straight: bool) -> aio_pika.abc.AbstractExchange:
        return (
            channel.default_exchange
            if straight
            else await channel.get_exchange(f"{self.prefix}.commands", ensure=False)
        )


def problem_in(answer: Json, *, command: str) -> Json:
    """Give the problem in a rejection; its shape is the contract's (RFC 9457), to the letter."""
    assert {"ok", "command", "error"} == set(answer), answer
    assert (False, command) == (answer["ok"], answer["command"])
    problem: Json = answer["error"]
    assert {"type", "title", "status", "detail", "errors"} == set(problem)
    kinds = {"type": str, "title": str, "status": int, "detail": str, "errors": list}
    assert kinds == {key: type(value) for key, value in problem.items()}
    assert all({"field", "message"} == set(error) for error in problem["errors"])
    assert all(problem[key] for key in ("type", "title", "detail"))
    return problem


def fields(problem: Json) -> list[str]:
    """Name the wrong fields of a problem."""
    return [error["field"] for error in problem["errors"]]


@asynccontextmanager
async def plain_client(url: str, *, prefix: str) -> AsyncIterator[PlainClient]:
    """Connect, and begin to collect what comes."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        client = PlainClient(connection, channel, prefix=prefix)
        await client.begin()
        yield client


async def clear(url: str, *, prefix: str) -> None:
    """Leave nothing on the broker."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in ("commands", "dead-letters", "events.log"):
            await channel.queue_delete(f"{prefix}.{queue}")
        for exchange in ("commands", "dead-letters", "events"):
            await channel.exchange_delete(f"{prefix}.{exchange}")
