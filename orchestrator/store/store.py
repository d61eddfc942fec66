"""The durable memory: what turns write, what daemons own, and what people read, over either database."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.findings import Finding
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import NodeJob, Project, Source, Task
from orchestrator.engine.ports import Extract, Kept, Ordering, ProjectQuery, TaskFilter, TaskQuery
from orchestrator.store.database import Database
from orchestrator.store.tables import Tables
from orchestrator.store.tokens import SqlTokens
from orchestrator.store.transaction import SqlTransaction
from orchestrator.store.webhook_book import SqlWebhooks

FORGOTTEN_AT_ONCE = 1000
"""Answers or events dropped in one transaction, so that no turn waits long for it."""


class SqlStore:
    """Implements ``Store``, ``Library``, ``Catalogue``, ``Journal`` and ``ReplayBook``; tokens and webhooks have books.

    ``now`` dates stored answers; ``tables`` spares compiling all statements anew.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime], tables: Tables | None = None) -> None:
        self._database = database
        self._tables = tables or Tables(database.dialect, shared=database.shared)
        self._now = now
        self.api_tokens = SqlTokens(database)
        self.webhook_book = SqlWebhooks(database, self._tables)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction; a second one waits until the first has ended. In memory, so does every reader."""
        async with self._database.turn() as run:
            yield SqlTransaction(run, self._tables, now=self._now)

    # ------------------------------------------------------------------------------------------------- ownership

    async def heartbeat(self, owner: str, *, until: datetime, now: datetime) -> tuple[str, ...]:
        """Keep what the daemon owns until then; give every living daemon. On SQLite nobody else is alive."""
        living = await self._database.write(partial(self._tables.daemons.heartbeat, owner=owner, until=until, now=now))
        return living if self._database.shared else (owner,)

    async def claim(self, owner: str, *, now: datetime) -> tuple[Task, ...]:
        """Take over every task in work that belongs to nobody alive; on SQLite nobody else is alive."""
        return await self._database.write(partial(self._tables.tasks.claim, owner=owner, now=now))

    async def owned(self, owner: str) -> frozenset[int]:
        """Give the tasks in work that belong to the daemon."""
        return await self._database.read(partial(self._tables.tasks.owned, owner=owner))

    async def let_go(self, owner: str, tasks: Collection[int]) -> None:
        """Have these tasks belong to nobody, as far as they are the daemon's: the next claim takes them over."""
        await self._database.write(partial(self._tables.tasks.let_go, owner=owner, ids=tasks))

    async def slots_of_others(self, owner: str) -> dict[int, int]:
        """Count, by node, the tasks of other daemons that take a slot there."""
        return await self._database.read(partial(self._tables.tasks.slots, owner=owner))

    async def release(self, owner: str) -> None:
        """Hand back all that the daemon owns, and forget the daemon."""

        def work(connection: Connection) -> None:
            self._tables.tasks.release(connection, owner=owner)
            self._tables.daemons.forget(connection, owner=owner)

        await self._database.write(work)

    # --------------------------------------------------------------------------------------------- for the engine

    async def sources(self, task: int) -> tuple[Source, ...]:
        """Give the files of a task."""
        found = await self._database.read(partial(self._tables.tasks.sources, ids=(task,)))
        return found.get(task, ())

    async def abandoned_jobs(self) -> tuple[NodeJob, ...]:
        """Give every job that is to vanish from its node, oldest first."""
        return await self._database.read(self._tables.jobs.abandoned)

    async def known_jobs(self, uuids: Collection[str]) -> frozenset[str]:
        """Give those of the uuids that belong to a node job, live or abandoned."""
        return await self._database.read(partial(self._tables.jobs.known, uuids=uuids))

    async def unsent(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give events that the bus has not confirmed, numbered above ``after``, in order."""
        return await self._database.read(partial(self._tables.journal.unsent, after=after, limit=limit))

    async def drafts(self, *, before: datetime) -> tuple[Task, ...]:
        """Give drafts last touched before then, by id."""
        return await self._database.read(partial(self._tables.tasks.drafts, before=before))

    async def collected(self, *, before: datetime, limit: int) -> tuple[Task, ...]:
        """Give COMPLETED tasks last touched before then whose jobs may still be on their nodes, by id."""
        return await self._database.read(partial(self._tables.tasks.collected, before=before, limit=limit))

    async def forget_answers(self, *, before: datetime) -> int:
        """Drop stored answers older than that, some at a time; give how many."""
        return await self._forget(partial(self._tables.inbox.forget, before=before, limit=FORGOTTEN_AT_ONCE))

    async def forget_events(self, *, before: datetime, most: int, behind: int | None = None) -> int:
        """Drop events older than that, and those beyond so many, some at a time; give how many.

        Those that a webhook has not been offered stay, if they are among the last so many (None: however many).
        """

        def forget(connection: Connection) -> int:
            needed, journal = self._tables.webhooks.needed(connection), self._tables.journal
            if needed is not None and behind is not None:
                needed = max(needed, journal.kept(connection).last - behind)
            return journal.forget(connection, before=before, most=most, needed=needed, limit=FORGOTTEN_AT_ONCE)

        return await self._forget(forget)

    async def _forget(self, forget: Callable[[Connection], int]) -> int:
        total = 0
        while (dropped := await self._database.write(forget)) == FORGOTTEN_AT_ONCE:
            total += dropped
        return total + dropped

    # ------------------------------------------------------------------------------------------------ for readers

    async def events(self, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give stored events numbered above ``after``, in order."""
        return await self._database.read(partial(self._tables.journal.after, number=after, limit=limit))

    async def events_of(self, keys: Collection[str], *, after: int, limit: int) -> Extract:
        """Give stored events of these partitions, numbered above ``after``, in order."""
        return await self._database.read(partial(self._tables.journal.extract, keys=keys, after=after, limit=limit))

    async def kept(self) -> Kept:
        """Give which events are there."""
        return await self._database.read(self._tables.journal.kept)

    async def nodes(self) -> tuple[ProcessingNode, ...]:
        """Give every processing node, by id."""
        return await self._database.read(self._tables.nodes.every)

    async def projects(self) -> tuple[Project, ...]:
        """Give the projects that are not deleted, by id."""
        return await self._database.read(self._tables.projects.shown)

    async def project(self, project: int) -> Project | None:
        """Give one project; None if there is none, or it is being deleted."""
        return await self._database.read(partial(self._tables.projects.one, key=project))

    async def task_ids(self, project: int) -> tuple[int, ...]:
        """Give the ids of a project's tasks, in order."""
        return await self._database.read(partial(self._tables.projects.task_ids, key=project))

    async def task(self, task: int | str) -> Task | None:
        """Give one task by id, or by reference."""
        return await self._database.read(partial(self._tables.catalogue.one, key=task))

    async def tasks(self, wanted: TaskFilter) -> tuple[Task, ...]:
        """Give tasks, newest first; those of deleted projects are left out."""
        return await self._database.read(partial(self._tables.catalogue.listed, wanted=wanted))

    # ---------------------------------------------------------------------------------------------------- for lists

    async def count_tasks(self, query: TaskQuery) -> int:
        """Count the tasks that fit."""
        return await self._database.read(partial(self._tables.task_listing.count, query=query))

    async def task_numbers(
        self, query: TaskQuery, order: Ordering, *, limit: int | None = None, offset: int = 0
    ) -> tuple[int, ...]:
        """Give the ids of tasks that fit, in order."""
        numbers = self._tables.task_listing.numbers
        return await self._database.read(partial(numbers, query=query, order=order, limit=limit, offset=offset))

    async def tasks_numbered(self, ids: Sequence[int]) -> tuple[Task, ...]:
        """Give tasks in the order of their ids here; those that have gone meanwhile are left out."""
        return await self._database.read(partial(self._tables.task_listing.numbered, ids=ids))

    async def count_projects(self, query: ProjectQuery) -> int:
        """Count the projects that fit."""
        return await self._database.read(partial(self._tables.project_listing.count, query=query))

    async def project_numbers(
        self, query: ProjectQuery, order: Ordering, *, limit: int | None = None, offset: int = 0
    ) -> tuple[int, ...]:
        """Give the ids of projects that fit, in order."""
        numbers = self._tables.project_listing.numbers
        return await self._database.read(partial(numbers, query=query, order=order, limit=limit, offset=offset))

    async def projects_numbered(self, ids: Sequence[int]) -> tuple[tuple[Project, tuple[int, ...]], ...]:
        """Give projects in the order of their ids here, each with the ids of its tasks."""
        return await self._database.read(partial(self._tables.project_listing.numbered, ids=ids))

    # ------------------------------------------------------------------------------------------------ for check-ups

    async def examine(self) -> tuple[Finding, ...]:
        """Check the database's own consistency and its schema."""
        return await self._database.read(self._tables.inspection.examine)

    async def count_unsent(self) -> int:
        """Count events that the bus has not confirmed."""
        return await self._database.read(self._tables.inspection.count_unsent)

    async def every_task(self, *, after: int, limit: int) -> tuple[Task, ...]:
        """Give tasks with ids above ``after``, by id, hidden ones among them."""
        return await self._database.read(partial(self._tables.inspection.tasks, after=after, limit=limit))

    # ----------------------------------------------------------------------------------------------- dead letters

    async def begin_replay(self, replay: Replay) -> int:
        """Write a replay down before it happens; give its number."""

        def work(connection: Connection) -> int:
            number = self._tables.counters.reserve(connection, counts={"replay": 1})["replay"]
            self._tables.replays.add(connection, replay, number=number)
            return number

        return await self._database.write(work)

    async def end_replay(self, number: int, *, outcome: Outcome, detail: str) -> None:
        """Write down what became of it."""
        await self._database.write(partial(self._tables.replays.end, number=number, outcome=outcome, detail=detail))

    async def replays_of(self, letters: Collection[str]) -> tuple[Replay, ...]:
        """Give the replays of some letters, oldest first."""
        return await self._database.read(partial(self._tables.replays.of, letters=letters))

    async def replays(self, *, limit: int, offset: int) -> tuple[Replay, ...]:
        """Give replays of any letter, newest first."""
        return await self._database.read(partial(self._tables.replays.latest, limit=limit, offset=offset))
