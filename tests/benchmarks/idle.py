"""An idle daemon: connected to RabbitMQ, two processing nodes known, nothing to do."""

import asyncio
import time
from uuid import uuid4

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import load
from tests.benchmarks.children import daemon
from tests.benchmarks.figures import Figure

SETTLING = 5.0


async def measure(bench: Bench) -> list[Figure]:
    """Let it settle, then look at what it uses."""
    name = f"bench-{uuid4().hex[:10]}"
    seconds = max(20.0, bench.seconds)
    async with (
        load(bench.amqp_url, name),
        SimulatedNode(SimulatedNodeOptions(port=0)) as first,
        SimulatedNode(SimulatedNodeOptions(port=0)) as second,
        daemon(bench.folder / name, bus_url=bench.amqp_url, prefix=name) as child,
    ):
        async with await BusClient.connect(bench.amqp_url, topology=Topology(prefix=name)) as client:
            for node in (first, second):
                await client.send("add-processing-node", {"url": node.url})
        await asyncio.sleep(SETTLING)
        cpu, began = child.usage.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        share = (child.usage.cpu() - cpu) / (time.monotonic() - began) * 100
        memory = child.usage.memory()
    return [
        Figure("idle-cpu", "idle: CPU", "% of a core", [share], "1", "0.3", decimals=2),
        Figure("idle-memory", "idle: RSS", "MiB", [memory], "100", decimals=0),
    ]
