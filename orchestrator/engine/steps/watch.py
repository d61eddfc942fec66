"""Watch: a job on its node is looked at until it ends; its console output is kept line by line."""

import asyncio

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError, JobNotFound, NodeError, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.lines import stored_line
from orchestrator.domain.outcomes import only_prepares
from orchestrator.domain.task import Status, Task
from orchestrator.domain.transitions import PROCESSING_SHARE
from orchestrator.engine.ports import JobInfo, NodeClient
from orchestrator.engine.steps import refusals
from orchestrator.engine.workshop import BELIEVED, Workshop

TERMINAL = frozenset({Status.FAILED, Status.COMPLETED, Status.CANCELED})

UNKNOWN = -1
"""What ``images_count`` is when the node does not say."""


class Watch:
    """The step of stage ``processing``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def __call__(self, task: Task) -> Fact:
        """Poll until the job ends or something hinders."""
        pause = min(self._shop.timing.first_poll, self._shop.timing.poll_interval)
        told_at = self._shop.elapsed()  # Whoever watched before may just have told.
        try:
            while True:
                client = await self._shop.client_of(task)
                info = await self._look(task, client)
                self._shop.tally.clear(task.job_uuid)
                spoiled = self._check(task, info)
                if spoiled or info.status in TERMINAL:
                    return spoiled or _ended(info)
                if self._is_news(task, info, told_at):
                    task = await self._shop.say(task, _seen(info))
                    told_at = self._shop.elapsed()
                await asyncio.sleep(pause * (0.9 + 0.2 * self._shop.chance.random()))
                pause = min(pause * 1.5, self._shop.timing.poll_interval)
        except JobNotFound as error:
            if self._shop.tally.add(task.job_uuid, error.code) < BELIEVED:
                return self._shop.later(task, f"{error}; asking once more")
            return facts.JobLost(str(error))
        except NodeError as error:
            self._shop.probe(task.job_node)
            return self._shop.later(task, str(error))
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))

    def _is_news(self, task: Task, info: JobInfo, told_at: float) -> bool:
        if task.failures:
            return True
        if task.status != info.status:
            return not (task.status is Status.QUEUED and only_prepares(_seen(info)))
        moved = PROCESSING_SHARE * (info.progress or 0.0) > task.running_progress
        return moved and self._shop.elapsed() - told_at >= self._shop.timing.progress_interval

    def _check(self, task: Task, info: JobInfo) -> Fact | None:
        """Compare the number of images, once the node has sorted out the files that are none."""
        node = self._shop.board.get(task.job_node)
        counts = node is not None and node.info is not None and node.info.engine != "micmac"
        initialised = info.progress is not None and (
            info.status == Status.COMPLETED
            or (info.status == Status.RUNNING and info.progress > 0)
            or (info.status == Status.QUEUED and task.status is Status.RUNNING)
        )
        if not (counts and initialised) or info.images_count in {task.images_count, UNKNOWN}:
            return None
        if task.images_count == 0:
            return None  # Adopted before its node had counted them: what was sent is not known.
        return facts.JobSpoiled(
            f"{task.processing_node_name} has {info.images_count} images of the {task.images_count} that were sent"
        )

    async def _look(self, task: Task, client: NodeClient) -> JobInfo:
        """Ask for the job's state with the console lines that are new, and keep those."""
        kept, last = await self._shop.shelves.output_tail(task)
        info = await client.job(task.job_uuid, from_line=max(0, kept - 1))
        if info.progress is None:
            return info
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


def _ended(info: JobInfo) -> Fact:
    if info.status == Status.FAILED and refusals.is_too_many_images(info.error):
        return facts.NodeTooSmall(info.error)
    return _seen(info)


def _seen(info: JobInfo) -> facts.JobSeen:
    return facts.JobSeen(
        status=info.status,
        progress=info.progress or 0.0,
        processing_time=info.processing_time,
        error=info.error,
    )
