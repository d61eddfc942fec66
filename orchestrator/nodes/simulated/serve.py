"""A simulated node as a program: serves until it is cancelled."""

import asyncio
from collections.abc import Callable

from orchestrator.nodes.simulated.node import SimulatedNode
from orchestrator.nodes.simulated.options import SimulatedNodeOptions

__all__ = ["serve_simulated_node"]


async def serve_simulated_node(options: SimulatedNodeOptions, *, on_ready: Callable[[str], None]) -> None:
    """Run a node until this coroutine is cancelled; `on_ready` gets its address once it accepts connections.

    Raises:
        OSError: the address cannot be used.
    """
    async with SimulatedNode(options) as node:
        on_ready(node.url)
        await asyncio.Event().wait()
