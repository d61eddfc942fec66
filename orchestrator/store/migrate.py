"""Brings a database to the present schema, in one transaction: all of it or nothing.

Alembic is loaded only when there is something to do: a daemon starts against an up-to-date database without it.
"""

from sqlalchemy import Connection, inspect

from orchestrator.domain.errors import StoreError
from orchestrator.store.address import connect
from orchestrator.store.database import Database

HEAD = "0009"
"""The newest revision in ``migrations/versions``."""

_ALONE = 0x0D3A
"""The key of the PostgreSQL lock under which one migration at a time runs."""


async def upgrade(url: str) -> str:
    """Bring the database to the newest revision and give that.

    Raises ``StoreError``, also while a daemon has the file.
    """
    # An index over half a million events is not made in the time that a query may take.
    database = await connect(url, lock=True, patient=True)
    try:
        await ensure_head(database, migrate=True)
    finally:
        await database.close()
    return HEAD


async def current(url: str) -> str | None:
    """Give the revision of the database; None: it has none of our tables. Raises ``StoreError``."""
    database = await connect(url, lock=False)
    try:
        return await database.read(revision_of)
    finally:
        await database.close()


async def ensure_head(database: Database, *, migrate: bool) -> None:
    """See to it that the database has the newest revision.

    Raises ``StoreError`` if it hasn't and may not be migrated, or if a newer release made it.
    """
    revision = await database.read(revision_of)
    if revision == HEAD:
        return
    if migrate:
        await database.write(lambda connection: _migrate(connection, where=database.where))
        return
    was = f"is at revision {revision}" if revision else "has no tables yet"
    raise StoreError(f"{database.where} {was}; run 'orchestrator migrate' to bring it to {HEAD}.")


def revision_of(connection: Connection) -> str | None:
    """Give the revision of a database; None: it has none of our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return str(found[0]) if found else None


def _migrate(connection: Connection, *, where: str) -> None:
    from orchestrator.store import migrations  # noqa: PLC0415  (see above)

    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ALONE})")
    revision = revision_of(connection)
    if revision is not None and revision not in migrations.known_revisions():
        raise StoreError(f"{where} is at revision {revision}, which a newer release made; this one knows up to {HEAD}.")
    migrations.play(connection)
