"""Migrations make the schema that the code describes, and a database of another release is refused."""

import argparse
import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.engine.ports import Ordering, TaskQuery
from orchestrator.store import HEAD, current, open_store, upgrade
from orchestrator.store.address import connect
from orchestrator.store.migrations import config_for
from orchestrator.store.schema import metadata
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON, a_task, write


class Migrating:
    async def test_the_migrated_schema_is_the_one_described(self, url: str):
        await upgrade(url)
        database = await connect(url, lock=True)

        def differences(connection):
            options = {"compare_type": True, "compare_server_default": True}
            return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

        found = await database.read(differences)
        indexes = await database.read(
            lambda connection: {
                index["name"]: str(index["dialect_options"].get(f"{connection.dialect.name}_where"))
                for table in metadata.tables
                for index in inspect(connection).get_indexes(table)
            }
        )
        await database.close()
        assert [] == found
        # alembic does not compare the conditions of partial indexes.
        for table in metadata.tables.values():
            for index in table.indexes:
                wanted = index.dialect_options["sqlite"]["where"]
                assert (wanted is None) == (indexes[index.name] == "None"), index.name

    async def test_an_empty_database_is_brought_to_the_newest_revision_once(self, url: str):
        assert await current(url) is None
        assert HEAD == await upgrade(url)
        assert HEAD == await current(url)
        assert HEAD == await upgrade(url)

    async def test_what_was_stored_stays(self, url: str):
        async with open_store(url, migrate=True) as store:
            await write(store, a_task(1))
        await upgrade(url)
        async with open_store(url) as store:
            assert a_task(1) == await store.task(1)

    async def test_what_waits_for_the_bus_is_moved_to_the_journal(self, url: str):
        config = config_for()
        database = await connect(url, lock=True)
        one = "INSERT INTO outbox (number, id, key, routing_key, body) VALUES (7, 'id', 'tasks/1', 'task.created', {})"
        body = "x'7b7d'" if database.dialect.name == "sqlite" else "'\\x7b7d'"

        def before(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, "0002")
            connection.exec_driver_sql(one.format(body)).close()
            connection.exec_driver_sql("UPDATE counters SET value = 7 WHERE name = 'outbox'").close()

        await database.write(before)
        await database.close()
        await upgrade(url)
        async with open_store(url) as store:
            entry = OutboxEntry(7, "id", "tasks/1", "task.created", b"{}")
            assert ((entry,), (entry,)) == (
                await store.unsent(after=0, limit=9), await store.events(after=0, limit=9)
            )  # fmt: skip
            assert 0 == await store.forget_events(before=NOON, most=10)

    async def test_stored_tasks_are_found_by_a_part_of_the_name_and_by_their_last_change(self, url: str):
        config = config_for()
        database = await connect(url, lock=True)
        rows = ((1, "ended", "Äcker", 2), (2, "processing", "Wiese", 3), (3, "draft", "", 1))

        def before(connection):
            config.attributes["connection"] = connection
            command.upgrade(config, "0008")
            for task, stage, name, minutes in rows:
                at = f"'{(NOON + minutes * MINUTE).isoformat(timespec='microseconds')}'"
                columns = "id, project, stage, priority, name, job_uuid, fence, version, created_at, updated_at, body"
                values = f"{task}, 1, '{stage}', 5, '{name}', '', 1, 1, {at}, {at}, '{{}}'"
                connection.exec_driver_sql(f"INSERT INTO tasks ({columns}) VALUES ({values})").close()

        await database.write(before)
        await database.close()
        await upgrade(url)
        async with open_store(url) as store:
            by = Ordering(field="updated_at")
            assert (1,) == await store.task_numbers(TaskQuery(search="äck"), by)
            assert (2, 1, 3) == await store.task_numbers(TaskQuery(), by)

    async def test_a_database_of_a_newer_release_is_refused(self, url: str):
        await upgrade(url)
        database = await connect(url, lock=True)
        newer = "UPDATE alembic_version SET version_num = '9999'"
        await database.write(lambda connection: connection.exec_driver_sql(newer).close())
        await database.close()
        for migrate in (True, False):
            with pytest.raises(StoreError, match="9999"):
                async with open_store(url, migrate=migrate):
                    pass
        with pytest.raises(StoreError, match="newer release"):
            await upgrade(url)
        assert "9999" == await current(url)

    async def test_a_database_may_not_be_touched(self, url: str):
        with pytest.raises(StoreError, match="orchestrator migrate"):
            async with open_store(url, migrate=False):
                pass
        assert await current(url) is None


class TestInFile(InFile, Migrating):
    async def test_sqlite_is_migrated_when_a_daemon_opens_it(self, url: str):
        async with open_store(url):
            assert HEAD == await current(url)

    async def test_a_daemon_has_the_file(self, url: str):
        async with open_store(url):
            with pytest.raises(StoreError, match="in use by process"):
                await upgrade(url)

    async def test_a_migration_that_fails_leaves_nothing(self, url: str, tmp_path: Path):
        connection = sqlite3.connect(tmp_path / "orchestrator.db")
        connection.execute("CREATE TABLE outbox (somebody_elses INTEGER)")
        connection.close()
        with pytest.raises(StoreError, match="outbox already exists"):
            await upgrade(url)
        connection = sqlite3.connect(tmp_path / "orchestrator.db")
        assert [("outbox",)] == connection.execute("SELECT name FROM sqlite_schema").fetchall()
        connection.close()

    async def test_an_up_to_date_database_is_opened_without_alembic(self, url: str):
        await upgrade(url)
        program = (
            "import asyncio, sys\n"
            "from orchestrator.store import open_store\n"
            "async def main():\n"
            f"    async with open_store({url!r}) as store:\n"
            "        await store.projects()\n"
            "asyncio.run(main())\n"
            "print([name for name in ('alembic', 'sqlalchemy.ext.asyncio', 'asyncpg') if name in sys.modules])\n"
        )
        command = [sys.executable, "-c", program]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        assert "[]" == ran.stdout.strip()

    async def test_a_developer_may_run_alembic_alone(self, url: str, tmp_path: Path):
        config = config_for()
        config.cmd_opts = argparse.Namespace(x=[f"url={url}"])
        await asyncio.to_thread(command.upgrade, config, "head")
        await asyncio.to_thread(command.check, config)
        assert HEAD == await current(url)


class TestInMemory(InMemory):
    async def test_each_opening_is_a_new_database(self, url: str):
        for _ in range(2):
            async with open_store(url) as store:
                await write(store, a_task(1))


class TestOnServer(OnServer, Migrating):
    async def test_a_daemon_does_not_migrate_by_itself(self, url: str):
        with pytest.raises(StoreError, match="orchestrator migrate"):
            async with open_store(url):
                pass

    async def test_two_migrations_at_once_make_one(self, url: str):
        assert [HEAD] * 4 == await asyncio.gather(*(upgrade(url) for _ in range(4)))
