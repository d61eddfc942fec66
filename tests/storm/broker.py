"""The broker: the product's in-process bus, with connections that break and confirmations that get lost.

It outlives the daemon. Each run of the daemon has a line to it, and what a dead one says is not heard.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import BusState, DeadLetter, Delivery, Reply
from orchestrator.domain.errors import BusError
from orchestrator.domain.events import OutboxEntry

BACK_AFTER = (0.5, 4.0)
"""Seconds after which a broken connection is made anew."""


class Broker:
    """``up``: whether anybody can reach it. ``published``: every event that reached subscribers, in order."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.memory = MemoryBus()
        self.up = True
        self.line: Line | None = None
        self._session: asyncio.Task[None] | None = None
        self._flights: deque[tuple[asyncio.Future[list[int]], list[int]]] = deque()

    def attach(self, line: "Line") -> None:
        """Let a daemon in."""
        self.line = line
        self._connect()

    def detach(self, line: "Line") -> None:
        """See a daemon go: what it had not acknowledged is anybody's again."""
        if self.line is line:
            self.line = None
            self.disconnect()

    def drop(self, life: Any) -> None:
        """See a daemon die."""
        if self.line is not None and self.line.life is life:
            self.detach(self.line)

    @property
    def idle(self) -> bool:
        """Whether no command waits or is being worked on."""
        return not self.memory._queue and not self.memory._held

    def _connect(self) -> None:
        if self.up and self.line is not None and self._session is None:
            self._session = self.world.begin(self.memory.run())

    def disconnect(self) -> None:
        """End the session; nothing that was in flight will be confirmed."""
        if self._session is not None:
            self._session.cancel()
            self._session = None
        while self._flights:
            future, _ = self._flights.popleft()
            if not future.done():
                future.set_result([])

    def cut(self) -> None:
        """Break the connection; it is made anew soon."""
        if self._session is not None:
            self.disconnect()
            self.world.loop.call_later(self.world.weather.seconds(*BACK_AFTER), self._connect)

    def stop(self) -> None:
        """Be gone."""
        self.up = False
        self.disconnect()

    def start(self) -> None:
        """Be there again, with all that was queued."""
        self.up = True
        self._connect()

    def confirm_later(self, numbers: list[int]) -> "asyncio.Future[list[int]]":
        """Confirm in a moment, unless the connection breaks before."""
        future: asyncio.Future[list[int]] = self.world.loop.create_future()
        self._flights.append((future, numbers))
        self.world.loop.call_later(self.world.weather.seconds(0.0005, 0.05), self._confirm, future, numbers)
        return future

    def _confirm(self, future: "asyncio.Future[list[int]]", numbers: list[int]) -> None:
        if not future.done():
            self._flights.remove((future, numbers))
            future.set_result(numbers)


class Line:
    """One run's connection. Implements ``Bus``."""

    def __init__(self, broker: Broker, life: Any) -> None:
        self._broker = broker
        self._memory = broker.memory
        self._world = broker.world
        self.life = life

    async def run(self) -> None:
        self._broker.attach(self)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._broker.detach(self)

    @property
    def state(self) -> BusState:
        return self._memory.state

    async def until(self, condition: Callable[[BusState], bool]) -> BusState:
        return await self._memory.until(condition)

    def watch(self, watcher: Callable[[BusState], None]) -> None:
        self._memory.watch(watcher)

    async def take(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        found = await self._memory.take(limit, linger=linger)
        for delivery in found:
            self._world.trace.note("take", delivery.name, delivery.message_id)
            if self._world.weather.strikes("delivery repeated", about=delivery.message_id or ""):
                self._memory.send(replace(delivery, redelivered=True))
        await self._world.crossing("bus.take.after", self.life)
        return found

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        if not self.life.dead:
            self._memory.give_back(deliveries)

    def holds(self, delivery: Delivery) -> bool:
        return self._memory.holds(delivery)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if self.life.dead or not self._world.moment("bus.ack.before", life=self.life):
            return
        if self._world.weather.strikes("ack lost"):
            self._broker.cut()
            return
        held = [delivery for delivery in deliveries if self.holds(delivery)]
        self._world.watch.acknowledged(held)
        self._memory.acknowledge(held)
        self._world.moment("bus.ack.after", life=self.life)

    async def reply(self, replies: Sequence[Reply]) -> None:
        await self._world.crossing("bus.reply.before", self.life)
        if not self.state.publishing or self._world.weather.strikes("reply refused"):
            raise BusError("The broker did not take the answers in time.")
        await self._memory.reply([each for each in replies if not self._world.weather.strikes("reply lost")])
        await self._world.crossing("bus.reply.after", self.life)
        if self._world.weather.strikes("reply unconfirmed"):
            raise BusError("The broker did not confirm the answers in time.")

    async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
        await self._world.crossing("bus.dead_letter.before", self.life)
        if not self.state.publishing or self._world.weather.strikes("dead letter refused"):
            return [False] * len(letters)
        return await self._memory.dead_letter(letters)

    def publish(self, entries: Sequence[OutboxEntry]) -> "asyncio.Future[list[int]]":
        dead = self.life.dead or not self._world.moment("bus.publish.before", life=self.life)
        if dead or not self.state.publishing:
            return self._answer([])
        weather = self._world.weather
        arrived = list(entries)
        if weather.strikes("publish cut"):
            arrived = arrived[: int(weather.seconds(0, len(arrived) + 1))]
            self._arrive(arrived)
            self._broker.cut()
            return self._answer([])
        arrived = [entry for entry in arrived if not weather.strikes("event nacked")]
        self._arrive(arrived)
        if not self._world.moment("bus.publish.after", life=self.life):
            return self._answer([])
        return self._broker.confirm_later([entry.number for entry in arrived])

    def _answer(self, numbers: list[int]) -> "asyncio.Future[list[int]]":
        future: asyncio.Future[list[int]] = self._world.loop.create_future()
        future.set_result(numbers)
        return future

    def _arrive(self, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            self._world.watch.published(entry)
