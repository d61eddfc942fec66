"""Which database an address means: ``sqlite+aiosqlite:///path``, ``…:///:memory:`` or ``postgresql+asyncpg://…``."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from orchestrator.domain.errors import StoreError
from orchestrator.store.database import Database
from orchestrator.store.sqlite import SqliteDatabase

_FORMS = "sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE"


async def connect(address: str, *, lock: bool, patient: bool = False) -> Database:
    """Open the database. ``lock``: a SQLite file for ourselves alone. Raises ``StoreError``.

    ``patient``: a statement may take as long as it takes, if it only gets the locks that it needs.
    """
    database = _database(_parsed(address), lock=lock, patient=patient)
    await database.open()
    return database


def file_of(address: str) -> Path | None:
    """Give the file of a SQLite database that is in one. Raises ``StoreError``."""
    url = _parsed(address)
    in_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(str(url.database)).absolute() if in_file else None


def _parsed(address: str) -> URL:
    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        # Without its cause: that may quote the address, password and all.
        raise StoreError(f"The database address cannot be read; its form is {_FORMS}.") from None


def _database(url: URL, *, lock: bool, patient: bool) -> Database:
    match url.get_backend_name():
        case "sqlite" if not url.query and not (url.database or "").startswith("file:"):
            memory = url.database in {None, "", ":memory:"}
            return SqliteDatabase(None if memory else Path(str(url.database)).absolute(), lock=lock)
        case "sqlite":
            raise StoreError("The database address has options; a SQLite address is a path alone.")
        case "postgresql":
            # Loaded only here: asyncpg may be missing, and SQLAlchemy's asyncio takes a third of a second.
            from orchestrator.store.postgres import PostgresDatabase  # noqa: PLC0415

            return PostgresDatabase(url.set(drivername="postgresql+asyncpg"), patient=patient)
        case other:
            raise StoreError(f"The database address names {other}, which is not supported; its form is {_FORMS}.")
