"""A daemon that is killed again and again: who follows by HTTP sees each event once, a webhook each at least once."""

import asyncio

import aiohttp
import pytest

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from tests.daemon import Daemon
from tests.integration.api.receiving import SECRET, endpoint

TASKS = 60
KILLS = 3
SETTINGS = {
    "webhooks__allow_private_addresses": '["127.0.0.0/8"]',
    "webhooks__retry_delay": "0.1",
}


async def follow(url, seen):
    """Follow as a browser does: after each break it comes back with the last id."""
    async with aiohttp.ClientSession() as session:
        while True:
            headers = {"Last-Event-ID": str(seen[-1]) if seen else "0"}
            try:
                async with session.get(f"{url}/api/events", headers=headers, timeout=None) as answer:
                    block = {}
                    async for line in answer.content:
                        name, _, value = line.decode().rstrip("\n").partition(": ")
                        block[name] = value
                        if not name and "data" in block:
                            assert "gap" != block["event"]
                            seen.append(int(block["id"]))
                        block = block if name else {}
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.05)


@pytest.mark.timeout(120)
async def test_nobody_who_follows_misses_an_event(tmp_path, amqp_url, bus_prefix):
    daemon = Daemon(tmp_path, bus_url=amqp_url, prefix=bus_prefix, **SETTINGS)
    url = daemon.health.removesuffix("/health")
    seen: list[int] = []
    attempts: dict[str, int] = {}

    def answer(event):
        attempts[event["id"]] = attempts.get(event["id"], 0) + 1
        return 500 if attempts[event["id"]] == 1 and event["subject"].endswith("7") else 204

    async with endpoint(answer=answer) as receiver:
        await daemon.start()
        following = asyncio.create_task(follow(url, seen))
        try:
            async with aiohttp.ClientSession() as session:
                hook = {"url": receiver.url, "secret": SECRET}
                assert 201 == (await session.post(f"{url}/api/webhooks/", json=hook)).status
            async with await BusClient.connect(amqp_url, topology=Topology(prefix=bus_prefix)) as client:
                for number in range(TASKS):
                    if number % (TASKS // KILLS) == TASKS // KILLS // 2:
                        await daemon.kill()
                        await daemon.start()
                    draft = {"images": [], "partial": True, "reference": f"flight-{number}"}
                    assert (await client.send("create-task", draft, message_id=f"create-{number}"))["ok"]
            async with asyncio.timeout(60):
                while len(seen) < TASKS or len({event["id"] for event in receiver.taken}) < TASKS:
                    await asyncio.sleep(0.05)
        finally:
            following.cancel()
            await asyncio.wait({following})
            await daemon.kill()
    assert list(range(1, TASKS + 1)) == seen
    assert {f"tasks/{number}" for number in range(1, TASKS + 1)} == set(receiver.subjects)
    assert SECRET not in daemon.log.read_text()
