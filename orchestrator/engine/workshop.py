"""What every step has at hand, and the ways of working that all steps share."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

import structlog

from orchestrator.domain import facts
from orchestrator.domain.backoff import backoff
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Fact, Report
from orchestrator.domain.node import Health, ProcessingNode
from orchestrator.domain.task import Task
from orchestrator.engine.board import Board
from orchestrator.engine.ports import Clock, Images, NodeClient, Shelves, Store
from orchestrator.engine.tally import Tally
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn

log = structlog.get_logger()

AWAY = frozenset({"node-unreachable", "node-unauthorized"})
"""Codes of errors that are the node's and not the job's: it is waited for, however often they come."""


BELIEVED = 2
"""How often in a row a node must say that it does not know a job: one that has just started may still be reading."""


class Overtaken(Exception):
    """The task is no longer what the step was begun for."""


class Ended(Exception):
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
    chance: random.Random
    probe: Callable[[int | None], None] = lambda _: None
    """Ask for a node to be looked at now."""
    tally: Tally = field(default_factory=Tally)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the engine stops: no new file is sent."""
    sending: set[str] = field(default_factory=set)
    """Jobs of which files may be in flight."""

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
        waited = told = ""
        while not (node := self._present(task)).online:
            waited = f"waiting for {node.name}, {_why_not_online(node)}"
            if waited not in {told, task.reason}:
                await self._tell_of(task, waited)
                told = waited  # The node may have moved meanwhile: look again.
            else:
                await self.board.change(self._until_lost(node))
        if waited:
            await self._tell_of(task, f"{node.name} is online")
        return node

    def node_name(self, task: Task) -> str:
        """Say what the node with the task's job is called; it may have been taken away."""
        node = self.board.get(task.job_node) or self.board.former.get(task.job_node or 0)
        if node:
            return node.name
        known = task.processing_node == task.job_node and task.processing_node_name
        return known or f"{task.job_node}"

    def _present(self, task: Task) -> ProcessingNode:
        node = self.board.get(task.job_node)
        if node is None:
            raise Ended(facts.NodeLost(f"processing node {self.node_name(task)} was removed"))
        if self._seconds_left(node) <= 0:
            away = told_time(self.timing.node_lost_after)
            raise Ended(facts.NodeLost(f"{node.name} has been unreachable for {away}: {node.problem}"))
        return node

    async def _tell_of(self, task: Task, reason: str) -> None:
        await self.say(task, facts.Hindered(reason, self.clock.now(), counts=False))

    def _seconds_left(self, node: ProcessingNode) -> float:
        """Give for how much longer the node is waited for.

        Only time in which we looked counts: while the daemon was down, the node may have been back.
        """
        since = self.board.away_since(node.id)
        return inf if node.online or since is None else since + self.timing.node_lost_after - self.elapsed()

    def _until_lost(self, node: ProcessingNode) -> float:
        return min(60.0, max(0.05, self._seconds_left(node)))

    async def client_of(self, task: Task) -> NodeClient:
        """Give the client of the task's node once it is online."""
        return self.board.client(await self.node_of(task))

    @asynccontextmanager
    async def telling(self, tell: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """While the block runs, tell how far it is, at most once per progress interval.

        Cuts the block off and raises ``Overtaken`` when that shows that the task has moved on: another daemon, of
        whose commits we are not told, may have moved it.
        """
        cut = asyncio.timeout(None)
        try:
            async with cut:
                teller = asyncio.create_task(self._tell(tell, cut))
                try:
                    yield
                finally:
                    teller.cancel()
                    await asyncio.wait({teller})
        except TimeoutError:
            if cut.expired():
                raise Overtaken from None
            raise

    async def _tell(self, tell: Callable[[], Awaitable[None]], cut: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(self.timing.progress_interval)
            try:
                await tell()
            except Overtaken:
                cut.reschedule(self.elapsed())
                return
            except StoreError:
                continue  # Progress is the least of what cannot be written now; the turn has logged why.
            except Exception:
                log.exception("step.progress_not_told")

    def elapsed(self) -> float:
        """Seconds on the event loop's clock."""
        return asyncio.get_running_loop().time()


def _why_not_online(node: ProcessingNode) -> str:
    if node.health is Health.UNKNOWN:
        return "which was not reached yet"
    return f"which is {node.health.value}: {node.problem}"


def told_time(seconds: float) -> str:
    """Say a time as people do: ``45 s``, ``10 min``, ``2 h``."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
