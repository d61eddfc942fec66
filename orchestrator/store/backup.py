"""A consistent copy of a SQLite store, made while a daemon works on it."""

import asyncio
import sqlite3
from pathlib import Path

import aiosqlite

from orchestrator.domain.errors import StoreError

PAGES_AT_ONCE = 1000
"""Between so many pages the daemon gets its turn (SQLite's online backup API)."""


async def backup(database: Path, target: Path) -> int:
    """Copy the store and give the copy's size in bytes. Raises ``StoreError``; an existing target is left alone.

    The copy appears under its name only when it is whole and has passed SQLite's own check.
    """
    await asyncio.to_thread(_check, database, target)
    partial = target.with_name(target.name + ".part")
    try:
        await _copy(database, partial)
        return await asyncio.to_thread(_put_in_place, partial, target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{database} could not be copied to {target}: {error}.") from error
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)


def _check(database: Path, target: Path) -> None:
    if not database.is_file():
        raise StoreError(f"There is no database at {database}.")
    if target.exists():
        raise StoreError(f"{target} exists already; name a file that does not.")


def _put_in_place(partial: Path, target: Path) -> int:
    partial.replace(target)
    return target.stat().st_size


async def _copy(database: Path, partial: Path) -> None:
    await asyncio.to_thread(partial.unlink, missing_ok=True)
    source = await asyncio.to_thread(database.resolve)
    async with (
        aiosqlite.connect(f"{source.as_uri()}?mode=ro", uri=True) as original,
        aiosqlite.connect(partial) as copy,
    ):
        await original.backup(copy, pages=PAGES_AT_ONCE)
        async with copy.execute("PRAGMA quick_check") as cursor:
            row = await cursor.fetchone()
        if row is None or row[0] != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({row[0] if row else 'no answer'})")
