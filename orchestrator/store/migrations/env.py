"""Alembic's way in. The connection comes from ``orchestrator.store.migrate``, which owns its transaction.

``alembic -x url=… revision --autogenerate`` and the like, run by a developer, open one of their own.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from orchestrator.store.address import connect
from orchestrator.store.schema import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate_alone(url: str) -> None:
    database = await connect(url, lock=True)
    try:
        await database.write(_migrate)
    finally:
        await database.close()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(_migrate_alone(context.get_x_argument(as_dictionary=True)["url"]))
else:
    _migrate(given)
