"""The durable memory: transactions for the turn, reading for everyone else."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import NodeJob, Project, Source, Task
from orchestrator.engine.changes import Changes, Snapshot, Wanted


class Clock(Protocol):
    """Wall-clock time. Durations and sleeps are the event loop's."""

    def now(self) -> datetime:
        """Give the time, in UTC."""
        ...


class Transaction(Protocol):
    """One unit of work: rows read in it stay locked until it ends."""

    async def read(self, wanted: Wanted) -> Snapshot:
        """Read all that a batch of stimuli is about."""
        ...

    async def reserve(self, counts: dict[str, int]) -> dict[str, int]:
        """Take fresh numbers: for each counter (``task``, ``project``, ``node``, ``outbox``) give the first of n.

        A negative n gives back the last ones taken in this transaction.
        """
        ...

    async def write(self, changes: Changes) -> None:
        """Write all that a batch of stimuli changed."""
        ...


class Store(Protocol):
    """The durable memory. Raises ``StoreError`` only.

    ``owner`` names a daemon. Tasks in work belong to one daemon at a time, for as long as its heartbeat lasts.
    """

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that commits at the end of the block, or rolls back when it raises."""
        ...

    async def heartbeat(self, owner: str, *, until: datetime, now: datetime) -> tuple[str, ...]:
        """Keep what the daemon owns until then; give the owners that are alive now, itself among them, by name."""
        ...

    async def owned(self, owner: str) -> frozenset[int]:
        """Give the ids of the tasks in work that belong to the daemon."""
        ...

    async def claim(self, owner: str, *, now: datetime) -> tuple[Task, ...]:
        """Take over every task in work whose owner's heartbeat has run out or that has none; their fences grow."""
        ...

    async def let_go(self, owner: str, tasks: Collection[int]) -> None:
        """Have these tasks belong to nobody, as far as they are the daemon's: the next claim takes them over."""
        ...

    async def slots_of_others(self, owner: str) -> dict[int, int]:
        """Count, by node, the tasks of other daemons that take a slot there."""
        ...

    async def release(self, owner: str) -> None:
        """Hand back all that the daemon owns, and forget the daemon."""
        ...

    async def sources(self, task: int) -> tuple[Source, ...]:
        """Give the files of a task."""
        ...

    async def nodes(self) -> tuple[ProcessingNode, ...]:
        """Give every processing node, by id."""
        ...

    async def abandoned_jobs(self) -> tuple[NodeJob, ...]:
        """Give every job that is to vanish from its node, oldest first."""
        ...

    async def known_jobs(self, uuids: Collection[str]) -> frozenset[str]:
        """Give those of the uuids that belong to a node job, live or abandoned."""
        ...

    async def unsent(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give events that the bus has not confirmed, numbered above ``after``, in order."""
        ...

    async def drafts(self, *, before: datetime) -> tuple[Task, ...]:
        """Give drafts last touched before then, by id."""
        ...

    async def collected(self, *, before: datetime, limit: int) -> tuple[Task, ...]:
        """Give COMPLETED tasks last touched before then whose jobs may still be on their nodes, by id."""
        ...

    async def forget_answers(self, *, before: datetime) -> int:
        """Drop stored answers older than that; give how many."""
        ...

    async def forget_events(self, *, before: datetime, most: int, behind: int | None = None) -> int:
        """Drop events older than that, and those beyond so many; give how many. What is needed yet stays.

        For a webhook, no more than ``behind`` of them stay (None: all).
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Which events are stored: all from ``first`` to ``last``; ``first`` is beyond ``last`` when there are none."""

    first: int
    last: int
    """The last number that was given out."""

    def follows(self, number: int) -> bool:
        """Whether somebody who saw the event of this number last has missed none that is gone."""
        return self.first - 1 <= number <= self.last


@dataclass(frozen=True, slots=True)
class Extract:
    """Some events of the journal, in order, and what of it was there when they were read."""

    entries: tuple[OutboxEntry, ...]
    kept: Kept
    upto: int
    """These are all of them up to this number: the last of a full page, else the journal's last."""


class Journal(Protocol):
    """Events as they were committed, for as long as they are kept. Raises ``StoreError`` only."""

    async def events(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give stored events numbered above ``after``, in order: the order of commits, without a gap."""
        ...

    async def events_of(self, keys: Collection[str], *, after: int, limit: int) -> Extract:
        """Give stored events of these partitions (``OutboxEntry.key``), numbered above ``after``, in order."""
        ...

    async def kept(self) -> Kept:
        """Give which events are there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks a client wants to see; None: any."""

    project: int | None = None
    status: int | None = None
    stage: str | None = None
    limit: int = 100
    offset: int = 0


class Library(Protocol):
    """Reading for people and programs; never part of a decision."""

    async def task(self, task: int | str) -> Task | None:
        """Give one task by id, or by reference."""
        ...

    async def tasks(self, wanted: TaskFilter) -> tuple[Task, ...]:
        """Give tasks, newest first; those of deleted projects are left out."""
        ...

    async def projects(self) -> tuple[Project, ...]:
        """Give the projects that are not deleted, by id."""
        ...

    async def project(self, project: int) -> Project | None:
        """Give one project; None if there is none, or it is being deleted."""
        ...

    async def task_ids(self, project: int) -> tuple[int, ...]:
        """Give the ids of a project's tasks, in order."""
        ...

    async def nodes(self) -> tuple[ProcessingNode, ...]:
        """Give every processing node, by id."""
        ...


class ReplayBook(Protocol):
    """Every replay of a dead letter, for good. Raises ``StoreError`` only."""

    async def begin_replay(self, replay: Replay) -> int:
        """Write a replay down before it happens; give its number."""
        ...

    async def end_replay(self, number: int, *, outcome: Outcome, detail: str) -> None:
        """Write down what became of it."""
        ...

    async def replays_of(self, letters: Collection[str]) -> tuple[Replay, ...]:
        """Give the replays of some letters, oldest first."""
        ...

    async def replays(self, *, limit: int, offset: int) -> tuple[Replay, ...]:
        """Give replays of any letter, newest first."""
        ...
