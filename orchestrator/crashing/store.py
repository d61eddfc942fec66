"""The store with points around each commit, named by what it makes durable."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from orchestrator.crashing.trigger import Trigger
from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.domain.task import Stage, Task
from orchestrator.engine.changes import Changes, Snapshot, Wanted
from orchestrator.engine.ports import ReplayBook, Store, Transaction


class WholeStore(Store, ReplayBook, Protocol):
    """All of a store that makes anything durable."""


T = TypeVar("T")
StoreT = TypeVar("StoreT", bound=WholeStore)

_BEGUN = {
    Stage.WAITING: "task-waiting",
    Stage.UPLOADING: "task-placed",
    Stage.PROCESSING: "task-taken",
    Stage.COLLECTING: "task-collecting",
    Stage.ENDED: "task-ended",
    Stage.REMOVING: "task-removing",
}
"""What a task's entry into a stage is called."""


def at_points(store: StoreT, trigger: Trigger) -> StoreT:
    """Wrap a store."""
    return cast("StoreT", _StoreAtPoints(store, trigger))


class _StoreAtPoints:
    """A store; what has no points of its own goes straight through."""

    def __init__(self, store: WholeStore, trigger: Trigger) -> None:
        self._store = store
        self._trigger = trigger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self._store.begin() as transaction:
            noting = _Noting(transaction)
            yield noting
            for what in noting.written:
                self._trigger.reached(f"commit.{what}.before")
        for what in noting.written:
            self._trigger.reached(f"commit.{what}.after")

    async def heartbeat(self, owner: str, *, until: datetime, now: datetime) -> tuple[str, ...]:
        return await self._around("heartbeat", self._store.heartbeat(owner, until=until, now=now))

    async def claim(self, owner: str, *, now: datetime) -> tuple[Task, ...]:
        return await self._around("claim", self._store.claim(owner, now=now))

    async def release(self, owner: str) -> None:
        await self._around("release", self._store.release(owner))

    async def forget_answers(self, *, before: datetime) -> int:
        return await self._around("answers-forgotten", self._store.forget_answers(before=before))

    async def begin_replay(self, replay: Replay) -> int:
        return await self._around("replay-begun", self._store.begin_replay(replay))

    async def end_replay(self, number: int, *, outcome: Outcome, detail: str) -> None:
        await self._around("replay-ended", self._store.end_replay(number, outcome=outcome, detail=detail))

    async def forget_events(self, *, before: datetime, most: int, behind: int | None = None) -> int:
        forgotten = self._store.forget_events(before=before, most=most, behind=behind)
        return await self._around("events-forgotten", forgotten)

    async def _around(self, what: str, commit: Awaitable[T]) -> T:
        self._trigger.reached(f"commit.{what}.before")
        result = await commit
        self._trigger.reached(f"commit.{what}.after")
        return result


class _Noting:
    """A transaction that notes what is written in it."""

    def __init__(self, transaction: Transaction) -> None:
        self.written: list[str] = []
        self._transaction = transaction

    async def read(self, wanted: Wanted) -> Snapshot:
        return await self._transaction.read(wanted)

    async def reserve(self, counts: dict[str, int]) -> dict[str, int]:
        return await self._transaction.reserve(counts)

    async def write(self, changes: Changes) -> None:
        await self._transaction.write(changes)
        self.written += dict.fromkeys(_said(changes))


def _said(changes: Changes) -> Iterator[str]:
    """Say what a transaction makes durable, in the words of ``points.COMMITS``."""
    if changes.created:
        yield "task-created"
    for task in changes.updated.values():
        yield _BEGUN[task.stage] if task.id in changes.begun else _within(task)
    if changes.removed:
        yield "task-removed"
    if any(job.abandoned_at and job.stopped for job in changes.jobs.values()):
        yield "job-stopped"
    if changes.gone_jobs:
        yield "job-gone"
    if changes.nodes:
        yield "node-written"
    if changes.gone_nodes:
        yield "node-gone"
    if changes.answers:
        yield "answer-kept"
    if changes.sent:
        yield "events-gone"


def _within(task: Task) -> str:
    """Say what a change within a stage is about."""
    if task.failures:
        return "task-changed"
    match task.stage:
        case Stage.UPLOADING:
            return "task-committing" if task.committed else "task-progress"
        case Stage.PROCESSING:
            return "task-watched"
        case Stage.COLLECTING:
            return "task-progress"
        case Stage.WAITING if task.ended_run >= 0:
            return "task-restarting"
    return "task-changed"
