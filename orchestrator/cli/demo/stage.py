"""The stage: a daemon with everything of its own in one folder, two simulated nodes, and a client on its bus."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from orchestrator.app import running
from orchestrator.bus.client import BusClient
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.memory_client import MemoryClient
from orchestrator.bus.port import Bus, Client
from orchestrator.cli.demo.broker import vacate
from orchestrator.cli.errors import UNUSABLE, CliError
from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from orchestrator.settings import Settings, load

CONNECTED_WITHIN: Final = 8.0

IMPATIENT: Final[Mapping[str, Mapping[str, object]]] = {
    "nodes": {
        "probe_interval": 0.4,
        "poll_interval": 0.6,
        "first_poll_interval": 0.6,
        "offline_after": 1.0,
        "node_lost_after": 3.0,
        "static": (),
    },
    "tasks": {"progress_interval": 0.2},
}
"""Minutes become seconds, so that an outage fits into the demo."""

NODES: Final = {
    "north": SimulatedNodeOptions(
        name="north", port=0, parallel=2, seconds=6.5, slow_upload=350_000, slow_download=1_000_000,
        result_bytes=700_000, seed=1,
    ),
    "south": SimulatedNodeOptions(
        name="south", port=0, parallel=1, seconds=4.5, slow_upload=350_000, slow_download=1_000_000,
        result_bytes=700_000, seed=2,
    ),
}  # fmt: skip
"""Slow lines, so that uploads and downloads can be seen."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story is played with. ``failed`` is set when the daemon breaks."""

    client: Client
    nodes: Mapping[str, SimulatedNode]
    failed: asyncio.Event


def bus_settings(bus: str) -> dict[str, Any]:
    """Give the settings of the bus: the one within the process, or the broker that this machine's settings name."""
    if bus == "memory":
        return {"url": "memory://"}
    if bus != "rabbitmq":
        raise CliError(f"The bus is memory or rabbitmq, not {bus!r}.", code=UNUSABLE)
    url = load(None).bus.url.get_secret_value()
    if not url.startswith("amqp"):
        raise CliError(
            "Say where the broker is: ORCHESTRATOR__BUS__URL=amqp://guest:guest@localhost/ is one on this machine.",
            code=UNUSABLE,
        )
    # A prefix of its own: the demo must not meet a real installation on the same broker.
    return {"url": url, "prefix": f"orchestrator-demo-{uuid4().hex[:8]}"}


def settings_of(folder: Path, photos: Path, bus: Mapping[str, Any]) -> Settings:
    """Give the daemon's settings: from nothing on this machine, lest real nodes and tasks be drawn in."""
    given = {
        **IMPATIENT,
        "bus": bus,
        "files": {"root": folder, "import_roots": (photos,)},
        "api": {"port": 0},
    }
    return Settings.model_validate(given)


@asynccontextmanager
async def staged(settings: Settings) -> AsyncIterator[Stage]:
    """Set it up for the length of the block; nothing is left running, and nothing on the broker.

    Raises ``OrchestratorError`` when the daemon cannot start, ``CliError`` when the broker does not answer.
    """
    async with AsyncExitStack() as stack:
        nodes = {name: await stack.enter_async_context(SimulatedNode(options)) for name, options in NODES.items()}
        if settings.bus.url.get_secret_value().startswith("amqp"):
            stack.push_async_callback(vacate, settings.bus)
        app = await stack.enter_async_context(running(settings))
        await _connected(app.bus)
        client = await _client(app.bus, settings)
        stack.push_async_callback(client.close)
        yield Stage(client, nodes, app.failed)


async def _connected(bus: Bus) -> None:
    try:
        async with asyncio.timeout(CONNECTED_WITHIN):
            await bus.until(lambda state: state.connected)
    except TimeoutError:
        told = bus.state.problem or f"The broker did not answer within {CONNECTED_WITHIN:g} s."
        raise CliError(told, code=UNUSABLE) from None


async def _client(bus: Bus, settings: Settings) -> Client:
    if isinstance(bus, MemoryBus):
        return MemoryClient(bus)
    topology = Topology(prefix=settings.bus.prefix)
    return await BusClient.connect(settings.bus.url.get_secret_value(), topology=topology)
