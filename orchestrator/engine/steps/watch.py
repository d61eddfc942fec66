"""Watch: a job on its node is looked at until it ends; its console output is kept line by line."""

import asyncio
from dataclasses import replace

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError, JobNotFound, NodeError, NodeRefused, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.lines import last_words, stored_line
from orchestrator.domain.names import stays_among_images
from orchestrator.domain.node import NodeInfo
from orchestrator.domain.outcomes import only_prepares
from orchestrator.domain.task import Status, Task
from orchestrator.domain.transitions import PROCESSING_SHARE
from orchestrator.engine.ports import JobInfo, NodeClient
from orchestrator.engine.steps import refusals
from orchestrator.engine.steps.committing import Commits
from orchestrator.engine.workshop import AWAY, BELIEVED, Workshop, told_time

TERMINAL = frozenset({Status.FAILED, Status.COMPLETED, Status.CANCELED})

HANDED_ON = "handed on"
"""What a job is noted for while a cluster hands it on."""

UNKNOWN = -1
"""What a number is when the node does not say."""


class Watch:
    """The step of stage ``processing``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._commits = Commits(shop)

    async def __call__(self, task: Task) -> Fact:
        """Poll until the job ends or something hinders."""
        pause = min(self._shop.timing.first_poll, self._shop.timing.poll_interval)
        told_at = self._shop.elapsed()  # Whoever watched before may just have told.
        try:
            while True:
                client = await self._shop.client_of(task)
                info = await self._look(task, client)
                self._shop.tally.clear(task.job_uuid)
                if self._is_handed_on(task, info):
                    self._shop.tally.add(task.job_uuid, HANDED_ON)
                spoiled = await self._check(task, info)
                if spoiled or info.status in TERMINAL:
                    return spoiled or self._ended(task, info)
                if self._is_news(task, info, told_at):
                    task = await self._shop.say(task, _seen(info))
                    told_at = self._shop.elapsed()
                await asyncio.sleep(pause * (0.9 + 0.2 * self._shop.chance.random()))
                pause = min(pause * 1.5, self._shop.timing.poll_interval)
        except JobNotFound as error:
            if self._shop.tally.add(task.job_uuid, error.code) < BELIEVED:
                return self._shop.later(task, f"{error}; asking once more")
            return await self._not_known(task, error)
        except NodeError as error:
            return self._not_told(task, error)
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))

    async def _not_known(self, task: Task, error: JobNotFound) -> Fact:
        """Take the job for lost, but for one that a cluster was handing on: restarted, it has the files and no task.

        Told again, it begins anew. Should a node of its get some files twice by that, the count of images shows it.
        """
        if not self._shop.tally.has(task.job_uuid, HANDED_ON):
            return facts.JobLost(str(error))
        try:
            fact = await self._commits.find_or_commit(task, await self._shop.client_of(task))
        except NodeRefused:
            return facts.JobLost(str(error))
        except NodeError as trouble:
            return self._not_told(task, trouble)
        if not isinstance(fact, facts.JobTaken):
            return facts.JobLost(str(error))
        return self._shop.later(task, f"{task.processing_node_name} was told again to hand the job on")

    def _not_told(self, task: Task, error: NodeError) -> Fact:
        """Try again, but not for ever: a cluster answers although the node behind it, which has the job, is gone."""
        self._shop.probe(task.job_node)
        node = self._shop.board.get(task.job_node)
        if error.code in AWAY or node is None or not node.online:
            self._shop.tally.interrupt(task.job_uuid)  # How long a node is waited for is seen to elsewhere.
            return self._shop.later(task, str(error))
        lost_after = self._shop.timing.node_lost_after
        if self._shop.tally.lasts(task.job_uuid, self._shop.elapsed()) < lost_after:
            return self._shop.later(task, str(error))
        return facts.JobLost(f"{node.name} has told nothing of the job for {told_time(lost_after)}: {error}")

    def _is_news(self, task: Task, info: JobInfo, told_at: float) -> bool:
        if task.failures:
            return True
        if task.status != info.status:
            return not (task.status is Status.QUEUED and only_prepares(_seen(info)))
        moved = PROCESSING_SHARE * (info.progress or 0.0) > task.running_progress
        return moved and self._shop.elapsed() - told_at >= self._shop.timing.progress_interval

    async def _check(self, task: Task, info: JobInfo) -> Fact | None:
        """Compare the number of images, once the node has sorted out the files that are none.

        Not after it was seen to run, now or before a restart: the engine puts masks and frames of videos beside the
        images, and a node that was down meanwhile counts them, too.
        """
        about = self._about(task)
        has_run = task.has_run or task.ended_run != UNKNOWN
        counts = about is not None and not about.is_micmac and not has_run
        runs = bool(info.progress) or info.processing_time >= 0
        initialised = not self._is_handed_on(task, info) and (
            info.status in {Status.QUEUED, Status.COMPLETED} or (info.status == Status.RUNNING and runs)
        )
        if not (counts and initialised) or info.images_count in {task.images_count, UNKNOWN}:
            return None
        sent = await self._images_sent(task)
        if sent in {0, info.images_count}:
            return None  # 0: adopted before its node had counted them, so that what was sent is not known.
        return facts.JobSpoiled(
            f"{task.processing_node_name} has {info.images_count} images of the {sent} that were sent"
        )

    def _ended(self, task: Task, info: JobInfo) -> Fact:
        """Say how the job ended. Where the node gives no reason, the end of its console output is the next best."""
        last = last_words(info.output)
        if info.status == Status.FAILED and self._is_handed_on(task, info):
            return facts.JobSpoiled(f"{task.processing_node_name} could not hand the job on: {last or 'no reason'}")
        if info.status == Status.FAILED and refusals.is_too_many_images(info.error):
            return facts.NodeTooSmall(info.error)
        return replace(_seen(info), last_words=last)

    def _about(self, task: Task) -> NodeInfo | None:
        node = self._shop.board.get(task.job_node)
        return node.info if node else None

    def _is_handed_on(self, task: Task, info: JobInfo) -> bool:
        """Whether a cluster still has the job and none of its nodes: it gives no progress then. Old nodes never do."""
        about = self._about(task)
        return info.progress is None and about is not None and about.is_cluster

    async def _images_sent(self, task: Task) -> int:
        """Count what the node counts: subtitles of a video lie among its images."""
        sources = await self._shop.store.sources(task.id)
        return sum(stays_among_images(source.name) for source in sources) or task.images_count

    async def _look(self, task: Task, client: NodeClient) -> JobInfo:
        """Ask for the job's state with the console lines that are new, and keep those."""
        kept, last = await self._shop.shelves.output_tail(task)
        info = await client.job(task.job_uuid, from_line=max(0, kept - 1))
        if self._is_handed_on(task, info):
            # Its output is the cluster's own, and its time that of the transfer.
            return replace(info, processing_time=UNKNOWN)
        if not kept:
            await self._keep(task, info.output, new_run=False)
        elif info.output and stored_line(info.output[0]).decode() == last:
            await self._keep(task, info.output[1:], new_run=False)
        else:
            # The line that we have is not there: the node was restarted, and its output began anew.
            info = await client.job(task.job_uuid, from_line=0)
            await self._keep(task, info.output, new_run=True)
        return info

    async def _keep(self, task: Task, lines: tuple[str, ...], *, new_run: bool) -> None:
        if lines or new_run:
            await self._shop.shelves.append_output(task, lines, new_run=new_run)


def _seen(info: JobInfo) -> facts.JobSeen:
    return facts.JobSeen(
        status=info.status,
        progress=info.progress or 0.0,
        processing_time=info.processing_time,
        error=info.error,
    )
