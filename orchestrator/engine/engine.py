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
from orchestrator.engine.adoption import Adoption
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
    submit: Submit
    lease: Lease
    placing: Placing
    housekeeping: Housekeeping
    adoption: Adoption
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the engine for the length of the block; it may be run again.

        What was handed in by the block's end is settled, then all is handed back. Raises ``StoreError``.
        """
        await self._load()
        turn = self._start(self.turn.run(), "turn")
        loops: set[asyncio.Task[None]] = set()
        try:
            await self.lease.begin()
            self.supervisor.start()
            loops.add(self._start(self.placing.run(), "placing"))
            loops.add(self._start(self.housekeeping.run(), "housekeeping"))
            loops.add(self._start(self.lease.run(), "lease"))
            yield
        finally:
            await self._stop(turn, loops)

    async def _load(self) -> None:
        nodes = await self.shop.store.nodes()
        jobs = await self.shop.store.abandoned_jobs()
        self.failed.clear()
        self.shop.stopping.clear()
        self.board.start()
        self.turn.open()
        self.conductor.start()
        self.reaper.start()
        for node in nodes:
            self.board.put(node)
        for job in jobs:
            self.reaper.take(job)

    async def _stop(self, turn: "asyncio.Task[None]", loops: "set[asyncio.Task[None]]") -> None:
        # The heart beats until the last file in flight has landed: nobody else is to begin on our tasks before.
        beating = {loop for loop in loops if loop.get_name() == "lease"}
        await _cancel(loops - beating)
        await self.conductor.stop()
        await self.submit.leave()
        await self.supervisor.stop()
        await self.reaper.stop()
        await _cancel(beating)
        self.turn.close()
        await asyncio.wait({turn})
        with contextlib.suppress(Exception):
            await self.lease.end()

    def _start(self, loop: Coroutine[None, None, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._check)
        return task

    def _check(self, task: "asyncio.Task[None]") -> None:
        """No loop ends by itself: one that did was broken by a fault of ours, and nobody is to go on without it."""
        if not task.cancelled() and task.exception():
            log.critical("engine.loop_failed", loop=task.get_name(), exc_info=task.exception())
            self.failed.set()


async def _cancel(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def build_engine(
    rooms: Rooms,
    *,
    owner: str,
    timing: Timing,
    policy: Policy | None = None,
    chance: random.Random | None = None,
    new_uuid: Callable[[], str] = new_job_uuid,
) -> Engine:
    """Wire the engine's parts together."""
    board = Board(rooms.clients)
    turn = Turn(
        store=rooms.store, renderer=rooms.renderer, images=rooms.images, clock=rooms.clock, owner=owner,
        policy=policy or Policy(), timing=timing, known_nodes=board.nodes,
    )  # fmt: skip
    shop = Workshop(
        turn=turn, store=rooms.store, board=board, images=rooms.images, shelves=rooms.shelves, clock=rooms.clock,
        timing=timing, chance=chance or random.Random(),
    )  # fmt: skip
    reaper = Reaper(shop)
    submit = Submit(shop)
    conductor = Conductor(shop, steps_of(shop, submit=submit, remove=Remove(shop, jobs_gone=reaper.all_gone)))
    supervisor = Supervisor(shop, conductor)
    shop.probe = supervisor.look_now
    followers = [board.on_commit, reaper.on_commit, conductor.on_commit, supervisor.on_commit]
    lease = Lease(shop=shop, conductor=conductor, reaper=reaper, submit=submit, followers=followers)
    turn.listeners += [*followers, lease.on_commit, submit.on_commit, shop.tally.on_commit]
    placing = Placing(shop=shop, conductor=conductor, reaper=reaper, new_uuid=new_uuid)
    housekeeping = Housekeeping(shop)
    lease.standing.append(housekeeping.stand)
    return Engine(
        turn=turn, board=board, shop=shop, conductor=conductor, reaper=reaper, supervisor=supervisor, submit=submit,
        lease=lease, placing=placing, housekeeping=housekeeping, adoption=Adoption(shop),
    )  # fmt: skip
