"""The store with points around each commit, named by what it makes durable."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar, cast

from orchestrator.crashing.trigger import Trigger
from orchestrator.domain.task import Stage, Task
from orchestrator.engine.changes import Changes, Snapshot, Wanted
from orchestrator.engine.ports import ReplayBook, Store, Transaction


class WholeStore(Store, ReplayBook, Protocol):
    """All of a store that makes anything durable."""

    @property
    def api_tokens(self) -> Any:
        """Where tokens are kept."""
        ...

    @property
    def webhook_book(self) -> Any:
        """Where webhooks and their deliveries are kept."""
        ...


StoreT = TypeVar("StoreT", bound=WholeStore)

WRITING: Final[Mapping[str, str]] = {
    "heartbeat": "heartbeat",
    "claim": "claim",
    "release": "release",
    "forget_answers": "answers-forgotten",
    "forget_events": "events-forgotten",
    "begin_replay": "replay-begun",
    "end_replay": "replay-ended",
}
"""Methods that commit, beside ``begin``, each with its commit in the words of ``points.COMMITS``."""

WRITING_TOKENS: Final[Mapping[str, str]] = {
    "add": "token-added",
    "remove": "token-removed",
    "use": "token-used",
    "signing_key": "signing-key",
}
"""The same of what keeps tokens."""

WRITING_WEBHOOKS: Final[Mapping[str, str]] = {
    "add_webhook": "webhook-added",
    "change_webhook": "webhook-changed",
    "remove_webhook": "webhook-removed",
    "sync_static_webhooks": "webhooks-synced",
    "note_progress": "webhook-progress",
    "replay_failures": "failures-replayed",
    "discard_failures": "failures-discarded",
}
"""The same of what keeps webhooks."""

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


class _BookAtPoints:
    """A book; what commits nothing goes straight through."""

    def __init__(self, book: Any, writing: Mapping[str, str], trigger: Trigger) -> None:
        self._book = book
        self._writing = writing
        self._trigger = trigger

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._book, name)
        return self._around(self._writing[name], call) if name in self._writing else call

    def _around(self, what: str, commit: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def around(*given: Any, **named: Any) -> Any:
            self._trigger.reached(f"commit.{what}.before")
            result = await commit(*given, **named)
            self._trigger.reached(f"commit.{what}.after")
            return result

        return around


class _StoreAtPoints(_BookAtPoints):
    """A store, with the tokens and webhooks that are kept in it."""

    def __init__(self, store: WholeStore, trigger: Trigger) -> None:
        super().__init__(store, WRITING, trigger)
        self.api_tokens = _BookAtPoints(store.api_tokens, WRITING_TOKENS, trigger)
        self.webhook_book = _BookAtPoints(store.webhook_book, WRITING_WEBHOOKS, trigger)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self._book.begin() as transaction:
            noting = _Noting(transaction)
            yield noting
            for what in noting.written:
                self._trigger.reached(f"commit.{what}.before")
        for what in noting.written:
            self._trigger.reached(f"commit.{what}.after")


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
        self.written += dict.fromkeys(said(changes))


def said(changes: Changes) -> Iterator[str]:
    """Say what a transaction makes durable, in the words of ``points.COMMITS``."""
    if changes.created:
        yield "task-created"
    for task in changes.updated.values():
        yield _BEGUN[task.stage] if task.id in changes.begun else _within(task)
    if changes.removed:
        yield "task-removed"
    if any(job.abandoned_at and job.stopped for job in changes.jobs.values()):
        yield "job-stopped"
    yield from (name for name, of in _OTHERS.items() if getattr(changes, of))


_OTHERS = {
    "job-gone": "gone_jobs",
    "project-written": "projects",
    "project-gone": "gone_projects",
    "node-written": "nodes",
    "node-gone": "gone_nodes",
    "answer-kept": "answers",
    "events-gone": "sent",
}
"""Commits that are named by the part of the changes alone."""


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
