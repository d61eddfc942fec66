"""The engine as one thing: built once, started before the doors open, stopped after they have closed."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from orchestrator.domain.transitions import Policy
from orchestrator.engine.board import Board
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.housekeeping import Housekeeping
from orchestrator.engine.lease import Lease
from orchestrator.engine.placing import Placing
from orchestrator.engine.ports import Clock, Images, NodeClients, Renderer, Shelves, Store
from orchestrator.engine.reaper import Reaper
from orchestrator.engine.steps import steps_of
from orchestrator.engine.steps.remove import Remove
from orchestrator.engine.steps.submit import Submit
from orchestrator.engine.supervisor import Supervisor
from orchestrator.engine.timing import Timing
from orchestrator.engine.turn import Turn
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()


def new_job_uuid() -> str:
    """Choose a job's uuid: version 4, lower case, which is what every kind of node takes."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The concrete rooms that are plugged in."""

    store: Store
    renderer: Renderer
    images: Images
    shelves: Shelves
    clients: NodeClients
    clock: Clock


@dataclass(slots=True)
class Engine:
    """Turn, steps and loops together."""

    turn: Turn
    board: Board
    shop: Workshop
    conductor: Conductor
    reaper: Reaper
    supervisor: Supervisor
    lease: Lease
    placing: Placing
    housekeeping: Housekeeping
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the engine for the length of the block. What was handed in by its end is settled, then all is handed back."""
        for node in await self.shop.store.nodes():
            self.board.put(node)
        for job in await self.shop.store.abandoned_jobs():
            self.reaper.take(job)
        settling = self._start(self.turn.run(), "turn")
        await self.lease.begin()
        for node in self.board.nodes():
            self.supervisor.begin(node.id)
        loops = {
            self._start(self.placing.run(), "placing"),
            self._start(self.lease.run(), "lease"),
            self._start(self.housekeeping.run(), "housekeeping"),
        }
        try:
            yield
        finally:
            await _cancel(loops)
            await self.supervisor.stop()
            await self.conductor.stop()
            await self.reaper.stop()
            await _cancel({settling})
            await self.turn.finish()
            with contextlib.suppress(Exception):
                await self.lease.end()

    def _start(self, loop: Coroutine[None, None, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._check)
        return task

    def _check(self, task: "asyncio.Task[None]") -> None:
        """No loop ends by itself: one that did was broken by a fault of ours, and the daemon must not go on without it."""
        if not task.cancelled() and task.exception():
            log.critical("engine.loop_failed", loop=task.get_name(), exc_info=task.exception())
            self.failed.set()


async def _cancel(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def build_engine(
    rooms: Rooms,
    *,
    owner: str,
    policy: Policy | None = None,
    timing: Timing | None = None,
    chance: random.Random | None = None,
    new_uuid: Callable[[], str] = new_job_uuid,
) -> Engine:
    """Wire the engine's parts together."""
    timing = timing or Timing()
    board = Board(rooms.clients)
    turn = Turn(
        store=rooms.store, renderer=rooms.renderer, images=rooms.images, clock=rooms.clock, owner=owner,
        policy=policy or Policy(), timing=timing, known_nodes=board.nodes,
    )  # fmt: skip
    shop = Workshop(
        turn=turn, store=rooms.store, board=board, images=rooms.images, shelves=rooms.shelves, clock=rooms.clock,
        timing=timing, chance=chance or random.Random(),  # noqa: S311  (spreads waits; nothing secret)
    )  # fmt: skip
    reaper = Reaper(shop)
    submit = Submit(shop)
    conductor = Conductor(shop, steps_of(shop, submit=submit, remove=Remove(shop, jobs_gone=reaper.all_gone)))
    supervisor = Supervisor(shop, conductor)
    shop.probe = supervisor.look_now
    turn.listeners += [board.on_commit, reaper.on_commit, conductor.on_commit, supervisor.on_commit]
    return Engine(
        turn=turn,
        board=board,
        shop=shop,
        conductor=conductor,
        reaper=reaper,
        supervisor=supervisor,
        lease=Lease(shop=shop, conductor=conductor, submit=submit),
        placing=Placing(shop=shop, conductor=conductor, reaper=reaper, new_uuid=new_uuid),
        housekeeping=Housekeeping(shop),
    )
