"""With the broker away work goes on, health says what is wrong, and afterwards nothing is missing."""

import asyncio
import json
import sys

import aiohttp
import pytest

from tests.acceptance.plain_client import Json, plain_client
from tests.acceptance.service import Service, service

pytestmark = pytest.mark.timeout(180)

WELL = (200, {"status": "ok", "problems": {}})


async def health(running: Service, page: str) -> tuple[int, Json]:
    """Ask how it is; 0 while nobody answers."""
    try:
        status, body = await asked(f"{running.daemon.health}/{page}")
        body.pop("unsent_events", None)
        return status, body
    except aiohttp.ClientError:
        return 0, {}


async def asked(url: str) -> tuple[int, Json]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert "application/json" == response.content_type
        return response.status, await response.json()


async def until(wanted, ask, *, patience: float = 60.0):
    """Ask until the answer is as wanted."""
    async with asyncio.timeout(patience):
        while not wanted(answer := await ask()):
            await asyncio.sleep(0.1)
        return answer


async def stop(broker) -> None:
    await asyncio.to_thread(broker.stop)


async def start(broker) -> None:
    await asyncio.to_thread(broker.start)


async def test_work_goes_on_without_the_broker_and_the_events_come_afterwards_in_order(private_rabbitmq):
    async with service(private_rabbitmq.url, node={"seconds": 2}) as running:
        assert [WELL, WELL] == [await health(running, page) for page in ("live", "ready")]
        task = await running.create()
        await running.node.wait_for("started")
        await stop(private_rabbitmq)

        status, body = await until(lambda it: it[0] != 200, lambda: health(running, "ready"))
        assert (503, "unhealthy") == (status, body["status"])
        assert body["problems"]["bus"].startswith("The broker at amqp://orchestrator:***@127.0.0.1:")
        assert WELL == await health(running, "live")

        shown = await until(lambda it: it["stage"] == "ended", lambda: running.get(f"/tasks/{task['id']}"))
        assert 40 == shown["status"]
        _, ready = await asked(f"{running.daemon.health}/ready")
        assert shown["version"] >= ready["unsent_events"]["count"] > 0
        assert ready["unsent_events"]["oldest_seconds"] > 0
        said = await running.shell("task", "list", "--json")
        assert (0, [shown]) == (said.code, said.json)

        await start(private_rabbitmq)
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            replayed = await client.replay()
            await replayed.find(lambda it: f".completed.1.{task['id']}" in it.routing_key, what="the last event")
            story = {it["id"]: it for it in replayed.bodies if it["subject"] == f"tasks/{task['id']}"}
            assert list(range(1, len(story) + 1)) == [event["sequence"] for event in story.values()]
            assert shown == list(story.values())[-1]["data"]["task"]
            assert "P" == (await client.ok("create-project", {"name": "P"}))["name"]
        assert WELL == await health(running, "ready")
        assert [] == running.complaints()


async def test_commands_that_were_sent_before_a_crash_of_the_broker_are_settled_once(private_rabbitmq):
    async with service(private_rabbitmq.url) as running:
        # A definition younger than two seconds may be lost in a crash; an orderly restart writes it down.
        await stop(private_rabbitmq)
        await start(private_rabbitmq)
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            for number in range(100):
                body = {"images": [], "partial": True, "reference": f"crash/{number}"}
                await client.publish("create-task", body, message_id=f"crash-{number}")
            private_rabbitmq.kill()
        await start(private_rabbitmq)
        await until(lambda it: len(it) >= 100, lambda: running.get("/tasks?limit=1000"))
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            for number in range(100):
                body = {"images": [], "partial": True, "reference": f"crash/{number}"}
                await client.ok("create-task", body, message_id=f"crash-{number}")
        tasks = await running.get("/tasks?limit=1000")
        assert sorted(f"crash/{number}" for number in range(100)) == sorted(task["reference"] for task in tasks)
        assert [] == running.complaints()


async def test_a_daemon_starts_without_the_broker_and_takes_commands_once_it_is_there(private_rabbitmq):
    async with service(private_rabbitmq.url) as running:
        await running.create()
        assert 0 == await running.daemon.stop()
        await stop(private_rabbitmq)
        starting = asyncio.create_task(running.daemon.start())
        await until(lambda it: it[0] == 503, lambda: health(running, "ready"))
        assert 1 == len(await running.get("/tasks"))
        await start(private_rabbitmq)
        await starting
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            await client.ok("create-project", {"name": "P"})
        assert [] == running.complaints()


async def test_a_broker_that_does_not_take_the_password_is_told_without_it(private_rabbitmq):
    async with service(private_rabbitmq.url) as running:
        await running.daemon.stop()
        wrong = private_rabbitmq.url.replace("@", "canary@")
        running.daemon.env["ORCHESTRATOR__BUS__URL"] = wrong
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "orchestrator", "serve",
            env=running.daemon.env, cwd=running.folder, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told_why = "ACCESS_REFUSED"
        _, body = await until(lambda it: told_why in json.dumps(it), lambda: health(running, "ready"))
        process.terminate()
        out, told = await process.communicate()
        assert 0 == process.returncode
        assert "canary" not in json.dumps(body) + told.decode() + out.decode()


async def control(broker, *words) -> None:
    await asyncio.to_thread(broker.control, *words)


async def test_connections_that_an_administrator_cuts_under_load_lose_and_repeat_nothing(private_rabbitmq):
    async with service(private_rabbitmq.url) as running:
        references = [f"cut/{number}" for number in range(500)]
        for reference in references:
            body = {"images": [], "partial": True, "reference": reference}
            await running.client.publish("create-task", body, message_id=reference)
        await control(private_rabbitmq, "close_all_connections", "maintenance")
        tasks = await until(lambda it: len(it) >= len(references), lambda: running.get("/tasks?limit=1000"))
        assert sorted(references) == sorted(task["reference"] for task in tasks)
        assert WELL == await until(lambda it: it == WELL, lambda: health(running, "ready"))
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            replayed = await client.replay()
            created = {f"tasks/{task['id']}" for task in tasks}
            told = await until(lambda it: created <= it, lambda: subjects(replayed))
            assert created == {subject for subject in told if subject.startswith("tasks/")}
        assert [] == running.complaints()


async def subjects(shelf) -> set[str]:
    """Give what events have come about."""
    return {event["subject"] for event in shelf.bodies}


async def test_a_broker_that_is_low_on_memory_is_named_and_its_events_wait(private_rabbitmq):
    async with service(private_rabbitmq.url) as running:
        await control(private_rabbitmq, "set_vm_memory_high_watermark", "absolute", "1MB")
        task = await running.command("create-task", {"images": [], "partial": True})
        status, body = await until(lambda it: it[0] != 200, lambda: health(running, "ready"))
        assert (503, True) == (status, "takes no messages just now" in body["problems"]["bus"])
        await control(private_rabbitmq, "set_vm_memory_high_watermark", "absolute", "512MB")
        await until(lambda it: it == WELL, lambda: health(running, "ready"))
        async with plain_client(private_rabbitmq.url, prefix=running.client.prefix) as client:
            replayed = await client.replay()
            subject = f"tasks/{task['id']}"
            await replayed.find(lambda _: subject in {it["subject"] for it in replayed.bodies}, what="its event")
        assert [] == running.complaints()
