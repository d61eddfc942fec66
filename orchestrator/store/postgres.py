"""PostgreSQL through asyncpg: a small pool; turns of one daemon come one after the other, as they do on SQLite."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from orchestrator.domain.errors import StoreError
from orchestrator.store.database import Run
from orchestrator.store.failures import told

T = TypeVar("T")

POOL = 5
"""Connections of one daemon: its turn, its heartbeat, and readers."""

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 30.0
"""Deadlines of a new connection and of one statement."""

SILENT_SECONDS = 10.0
"""How long the server waits within a transaction for the daemon's next word. One that is frozen or cut off there holds
rows and counters that all others wait for.
"""

SETTINGS = {
    "application_name": "orchestrator",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
}
"""Compiling, or starting workers, takes longer than any query of ours. What lists are made from is in memory, or on a
disk without arms.
"""


class PostgresDatabase:
    """A database on a PostgreSQL server. Work that is cut short costs its connection, not the pool.

    ``patient``: a statement has no deadline, but the wait for a lock has: all others wait behind it meanwhile.
    """

    shared = True

    def __init__(self, url: URL, *, patient: bool = False) -> None:
        if importlib.util.find_spec("asyncpg") is None:
            raise StoreError("PostgreSQL needs asyncpg: install odm-orchestrator[postgres].")
        self.where = f"The PostgreSQL database {url.database} at {url.host or 'localhost'}:{url.port or 5432}"
        deadlines = {"timeout": CONNECT_SECONDS, "command_timeout": None if patient else STATEMENT_SECONDS}
        limits = {"idle_in_transaction_session_timeout": f"{SILENT_SECONDS * 1000:.0f}"}
        if patient:
            limits["lock_timeout"] = f"{STATEMENT_SECONDS * 1000:.0f}"
        arguments = {**deadlines, "server_settings": SETTINGS | limits}
        self._engine = create_async_engine(url, pool_size=POOL, hide_parameters=True, connect_args=arguments)
        self._readers = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self.dialect = self._engine.dialect
        self._turns = asyncio.Lock()

    async def open(self) -> None:
        """Connect once, so that a wrong address is told now. Raises ``StoreError``."""
        try:
            await self.read(_greet)
        except BaseException:
            await self.close()
            raise

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Run]:
        """Open a transaction. Rows read in it are locked against other daemons; our own turns wait here."""
        async with self._turns, self._transaction() as run:
            yield run

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do work on a connection of its own: a heartbeat does not wait for a turn."""
        async with self._transaction() as run:
            return await run(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work on a connection of its own."""
        async with self._connected(self._readers) as connection:
            return await self._run(connection, work)

    async def close(self) -> None:
        """Close all connections that are not at work."""
        await asyncio.shield(self._engine.dispose())

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Run]:
        async with self._connected(self._engine) as connection:
            yield partial(self._run, connection)
            with told(self.where):
                await connection.commit()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        with told(self.where, seconds=CONNECT_SECONDS):
            connection = await engine.connect()
        try:
            yield connection
        finally:
            # Rolls back what was not committed; shielded, since a connection that is not given back is lost.
            await asyncio.shield(asyncio.create_task(connection.close()))

    async def _run(self, connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
        with told(self.where, seconds=STATEMENT_SECONDS):
            return await connection.run_sync(work)


def _greet(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1")
