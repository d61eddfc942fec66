"""A whole engine among fakes, on SQLite in memory without threads, in time that costs nothing."""

import asyncio
import json
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from orchestrator import store
from orchestrator.contract.render import WireRenderer
from orchestrator.domain import commands
from orchestrator.domain.commands import SetPendingAction, TaskKey
from orchestrator.domain.task import PendingAction, Source
from orchestrator.domain.transitions import Policy
from orchestrator.engine.engine import Rooms, build_engine
from orchestrator.engine.ports import Order
from orchestrator.engine.timing import Timing
from orchestrator.store import ensure_head, open_store, sqlite
from orchestrator.store.failures import told
from tests.unit.engine.fakes import FakeClients, FakeImages, FakeShelves, LoopClock, ScriptedNode

VIRTUAL_TIME = pytest.mark.looptime(start=time.monotonic)
"""Marks tests in which waiting takes no time. Fixtures are not in virtual time, so it begins where they are."""


class _Inline(sqlite._Thread):
    """Does the store's work at once: virtual time would run ahead of a thread."""

    async def run(self, work):
        await asyncio.sleep(0)
        with told(self._where):
            return self._do(work)

    async def close(self):
        self._pool.shutdown()
        self._disconnect()


_empty: list[bytes] = []


async def _make_tables(database, *, migrate):
    """Migrate the first database, and copy it for all later ones."""
    if not _empty:
        await ensure_head(database, migrate=migrate)
        _empty.append(await database.write(lambda connection: connection.connection.serialize()))
    await database.write(lambda connection: connection.connection.deserialize(_empty[0]))


@asynccontextmanager
async def store_in_line():
    """Open an empty store that works in the event loop's own thread."""
    with patch.object(sqlite, "_Thread", _Inline), patch.object(store, "ensure_head", _make_tables):
        async with open_store("sqlite+aiosqlite:///:memory:") as opened:
            yield opened


@dataclass
class Bundle:
    """What a test holds on to."""

    engine: object
    store: object
    images: FakeImages
    shelves: FakeShelves
    clients: FakeClients
    clock: LoopClock
    events: list = field(default_factory=list)

    def on_commit(self, changes):
        self.events += [json.loads(entry.body) for entry in changes.outbox]

    def let_go(self):
        """Hold no call up any more."""
        for scripted in (self.images, self.shelves, *self.clients.nodes.values()):
            for gate in scripted.gates.values():
                gate.set()

    # ------------------------------------------------------------------------------------------------- asking

    async def settle(self, command, message_id=None):
        """Hand a command in, and give the answer."""
        [settled] = await self.engine.turn.settle([Order(command, message_id)])
        return json.loads(settled.answer)

    async def add_node(self, node=None, *, number=1, **fields):
        """Make a node known, wait until it was looked at, and give it."""
        node = node or ScriptedNode()
        url = f"http://node-{number}:3000"
        self.clients.nodes[url] = node
        answer = await self.settle(commands.AddProcessingNode(url=url, label=f"node-{number}", **fields))
        assert answer["ok"], answer
        node.id = answer["processing_node"]["id"]
        await self.until(lambda: self.board_node(node).last_refreshed or self.board_node(node).problem)
        return node

    async def create(self, count=3, **fields):
        """Create a task with so many images, and give its number."""
        sources = tuple(Source(f"/photos/{number}.jpg", f"{number}.jpg", 10) for number in range(count))
        answer = await self.settle(commands.CreateTask(**({"sources": sources} | fields)))
        assert answer["ok"], answer
        return answer["task"]["id"]

    async def act(self, task, action):
        """Set a pending action."""
        command = SetPendingAction(task=TaskKey(id=task), pending_action=PendingAction[action])
        return await self.settle(command)

    async def update(self, task, **fields):
        return await self.settle(commands.UpdateTask(task=TaskKey(id=task), **fields))

    # ------------------------------------------------------------------------------------------------- seeing

    def board_node(self, node):
        return self.engine.board.get(node.id)

    def of_task(self, task):
        """Give the public task in each of its events."""
        return [event["data"]["task"] for event in self.events if event["subject"] == f"tasks/{task}"]

    def reasons(self, task):
        return [each["reason"] for each in self.of_task(task)]

    def stages(self, task):
        seen = [each["stage"] for each in self.of_task(task)]
        return [stage for index, stage in enumerate(seen) if index == 0 or seen[index - 1] != stage]

    async def row(self, task):
        """Give the task as it is stored."""
        return await self.store.task(task)

    async def jobs(self):
        return await self.store.abandoned_jobs()

    # ------------------------------------------------------------------------------------------------ waiting

    async def until(self, condition, within=3600):
        """Wait, in virtual time, until the condition gives something, and give that."""
        pause = 0.01
        async with asyncio.timeout(within):
            while not (found := condition()):
                await asyncio.sleep(pause)
                pause = min(0.5, 1.1 * pause)
            return found

    async def until_task(self, task, within=3600, **fields):
        """Wait until the task's last event shows these fields, and give the task."""

        def shown():
            seen = self.of_task(task)
            return seen[-1] if seen and fields.items() <= seen[-1].items() else None

        return await self.until(shown, within)


@asynccontextmanager
async def built(timing=None, *, policy=None, clock=None):
    """Build an engine that does not run yet."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(store_in_line())
        images, shelves, clients, clock = FakeImages(), FakeShelves(), FakeClients(), clock or LoopClock()
        rooms = Rooms(
            store=store, renderer=WireRenderer(), images=images, shelves=shelves, clients=clients,
            clock=clock,
        )  # fmt: skip
        engine = build_engine(
            rooms, owner="me", timing=timing or Timing(), policy=policy or Policy(), chance=random.Random(7)
        )
        bundle = Bundle(engine, store, images, shelves, clients, clock)
        engine.turn.listeners.append(bundle.on_commit)
        yield bundle


@asynccontextmanager
async def running(timing=None, **given):
    """Run an engine for a test."""
    async with built(timing, **given) as bundle, bundle.engine.running():
        try:
            yield bundle
        finally:
            bundle.let_go()
