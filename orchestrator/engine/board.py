"""The board: every processing node as last known, with the load on it, for those who place, send and watch."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from orchestrator.domain.node import ProcessingNode
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import NodeClient, NodeClients

FORMER = 64
"""Nodes remembered after they were taken away."""


@dataclass(slots=True)
class Board:
    """Kept up to date by every commit that touches nodes, and by the probes in between."""

    clients: NodeClients
    _nodes: dict[int, ProcessingNode] = field(default_factory=dict)
    former: dict[int, ProcessingNode] = field(default_factory=dict)
    """Nodes that were taken away, as last known: jobs may have to be stopped there."""
    foreign: dict[int, int] = field(default_factory=dict)
    """Jobs of others on each node, at the last probe."""
    elsewhere: dict[int, int] = field(default_factory=dict)
    """Tasks of other daemons that take a slot of each node."""
    _away_since: dict[int, float] = field(default_factory=dict)
    """Since when this daemon has seen a node to be away, on the event loop's clock, which nobody can set."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Begin to look: for how long nodes were away before, nobody saw."""
        self._away_since.clear()

    def nodes(self) -> tuple[ProcessingNode, ...]:
        """Give every node."""
        return tuple(self._nodes.values())

    def get(self, node: int | None) -> ProcessingNode | None:
        """Give a node, None when it is not known (any more)."""
        return self._nodes.get(node) if node is not None else None

    def client(self, node: ProcessingNode) -> NodeClient:
        """Give the client for a node."""
        return self.clients.client(node)

    def put(self, node: ProcessingNode) -> None:
        """Set a node as it stands."""
        self._nodes[node.id] = node
        self._time(node)
        self._announce()

    def on_commit(self, changes: Changes) -> None:
        """Follow what was written (a listener of the turn)."""
        if not (changes.nodes or changes.gone_nodes):
            return
        self._nodes.update(changes.nodes)
        for each in changes.nodes.values():
            self._time(each)
        for id_ in changes.gone_nodes:
            self._away_since.pop(id_, None)
            self.foreign.pop(id_, None)
            node = self._nodes.pop(id_, None)
            if node:
                self.former[id_] = node
        while len(self.former) > FORMER:
            self.former.pop(next(iter(self.former)))
        self._announce()

    def _time(self, node: ProcessingNode) -> None:
        if node.unreachable_since is None:
            self._away_since.pop(node.id, None)
        elif node.id not in self._away_since:
            self._away_since[node.id] = asyncio.get_running_loop().time()

    def away_since(self, node: int) -> float | None:
        """Since when a node has been away, on the event loop's clock; None while it is not."""
        return self._away_since.get(node)

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self, within: float) -> None:
        """Wait for the next change, or that many seconds."""
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await changed.wait()
