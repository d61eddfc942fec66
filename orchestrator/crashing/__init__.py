"""Crash points: every place where the daemon could die between two durable things, by name, for tests to kill it there.

Nothing of this exists in a daemon that was started without ``ORCHESTRATOR_CRASH_AT`` or ``ORCHESTRATOR_CRASH_TRAIL``:
each function here then gives back what it was given. With one of them, the ports are wrapped, and at the named point
the process sends itself SIGKILL. Only the environment can ask for that; no message can.
"""

import os
from pathlib import Path

from orchestrator.bus.port import Bus
from orchestrator.crashing.bus import BusAtPoints
from orchestrator.crashing.files import watch_files
from orchestrator.crashing.migrations import watch_migrations
from orchestrator.crashing.nodes import ClientsAtPoints
from orchestrator.crashing.points import COMMITS, POINTS
from orchestrator.crashing.store import StoreT, at_points
from orchestrator.crashing.trigger import AT, TRAIL, Trigger
from orchestrator.crashing.webhooks import sending_at_points
from orchestrator.engine.ports import NodeClients
from orchestrator.webhooks.worker import Send

__all__ = [
    "AT",
    "COMMITS",
    "POINTS",
    "TRAIL",
    "around_bus",
    "around_files",
    "around_migrations",
    "around_nodes",
    "around_sending",
    "around_store",
]

TRIGGER = Trigger.of(os.environ)


def around_store(store: StoreT) -> StoreT:
    """Give the store, with points around what it commits."""
    return store if TRIGGER is None else at_points(store, TRIGGER)


def around_bus(bus: Bus) -> Bus:
    """Give the bus, with points around what comes in and goes out."""
    return bus if TRIGGER is None else BusAtPoints(bus, TRIGGER)


def around_nodes(clients: NodeClients) -> NodeClients:
    """Give the clients of nodes, with points around each call."""
    return clients if TRIGGER is None else ClientsAtPoints(clients, TRIGGER)


def around_sending(send: Send) -> Send:
    """Give what sends to webhooks, with points around each delivery."""
    return send if TRIGGER is None else sending_at_points(send, TRIGGER)


def around_migrations() -> None:
    """Watch what brings a database to the newest revision."""
    if TRIGGER is not None:
        watch_migrations(TRIGGER)


def around_files(root: Path) -> None:
    """Watch what is made, renamed and deleted below the root."""
    if TRIGGER is not None:
        watch_files(root, TRIGGER)
