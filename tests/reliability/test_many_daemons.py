"""Three daemons share a store, a broker and ten nodes while they are killed in turns: nothing lost, nothing twice."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from PIL import Image

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from orchestrator.store import upgrade
from tests.daemon import Daemon

QUICK = {
    "nodes__probe_interval": "1",
    "nodes__poll_interval": "0.5",
    "nodes__first_poll_interval": "0.2",
    "tasks__progress_interval": "0.5",
    "store__lease_ttl": "2",
}
DAEMONS, NODES, TASKS = 3, 10, 300
BETWEEN_KILLS = 3.0
WITHIN = 150.0


class Watcher:
    """Every task's events in the order in which they first came."""

    def __init__(self):
        self.seen = set()
        self.stories = {}
        self.news = asyncio.Event()

    async def follow(self, client):
        async with await client.events("task.#", replay=True) as events:
            async for event in events:
                if event["id"] not in self.seen:
                    self.seen.add(event["id"])
                    self.stories.setdefault(event["subject"], []).append(event)
                    self.news.set()

    def ended(self):
        return sum(events[-1]["data"]["task"]["stage"] == "ended" for events in self.stories.values())

    async def until_ended(self, count):
        while self.ended() < count:
            self.news.clear()
            await self.news.wait()


@pytest.fixture
async def photos(tmp_path):
    paths = [tmp_path / f"IMG_{number}.JPG" for number in range(2)]
    for path in paths:
        Image.new("RGB", (16, 12), "olive").save(path)
    return [str(path) for path in paths]


@pytest.fixture
async def scene(tmp_path, amqp_url, bus_prefix, postgres_url):
    await upgrade(postgres_url)
    async with AsyncExitStack() as stack:
        nodes = [SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.5, parallel=2)) for _ in range(NODES)]
        for node in nodes:
            await stack.enter_async_context(node)
        daemons = []
        for number in range(DAEMONS):
            folder = tmp_path / f"daemon-{number}"
            folder.mkdir()
            daemons.append(
                Daemon(
                    folder, bus_url=amqp_url, prefix=bus_prefix, store__url=postgres_url,
                    files__import_roots=f'["{tmp_path}"]', api__control_socket=str(folder / "control.sock"), **QUICK,
                )
            )  # fmt: skip
            daemons[-1].env["ORCHESTRATOR__FILES__ROOT"] = str(tmp_path / "data")
        for daemon in daemons:
            stack.push_async_callback(daemon.kill)
        await asyncio.gather(*(daemon.start() for daemon in daemons))
        client = await stack.enter_async_context(
            await BusClient.connect(amqp_url, topology=Topology(prefix=bus_prefix))
        )
        yield daemons, nodes, client


async def kill_in_turns(daemons):
    for number in range(10_000):
        await asyncio.sleep(BETWEEN_KILLS)
        await daemons[number % DAEMONS].kill()
        await daemons[number % DAEMONS].start()


@pytest.mark.timeout(240)
async def test_daemons_that_die_in_turns_lose_nothing_and_run_nothing_twice(scene, photos):
    daemons, nodes, client = scene
    watcher = Watcher()
    for node in nodes:
        assert (await client.send("add-processing-node", {"url": node.url}))["ok"]
    following = asyncio.create_task(watcher.follow(client))
    killing = asyncio.create_task(kill_in_turns(daemons))
    try:
        async with asyncio.timeout(WITHIN):
            for number in range(TASKS):
                body = {"images": photos, "reference": f"flight-{number}"}
                assert (await client.send("create-task", body, message_id=f"create-{number}"))["ok"]
            await watcher.until_ended(TASKS)
    finally:
        for task in (killing, following):
            task.cancel()
        await asyncio.wait({killing, following})
    assert TASKS == len(watcher.stories)
    for events in watcher.stories.values():
        assert list(range(1, len(events) + 1)) == [event["sequence"] for event in events]
        last = events[-1]["data"]["task"]
        assert (40, 1) == (last["status"], last["attempt"]), last
    runs = [(run.uuid, run.outcome) for node in nodes for run in node.runs]
    uuids = [events[-1]["data"]["task"]["uuid"] for events in watcher.stories.values()]
    assert sorted((uuid, "completed") for uuid in uuids) == sorted(runs)
