"""Builds the doors of the daemon: the bus, and what is served on TCP and on the control socket."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from orchestrator.api.control import control_application
from orchestrator.api.feed import Feed
from orchestrator.api.ports import ControlPorts, FilePorts, RestPorts
from orchestrator.api.server import Server
from orchestrator.api.window import window_application
from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import Bus
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.bus.relay import Relay
from orchestrator.contract.topology import Topology
from orchestrator.engine.doctor import Doctor
from orchestrator.engine.engine import Engine
from orchestrator.entrance import Entrance
from orchestrator.files import ArrivalHall, TaskAlbums, TaskResults, TaskShelves
from orchestrator.settings import Settings
from orchestrator.store import SqlStore
from orchestrator.telemetry.metrics import Metrics


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
    albums = TaskAlbums(root=files.root, max_file_bytes=files.max_image_bytes)
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
        files=inside.files,
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


def bus_problem(bus: Bus) -> str | None:
    """Give what is wrong with the bus: it may be connected and yet take no events."""
    return bus.state.problem or (None if bus.state.connected else "not connected yet")


def store_problem(engine: Engine) -> str | None:
    """Give what is wrong with the store."""
    return engine.turn.problem or engine.lease.problem or None


def unsent_events(relay: Relay) -> dict[str, object]:
    """Give how many events the bus does not have yet, and for how long the oldest of them has been waiting."""
    return {"unsent_events": {"count": relay.waiting, "oldest_seconds": round(relay.oldest_age, 1)}}
