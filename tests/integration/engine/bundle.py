"""A whole engine on SQLite in memory, real files and simulated nodes, with figures small enough for a test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from orchestrator.contract.commands import decode_object
from orchestrator.contract.render import WireRenderer
from orchestrator.domain.commands import AddProcessingNode
from orchestrator.domain.problem import Problem
from orchestrator.engine.engine import Engine, Rooms, build_engine
from orchestrator.engine.ports import Order
from orchestrator.engine.timing import Timing
from orchestrator.files import ImageFiles, TaskShelves
from orchestrator.nodes.registry import NodeRegistry
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from orchestrator.store import open_store

QUICK = Timing(
    probe_interval=0.3,
    poll_interval=0.1,
    first_poll=0.05,
    offline_after=0.5,
    node_lost_after=2.0,
    progress_interval=0.05,
    idle_flush=0.01,
)


class WallClock:
    """The machine's clock."""

    def now(self):
        return datetime.now(UTC)


@dataclass
class Bundle:
    """What a test holds on to."""

    engine: Engine
    store: object
    shelves: TaskShelves
    root: Path
    photos: Path
    events: list[dict] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def on_commit(self, changes):
        """Collect events as a subscriber would."""
        self.events += [json.loads(entry.body) for entry in changes.outbox]
        self.engine.turn.sent([entry.number for entry in changes.outbox])
        if changes.outbox:
            asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self):
        async with self._news:
            self._news.notify_all()

    async def send(self, name, /, message_id=None, **body):
        """Send a command as a producer would, and give the answer."""
        command = decode_object(name, body)
        assert not isinstance(command, Problem), command
        [settled] = await self.engine.turn.settle([Order(command, message_id)])
        return json.loads(settled.answer)

    async def add_node(self, **options):
        """Start a simulated node and make it known."""
        node = SimulatedNode(SimulatedNodeOptions(port=0, **({"seconds": 0.3} | options)))
        await node.start()
        self._stack.push_async_callback(node.stop)
        [settled] = await self.engine.turn.settle(
            [Order(AddProcessingNode(url=node.url, token=options.get("token") or ""))]
        )
        node.id = json.loads(settled.answer)["processing_node"]["id"]
        return node

    async def create(self, count=3, **body):
        """Create a task with so many photos, and give it."""
        images = [str(self.photo(f"IMG_{number:04}.JPG")) for number in range(count)]
        answer = await self.send("create-task", images=images, **body)
        assert answer["ok"], answer
        return answer["task"]

    def photo(self, name):
        """Make a small photo."""
        path = self.photos / name
        if not path.exists():
            Image.effect_noise((64, 48), 60).save(path, "JPEG")
        return path

    def of_task(self, task):
        """Give the events of a task."""
        return [event for event in self.events if event["subject"] == f"tasks/{task}"]

    async def until(self, condition, within=20):
        """Wait until an event makes the condition true, and give what it gives."""
        async with asyncio.timeout(within), self._news:
            while not (found := condition()):
                await self._news.wait()
            return found

    async def until_task(self, task, within=20, **fields):
        """Wait until the task's last event shows these fields."""

        def shown():
            events = self.of_task(task)
            return next(
                (e["data"]["task"] for e in reversed(events) if fields.items() <= e["data"]["task"].items()), None
            )

        return await self.until(shown, within)

    def healths(self, node):
        """Give what a subscriber saw of a node's health, in order."""
        events = (event for event in self.events if event["subject"] == f"processing-nodes/{node.id}")
        return [event["data"]["processing_node"]["health"] for event in events]

    def statuses(self, task):
        """Give the statuses that a subscriber saw, in order."""
        return [
            event["data"]["task"]["status"] for event in self.of_task(task) if event["type"] == "task.status-changed"
        ]


@asynccontextmanager
async def running(folder: Path, timing: Timing = QUICK) -> AsyncIterator[Bundle]:
    """Run an engine for a test."""
    async with built(folder, timing) as bundle, bundle.engine.running():
        yield bundle


@asynccontextmanager
async def built(folder: Path, timing: Timing = QUICK) -> AsyncIterator[Bundle]:
    """Build an engine that does not run yet."""
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    clock = WallClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store("sqlite+aiosqlite:///:memory:"))
        images = ImageFiles(root=folder / "data", import_roots=[photos])
        stack.push_async_callback(images.close)
        shelves = TaskShelves(root=folder / "data")
        stack.push_async_callback(shelves.close)
        clients = await stack.enter_async_context(NodeRegistry())
        rooms = Rooms(
            store=store, renderer=WireRenderer(), images=images, shelves=shelves, clients=clients,
            clock=clock,
        )  # fmt: skip
        engine = build_engine(rooms, owner="test", timing=timing)
        bundle = Bundle(engine, store, shelves, folder / "data", photos)
        engine.turn.listeners.append(bundle.on_commit)
        await stack.enter_async_context(bundle._stack)
        yield bundle
