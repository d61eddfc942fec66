"""Builds the doors of the daemon: the bus, and what is served on TCP and on the control socket."""

from dataclasses import dataclass

from orchestrator.api.control import control_application
from orchestrator.api.feed import Feed
from orchestrator.api.live import Live
from orchestrator.api.ports import ControlPorts, RestPorts
from orchestrator.api.server import Server
from orchestrator.api.window import window_application
from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import Bus
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.contract.topology import Topology
from orchestrator.engine.doctor import Doctor
from orchestrator.engine.engine import Engine
from orchestrator.files import TaskShelves
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
    feed: Feed
    live: Live
    metrics: Metrics
    doctor: Doctor


def build_server(inside: Inside) -> Server:
    """Give both sites, not yet open."""
    api, engine, largest = inside.settings.api, inside.engine, inside.settings.bus.max_message_bytes
    letters = DeadLetters(inside.bus, engine.turn, inside.store, clock=engine.shop.clock, max_message_bytes=largest)
    control = ControlPorts(
        library=inside.store, desk=engine.turn, read_output=inside.shelves.read_output,
        subscribe=inside.feed.subscribe, dead_letters=letters, adoption=engine.adoption, doctor=inside.doctor,
    )  # fmt: skip
    rest = RestPorts(
        library=inside.store, desk=engine.turn, read_output=inside.shelves.read_output,
        journal=inside.store, live=inside.live,
    )  # fmt: skip
    ready = [lambda: ("bus", bus_problem(inside.bus)), lambda: ("store", store_problem(engine))]
    return Server(
        host=api.host,
        port=api.port,
        control_socket=api.control_socket,
        window=lambda: window_application(rest, ready=ready, registry=inside.metrics.registry),
        control=lambda: control_application(control, checks=ready, max_body_bytes=largest),
    )


def bus_problem(bus: Bus) -> str | None:
    """Give what is wrong with the bus: it may be connected and yet take no events."""
    return bus.state.problem or (None if bus.state.connected else "not connected yet")


def store_problem(engine: Engine) -> str | None:
    """Give what is wrong with the store."""
    return engine.turn.problem or engine.lease.problem or None
