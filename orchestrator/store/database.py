"""A way to a database: work is a plain function of a connection, run in a thread, or in step with the event loop."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Dialect

T = TypeVar("T")


class Run(Protocol):
    """Does work within one transaction."""

    async def __call__(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` and give its result. Raises ``StoreError``."""
        ...


class Database(Protocol):
    """One database, SQLite or PostgreSQL. Raises ``StoreError`` only.

    A caller that is cancelled leaves nothing half done, and the database usable for the next.
    """

    where: str
    """The database in an error's words: no secrets."""
    dialect: Dialect
    shared: bool
    """Whether other daemons may use it at the same time."""

    async def open(self) -> None:
        """Connect, so that whatever is wrong with the database is told now."""
        ...

    def turn(self) -> AbstractAsyncContextManager[Run]:
        """Open a transaction, one after the other: it commits at the end of the block, or rolls back when it raises."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do work in a transaction of its own, which need not wait for a turn where the database allows that."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that changes nothing and sees what is committed."""
        ...

    async def close(self) -> None:
        """Let go of the database; may be called again."""
        ...
