"""The memory: tasks, projects, processing nodes, answers and events, durable in SQLite or PostgreSQL.

``open_store`` is the way in; ``upgrade`` and ``current`` serve ``orchestrator migrate``.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from orchestrator.domain.errors import StoreError
from orchestrator.store.address import connect, file_of
from orchestrator.store.migrate import HEAD, current, ensure_head, upgrade
from orchestrator.store.store import SqlStore

__all__ = ["HEAD", "SqlStore", "current", "open_existing", "open_store", "upgrade"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_store(
    url: str, *, migrate: bool | None = None, now: Callable[[], datetime] = _utc_now
) -> AsyncIterator[SqlStore]:
    """Open the database, for this daemon alone if it is a SQLite file, and close it at the end of the block.

    ``migrate``: bring it to the newest revision first; None: if it is SQLite. ``now`` dates stored answers.
    Raises ``StoreError`` if it cannot be used, has another revision, or another process has the file.
    """
    database = await connect(url, lock=True)
    try:
        await ensure_head(database, migrate=not database.shared if migrate is None else migrate)
        yield SqlStore(database, now=now)
    finally:
        await database.close()


@asynccontextmanager
async def open_existing(url: str) -> AsyncIterator[SqlStore]:
    """Open a database as it is, a SQLite file for ourselves alone. Raises ``StoreError``, also if there is none."""
    file = file_of(url)
    if file and not file.is_file():
        raise StoreError(f"There is no database at {file}; is this the daemon's --config or --root?")
    async with open_store(url, migrate=False) as store:
        yield store
