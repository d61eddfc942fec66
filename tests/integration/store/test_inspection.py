"""A check-up of the store, on every database: nothing wrong where nothing is, and a damaged file is known."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.task import Stage
from orchestrator.store import SqlStore, open_existing, open_store
from tests.integration.store.databases import InFile, InMemory, OnServer
from tests.integration.store.rows import a_project, a_task, write


class Inspecting:
    async def test_a_store_in_order_has_no_finding(self, store: SqlStore):
        await write(store, a_task(1))
        assert () == await store.examine()

    async def test_unsent_events_are_counted(self, store: SqlStore):
        assert 0 == await store.count_unsent()
        entries = [OutboxEntry(number, f"id-{number}", "tasks/1", "task.created", b"{}") for number in range(3)]
        await write(store, outbox=entries)
        assert 3 == await store.count_unsent()

    async def test_every_task_comes_by_page_hidden_ones_too(self, store: SqlStore):
        await write(store, projects={2: a_project(2, deleting=True)})
        await write(store, a_task(1), a_task(2, project=2), a_task(3, stage=Stage.ENDED))
        assert [1, 2] == [task.id for task in await store.every_task(after=0, limit=2)]
        assert [3] == [task.id for task in await store.every_task(after=2, limit=2)]
        assert () == await store.every_task(after=3, limit=2)

    async def test_another_revision_is_a_finding(self, store: SqlStore):
        def age(connection):
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

        await store._database.write(age)
        [finding] = await store.examine()
        assert "The database is at revision 0001, and this release goes by" in finding.what


class TestInFile(InFile, Inspecting):
    async def test_a_damaged_file_is_a_finding_or_cannot_be_read(self, tmp_path: Path, url: str):
        async with open_store(url, migrate=True) as store:
            await write(store, *(a_task(number, name="x" * 500) for number in range(1, 200)))
        file = tmp_path / "orchestrator.db"
        data = bytearray(file.read_bytes())
        for at in range(8192, len(data), 4096):
            data[at : at + 64] = b"\xff" * 64
        file.write_bytes(data)
        try:
            async with open_existing(url) as store:
                damaged = [finding.what for finding in await store.examine()]
        except StoreError as error:
            damaged = [str(error)]
        assert all("damaged" in what for what in damaged)
        assert damaged

    async def test_no_file_is_made_for_a_look(self, tmp_path: Path, url: str):
        with pytest.raises(StoreError, match="There is no database at"):
            async with open_existing(url):
                pass
        assert [] == list(tmp_path.iterdir())

    async def test_an_empty_database_is_not_migrated_for_a_look(self, tmp_path: Path, url: str):
        with closing(sqlite3.connect(tmp_path / "orchestrator.db")) as database:
            database.execute("PRAGMA user_version = 1")
        with pytest.raises(StoreError, match="has no tables yet"):
            async with open_existing(url):
                pass


class TestInMemory(InMemory, Inspecting):
    pass


class TestOnServer(OnServer, Inspecting):
    async def test_it_is_opened_as_it_is(self, url: str, store: SqlStore):
        async with open_existing(url) as again:
            assert () == await again.examine()
