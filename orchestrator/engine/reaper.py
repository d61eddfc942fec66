"""The reaper: abandoned jobs are stopped and removed on their nodes, for as long as it takes the node to confirm it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from orchestrator.domain.backoff import backoff
from orchestrator.domain.errors import JobNotFound, NodeError, StoreError
from orchestrator.domain.task import NodeJob, Status
from orchestrator.engine.changes import Changes
from orchestrator.engine.ports import NodeClient
from orchestrator.engine.stimuli import JobReport
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

SETTLED_AFTER = timedelta(seconds=20)
"""A commit whose answer was lost may take effect this late (through a cluster): until then 'not found' is no proof."""


@dataclass(slots=True)
class Reaper:
    """Cleans up after tasks. ``jobs`` holds every abandoned job, by uuid."""

    shop: Workshop
    jobs: dict[str, NodeJob] = field(default_factory=dict)
    _going: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False

    def on_commit(self, changes: Changes) -> None:
        """Follow what was written (a listener of the turn)."""
        for job in changes.jobs.values():
            if job.abandoned_at:
                self.take(job)
        for uuid in changes.gone_jobs:
            self.jobs.pop(uuid, None)
        if changes.gone_jobs or changes.jobs:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def take(self, job: NodeJob) -> None:
        """See to an abandoned job."""
        self.jobs[job.uuid] = job
        if job.uuid not in self._going and not self._stopping:
            handle = asyncio.create_task(self._reap(job), name=f"reap-{job.uuid}")
            self._going[job.uuid] = handle
            handle.add_done_callback(lambda _: self._going.pop(job.uuid, None))

    def of_task(self, task: int) -> list[NodeJob]:
        """Give the abandoned jobs of a task."""
        return [job for job in self.jobs.values() if job.task == task]

    async def all_gone(self, task: int) -> None:
        """Wait until no node that can be reached runs an abandoned job of the task."""
        while any(self._reachable(job) and not job.stopped for job in self.of_task(task)):
            await self._changed.wait()

    def _reachable(self, job: NodeJob) -> bool:
        node = self.shop.board.get(job.node)
        return node is not None and node.online

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        self._stopping = True
        handles = set(self._going.values())
        for handle in handles:
            handle.cancel()
        if handles:
            await asyncio.wait(handles)

    # ----------------------------------------------------------------------------------------------------- one job

    async def _reap(self, job: NodeJob) -> None:
        failures = 0
        while job.uuid in self.jobs:
            try:
                if await self._try(self.jobs[job.uuid]):
                    await self.shop.turn.confirm_job(JobReport(job.uuid, gone=True))
                    return
                failures = 0
            except (NodeError, StoreError) as error:
                failures += 1
                log.info("job.not_removed_yet", job=job.uuid, task=job.task, node=job.node, reason=str(error))
            except Exception as error:  # noqa: BLE001  (a fault of ours must not leave a job on a node for ever)
                failures += 1
                log.error("reaper.failed", job=job.uuid, task=job.task, exc_info=error)
            wait = backoff(max(1, failures), spread=self.shop.chance.random())
            await asyncio.sleep(wait.total_seconds())

    async def _try(self, job: NodeJob) -> bool:
        """Give whether nothing is left of the job. Raises ``NodeError``."""
        node = self.shop.board.get(job.node)
        if node is None:
            return True  # The node was taken away, and its jobs with it.
        while not node.online:
            await self.shop.board.change(60.0)
            node = self.shop.board.get(job.node)
            if node is None:
                return True
        client = self.shop.board.client(node)
        try:
            return await self._stop_and_remove(job, client)
        except JobNotFound:
            await self._note_stopped(job)
            return not job.committed or self._is_settled(job)

    async def _stop_and_remove(self, job: NodeJob, client: NodeClient) -> bool:
        """Look first: to cancel a job that has ended would change what its node says of it."""
        info = await client.job(job.uuid)
        if info.status in {Status.QUEUED, Status.RUNNING}:
            await client.cancel(job.uuid)
        await client.remove(job.uuid)
        await self._note_stopped(job)
        return True

    async def _note_stopped(self, job: NodeJob) -> None:
        if not job.stopped:
            await self.shop.turn.confirm_job(JobReport(job.uuid, gone=False))

    def _is_settled(self, job: NodeJob) -> bool:
        return job.abandoned_at is not None and self.shop.clock.now() - job.abandoned_at >= SETTLED_AFTER
