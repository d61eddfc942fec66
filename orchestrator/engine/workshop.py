"""What every step has at hand, and the ways of working that all steps share."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.domain import facts
from orchestrator.domain.backoff import backoff
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Fact, Report
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.supervision import is_lost
from orchestrator.domain.task import Task
from orchestrator.engine.board import Board
from orchestrator.engine.ports import Clock, Images, NodeClient, Shelves, Store
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn


class Overtaken(Exception):  # noqa: N818  (not an error: the task has moved on without this step)
    """The task is no longer what the step was begun for."""


class Ended(Exception):  # noqa: N818  (not an error: the step's outcome, from deep within)
    """The step is over, with this fact."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(fact)
        self.fact = fact


@dataclass(slots=True, kw_only=True)
class Workshop:
    """The rooms around the engine, plugged in."""

    turn: Turn
    store: Store
    board: Board
    images: Images
    shelves: Shelves
    clock: Clock
    timing: Timing
    chance: random.Random = field(default_factory=random.Random)
    probe: Callable[[int], None] = lambda _: None
    """Ask for a node to be looked at now."""

    async def say(self, task: Task, fact: Fact) -> Task:
        """Report something on the way. Raises ``Overtaken`` when the task has moved on."""
        after = await self.turn.report(Report(task.id, task.fence, fact))
        if after is None or after.fence != task.fence:
            raise Overtaken
        return after

    def later(self, task: Task, reason: str) -> facts.Hindered:
        """Give the fact that a step is hindered, with a wait that grows with each hindrance in a row."""
        wait = backoff(task.failures + 1, spread=self.chance.random())
        return facts.Hindered(reason, self.clock.now() + wait)

    async def node_of(self, task: Task) -> ProcessingNode:
        """Give the task's node once it is online.

        Raises ``Ended`` with ``NodeLost`` when it was taken away, or has been away for too long.
        """
        told = ""
        while True:
            node = self.board.get(task.job_node)
            if node is None:
                raise Ended(facts.NodeLost(f"processing node {task.processing_node_name} was removed"))
            if node.online:
                return node
            now = self.clock.now()
            if is_lost(node, now=now, node_lost_after=self.timing.node_lost_after_delta):
                minutes = self.timing.node_lost_after / 60
                raise Ended(facts.NodeLost(f"{node.name} has been unreachable for {minutes:g} min: {node.problem}"))
            reason = f"waiting for {node.name}, which is {node.health.value}: {node.problem}"
            if reason != told and reason != task.reason:
                await self.say(task, facts.Hindered(reason, now, counts=False))
            told = reason
            await self.board.change(self._until_lost(node))

    def _until_lost(self, node: ProcessingNode) -> float:
        since = node.unreachable_since
        if since is None:
            return 60.0
        left = since + timedelta(seconds=self.timing.node_lost_after) - self.clock.now()
        return min(60.0, max(0.05, left.total_seconds()))

    async def client_of(self, task: Task) -> NodeClient:
        """Give the client of the task's node once it is online."""
        return self.board.client(await self.node_of(task))

    @asynccontextmanager
    async def telling(self, tell: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """While the block runs, tell how far it is, at most once per progress interval."""
        teller = asyncio.create_task(self._tell(tell))
        try:
            yield
        finally:
            teller.cancel()
            await asyncio.wait({teller})

    async def _tell(self, tell: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self.timing.progress_interval)
            try:
                await tell()
            except Overtaken:
                return
            except StoreError:
                continue  # Progress is the least of what cannot be written now; the turn has logged why.

    def elapsed(self) -> float:
        """Seconds on the event loop's clock."""
        return asyncio.get_running_loop().time()
