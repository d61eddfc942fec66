"""Placing: all waiting tasks are looked at together whenever a task, a node or a job has changed."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.domain import facts
from orchestrator.domain.backoff import CEILING
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Report
from orchestrator.domain.placement import Assignment, Candidate, Kept, Waiting, place
from orchestrator.domain.task import NodeJob, Stage, Task
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.reaper import Reaper
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

PAUSE = 0.05
"""Seconds between two looks: what changes meanwhile is looked at together."""

PAUSE_PER_TASK = 0.0002
"""The same for each waiting task: a look costs in proportion, and a crowd must not be looked at for each that comes."""

REASON_AFTER = timedelta(seconds=2)
"""A wait that is over sooner needs no explanation of its own."""

REASONS_AT_ONCE = 200

IN_TURN = 2
"""Tasks that have a node for each whose images are sent at the same time: one is sent, the next is ready to be."""


@dataclass(slots=True, kw_only=True)
class Placing:
    """The loop that places."""

    shop: Workshop
    conductor: Conductor
    reaper: Reaper
    new_uuid: Callable[[], str]

    async def run(self) -> None:
        """Place until cancelled."""
        wanted = self.conductor.placing_wanted
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it may swallow the cancellation that a stop sends.
                async with asyncio.timeout(self.shop.timing.probe_interval / 2):
                    await wanted.wait()
            wanted.clear()
            try:
                await self._place()
            except Exception as error:
                if not isinstance(error, StoreError):
                    log.exception("placing.failed")
                wanted.set()
                await asyncio.sleep(1.0)
            await asyncio.sleep(max(PAUSE, PAUSE_PER_TASK * len(self.conductor.to_place)))

    async def _place(self) -> None:
        waiting = self._waiting()
        if not waiting:
            return
        assignments, kept = place(waiting, self._candidates(), most=self._most())
        reports = [self._placed(each) for each in assignments]
        reports += self._reasons(kept)
        tasks = [each.task for each in assignments]
        for task, after in zip(tasks, await self.shop.turn.report_all(reports), strict=False):
            if after is None:
                self.conductor.disown(task)

    def _waiting(self) -> list[Waiting]:
        now, holding = self.shop.clock.now(), self.reaper.holding()
        tasks = (self.conductor.tasks[id_] for id_ in self.conductor.to_place)
        return [
            Waiting(task=task, files=task.files_count, stopping_on=holding.get(task.id))
            for task in tasks
            if not _rests(task, now)
        ]

    def _candidates(self) -> list[Candidate]:
        ours = self.conductor.jobs_by_node()
        ours.update(job.node for job in self.reaper.jobs.values() if _takes_slot(job))
        return [
            Candidate(
                node=node,
                ours=ours[node.id] + self.shop.board.elsewhere.get(node.id, 0),
                foreign=self.shop.board.foreign.get(node.id, 0),
            )
            for node in self.shop.board.nodes()
        ]

    def _most(self) -> int:
        """Give how many more tasks may get a node now. Those that wait for theirs keep nobody from another."""
        now, board = self.shop.clock.now(), self.shop.board
        placed = sum(
            task.stage is Stage.UPLOADING
            and not task.committed
            and not _rests(task, now)
            and (node := board.get(task.job_node)) is not None
            and node.online
            for task in self.conductor.tasks.values()
        )
        return IN_TURN * self.shop.timing.parallel_uploads - placed

    def _placed(self, assignment: Assignment) -> Report:
        task, node = assignment.task, assignment.node
        fact = facts.Placed(node=node.id, node_name=node.name, rerun_stages=node.rerun_stages, job_uuid=self.new_uuid())
        return Report(task.id, task.fence, fact)

    def _reasons(self, kept: list[Kept]) -> list[Report]:
        now = self.shop.clock.now()
        news = [
            Report(each.task.id, each.task.fence, facts.StillWaiting(each.reason))
            for each in kept
            if each.reason != each.task.reason and not timedelta(0) <= now - each.task.updated_at < REASON_AFTER
        ]
        if len(news) > REASONS_AT_ONCE:
            self.conductor.placing_wanted.set()
        return news[:REASONS_AT_ONCE]


def _rests(task: Task, now: datetime) -> bool:
    """Whether the task is not to go anywhere yet; a clock that was set back must not keep it for ever."""
    return task.not_before is not None and timedelta(0) < task.not_before - now <= timedelta(seconds=CEILING)


def _takes_slot(job: NodeJob) -> bool:
    return job.committed and not job.stopped
