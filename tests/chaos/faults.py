"""What is broken, and mended again: daemons, nodes, the broker, the database; of each kind one at a time.

Daemons are kept as a service manager would keep them: one that could not start, since the database was away, is
started again. One that ends without being asked to is a violation.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from orchestrator.nodes.simulated import SimulatedNode
from tests.chaos.fleet import Fleet
from tests.daemon import Daemon
from tests.services.postgres import PrivatePostgres
from tests.services.rabbitmq import PrivateRabbitMQ

OUTAGES = (0.5, 5.0)
"""Seconds that something stays away, from and to: shorter than a node is waited for, longer than a lease."""
STARTED_WITHIN = 60.0
RESTART_AFTER = 0.5
"""Seconds that a service manager waits before it starts again what could not start."""
GLANCE = 0.25
"""Seconds between two looks at whether a daemon has ended by itself."""

Kinds = Sequence[tuple[int, Callable[[], Awaitable[None]]]]
"""What is done, with its weight among the others."""


@dataclass
class Faults:
    """Breaks things; ``counts`` says how often which, ``violations`` what must not have come of it."""

    fleet: Fleet
    broker: PrivateRabbitMQ
    database: PrivatePostgres
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    _stopping: set[Daemon] = field(default_factory=set)

    async def run(self, *, until: float) -> None:
        """Break and mend until that moment (monotonic); returns when all is mended."""
        daemons: Kinds = ((6, self._kill_a_daemon), (2, self._stop_a_daemon), (2, self._freeze_a_daemon))
        nodes: Kinds = (
            (4, self._take_a_node_away),
            (2, self._hang_a_node),
            (3, self._restart_a_node),
            (3, self._have_errors_answered),
        )
        services: Kinds = (
            (2, self._restart_the_broker),
            (1, self._kill_the_broker),
            (3, self._cut_connections),
            (2, self._restart_the_database),
            (1, self._kill_the_database),
        )
        async with asyncio.TaskGroup() as group:
            for kinds, pauses in ((daemons, (1.0, 5.0)), (nodes, (0.5, 3.0)), (services, (8.0, 16.0))):
                chance = random.Random(self.chance.random())
                group.create_task(self._break(kinds, pauses, chance, until=until))

    async def keep(self) -> None:
        """Start what has ended by itself, until cancelled."""
        while True:
            await asyncio.sleep(GLANCE)
            for daemon in self.fleet.daemons:
                if daemon in self._stopping or daemon.ended is None:
                    continue
                if daemon.ended == 0:  # Only a signal makes it stop in order: somebody else on this machine sent one.
                    self.counts["somebody else stops a daemon"] += 1
                else:
                    self._violated(f"{daemon.folder.name} ended by itself, with exit code {daemon.ended}")
                await self._start(daemon)

    async def _break(self, kinds: Kinds, pauses: tuple[float, float], chance: random.Random, *, until: float) -> None:
        """Do one thing after the other, with pauses of so many seconds; what was begun is ended even if cancelled."""
        weights, faults = [weight for weight, _ in kinds], [fault for _, fault in kinds]
        while time.monotonic() + (pause := chance.uniform(*pauses)) < until:
            await asyncio.sleep(pause)
            [fault] = chance.choices(faults, weights)
            self.counts[fault.__name__.strip("_").replace("_", " ")] += 1
            mending = asyncio.ensure_future(fault())
            try:
                await asyncio.shield(mending)
            except asyncio.CancelledError:
                await mending
                raise

    async def _outage(self) -> None:
        await asyncio.sleep(self.chance.uniform(*OUTAGES))

    # --------------------------------------------------------------------------------------------------- daemons

    async def _kill_a_daemon(self) -> None:
        daemon = self.chance.choice(self.fleet.daemons)
        self._stopping.add(daemon)
        await daemon.kill()
        await self._start(daemon)

    async def _stop_a_daemon(self) -> None:
        daemon = self.chance.choice(self.fleet.daemons)
        self._stopping.add(daemon)
        try:
            code = await daemon.stop()
        except TimeoutError:
            self._violated(f"{daemon.folder.name} did not stop within 30 s")
        else:
            if code:
                self._violated(f"{daemon.folder.name} stopped with exit code {code}")
        await self._start(daemon)

    async def _freeze_a_daemon(self) -> None:
        """Have it stand still, for longer than its lease now and then: it goes on where it was, with what it knew."""
        daemon = self.chance.choice(self.fleet.daemons)
        os.kill(daemon.pid, signal.SIGSTOP)
        await self._outage()
        os.kill(daemon.pid, signal.SIGCONT)

    async def _start(self, daemon: Daemon) -> None:
        """Start it, again and again if need be, with the broker or without; it is watched from then on."""
        try:
            async with asyncio.timeout(STARTED_WITHIN):
                while True:
                    with suppress(AssertionError):  # It ended at once, and said why in its log.
                        await daemon.start(until="app.started")
                        break
                    await asyncio.sleep(RESTART_AFTER)
        except TimeoutError:
            self._violated(f"{daemon.folder.name} did not start within {STARTED_WITHIN:g} s")
        self._stopping.discard(daemon)

    def _violated(self, what: str) -> None:
        self.violations.append(what)
        print(f"VIOLATED: {what}", flush=True)

    # ----------------------------------------------------------------------------------------------------- nodes

    def _node(self) -> SimulatedNode:
        return self.chance.choice(self.fleet.nodes)

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

    # ----------------------------------------------------------------------------------- the broker, the database

    async def _restart_the_broker(self) -> None:
        await asyncio.to_thread(self.broker.stop)
        await self._outage()
        await asyncio.to_thread(self.broker.start)

    async def _cut_connections(self) -> None:
        await asyncio.to_thread(self.broker.control, "close_all_connections", "maintenance")

    async def _kill_the_broker(self) -> None:
        await asyncio.to_thread(self.broker.kill)
        await self._outage()
        await asyncio.to_thread(self.broker.start)

    async def _restart_the_database(self) -> None:
        await asyncio.to_thread(self.database.stop)
        await self._outage()
        await asyncio.to_thread(self.database.start)

    async def _kill_the_database(self) -> None:
        await asyncio.to_thread(self.database.kill)
        await self._outage()
        await asyncio.to_thread(self.database.start)
