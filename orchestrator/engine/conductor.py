"""The conductor: sees to it that each task in work has its next step going on, and no step that is no longer wanted.

It follows the turn's commits. What is due is derived from the task as it stands (``domain.next_step``); a task whose
fence has grown has its old step cut off, and a new one begins once the old one has let go.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from orchestrator.domain.backoff import CEILING
from orchestrator.domain.errors import StoreError
from orchestrator.domain.facts import Fact, Report
from orchestrator.domain.next_step import Step, next_step
from orchestrator.domain.task import IN_WORK, Stage, Task
from orchestrator.engine.changes import Changes
from orchestrator.engine.steps import StepFunction
from orchestrator.engine.workshop import Ended, Overtaken, Workshop

log = structlog.get_logger()

WITHOUT_EFFECT = 1.0
"""Seconds before a step is done again whose outcome changed nothing: that is a fault of ours, and must not spin."""


@dataclass(slots=True)
class _Going:
    """One step that is going on. ``settling``: its outcome is on its way to the turn, so it is not cut off."""

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
    _leaving: dict[int, "set[asyncio.Task[None]]"] = field(default_factory=dict)
    """Steps that were cut off or overtaken and have not let go yet, by task."""
    _stopping: bool = False

    def start(self) -> None:
        """Begin with nothing; what is in work is adopted."""
        self._stopping = False
        self.tasks.clear()
        self.to_place.clear()

    def on_commit(self, changes: Changes) -> None:
        """Follow what was written (a listener of the turn)."""
        self.adopt(changes.created.values())
        # Another daemon's task may be changed here, too; it is ours only once the change has begun its work anew.
        self.adopt(task for task in changes.updated.values() if task.id in self.tasks or task.id in changes.begun)
        for task in changes.removed:
            self._drop(task)
        if changes.nodes or changes.gone_nodes or changes.jobs or changes.gone_jobs or _any_sent(changes):
            self.placing_wanted.set()

    def adopt(self, tasks: Iterable[Task], *, within: float = 0.0) -> None:
        """Take tasks as they now stand, and begin what is due; ``within``: seconds over which a crowd is spread."""
        for task in tasks:
            known = self.tasks.get(task.id)
            if known is not None and known.fence > task.fence:
                continue  # It was taken over anew since.
            if task.stage not in IN_WORK:
                self._drop(task.id)
                continue
            self.tasks[task.id] = task
            if known is None or known.fence != task.fence or task.id not in self._going:
                self._begin(task, pause=within * self.shop.chance.random() if within else 0.0)

    def disown(self, task: Task) -> None:
        """Let go of a task of which a report was refused: unless we know a later state, another daemon has it."""
        known = self.tasks.get(task.id)
        if known is not None and known.fence == task.fence:
            log.info("task.taken_over_elsewhere", task=task.id)
            self._drop(task.id)

    def jobs_by_node(self, *, known_there: bool = False) -> Counter[int]:
        """Count the tasks that take a slot of each node; ``known_there``: only those that the node counts, too."""
        return Counter(task.job_node for task in self.tasks.values() if task.job_node and _holds(task, known_there))

    async def stop(self) -> None:
        """Cut off every step, files in flight only after a while; tasks stay as they are, for the next start."""
        self._stopping = True
        self.shop.stopping.set()
        sending = {id_: going for id_, going in self._going.items() if self._is_sending(id_)}
        for id_ in self._going.keys() - sending.keys():
            self._cut(id_)
        if sending:
            handles = {going.handle for going in sending.values()}
            await asyncio.wait(handles, timeout=self.shop.timing.stop_grace)
        for id_ in list(self._going):
            self._cut(id_)
        leaving = {handle for handles in self._leaving.values() for handle in handles}
        for handle in leaving:
            if not handle.cancelling():  # It was settling. The others are letting go, and are not hurried.
                handle.cancel()
        if leaving:
            await asyncio.wait(leaving)

    # ---------------------------------------------------------------------------------------------------- one task

    def _is_sending(self, task: int) -> bool:
        return task in self.tasks and self.tasks[task].job_uuid in self.shop.sending

    def _drop(self, task: int) -> None:
        if self.tasks.pop(task, None) is not None:
            self.placing_wanted.set()
        self.to_place.discard(task)
        self._cut(task)

    def _cut(self, task: int) -> None:
        """Cut off the step that is going on, unless its outcome is on its way already."""
        going = self._going.pop(task, None)
        if going is None or going.handle.done():
            return
        self._leaving.setdefault(task, set()).add(going.handle)
        going.handle.add_done_callback(partial(self._left, task))
        if not going.settling:
            going.handle.cancel()

    def _left(self, task: int, handle: "asyncio.Task[None]") -> None:
        self._leaving[task].discard(handle)
        if not self._leaving[task]:
            del self._leaving[task]

    def _begin(self, task: Task, *, pause: float) -> None:
        self._cut(task.id)
        if self._stopping:
            return
        self.to_place.discard(task.id)
        step = next_step(task)
        if step is Step.PLACE:
            self.to_place.add(task.id)
            self.placing_wanted.set()
        else:
            assert step is not None, "what is in work has a next step"
            after = frozenset(self._leaving.get(task.id, ()))
            handle = asyncio.create_task(self._live(task, step, after, pause), name=f"{step}-{task.id}")
            self._going[task.id] = _Going(handle)

    def _mine(self, task: Task) -> _Going | None:
        """Give the entry of the step that asks; None when it was cut off or overtaken."""
        going = self._going.get(task.id)
        return going if going and going.handle is asyncio.current_task() else None

    async def _live(self, task: Task, step: Step, after: "Collection[asyncio.Task[None]]", pause: float) -> None:
        """Do a step again and again until it is done or the task has moved on."""
        if after:
            await asyncio.wait(after)
        if pause:
            await asyncio.sleep(pause)
        standing: Task | None = task
        while standing and self._mine(task):
            await self._rest(standing)
            try:
                fact = await self._do(standing, step)
            except Overtaken:
                standing = None
                break
            before = self.tasks.get(task.id)
            standing = await self._settle(standing, fact)
            if standing == before and self._mine(task):
                log.error("step.without_effect", task=task.id, step=step.value, fact=type(fact).__name__)
                await asyncio.sleep(WITHOUT_EFFECT)
        going = self._mine(task)
        if going and standing is None and not self._stopping:
            going.settling = True  # It ends by itself.
            self.disown(task)

    async def _rest(self, task: Task) -> None:
        if task.not_before:
            # No rest is longer than the longest backoff: a clock that was set back must not hold a task up.
            wait = (task.not_before - self.shop.clock.now()) / timedelta(seconds=1)
            await asyncio.sleep(min(CEILING, max(0.0, wait)))

    async def _do(self, task: Task, step: Step) -> Fact:
        try:
            return await self.steps[step](self.tasks.get(task.id, task))
        except Ended as ended:
            return ended.fact
        except Overtaken:
            raise
        except StoreError as error:
            return self.shop.later(task, str(error))
        except Exception as error:
            log.exception("step.failed", task=task.id, step=step.value)
            return self.shop.later(task, f"the daemon failed at {step.value}: {type(error).__name__}")

    async def _settle(self, task: Task, fact: Fact) -> Task | None:
        """Report the outcome until it is written, or nobody wants it any more."""
        failures = 0
        while going := self._mine(task):
            going.settling = True
            try:
                return await self.shop.turn.report(Report(task.id, task.fence, fact))
            except Exception as error:
                if not isinstance(error, StoreError):
                    log.exception("step.not_settled", task=task.id, fact=type(fact).__name__)
            finally:
                going.settling = False
            failures += 1
            await asyncio.sleep(min(30.0, 0.5 * 2 ** min(failures, 6)))
        return None


def _any_sent(changes: Changes) -> bool:
    """Whether the images of a task are all with its node, so that another's may follow."""
    return any(task.committed and task.stage is Stage.UPLOADING for task in changes.updated.values())


def _holds(task: Task, known_there: bool) -> bool:  # noqa: FBT001
    if task.stage is Stage.UPLOADING:
        return task.committed or not known_there
    return task.stage is Stage.PROCESSING
