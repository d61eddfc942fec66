"""A daemon killed in the middle of anything goes on by itself: one job run, no event missing, COMPLETED."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from PIL import Image

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.daemon import Daemon

QUICK = {
    "nodes__probe_interval": "0.5",
    "nodes__poll_interval": "0.3",
    "nodes__first_poll_interval": "0.1",
    "tasks__progress_interval": "0.2",
}


class Story:
    """One task's events as a subscriber has them, repeats dropped by id."""

    def __init__(self, client):
        self._client = client
        self.events = {}

    async def follow(self, until):
        async with await self._client.events("task.#", replay=True) as events:
            async for event in events:
                self.events[event["id"]] = event
                if until(event):
                    return event
        raise AssertionError("the events ended")

    def sequence(self):
        return [event["sequence"] for event in self.events.values()]


@pytest.fixture
async def scene(tmp_path, amqp_url, bus_prefix):
    photos = []
    for number in range(4):
        path = tmp_path / f"IMG_{number}.JPG"
        Image.effect_noise((256, 192), 80).save(path, "JPEG", quality=95)
        photos.append(str(path))
    settings = QUICK | {"files__import_roots": f'["{tmp_path}"]'}
    daemon = Daemon(tmp_path, bus_url=amqp_url, prefix=bus_prefix, **settings)
    async with AsyncExitStack() as stack:
        await daemon.start()
        stack.push_async_callback(daemon.kill)

        async def begin(**options):
            node = SimulatedNode(SimulatedNodeOptions(port=0, **({"seconds": 1.0} | options)))
            await node.start()
            stack.push_async_callback(node.stop)
            client = await stack.enter_async_context(
                await BusClient.connect(amqp_url, topology=Topology(prefix=bus_prefix))
            )
            assert (await client.send("add-processing-node", {"url": node.url}))["ok"]
            answer = await client.send("create-task", {"images": photos}, message_id="create-1")
            assert answer["ok"], answer
            return node, Story(client)

        yield daemon, begin


async def ends_well(daemon, node, story):
    await daemon.start()
    async with asyncio.timeout(45):
        last = await story.follow(lambda event: event["data"]["task"]["stage"] == "ended")
    task = last["data"]["task"]
    assert (40, 1) == (task["status"], task["attempt"])
    assert list(range(1, len(story.events) + 1)) == story.sequence()
    assert [(task["uuid"], "completed")] == [(run.uuid, run.outcome) for run in node.runs]
    assert [task["uuid"]] == list(node.jobs)
    assert (daemon.folder / "data" / "tasks" / "1" / "assets" / "all.zip").is_file()


@pytest.mark.parametrize(
    ("event", "given"),
    [
        ("init", {}),
        ("uploaded", {"slow_upload": 40_000}),
        ("committed", {}),
        ("started", {"seconds": 2}),
        ("download-started", {"slow_download": 300_000, "result_bytes": 400_000}),
    ],
)
async def test_killed_right_after_the_node_saw(scene, event, given):
    daemon, begin = scene
    node, story = await begin(**given)
    await node.wait_for(event)
    await daemon.kill()
    await ends_well(daemon, node, story)


async def test_killed_while_the_node_finishes(scene):
    daemon, begin = scene
    node, story = await begin(seconds=1)
    await node.wait_for("started")
    await daemon.kill()
    await node.wait_for("ended")
    await ends_well(daemon, node, story)


async def test_stopped_in_order_during_processing_and_started_again(scene):
    daemon, begin = scene
    node, story = await begin(seconds=2)
    await node.wait_for("started")
    assert 0 == await daemon.stop()
    await ends_well(daemon, node, story)


async def test_a_command_sent_while_the_daemon_is_down_is_settled_when_it_is_back(scene, amqp_url, bus_prefix):
    daemon, begin = scene
    _, story = await begin()
    await daemon.kill()
    client = story._client
    sent = asyncio.create_task(client.send("create-project", {"name": "while it was away"}, message_id="p-1"))
    await daemon.start()
    assert (await sent)["ok"]
