"""Restart: an ended job that its node still has is run again there, with the task's options in place of the old."""

from collections.abc import Sequence

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError, JobNotFound, NodeError, NodeRefused, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.fitting import fitted
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Option, Status, Task
from orchestrator.engine.ports import JobInfo, NodeClient
from orchestrator.engine.workshop import AWAY, Workshop, told_time

LIVE = frozenset({Status.QUEUED, Status.RUNNING})

UNKNOWN = -1
"""What the date of a run is when the node does not say, and when no restart was asked for yet."""


class Restart:
    """The step of a waiting task that has a job."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def __call__(self, task: Task) -> Fact:
        """Say ``JobRestarted``, or ``RestartImpossible``: then the task is sent anew."""
        node = self._shop.board.get(task.job_node)
        if node is None or (task.auto_processing_node and not node.online):
            return facts.RestartImpossible(f"{self._shop.node_name(task)} is not there; the task is sent anew")
        try:
            return await self._restart(task, await self._shop.node_of(task))
        except (JobNotFound, NodeRefused) as error:
            return facts.RestartImpossible(f"the job cannot be restarted on its node ({error}); it is sent anew")
        except NodeError as error:
            return self._not_told(task, error, node)
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))

    def _not_told(self, task: Task, error: NodeError, node: ProcessingNode) -> Fact:
        """Try again, but not for ever: a cluster answers although the node behind it, which has the job, is gone."""
        self._shop.probe(node.id)
        if error.code in AWAY:
            self._shop.tally.interrupt(task.job_uuid)
            return self._shop.later(task, str(error))
        is_cluster = node.info is not None and node.info.is_cluster
        patience = self._shop.timing.offline_after if is_cluster else self._shop.timing.node_lost_after
        if self._shop.tally.lasts(task.job_uuid, self._shop.elapsed()) < patience:
            return self._shop.later(task, str(error))
        words = f"{node.name} has told nothing of the job for {told_time(patience)}: {error}"
        return facts.RestartImpossible(f"{words}; the task is sent anew")

    async def _restart(self, task: Task, node: ProcessingNode) -> Fact:
        client = self._shop.board.client(node)
        restarted = facts.JobRestarted(node_name=node.name, rerun_stages=node.rerun_stages)
        info = await client.job(task.job_uuid)
        if info.status in LIVE or _has_run_since(task, info):
            # It had ended when the restart was asked for: our own restart took effect, and its answer was lost.
            self._shop.tally.clear(task.job_uuid)
            return restarted
        if info.status == Status.CANCELED:
            return facts.RestartImpossible("the job was canceled on its node; it is sent anew")
        await self._shop.shelves.begin_output(task)
        task = await self._shop.say(task, facts.Restarting(info.created))
        await self._ask(task, client, options=fitted(task.options, node.options))
        self._shop.tally.clear(task.job_uuid)
        return restarted

    async def _ask(self, task: Task, client: NodeClient, *, options: Sequence[Option]) -> None:
        """Ask for the restart. A node that refuses because the job runs has heard us before."""
        try:
            await client.restart(task.job_uuid, options=options)
        except NodeRefused:
            if (await client.job(task.job_uuid)).status not in LIVE:
                raise


def _has_run_since(task: Task, info: JobInfo) -> bool:
    """Whether the job was run again and has ended, all unseen by us: a restart dates a job anew."""
    return UNKNOWN not in {task.ended_run, info.created} and task.ended_run != info.created
