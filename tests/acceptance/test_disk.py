"""A disk that is full, a database that somebody else has locked, or that is cut short: told, waited for, and mended."""

import asyncio
import resource
import sqlite3
import sys

import pytest

from tests.acceptance.command_line import finish
from tests.acceptance.service import service
from tests.acceptance.test_outage import WELL, health, until

pytestmark = pytest.mark.timeout(120)

ENDLESS = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
async def running(amqp_url):
    async with service(amqp_url, store__lease_ttl="3") as begun:
        yield begun


def database(running):
    return running.folder / "data" / "orchestrator.db"


async def waits_and_goes_on(running, *, mend, words):
    """A command sent now is settled once the disk is mended, and health says meanwhile what is wrong."""
    name = "sent while the disk failed"
    sending = asyncio.create_task(running.client.ok("create-project", {"name": name}, message_id="disk-1"))
    status, body = await until(lambda it: it[0] == 503, lambda: health(running, "ready"))
    assert words in body["problems"]["store"], body
    assert WELL == await health(running, "live")
    assert not sending.done()
    mend()
    project = await sending
    assert WELL == await until(lambda it: it == WELL, lambda: health(running, "ready"))
    again = await running.client.ok("create-project", {"name": name}, message_id="disk-1")
    assert project == again
    failures = running.daemon.said("bus.store_away") + running.daemon.said("turn.failed")
    assert 0 < len(failures) < 100
    assert [] == running.complaints()


async def test_a_database_that_another_program_has_locked_is_waited_for(running):
    other = sqlite3.connect(database(running))
    other.execute("BEGIN IMMEDIATE")

    def mend():
        other.rollback()
        other.close()

    await waits_and_goes_on(running, mend=mend, words="is locked by another program")


async def test_a_disk_that_is_full_is_waited_for(running):
    pid = running.daemon.pid
    # The log is a file, too, and has room left; the database's files are larger, or soon will be.
    limit = running.daemon.log.stat().st_size + 16_384
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    await waits_and_goes_on(
        running, mend=lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, ENDLESS), words="orchestrator.db"
    )


async def test_a_database_that_was_cut_short_is_told_at_the_start(running):
    await running.client.ok("create-project", {"name": "P"})
    await running.daemon.stop()
    whole = database(running).read_bytes()
    database(running).write_bytes(whole[: len(whole) // 3])
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator", "serve", env=running.daemon.env, cwd=running.folder,
        stdin=pipe, stdout=pipe, stderr=pipe,
    )  # fmt: skip
    ended = await finish(process)
    assert 2 == ended.code
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert "is damaged; restore it from a backup" in line
    database(running).write_bytes(whole)
    await running.daemon.start()
    assert "P" in {project["name"] for project in await running.get("/projects")}
