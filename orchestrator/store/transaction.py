"""A batch's unit of work: only the queries that are needed, in one order for everybody, and one hop for all writes."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from orchestrator.engine.changes import Changes, Snapshot, Wanted
from orchestrator.store.database import Run
from orchestrator.store.tables import Tables

K = TypeVar("K", int, str)
V = TypeVar("V")


class SqlTransaction:
    """Implements ``Transaction`` over one open transaction. ``now`` dates answers and events."""

    def __init__(self, run: Run, tables: Tables, *, now: Callable[[], datetime]) -> None:
        self._run = run
        self._tables = tables
        self._now = now

    async def read(self, wanted: Wanted) -> Snapshot:
        """Read and lock all that a batch of stimuli is about."""
        return await self._run(partial(_read, tables=self._tables, wanted=wanted))

    async def reserve(self, counts: dict[str, int]) -> dict[str, int]:
        """Take fresh numbers: for each counter give the first of n."""
        if not counts:
            return {}
        return await self._run(partial(self._tables.counters.reserve, counts=counts))

    async def write(self, changes: Changes) -> None:
        """Write all that a batch of stimuli changed."""
        await self._run(partial(_write, tables=self._tables, changes=changes, now=self._now()))


def _read(connection: Connection, *, tables: Tables, wanted: Wanted) -> Snapshot:
    """Lock in the order projects, nodes, tasks, jobs: the order of ``_write``."""
    answers = tables.inbox.find(connection, wanted.message_ids) if wanted.message_ids else {}
    projects = tables.projects.find(connection, wanted.projects) if wanted.projects else ()
    nodes = tables.nodes.every(connection, lock=True) if wanted.nodes else ()
    tasks = tables.tasks.find(connection, wanted)
    sources = tables.tasks.sources(connection, wanted.sources) if wanted.sources else {}
    jobs = tables.jobs.find(connection, wanted.jobs) if wanted.jobs else ()
    return Snapshot(answers=answers, tasks=tasks, projects=projects, jobs=jobs, nodes=nodes, sources=sources)


def _write(connection: Connection, *, tables: Tables, changes: Changes, now: datetime) -> None:
    tables.projects.keep(connection, _by_key(changes.projects))
    tables.nodes.keep(connection, _by_key(changes.nodes))
    tables.tasks.create(connection, changes.created.values(), owner=changes.owner)
    tables.tasks.change(connection, _by_key(changes.updated), owner=changes.owner)
    tables.tasks.keep_sources(connection, changes.sources)
    tables.jobs.keep(connection, _by_key(changes.jobs))
    tables.inbox.keep(connection, changes.answers, now=now)
    tables.journal.add(connection, changes.outbox, now=now)
    _delete(connection, tables=tables, changes=changes)


def _delete(connection: Connection, *, tables: Tables, changes: Changes) -> None:
    """Last, and tasks before their projects: what was just written may be what held them."""
    if changes.sent:
        tables.journal.sent(connection, changes.sent)
    if changes.gone_jobs:
        tables.jobs.remove(connection, changes.gone_jobs)
    if changes.removed:
        tables.tasks.remove(connection, changes.removed)
        tables.projects.sweep(connection)
    if changes.gone_nodes:
        tables.nodes.remove(connection, changes.gone_nodes)
    if changes.gone_projects:
        tables.projects.remove(connection, changes.gone_projects)


def _by_key(rows: dict[K, V]) -> list[V]:
    return [rows[key] for key in sorted(rows)]
