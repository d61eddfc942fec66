"""What is broken, and mended again: daemons, nodes, the broker, the database."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.nodes.simulated import SimulatedNode
from tests.chaos.fleet import Fleet
from tests.services.postgres import PrivatePostgres
from tests.services.rabbitmq import PrivateRabbitMQ

PAUSES = (1.0, 4.0)
"""Seconds between two faults, from and to."""

OUTAGES = (0.5, 5.0)
"""Seconds that something stays away, from and to."""


@dataclass
class Faults:
    """Breaks one thing after the other; ``counts`` says how often which."""

    fleet: Fleet
    broker: PrivateRabbitMQ
    database: PrivatePostgres
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Break and mend until cancelled; what is broken then is mended all the same."""
        kinds: Sequence[tuple[int, Callable[[], Awaitable[None]]]] = (
            (6, self._kill_a_daemon),
            (2, self._stop_a_daemon),
            (4, self._take_a_node_away),
            (2, self._hang_a_node),
            (3, self._restart_a_node),
            (3, self._have_errors_answered),
            (1, self._restart_the_broker),
            (1, self._cut_connections),
            (1, self._restart_the_database),
        )
        weights, faults = [weight for weight, _ in kinds], [fault for _, fault in kinds]
        while True:
            await asyncio.sleep(self.chance.uniform(*PAUSES))
            [fault] = self.chance.choices(faults, weights)
            name = fault.__name__.strip("_").replace("_", " ")
            print(f"{time.monotonic() - self.began:6.1f} s  {name}", flush=True)
            self.counts[name] += 1
            mending = asyncio.ensure_future(fault())
            try:
                await asyncio.shield(mending)
            except asyncio.CancelledError:
                await mending
                raise

    async def _outage(self) -> None:
        await asyncio.sleep(self.chance.uniform(*OUTAGES))

    def _node(self) -> SimulatedNode:
        return self.chance.choice(self.fleet.nodes)

    async def _kill_a_daemon(self) -> None:
        daemon = self.chance.choice(self.fleet.daemons)
        await daemon.kill()
        await daemon.start()

    async def _stop_a_daemon(self) -> None:
        daemon = self.chance.choice(self.fleet.daemons)
        await daemon.stop()
        await daemon.start()

    async def _take_a_node_away(self) -> None:
        node = self._node()
        await node.go_offline()
        await self._outage()
        await node.come_back()

    async def _hang_a_node(self) -> None:
        node = self._node()
        node.hang()
        await self._outage()
        node.unhang()

    async def _restart_a_node(self) -> None:
        await self._node().restart_gracefully()

    async def _have_errors_answered(self) -> None:
        self._node().respond_with(self.chance.choice((429, 500, 502)), "<html>", times=self.chance.randint(1, 5))

    async def _restart_the_broker(self) -> None:
        await asyncio.to_thread(self.broker.stop)
        await self._outage()
        await asyncio.to_thread(self.broker.start)

    async def _cut_connections(self) -> None:
        await asyncio.to_thread(self.broker.control, "close_all_connections", "maintenance")

    async def _restart_the_database(self) -> None:
        await asyncio.to_thread(self.database.stop)
        await self._outage()
        await asyncio.to_thread(self.database.start)
