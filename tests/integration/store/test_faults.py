"""A database that is away, locked, full or broken is told in one sentence, and once it is well the store goes on."""

import asyncio
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.store import SqlStore, open_store, postgres, sqlite
from orchestrator.store.address import connect
from orchestrator.store.sqlite import SqliteDatabase
from tests.integration.store.databases import InFile, OnServer
from tests.integration.store.rows import a_task, stored_tasks, write

NOBODY = 65_534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root writes into read-only folders: be nobody for a moment."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


async def opening(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        async with open_store(url, migrate=True):
            pass
    return caught.value


class TestFile(InFile):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "orchestrator.db"

    async def test_garbage(self, url: str, path: Path):
        path.write_bytes(b"this is not a database. " * 100)
        assert f"The database {path} is not a SQLite database." == str(await opening(url))

    async def test_truncated(self, url: str, path: Path):
        async with open_store(url) as store:
            await write(store, *(a_task(number) for number in range(1, 500)))
        os.truncate(path, path.stat().st_size // 2)
        assert f"The database {path} is damaged; restore it from a backup." == str(await opening(url))

    async def test_a_folder(self, url: str, path: Path):
        path.mkdir()
        assert f"The database {path} cannot be opened for writing: Is a directory." == str(await opening(url))

    async def test_below_a_file(self, tmp_path: Path):
        (tmp_path / "file").touch()
        error = await opening(f"sqlite+aiosqlite:///{tmp_path}/file/orchestrator.db")
        assert "cannot be opened for writing" in str(error)

    async def test_a_folder_is_made_and_the_file_is_ours_alone(self, tmp_path: Path):
        path = tmp_path / "deep" / "down" / "orchestrator.db"
        async with open_store(f"sqlite+aiosqlite:///{path}"):
            assert 0o600 == path.stat().st_mode & 0o777

    async def test_a_read_only_folder(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o555)
            with unprivileged():
                error = await opening(f"sqlite+aiosqlite:///{folder}/orchestrator.db")
        assert str(error).endswith("orchestrator.db cannot be opened for writing: Permission denied.")

    async def test_a_full_disk_costs_one_transaction(self, url: str, path: Path):
        async with open_store(url) as store:
            run = store._database.write
            pages = await run(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
            limit = "PRAGMA max_page_count = {}"
            await run(lambda connection: connection.exec_driver_sql(limit.format(pages + 5)).all())
            with pytest.raises(StoreError) as caught:
                await write(store, a_task(1), outbox=[OutboxEntry(1, "id", "key", "key", bytes(1_000_000))])
            assert f"The database {path} cannot grow: the disk is full." == str(caught.value)
            assert caught.value.retryable
            await run(lambda connection: connection.exec_driver_sql(limit.format(1_000_000)).all())
            await write(store, a_task(2))
            assert (a_task(2),) == await stored_tasks(store)

    async def test_locked_by_another_program(self, url: str, path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
        async with open_store(url) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="is locked by another program") as caught:
                await write(store, a_task(1))
            assert caught.value.retryable
            assert () == await stored_tasks(store)
            other.execute("ROLLBACK")
            other.close()
            await write(store, a_task(1))

    async def test_a_closed_store(self, url: str):
        async with open_store(url) as store:
            pass
        for attempt in (store.projects(), write(store, a_task(1))):
            with pytest.raises(StoreError, match="has been closed"):
                await attempt

    async def test_a_second_daemon_is_refused_by_the_name_of_the_first(self, url: str, path: Path):
        async with open_store(url):
            error = await opening(url)
        assert f"The database {path} is in use by process {os.getpid()}; only one daemon can use it." == str(error)
        async with open_store(url):
            pass

    async def test_a_killed_daemon_leaves_its_rows_and_no_lock(self, url: str):
        program = (
            "import asyncio\n"
            "from orchestrator.store import open_store\n"
            "from tests.integration.store.rows import a_task, write\n"
            "async def main():\n"
            f"    async with open_store({url!r}) as store:\n"
            "        await write(store, a_task(1))\n"
            "        print('written', flush=True)\n"
            "        await asyncio.Event().wait()\n"
            "asyncio.run(main())\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", program]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: ASYNC220
        assert child.stdout
        assert "written\n" == await asyncio.to_thread(child.stdout.readline)
        error = await opening(url)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert f"in use by process {child.pid};" in str(error)
        async with open_store(url) as store:
            assert (a_task(1),) == await stored_tasks(store)


async def reserve(store: SqlStore):
    async with store.begin() as transaction:
        return await transaction.reserve({"task": 1})


class TestServer(OnServer):
    async def test_nobody_listens(self):
        error = await opening("postgresql+asyncpg://me:hush@127.0.0.1:1/base")
        assert "The PostgreSQL database base at 127.0.0.1:1 cannot be reached: the connection was refused or cut." == (
            str(error)
        )
        assert error.retryable

    async def test_a_wrong_password_is_not_told(self, url: str):
        address = make_url(url).set(password="hush-hush")
        error = await opening(address.render_as_string(hide_password=False))
        assert str(error).endswith("does not accept our user or password.")
        assert "hush-hush" not in str(error)

    async def test_a_database_that_does_not_exist(self, url: str):
        assert str(await opening(url + "x")).endswith("does not exist on its server.")

    async def test_a_cut_connection_costs_one_transaction(self, store: SqlStore, url: str):
        await write(store, a_task(1))
        database = await connect(url, lock=False)
        others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cut = f"SELECT pg_terminate_backend(pid) FROM {others}"
        await database.read(lambda connection: connection.exec_driver_sql(cut).all())
        await database.close()
        with pytest.raises(StoreError, match="closed the connection") as caught:
            await write(store, a_task(2))
        assert caught.value.retryable
        await write(store, a_task(3))
        assert (a_task(1), a_task(3)) == await stored_tasks(store)

    async def test_a_statement_that_takes_too_long_names_its_deadline(
        self, store: SqlStore, url: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 0.1)
        async with open_store(url) as other:
            async with store.begin() as transaction:
                await transaction.reserve({"task": 1})
                with pytest.raises(StoreError, match=r"did not answer within 0\.1 s") as caught:
                    await reserve(other)
            assert caught.value.retryable
            assert {"task": 2} == await reserve(other)

    async def test_a_daemon_that_freezes_within_a_transaction_holds_the_others_up_for_a_while_only(
        self, store: SqlStore, url: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(postgres, "SILENT_SECONDS", 0.5)
        async with open_store(url) as frozen:

            async def freezing() -> None:
                async with frozen.begin() as transaction:
                    await transaction.reserve({"task": 1})
                    assert {"task": 1} == await reserve(store)
                    await transaction.reserve({"task": 1})

            with pytest.raises(StoreError, match="closed the connection") as caught:
                await freezing()
            assert caught.value.retryable
            assert {"task": 2} == await reserve(frozen)

    async def test_an_empty_database_says_what_to_do(self, url: str):
        with pytest.raises(StoreError, match="has no tables yet; run 'orchestrator migrate'"):
            async with open_store(url):
                pass


async def test_a_failure_whose_caller_was_cut_off_is_no_complaint():
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))
    begun, cut = threading.Event(), threading.Event()

    def fail(_):
        begun.set()
        cut.wait(30)
        raise ZeroDivisionError

    database = SqliteDatabase(None, lock=False)
    await database.open()
    writing = asyncio.create_task(database.write(fail))
    await asyncio.to_thread(begun.wait, 30)
    writing.cancel()
    asyncio.get_running_loop().call_soon(cut.set)
    with pytest.raises(asyncio.CancelledError):
        await writing
    await database.close()
    gc.collect()
    assert [] == complaints
