"""The reaper: abandoned jobs are stopped and removed on their nodes, for as long as it takes the node to confirm it."""

import asyncio
from dataclasses import dataclass, field

import structlog

from orchestrator.domain.backoff import backoff
from orchestrator.domain.errors import JobNotFound, NodeError, NodeFault, StoreError
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import NodeJob, Status
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import NodeClient
from orchestrator.engine.stimuli import JobReport
from orchestrator.engine.workshop import BELIEVED, Workshop

log = structlog.get_logger()

FAREWELLS = 3
"""Failures in a row after which a job is left on a node that was taken away: its address is all that we have of it."""


@dataclass(slots=True)
class Reaper:
    """Cleans up after tasks. ``jobs`` holds every abandoned job, by uuid."""

    shop: Workshop
    jobs: dict[str, NodeJob] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    """When each of them came to us, on the event loop's clock, which nobody can set."""
    _silent_since: dict[str, float] = field(default_factory=dict)
    """Since when a cluster that answers has told us nothing of each of them."""
    _going: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False

    def start(self) -> None:
        """Begin with nothing; what is abandoned is taken."""
        self._stopping = False
        self.jobs.clear()
        self._since.clear()
        self._silent_since.clear()

    def on_commit(self, changes: Changes) -> None:
        """Follow what was written (a listener of the turn)."""
        for job in changes.jobs.values():
            if job.abandoned_at:
                self.take(job)
        for uuid in changes.gone_jobs:
            self.jobs.pop(uuid, None)
            self._since.pop(uuid, None)
            self._silent_since.pop(uuid, None)
        if changes.gone_jobs or changes.jobs:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def take(self, job: NodeJob) -> None:
        """See to an abandoned job."""
        self.jobs[job.uuid] = job
        self._since.setdefault(job.uuid, self.shop.elapsed())
        if job.uuid not in self._going and not self._stopping:
            handle = asyncio.create_task(self._reap(job.uuid), name=f"reap-{job.uuid}")
            self._going[job.uuid] = handle
            handle.add_done_callback(lambda _: self._ended(job.uuid))

    def _ended(self, uuid: str) -> None:
        del self._going[uuid]
        if uuid in self.jobs:
            self.take(self.jobs[uuid])

    def holding(self) -> dict[int, str]:
        """Give, by task, the name of a node that can be reached and may still run an earlier job of the task."""
        unsure = (job for job in self.jobs.values() if not job.stopped and not self._is_out_of_reach(job.uuid))
        return {job.task: node.name for job in unsure if (node := self._node_of(job)) and node.online}

    def _is_out_of_reach(self, uuid: str) -> bool:
        """Whether the job is as on a node that is offline: a cluster answers although the node behind it is away."""
        since = self._silent_since.get(uuid)
        return since is not None and self.shop.elapsed() - since >= self.shop.timing.offline_after

    async def all_gone(self, task: int) -> None:
        """Wait until no node that can be reached runs an abandoned job of the task."""
        while task in self.holding():
            await self._changed.wait()

    def _node_of(self, job: NodeJob) -> ProcessingNode | None:
        return self.shop.board.get(job.node) or self.shop.board.former.get(job.node)

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        self._stopping = True
        handles = set(self._going.values())
        for handle in handles:
            handle.cancel()
        if handles:
            await asyncio.wait(handles)

    def _note_silence(self, job: NodeJob, error: Exception) -> None:
        node = self._node_of(job)
        is_cluster = node is not None and node.online and node.info is not None and node.info.is_cluster
        if is_cluster and isinstance(error, NodeFault) and job.uuid in self.jobs:
            self._silent_since.setdefault(job.uuid, self.shop.elapsed())

    # ----------------------------------------------------------------------------------------------------- one job

    async def _reap(self, uuid: str) -> None:
        failures = 0
        while job := self.jobs.get(uuid):
            try:
                if await self._try(job, failures):
                    await self.shop.turn.confirm_job(JobReport(uuid, gone=True))
                    return
                failures = 0
            except (NodeError, StoreError) as error:
                failures += 1
                self._note_silence(job, error)
                log.info("job.not_removed_yet", job=uuid, task=job.task, node=job.node, reason=str(error))
            except Exception:
                failures += 1
                log.exception("reaper.failed", job=uuid, task=job.task)
            wait = backoff(max(1, failures), spread=self.shop.chance.random())
            await asyncio.sleep(wait.total_seconds())

    async def _try(self, job: NodeJob, failures: int) -> bool:
        """Give whether nothing is left of the job, as far as we can see to it. Raises ``NodeError``."""
        board = self.shop.board
        while (node := board.get(job.node)) is not None and not node.online:
            await board.change(60.0)
        if node is None:
            node = board.former.get(job.node)
            if node is None or not node.online or failures >= FAREWELLS:
                return True
        try:
            return await self._stop_and_remove(job, board.client(node))
        except JobNotFound:
            # Once more if in doubt: of a job that is forgotten here, nobody would ever clean up the node.
            was_there = job.taken or job.stopped
            return not job.committed or ((was_there or self._is_settled(job)) and self._is_believed(job))

    async def _stop_and_remove(self, job: NodeJob, client: NodeClient) -> bool:
        """Look first: to cancel a job that has ended would change what its node says of it."""
        info = await client.job(job.uuid)
        self.shop.tally.clear(job.uuid)
        self._silent_since.pop(job.uuid, None)
        if info.status in {Status.QUEUED, Status.RUNNING}:
            await client.cancel(job.uuid)
            if not job.stopped:
                await self.shop.turn.confirm_job(JobReport(job.uuid, gone=False))
        await client.remove(job.uuid)
        return True

    def _is_believed(self, job: NodeJob) -> bool:
        """Whether the node has said often enough that it does not know the job."""
        return self.shop.tally.add(job.uuid, JobNotFound.code) >= BELIEVED

    def _is_settled(self, job: NodeJob) -> bool:
        """Whether a commit whose answer was lost would have taken effect by now: till then 'not found' is no proof."""
        node = self._node_of(job)
        within = self.shop.timing.shown_within(node.info if node else None)
        return job.uuid in self._since and self.shop.elapsed() - self._since[job.uuid] >= within
