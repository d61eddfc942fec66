"""The conductor: sees to it that each task in work has its next step going on, and no step that is no longer wanted.

It follows the turn's commits. What is due is derived from the task as it stands (``domain.next_step``); a task whose
fence has grown has its old step cut off before a new one begins.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Fact, Report
from orchestrator.domain.next_step import Step, next_step
from orchestrator.domain.task import IN_WORK, Stage, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.steps import StepFunction
from orchestrator.engine.workshop import Ended, Overtaken, Workshop

log = structlog.get_logger()


@dataclass(slots=True)
class _Going:
    """One step that is going on. ``settling``: its outcome is on its way to the turn, so it is not cut off."""

    fence: int
    handle: "asyncio.Task[None]"
    settling: bool = False


@dataclass(slots=True)
class Conductor:
    """Runs steps. ``tasks`` holds every task in work of this daemon, by id."""

    shop: Workshop
    steps: Mapping[Step, StepFunction]
    tasks: dict[int, Task] = field(default_factory=dict)
    to_place: set[int] = field(default_factory=set)
    """Waiting tasks that have no node yet."""
    placing_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _going: dict[int, _Going] = field(default_factory=dict)
    _stopping: bool = False

    def on_commit(self, changes: Changes) -> None:
        """Follow what was written (a listener of the turn)."""
        self.adopt(changes.created.values())
        self.adopt(changes.updated.values())
        for task in changes.removed:
            self._drop(task)
        if changes.nodes or changes.jobs or changes.gone_jobs:
            self.placing_wanted.set()

    def adopt(self, tasks: Iterable[Task]) -> None:
        """Take tasks as they now stand, and begin what is due."""
        for task in tasks:
            known = self.tasks.get(task.id)
            if task.stage not in IN_WORK:
                self._drop(task.id)
                continue
            self.tasks[task.id] = task
            if known is None or known.fence != task.fence or task.id not in self._going:
                self._begin(task)

    def jobs_by_node(self) -> Counter[int]:
        """Count the tasks whose jobs take a slot of each node."""
        holding = (Stage.UPLOADING, Stage.PROCESSING)
        return Counter(task.job_node for task in self.tasks.values() if task.job_node and task.stage in holding)

    async def stop(self) -> None:
        """Cut off every step; tasks stay as they are, for the next start."""
        self._stopping = True
        handles = {going.handle for going in self._going.values()}
        for handle in handles:
            handle.cancel()
        if handles:
            await asyncio.wait(handles)
        self._going.clear()

    # ---------------------------------------------------------------------------------------------------- one task

    def _drop(self, task: int) -> None:
        if self.tasks.pop(task, None) is not None:
            self.placing_wanted.set()
        self.to_place.discard(task)
        going = self._going.pop(task, None)
        if going and not going.settling:
            going.handle.cancel()

    def _begin(self, task: Task) -> None:
        if self._stopping:
            return
        previous = self._going.pop(task.id, None)
        if previous and not previous.settling:
            previous.handle.cancel()
        self.to_place.discard(task.id)
        step = next_step(task)
        if step is Step.PLACE:
            self.to_place.add(task.id)
            self.placing_wanted.set()
        elif step:
            after = previous.handle if previous else None
            handle = asyncio.create_task(self._live(task, step, after), name=f"{step}-{task.id}")
            self._going[task.id] = _Going(task.fence, handle)

    async def _live(self, task: Task, step: Step, after: "asyncio.Task[None] | None") -> None:
        """Do a step again and again until it is done or the task has moved on."""
        if after:
            await asyncio.wait({after})
        standing: Task | None = task
        while standing and standing.fence == task.fence:
            await self._rest(standing)
            try:
                fact = await self._do(standing, step)
            except Overtaken:
                return
            standing = await self._settle(standing, fact)
            going = self._going.get(task.id)
            if going is None or going.handle is not asyncio.current_task():
                return

    async def _rest(self, task: Task) -> None:
        if task.not_before:
            wait = (task.not_before - self.shop.clock.now()) / timedelta(seconds=1)
            await asyncio.sleep(max(0.0, wait))

    async def _do(self, task: Task, step: Step) -> Fact:
        try:
            return await self.steps[step](self.tasks.get(task.id, task))
        except Ended as ended:
            return ended.fact
        except Overtaken:
            raise
        except StoreError as error:
            return self.shop.later(task, str(error))
        except Exception as error:  # noqa: BLE001  (a fault of ours must not leave the task without a next step)
            log.error("step.failed", task=task.id, step=step.value, exc_info=error)
            return self.shop.later(task, f"the daemon failed at {step.value}: {type(error).__name__}")

    async def _settle(self, task: Task, fact: Fact) -> Task | None:
        """Report the outcome until it is written."""
        going = self._going.get(task.id)
        if going and going.handle is asyncio.current_task():
            going.settling = True
        failures = 0
        while True:
            try:
                after = await self.shop.turn.report(Report(task.id, task.fence, fact))
            except StoreError:
                failures += 1
                await asyncio.sleep(min(30.0, 0.5 * 2 ** min(failures, 6)))
            else:
                if going:
                    going.settling = False
                return after
