"""Daemons that share a store, a broker and nodes; a client that does not give up; a subscriber that misses nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from orchestrator.store import upgrade
from tests.daemon import Daemon

Json = dict[str, Any]

QUICK = {
    "nodes__probe_interval": "1",
    "nodes__poll_interval": "0.5",
    "nodes__first_poll_interval": "0.2",
    "tasks__progress_interval": "0.5",
    "store__lease_ttl": "2",
    "tasks__max_attempts": "20",
}
AGAIN = 0.3
"""Seconds before something that failed is tried again."""
LEAVING = 5.0
"""Seconds within which a client says goodbye to a broker that may be gone."""


class Client:
    """Sends commands until each is answered, under one message id, whatever happens to the broker."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._topology = Topology(prefix=prefix)
        self._client: BusClient | None = None
        self._connecting = asyncio.Lock()

    async def send(self, name: str, body: Json, *, message_id: str) -> Json:
        """Send until there is an answer."""
        while True:
            try:
                client = await self.connected()
                return await client.send(name, body, message_id=message_id, timeout=10)
            except BusError:
                await asyncio.sleep(AGAIN)

    async def connected(self) -> BusClient:
        """Give a client whose connection is open. Raises ``BusError``."""
        async with self._connecting:
            if self._client is not None and self._client.closed:
                await self.close()
            if self._client is None:
                self._client = await BusClient.connect(self._url, topology=self._topology)
            return self._client

    async def close(self) -> None:
        """Leave."""
        client, self._client = self._client, None
        if client is not None:
            async with asyncio.timeout(LEAVING):
                await client.close()


@dataclass
class Watcher:
    """Every task's events in the order in which they first came; repeats are known by their id."""

    seen: set[str] = field(default_factory=set)
    repeats: int = 0
    """Events that the log has more than once."""
    stories: dict[str, list[Json]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, client: Client) -> None:
        """Read the log of events from its beginning, again and again if need be."""
        while True:
            try:
                async with await (await client.connected()).events("task.#", replay=True) as events:
                    met: set[str] = set()
                    self.repeats = 0
                    async for event in events:
                        self.repeats += event["id"] in met
                        met.add(event["id"])
                        self._take(event)
            except BusError:
                await asyncio.sleep(AGAIN)

    def _take(self, event: Json) -> None:
        if event["id"] in self.seen:
            return
        self.seen.add(event["id"])
        self.stories.setdefault(event["subject"], []).append(event)
        self.news.set()

    def over(self) -> int:
        """Count the tasks that have ended or are gone."""
        return sum(_is_over(events[-1]) for events in self.stories.values())

    async def until_over(self, count: int) -> None:
        """Wait until so many have."""
        while self.over() < count:
            self.news.clear()
            await self.news.wait()


def _is_over(event: Json) -> bool:
    return event["type"] == "task.removed" or event["data"]["task"]["stage"] == "ended"


@dataclass
class Fleet:
    """What is running."""

    daemons: Sequence[Daemon]
    nodes: Sequence[SimulatedNode]
    client: Client
    watcher: Watcher
    photos: Sequence[str]


@asynccontextmanager
async def fleet(
    folder: Path,
    *,
    bus_url: str,
    prefix: str,
    store_url: str,
    daemons: int,
    nodes: Sequence[SimulatedNodeOptions],
    image: tuple[int, int] = (16, 12),
) -> AsyncIterator[Fleet]:
    """Run it all for the length of the block. Should the watcher fail, so does the block."""
    await upgrade(store_url)
    async with AsyncExitStack() as stack:
        simulated = [await stack.enter_async_context(SimulatedNode(options)) for options in nodes]
        children = [
            _daemon(folder, number, bus_url=bus_url, prefix=prefix, store__url=store_url) for number in range(daemons)
        ]
        for child in children:
            stack.push_async_callback(child.kill)
        await asyncio.gather(*(child.start() for child in children))
        client, watcher = Client(bus_url, prefix), Watcher()
        stack.push_async_callback(client.close)
        for number, node in enumerate(simulated):
            assert (await client.send("add-processing-node", {"url": node.url}, message_id=f"node-{number}"))["ok"]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        following = group.create_task(watcher.follow(client))
        stack.callback(following.cancel)
        yield Fleet(children, simulated, client, watcher, _photos(folder, image))


def _daemon(folder: Path, number: int, **settings: str) -> Daemon:
    own = folder / f"daemon-{number}"
    own.mkdir()
    socket = str(own / "control.sock")
    child = Daemon(own, files__import_roots=f'["{folder}"]', api__control_socket=socket, **QUICK, **settings)
    child.env["ORCHESTRATOR__FILES__ROOT"] = str(folder / "data")
    return child


def _photos(folder: Path, size: tuple[int, int]) -> list[str]:
    paths = [folder / f"IMG_{number}.JPG" for number in range(2)]
    for path in paths:
        Image.effect_noise(size, 80).save(path, "JPEG", quality=95)
    return [str(path) for path in paths]
