"""The store's disk: SQLite in memory, worked on in virtual time, that outlives a killed daemon and may be full.

The product's own ``SqliteDatabase`` runs here; only its thread is another: work waits a moment of virtual time and is
then done inline. What was not committed when the daemon died is rolled back, and the rest is what the next one finds.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache
from typing import Any

from sqlalchemy import event

from orchestrator.store import SqlStore, open_store, sqlite
from orchestrator.store.sqlite import SqliteDatabase
from orchestrator.store.tables import Tables


@cache
def blank() -> tuple[bytes, Tables]:
    """Give an empty store's image, and the statements; made once in each process."""

    async def make() -> tuple[bytes, Tables]:
        async with open_store("sqlite+aiosqlite:///:memory:") as store:
            database: Any = store._database
            await database.write(lambda _: None)
            raw = await database._writer.run(lambda connection: connection.connection.dbapi_connection)
            return await database._writer.run(lambda _: raw.serialize()), store._tables

    return asyncio.run(make())


class Disk:
    """One disk: ``image`` is what is durable. ``full``: commits are refused; ``busy``: so many works more are."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.image, self._tables = blank()
        self.full = False
        self.busy = 0
        self._raw: sqlite3.Connection | None = None
        self._changes = 0

    def connect(self, life: Any) -> SqliteDatabase:
        """Give a database to a run of the daemon."""
        database = SqliteDatabase(None, lock=False, executor=lambda _: _Inline(self, life))

        @event.listens_for(database._writer._engine, "connect")
        def load(raw: sqlite3.Connection, _: object) -> None:
            raw.deserialize(self.image)
            self._raw = raw
            self._changes = raw.total_changes

        return database

    def store(self, database: SqliteDatabase) -> SqlStore:
        """Give the store over a database."""
        return SqlStore(database, now=self.world.clock.now, tables=self._tables)

    def power_off(self) -> None:
        """Keep what was committed, and nothing else."""
        if self._raw is not None:
            if self._raw.in_transaction:
                self._raw.rollback()
            self.image = self._raw.serialize()
            self.forget()

    def forget(self) -> None:
        """Let go of the connection; nobody asks it anything any more."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look at what is stored, as nobody in the storm could."""
        if self._raw is not None:
            return self._raw.execute(query, values).fetchall()
        raw = sqlite3.connect(":memory:")
        raw.deserialize(self.image)
        found = raw.execute(query, values).fetchall()
        raw.close()
        return found

    def committed(self) -> None:
        """Have the watch look at what has just become durable."""
        assert self._raw is not None
        if self._raw.total_changes != self._changes:
            self._changes = self._raw.total_changes
            self.world.watch.committed()


class _Inline(Executor):
    """The thread of a connection, without a thread."""

    def __init__(self, disk: Disk, life: Any) -> None:
        self._disk = disk
        self._world = disk.world
        self._life = life
        self._queue: deque[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = deque()

    def submit(self, work: Callable[..., Any], /, *about: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if not self._life.dead:
            self._queue.append((future, work, about))
            if len(self._queue) == 1:
                self._soon()
        return future

    def _soon(self) -> None:
        delay = self._world.weather.storage_delay()
        if delay:
            self._world.loop.call_later(delay, self._run)
        else:
            self._world.loop.call_soon(self._run)

    def _run(self) -> None:
        if self._life.dead:
            return
        future, work, about = self._queue[0]
        is_commit = bool(about) and about[0] is sqlite._commit
        if is_commit and not self._world.moment("store.commit.before", life=self._life):
            return
        try:
            self._refuse(is_commit=is_commit, is_plain=bool(about) and about[0] is not sqlite._roll_back)
            result = work(*about)
        except Exception as error:  # noqa: BLE001  (as an executor does: whoever asked is told)
            self._world.trace.note("store", type(error).__name__, error)
            future.set_exception(error)
        else:
            if is_commit:
                self._disk.committed()
                if not self._world.moment("store.commit.after", life=self._life):
                    return
            future.set_result(result)
        self._queue.popleft()
        if self._queue:
            self._soon()

    def _refuse(self, *, is_commit: bool, is_plain: bool) -> None:
        if is_commit and self._disk.full and self._disk._raw is not None and self._disk._raw.in_transaction:
            self._world.trace.faults["commit refused: disk full"] += 1
            raise _failure("SQLITE_FULL", "database or disk is full")
        if is_plain and not is_commit and self._disk.busy > 0:
            self._disk.busy -= 1
            self._world.trace.faults["database locked"] += 1
            raise _failure("SQLITE_BUSY", "database is locked")


def _failure(name: str, words: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorname = name
    return error
