"""The application: builds every room once, runs them together, and closes them in reverse.

Only it and what it builds with (``engine_room``, ``doors``, ``entrance``) know concrete classes. A stop is orderly: no
more commands in, what was taken is settled, leases are handed back, events still leave, then everything is closed.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from orchestrator import crashing
from orchestrator.api.feed import Feed
from orchestrator.api.live import Live
from orchestrator.api.ports import FilePorts, TokenPort
from orchestrator.api.server import Server
from orchestrator.bus.intake import Intake
from orchestrator.bus.port import Bus
from orchestrator.bus.relay import Relay
from orchestrator.contract.addresses import Address, from_url
from orchestrator.domain.commands import AddProcessingNode, RemoveProcessingNode, UpdateProcessingNode
from orchestrator.domain.errors import StorageFailed, StoreError
from orchestrator.domain.findings import Checkup, Finding
from orchestrator.doors import Inside, build_bus, build_files, build_server, bus_problem, delivering
from orchestrator.engine.changes import Changes
from orchestrator.engine.doctor import RESTORE, Doctor
from orchestrator.engine.engine import Engine
from orchestrator.engine.job_check import JobCheck
from orchestrator.engine.lease import Standing
from orchestrator.engine.ports import Order
from orchestrator.engine_room import SystemClock, engine_of
from orchestrator.entrance import entrance, tokens_of
from orchestrator.files import ShelfInspector
from orchestrator.settings import Settings
from orchestrator.store import SqlStore, open_existing, open_store
from orchestrator.telemetry.metrics import Metrics
from orchestrator.webhooks.deliverer import Deliverer

log = structlog.get_logger()

DRAIN = 10.0
"""Seconds that a stop waits for events to leave; the rest leaves at the next start."""


@dataclass(frozen=True, slots=True)
class App:
    """A running daemon, for whoever started it in this process."""

    settings: Settings
    engine: Engine
    store: SqlStore
    bus: Bus
    relay: Relay
    live: Live
    server: Server
    files: FilePorts
    failed: asyncio.Event

    def status(self) -> str:
        """Give one line on how things stand."""
        problem = bus_problem(self.bus)
        bus = f"bus: {problem}" if problem else "bus connected"
        online = sum(node.online for node in self.engine.board.nodes())
        return f"{bus}; {len(self.engine.conductor.tasks)} tasks in work; {online} nodes online"


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[App]:
    """Run the daemon for the length of the block. Raises ``OrchestratorError``, ``ListenError`` if it cannot start."""
    async with AsyncExitStack() as stack:
        _make_root(settings.files.root)
        url = settings.store.url.get_secret_value()
        crashing.around_migrations()
        store = crashing.around_store(await stack.enter_async_context(open_store(url, now=SystemClock().now)))
        guarded = await entrance(settings.api, store, clock=SystemClock())
        engine, shelves = await engine_of(settings, store, stack)
        bus = crashing.around_bus(build_bus(settings))
        relay = Relay(bus, store, engine.turn)
        feed, live, metrics = Feed(), Live(store), Metrics()
        deliverer = await stack.enter_async_context(delivering(settings, store, clock=engine.shop.clock))
        _tell_of_commits(engine, relay, feed, live, deliverer)
        engine.turn.listeners.append(metrics.on_commit)
        clock, largest = engine.shop.clock, settings.bus.max_message_bytes
        intake = Intake(bus, engine.turn, renderer=engine.turn.renderer, clock=clock, max_message_bytes=largest)
        inspector = ShelfInspector(root=settings.files.root)
        stack.push_async_callback(inspector.close)
        doctor = Doctor(store=store, shelves=inspector, clock=clock, jobs=JobCheck(engine.adoption, engine.conductor))
        files = build_files(settings, store, stack)
        inside = Inside(
            settings, engine, store, shelves, bus, relay, feed, live, deliverer, metrics, doctor, files, guarded
        )
        server = build_server(inside)
        app = App(settings, engine, store, bus, relay, live, server, files, engine.failed)
        _publish_gauges(metrics, app)
        await _start(app, intake, deliverer, stack)
        yield app


async def _start(app: App, intake: Intake, deliverer: Deliverer, stack: AsyncExitStack) -> None:
    """Start what runs. It is closed in reverse: server, intake, engine, relay (drained), bus."""
    loops = _Loops(app.failed)
    stack.push_async_callback(loops.cancel, "bus")
    stack.push_async_callback(loops.cancel, "relay")
    stack.push_async_callback(app.relay.drain, DRAIN)
    await stack.enter_async_context(app.engine.running())
    loops.start("bus", app.bus.run())
    loops.start("relay", app.relay.run())
    await _introduce_static_nodes(app)
    for name, loop in (("intake", intake.run()), ("live", app.live.run()), ("webhooks", deliverer.run())):
        stack.push_async_callback(loops.cancel, name)
        loops.start(name, loop)
    await stack.enter_async_context(app.server)


def _tell_of_commits(engine: Engine, relay: Relay, feed: Feed, live: Live, deliverer: Deliverer) -> None:
    """Have all doors that events leave by told of them, and of how this daemon stands among others."""

    def on_commit(changes: Changes) -> None:
        if changes.outbox:
            relay.offer(changes.outbox)
            feed.offer(changes.outbox)
            live.offer(changes.outbox)
            deliverer.offer()

    def stand(now: Standing) -> None:
        relay.stand(first=now.first, alone=now.alone)
        deliverer.stand(first=now.first, alone=now.alone)
        live.stand(alone=now.alone)

    engine.turn.listeners.append(on_commit)
    engine.lease.standing.append(stand)


async def examine(settings: Settings, *, fix: bool) -> Checkup:
    """Look at store and files while no daemon runs; nothing is made or migrated for it."""
    url = settings.store.url.get_secret_value()
    inspector = ShelfInspector(root=settings.files.root)
    try:
        async with open_existing(url) as store:
            return await Doctor(store=store, shelves=inspector, clock=SystemClock()).examine(fix=fix)
    except StoreError as error:
        finding = Finding(part="store", what=str(error), mend=f"If it is damaged: {RESTORE}")
        return Checkup((finding,), ("Because of that nothing else was looked at.",))
    finally:
        await inspector.close()


@asynccontextmanager
async def token_desk(settings: Settings) -> AsyncIterator[TokenPort]:
    """Give what makes and revokes API tokens while no daemon runs. Raises ``StoreError``, ``StorageFailed``."""
    _make_root(settings.files.root)
    async with open_store(settings.store.url.get_secret_value(), now=SystemClock().now) as store:
        yield tokens_of(settings.api, store, clock=SystemClock())


def _make_root(root: Path) -> None:
    try:
        root.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        told = os.strerror(error.errno or 0).lower()
        raise StorageFailed(f"The folder {root} cannot be made: {told}. Set files.root.") from error


def _publish_gauges(metrics: Metrics, app: App) -> None:
    engine, relay = app.engine, app.relay
    metrics.gauge("tasks_in_work", "Tasks on their way to an end", lambda: len(engine.conductor.tasks))
    metrics.gauge("tasks_waiting", "Tasks that have no node yet", lambda: len(engine.conductor.to_place))
    metrics.gauge("jobs_abandoned", "Jobs that are to vanish from their nodes", lambda: len(engine.reaper.jobs))
    metrics.gauge("nodes_online", "Nodes that can be given work", lambda: sum(n.online for n in engine.board.nodes()))
    metrics.gauge("outbox_waiting", "Events that the bus does not have yet", lambda: relay.waiting)
    metrics.gauge("event_readers", "Readers of /api/events", lambda: app.live.followers)
    metrics.gauge("outbox_oldest_seconds", "Age of the oldest of them", lambda: relay.oldest_age)


async def _introduce_static_nodes(app: App) -> None:
    """Bring the nodes of the settings file in line with the store: by the same commands that clients use."""
    wanted = {}
    for node in app.settings.nodes.static:
        address = from_url(node.url.get_secret_value())
        if isinstance(address, Address):
            wanted[address.url] = (node.token.get_secret_value() or address.token or "", node.label)
    orders: list[Order] = []
    for known in app.engine.board.nodes():
        given = wanted.pop(known.url, None)
        if given is None and known.static:
            orders.append(Order(RemoveProcessingNode(processing_node=known.id)))
        elif given is not None and given != (known.token, known.label):
            orders.append(Order(UpdateProcessingNode(processing_node=known.id, token=given[0], label=given[1])))
    orders += [
        Order(AddProcessingNode(url=url, token=token, label=label, static=True))
        for url, (token, label) in wanted.items()
    ]
    for settled in await app.engine.turn.settle(orders):
        if not settled.accepted:
            log.warning("app.static_node_refused", answer=settled.answer.decode())


class _Loops:
    """Background loops by name. None of them ends by itself; one that does stops the daemon."""

    def __init__(self, failed: asyncio.Event) -> None:
        self._failed = failed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._check)
        self._tasks[name] = task

    def _check(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception():
            log.critical("app.loop_failed", loop=task.get_name(), exc_info=task.exception())
            self._failed.set()

    async def cancel(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task:
            task.cancel()
            await asyncio.wait({task})
