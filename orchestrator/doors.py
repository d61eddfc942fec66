"""Builds the doors of the daemon: the bus, and what is served on TCP and on the control socket."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from orchestrator import crashing
from orchestrator.api.control import control_application
from orchestrator.api.feed import Feed
from orchestrator.api.live import Live
from orchestrator.api.ports import ControlPorts, FilePorts, RestPorts
from orchestrator.api.server import Server
from orchestrator.api.window import window_application
from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import Bus
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.bus.relay import Relay
from orchestrator.contract.topology import Topology
from orchestrator.domain.webhooks import Webhook
from orchestrator.engine.doctor import Doctor
from orchestrator.engine.engine import Engine
from orchestrator.engine.ports import Clock
from orchestrator.entrance import Entrance
from orchestrator.files import ArrivalHall, TaskAlbums, TaskResults, TaskShelves
from orchestrator.settings import Settings
from orchestrator.store import SqlStore
from orchestrator.telemetry.metrics import Metrics
from orchestrator.webhooks.deliverer import Deliverer
from orchestrator.webhooks.sending import sender
from orchestrator.webhooks.worker import Patience

T = TypeVar("T")


def build_bus(settings: Settings) -> Bus:
    """Give the bus that the settings name."""
    url = settings.bus.url.get_secret_value()
    if url.startswith("memory:"):
        return MemoryBus(prefetch=settings.bus.prefetch)
    return RabbitBus(url, topology=Topology(prefix=settings.bus.prefix), prefetch=settings.bus.prefetch)


@dataclass(frozen=True, slots=True)
class Inside:
    """The rooms that the doors lead to."""

    settings: Settings
    engine: Engine
    store: SqlStore
    shelves: TaskShelves
    bus: Bus
    relay: Relay
    feed: Feed
    live: Live
    deliverer: Deliverer
    metrics: Metrics
    doctor: Doctor
    files: FilePorts
    entrance: Entrance


def build_files(settings: Settings, store: SqlStore, stack: AsyncExitStack) -> FilePorts:
    """Give what takes files in and hands them out over HTTP; it is closed with the stack."""
    files = settings.files
    arrivals = ArrivalHall(
        root=files.root, keep_free=files.keep_free_bytes, max_file_bytes=files.max_image_bytes,
        max_archive_bytes=files.max_unpacked_bytes,
    )  # fmt: skip
    albums = TaskAlbums(
        root=files.root, max_file_bytes=files.max_image_bytes, max_archive_bytes=files.max_unpacked_bytes
    )
    results = TaskResults(root=files.root)
    for room in (arrivals, albums, results):
        stack.push_async_callback(room.close)
    return FilePorts(arrivals=arrivals, albums=albums, results=results, sources=store.sources)


def build_server(inside: Inside) -> Server:
    """Give both sites, not yet open."""
    api, engine, largest = inside.settings.api, inside.engine, inside.settings.bus.max_message_bytes
    letters = DeadLetters(inside.bus, engine.turn, inside.store, clock=engine.shop.clock, max_message_bytes=largest)
    control = ControlPorts(
        library=inside.store, desk=engine.turn, read_output=inside.shelves.read_output,
        subscribe=inside.feed.subscribe, dead_letters=letters, adoption=engine.adoption, doctor=inside.doctor,
        tokens=inside.entrance.tokens,
    )  # fmt: skip
    rest = RestPorts(
        library=inside.store, catalogue=inside.store, desk=engine.turn, read_output=inside.shelves.read_output,
        files=inside.files, journal=inside.store, live=inside.live, webhooks=inside.store.webhook_book,
        webhooks_changed=inside.deliverer.look,
    )  # fmt: skip
    ready = [lambda: ("bus", bus_problem(inside.bus)), lambda: ("store", store_problem(engine))]
    return Server(
        host=api.host,
        port=api.port,
        control_socket=api.control_socket,
        window=lambda: window_application(
            rest, inside.entrance.gatekeeper, origins=inside.entrance.origins, ready=ready,
            figures=lambda: unsent_events(inside.relay), registry=inside.metrics.registry,
        ),
        control=lambda: control_application(control, checks=ready, max_body_bytes=largest),
    )  # fmt: skip


@asynccontextmanager
async def delivering(settings: Settings, store: SqlStore, *, clock: Clock) -> AsyncIterator[Deliverer]:
    """Give what delivers events to webhooks, not yet running."""
    given = settings.webhooks
    static = [
        Webhook(
            id=0, url=each.url.get_secret_value(), secret=each.secret.get_secret_value(), created_at=clock.now(),
            projects=_chosen(each.projects), tasks=_chosen(each.tasks), types=_chosen(each.types), static=True,
        )
        for each in given.static
    ]  # fmt: skip
    patience = Patience(attempts=given.max_attempts, first=given.retry_delay, give_up_after=given.give_up_after)
    async with sender(deadline=given.answer_timeout, allowed=given.allow_private_addresses) as opened:
        send = crashing.around_sending(opened.send)
        yield Deliverer(
            store.webhook_book, store, send, clock=clock, patience=patience, static=static, source=settings.bus.source
        )


def _chosen(values: Sequence[T]) -> frozenset[T] | None:
    return frozenset(values) or None


def bus_problem(bus: Bus) -> str | None:
    """Give what is wrong with the bus: it may be connected and yet take no events."""
    return bus.state.problem or (None if bus.state.connected else "not connected yet")


def store_problem(engine: Engine) -> str | None:
    """Give what is wrong with the store."""
    return engine.turn.problem or engine.lease.problem or None


def unsent_events(relay: Relay) -> dict[str, object]:
    """Give how many events the bus does not have yet, and for how long the oldest of them has been waiting."""
    return {"unsent_events": {"count": relay.waiting, "oldest_seconds": round(relay.oldest_age, 1)}}
