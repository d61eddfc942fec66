"""Three daemons share a store, a broker and ten nodes while they are killed in turns: nothing lost, nothing twice."""

import asyncio

import pytest

from orchestrator.nodes.simulated import SimulatedNodeOptions
from tests.chaos.fleet import fleet

DAEMONS, TASKS = 3, 300
NODES = [SimulatedNodeOptions(port=0, seconds=0.5, parallel=2)] * 10
BETWEEN_KILLS = 3.0
WITHIN = 150.0


@pytest.fixture
async def running(tmp_path, amqp_url, bus_prefix, postgres_url):
    async with fleet(
        tmp_path, bus_url=amqp_url, prefix=bus_prefix, store_url=postgres_url, daemons=DAEMONS, nodes=NODES
    ) as running:
        yield running


async def kill_in_turns(daemons):
    while True:
        for daemon in daemons:
            await asyncio.sleep(BETWEEN_KILLS)
            await daemon.kill()
            await daemon.start()


@pytest.mark.timeout(240)
async def test_daemons_that_die_in_turns_lose_nothing_and_run_nothing_twice(running):
    killing = asyncio.create_task(kill_in_turns(running.daemons))
    try:
        async with asyncio.timeout(WITHIN):
            for number in range(TASKS):
                body = {"images": running.photos, "reference": f"flight-{number}"}
                assert (await running.client.send("create-task", body, message_id=f"create-{number}"))["ok"]
            await running.watcher.until_over(TASKS)
    finally:
        killing.cancel()
        await asyncio.wait({killing})
    stories = running.watcher.stories.values()
    assert TASKS == len(stories)
    for events in stories:
        assert list(range(1, len(events) + 1)) == [event["sequence"] for event in events]
        last = events[-1]["data"]["task"]
        assert (40, 1) == (last["status"], last["attempt"]), last
    runs = [(run.uuid, run.outcome) for node in running.nodes for run in node.runs]
    uuids = [events[-1]["data"]["task"]["uuid"] for events in stories]
    assert sorted((uuid, "completed") for uuid in uuids) == sorted(runs)
