"""One run of the daemon: the product's rooms wired as ``app.py`` wires them, to be stopped in order or killed."""

import asyncio
import contextlib
import random
import uuid
from contextlib import AsyncExitStack
from typing import Any

from orchestrator.bus.intake import Intake
from orchestrator.bus.patience import Patience
from orchestrator.bus.relay import Relay
from orchestrator.contract.render import WireRenderer
from orchestrator.domain.errors import StoreError
from orchestrator.engine.engine import Rooms, build_engine
from orchestrator.engine.timing import Timing
from orchestrator.store.migrate import ensure_head
from tests.storm.broker import Line
from tests.storm.files import StormImages, StormShelves
from tests.storm.loop import LIFE, StormTask
from tests.storm.wire import Wires

TIMING = Timing(
    probe_interval=20.0,
    poll_interval=10.0,
    first_poll=2.0,
    offline_after=30.0,
    node_lost_after=120.0,
    progress_interval=8.0,
    lease_ttl=240.0,
    commit_lookup=20.0,
    idle_flush=1.0,
)
DRAIN = 10.0


class Life:
    """One run. ``dead``: it was killed, and nothing that it does reaches the world any more."""

    def __init__(self, world: Any, number: int) -> None:
        self.world = world
        self.number = number
        self.dead = False
        self.started = False
        self.tasks: dict[int, StormTask] = {}
        self.shelves = StormShelves(world, self)
        self.engine: Any = None
        self._chance = random.Random(f"{world.seed}:life:{number}")
        self._stop = asyncio.Event()

    def new_uuid(self) -> str:
        """Choose a uuid as the product does, by the seed's chance."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def begin(self) -> "asyncio.Task[None]":
        """Start it; the task ends when the run has."""
        LIFE.set(self)
        try:
            return self.world.loop.create_task(self._live(), name=f"daemon-{self.number}")
        finally:
            LIFE.set(None)

    def ask_to_stop(self) -> None:
        """Send it a SIGTERM."""
        self._stop.set()

    async def _live(self) -> None:
        try:
            async with self._running():
                self.started = True
                await self._stop.wait()
        except StoreError as error:
            self.world.trace.note("daemon", self.number, "failed:", error)
        finally:
            if not self.dead:
                self.world.disk.forget()

    @contextlib.asynccontextmanager
    async def _running(self):
        """Wire and run the rooms, in the order of ``app.running``."""
        world = self.world
        async with AsyncExitStack() as stack:
            database = world.disk.connect(self)
            await database.open()
            stack.push_async_callback(self._disconnect, database)
            await ensure_head(database, migrate=True)
            store = world.disk.store(database)
            renderer = WireRenderer()
            rooms = Rooms(
                store=store, renderer=renderer, images=StormImages(world, self), shelves=self.shelves,
                clients=Wires(world, self), clock=world.clock,
            )  # fmt: skip
            owner = f"daemon-{self.number}"
            self.engine = build_engine(rooms, owner=owner, timing=TIMING, chance=self._chance, new_uuid=self.new_uuid)
            self.engine.shop.turn = _Reports(self.engine.turn, self)
            bus = Line(world.broker, self)
            patience = Patience(chance=self._chance.random)
            relay = Relay(bus, store, self.engine.turn, patience=patience)
            self.engine.turn.listeners.append(lambda changes: relay.offer(changes.outbox))
            self.engine.lease.standing.append(lambda now: relay.stand(first=now.first, alone=now.alone))
            intake = Intake(bus, self.engine.turn, renderer=renderer, clock=world.clock, patience=patience)
            stack.push_async_callback(_ended, bus_loop := self._loop(bus.run(), "bus"))
            stack.push_async_callback(_ended, relay_loop := self._loop(relay.run(), "relay"))
            stack.push_async_callback(relay.drain, DRAIN)
            await stack.enter_async_context(self.engine.running())
            self.watched = [bus_loop, relay_loop]
            intake_loop = self._loop(intake.run(), "intake")
            self.watched.append(intake_loop)
            stack.push_async_callback(_ended, intake_loop)
            yield

    async def _disconnect(self, database: Any) -> None:
        """Close the database as a process that ends does; its content stays."""
        if not self.dead:
            self.world.disk.power_off()
        await database.close()

    def _loop(self, work: Any, name: str) -> "asyncio.Task[None]":
        return asyncio.create_task(work, name=name)

    def broken(self) -> str | None:
        """Name a loop that ended by itself, which none may."""
        if self.engine is not None and self.engine.failed.is_set():
            return "engine"
        for loop in getattr(self, "watched", []):
            if loop.done() and not loop.cancelled() and loop.exception():
                return f"{loop.get_name()}: {loop.exception()!r}"
        return None

    # --------------------------------------------------------------------------------------------------------- death

    def sever(self) -> None:
        """Die, between two instructions: from here on nothing it does has an effect."""
        self.dead = True
        self.world.disk.power_off()
        self.world.broker.drop(self)

    async def bury(self) -> None:
        """See to it that nothing of it runs any more."""
        for _ in range(200):
            left = [task for task in self.tasks.values() if not task.done()]
            if not left:
                return
            for task in left:
                task.cancel()
            await asyncio.sleep(0)
        raise AssertionError(f"{len(left)} tasks of a dead daemon cannot be ended: {left[:3]}")


class _Reports:
    """The turn as steps see it: each outcome is a moment of its own."""

    def __init__(self, turn: Any, life: Life) -> None:
        self._turn = turn
        self._life = life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._turn, name)

    async def report(self, report: Any) -> Any:
        await self._life.world.crossing(f"turn.{type(report.fact).__name__}.before", self._life, task=report.task)
        return await self._turn.report(report)


async def _ended(loop: "asyncio.Task[None]") -> None:
    loop.cancel()
    await asyncio.wait({loop})
