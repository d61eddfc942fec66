"""The whole way of a task with PostgreSQL as the store."""

import pytest

from orchestrator.store import HEAD
from tests.acceptance.service import Service, service
from tests.acceptance.test_stop_and_start import serve, told

pytestmark = pytest.mark.timeout(120)


async def migrate(running: Service):
    return await running.shell("migrate")


async def test_a_task_goes_its_whole_way_on_postgresql(amqp_url, postgres_url, tmp_path):
    password = postgres_url.split("@")[0].rpartition(":")[2]
    async with service(amqp_url) as running:
        assert 0 == await running.daemon.stop()
        running.daemon.env["ORCHESTRATOR__STORE__URL"] = postgres_url

        early = await serve(running)
        assert 2 == early.code
        assert told(early).endswith(f"has no tables yet; run 'orchestrator migrate' to bring it to {HEAD}.")
        for _ in range(2):
            migrated = await migrate(running)
            assert (0, f"The database is at revision {HEAD}.\n", "") == (
                migrated.code,
                migrated.stdout,
                migrated.stderr,
            )

        await running.daemon.start()
        await running.client.ok("add-processing-node", {"url": running.node.url})
        task = await running.create(reference="postgres/1")
        await running.client.ended(task["id"])
        events = [it["data"]["task"] for it in running.client.events.bodies if it["subject"] == f"tasks/{task['id']}"]
        statuses = [it["status"] for it in events]
        assert [None, 10, 20, 40] == [one for at, one in enumerate(statuses) if at == 0 or statuses[at - 1] != one]
        assert list(range(1, len(events) + 1)) == [it["version"] for it in events]

        await running.daemon.kill()
        await running.daemon.start()
        assert [(task["id"], 40)] == [(it["id"], it["status"]) for it in await running.get("/tasks")]
        assert events[-1] == await running.create(reference="postgres/1")
        assert 0 == await running.daemon.stop()
        assert [] == running.complaints()
        assert password not in running.daemon.log.read_text() + early.stderr + migrated.stdout
