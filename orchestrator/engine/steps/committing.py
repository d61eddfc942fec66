"""Committing: a job whose files are all with its node is started, once, whatever becomes of the answers."""

import asyncio

from orchestrator.domain import facts
from orchestrator.domain.errors import JobNotFound, NodeRefused
from orchestrator.domain.facts import Fact
from orchestrator.domain.node import NodeInfo
from orchestrator.domain.task import Task
from orchestrator.engine.ports import NodeClient
from orchestrator.engine.steps import refusals
from orchestrator.engine.workshop import Workshop

MOVING = 2.0
"""Seconds in which a node takes up a job that was committed: until then 'not found' is no proof."""


class Commits:
    """Starts jobs. Raises ``NodeError``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def commit(self, task: Task, client: NodeClient) -> Fact:
        """Start the job. After a lost answer (``NodeFault``) ``find_or_commit`` is to be called, and nothing else."""
        return await self._commit(task, client, within=self._shown_by_then(self._about(task)))

    async def find_or_commit(self, task: Task, client: NodeClient) -> Fact:
        """The commit may have been sent: ask first, and send it (again) only when the node does not have the job.

        A cluster must not hear it twice. Others say that there is no such upload once they have begun to move it, and
        then it may be long until they show the job.
        """
        about = self._about(task)
        within = self._shown_by_then(about)
        fact = await self.look(task, client, within=within)
        if isinstance(fact, facts.JobTaken):
            return fact
        longest = self._shop.timing.shown_within(about) if about and about.is_micmac else within
        return await self._commit(task, client, within=longest)

    async def look(self, task: Task, client: NodeClient, *, within: float = MOVING) -> Fact:
        """Ask whether the node has the job, for as long as its answer may be late."""
        until = self._shop.elapsed() + within
        while True:
            try:
                await client.job(task.job_uuid)
            except JobNotFound:
                if self._shop.elapsed() >= until:
                    return facts.JobSpoiled(f"{task.processing_node_name} does not have what was sent to it")
            else:
                return facts.JobTaken()
            await asyncio.sleep(1.0)

    async def _commit(self, task: Task, client: NodeClient, *, within: float) -> Fact:
        try:
            await client.commit(task.job_uuid)
        except JobNotFound:
            return await self.look(task, client, within=within)
        except NodeRefused as error:
            if refusals.is_upload_gone(error):
                return await self.look(task, client, within=within)
            raise
        return facts.JobTaken()

    def _about(self, task: Task) -> NodeInfo | None:
        node = self._shop.board.get(task.job_node)
        return node.info if node else None

    def _shown_by_then(self, about: NodeInfo | None) -> float:
        return self._shop.timing.commit_lookup if about is not None and about.is_cluster else MOVING
