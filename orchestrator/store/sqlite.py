"""SQLite: one thread that writes and one that reads, each with a connection of its own that stays open.

A thread per connection instead of aiosqlite: a whole batch of statements costs one hop between threads instead of
three per statement, and work that was begun always ends, so that a cancelled caller never tears a connection down
(which for ``:memory:`` would be the database itself).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import StaticPool

from orchestrator.domain.errors import StoreError
from orchestrator.store.database import Run
from orchestrator.store.failures import told
from orchestrator.store.lock import FileLock

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long to wait for a program that has the file locked: a backup, or a person with a shell."""

ALWAYS = ("PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY")
WRITER = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
READER = ("PRAGMA query_only = ON",)


def one_thread(name: str) -> Executor:
    """Give what does the work of one connection: in turn, all of it in the same thread."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"store-{name}")


class _Thread:
    """One connection and the one thread that uses it."""

    def __init__(self, where: str, engine: Engine, pool: Executor) -> None:
        self._where = where
        self._engine = engine
        self._pool = pool
        self._connection: Connection | None = None
        self._closed = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do work in the thread. It runs to its end, in turn, even if nobody waits for it any more."""
        if self._closed:
            raise StoreError(f"{self._where} has been closed.")
        done = asyncio.wrap_future(self._pool.submit(self._do, work))
        done.add_done_callback(_heard)
        with told(self._where):
            return await asyncio.shield(done)

    async def close(self) -> None:
        """Do what was asked for before, then disconnect and end the thread."""
        self._closed = True
        disconnected = self._pool.submit(self._disconnect)
        self._pool.shutdown(wait=False)
        with told(self._where):
            await asyncio.shield(asyncio.wrap_future(disconnected))

    def _do(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        return work(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _heard(done: "asyncio.Future[Any]") -> None:
    """Have asyncio not complain of a failure whose caller was cut off meanwhile."""
    if not done.cancelled():
        done.exception()


class SqliteDatabase:
    """A SQLite file, or ``:memory:`` without a path. ``executor`` gives each connection its thread, by name."""

    shared = False

    def __init__(self, path: Path | None, *, lock: bool, executor: Callable[[str], Executor] = one_thread) -> None:
        self.where = f"The database {path}" if path else "The database in memory"
        self._lock = FileLock(path) if path and lock else None
        self._turns = asyncio.Lock()
        target = URL.create("sqlite", database=str(path) if path else None)
        engine = _engine(target, *ALWAYS, *(WRITER if path else ()))
        event.listen(engine, "begin", _begin_immediate)
        self.dialect = engine.dialect
        self._writer = _Thread(self.where, engine, executor("writer"))
        self._reader = _Thread(self.where, _engine(target, *ALWAYS, *READER), executor("reader")) if path else None
        self._path = path
        self._closed = False

    async def open(self) -> None:
        """Take the lock and connect. Raises ``StoreError``."""
        try:
            if self._path:
                _make_file(self._path)
            if self._lock:
                self._lock.acquire()
            await self.write(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema"))
        except BaseException:
            await self.close()
            raise

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Run]:
        """Open a transaction; SQLAlchemy sends BEGIN IMMEDIATE ahead of its first statement."""
        async with self._turns:
            try:
                yield self._writer.run
                await self._writer.run(_commit)
            except BaseException:
                # Cut short, this too runs to its end before the next turn's work: the thread keeps the order.
                await self._writer.run(_roll_back)
                raise

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do work in a turn of its own: there is one writer."""
        async with self.turn() as run:
            return await run(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work beside the writer; in memory, where there is one connection only, in a turn."""
        if self._reader is None:
            return await self.write(work)
        return await self._reader.run(_ending(work))

    async def close(self) -> None:
        """Close both connections, then give the file to others."""
        if self._closed:
            return
        self._closed = True
        async with self._turns:
            for thread in (self._reader, self._writer):
                if thread:
                    await thread.close()
        if self._lock:
            self._lock.release()


def _engine(url: URL, *pragmas: str) -> Engine:
    # isolation_level None: the driver begins nothing by itself.
    arguments = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": True}
    # Nothing is reset on return: each connection stays with its thread, and every piece of work ends what it began.
    engine = create_engine(
        url, poolclass=StaticPool, pool_reset_on_return=None, connect_args=arguments, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        for pragma in pragmas:
            connection.execute(pragma).close()

    return engine


def _make_file(path: Path) -> None:
    """See to it that the file is there and ours alone: it holds the tokens of nodes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"The database {path} cannot be opened for writing: {error.strerror}.") from error


def _begin_immediate(connection: Connection) -> None:
    # Not deferred: a reader that turns writer is told SQLITE_BUSY at once, whatever the timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _commit(connection: Connection) -> None:
    connection.commit()


def _roll_back(connection: Connection) -> None:
    connection.rollback()


def _ending(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    def ended(connection: Connection) -> T:
        try:
            return work(connection)
        finally:
            connection.rollback()

    return ended
