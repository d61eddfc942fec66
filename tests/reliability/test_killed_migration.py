"""A migration that is killed on PostgreSQL leaves a database that the next one brings to the newest revision."""

import asyncio
import os
import signal
import sys

from orchestrator.crashing import AT
from orchestrator.store import HEAD, current, open_store

MIGRATE = """
import asyncio, sys
from orchestrator import crashing
from orchestrator.store import open_store

async def main():
    crashing.around_migrations()
    async with open_store(sys.argv[1], migrate=True) as store:
        await store.projects()

asyncio.run(main())
"""


async def migrate(url, point):
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, url, env=os.environ | {AT: point})
    return await process.wait()


async def test_a_killed_migration_is_made_good_by_the_next(postgres_url):
    for point, left in (
        ("migration.step:4", None),
        ("commit.migration.before", None),
        ("commit.migration.after", HEAD),
    ):
        assert -signal.SIGKILL == await migrate(postgres_url, point)
        assert left == await current(postgres_url)
    async with open_store(postgres_url, migrate=False) as store:
        assert [1] == [project.id for project in await store.projects()]
