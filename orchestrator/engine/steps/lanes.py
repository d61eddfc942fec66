"""Lanes: how many files go to a node at once. Where that takes too long for each of them, they go one by one."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

NARROW = 3600.0
"""Seconds for which files go one by one after a node has cut off a slow one: links have good hours, too."""


@dataclass(slots=True)
class Lanes:
    """All files that go to nodes. Moments are seconds on the event loop's clock."""

    _narrow_until: dict[int, float] = field(default_factory=dict)
    _single: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def narrow(self, node: int) -> None:
        """Send to this node one file at a time: many that share a slow link are all late."""
        self._narrow_until[node] = asyncio.get_running_loop().time() + NARROW

    @asynccontextmanager
    async def lane(self, node: int | None) -> AsyncIterator[None]:
        """Wait until one more file may go to the node; it is on its way while the block runs."""
        if node is None or asyncio.get_running_loop().time() >= self._narrow_until.get(node, 0.0):
            yield
            return
        async with self._single[node]:
            yield
