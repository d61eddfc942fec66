"""The store is lost with a hundred jobs on the nodes: the daemon takes them all back, and none runs twice."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image

from orchestrator.cli.control import ControlClient
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.daemon import Daemon

NODES = 10
TASKS = 100
COMPLETED = 40
QUICK = {"nodes__probe_interval": "0.5", "nodes__poll_interval": "1", "tasks__parallel_downloads": "4"}


class Scene:
    """A daemon, its nodes, and the command line beside it."""

    def __init__(self, daemon, nodes):
        self.daemon = daemon
        self.nodes = nodes
        self._control = ControlClient(daemon.folder / "data" / "control.sock")

    async def send(self, name, /, **body):
        answer = await asyncio.to_thread(self._control.send, name, json.dumps(body).encode())
        assert answer["ok"], answer
        return answer

    async def tasks(self):
        return await asyncio.to_thread(self._control.get, "/tasks", {"limit": 1000})

    async def orchestrator(self, *words, code=0):
        """Run a command, and give what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "orchestrator", *words, "--json", env=self.daemon.env,
            cwd=self.daemon.folder, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(40):
            out, _ = await process.communicate()
        assert code == process.returncode, out
        return json.loads(out)

    async def add_nodes(self):
        for node in self.nodes:
            await self.send("add-processing-node", url=node.url)

    async def lose_the_store(self):
        """Kill the daemon, delete its database, and start it again."""
        await self.daemon.kill()
        for file in (self.daemon.folder / "data").glob("orchestrator.db*"):
            file.unlink()
        await self.daemon.start()

    def started(self):
        return sorted(run.uuid for node in self.nodes for run in node.runs)

    async def until(self, condition):
        async with asyncio.timeout(40):
            while not await condition():
                await asyncio.sleep(0.1)


@pytest.fixture
async def scene(tmp_path):
    Image.effect_noise((32, 24), 60).save(tmp_path / "IMG_0001.JPG", "JPEG")
    nodes = [SimulatedNode(SimulatedNodeOptions(port=0, seconds=12, parallel=TASKS)) for _ in range(NODES)]
    daemon = Daemon(tmp_path, bus_url="memory://", files__import_roots=f'["{tmp_path}"]', **QUICK)
    async with AsyncExitStack() as stack:
        for node in nodes:
            await stack.enter_async_context(node)
        await daemon.start()
        stack.push_async_callback(daemon.kill)
        yield Scene(daemon, nodes)


async def test_a_hundred_jobs_outlive_the_loss_of_the_store(scene, tmp_path):
    await scene.add_nodes()
    photo = str(tmp_path / "IMG_0001.JPG")
    for number in range(1, TASKS + 1):
        await scene.send("create-task", images=[photo], name=f"Field {number}")

    async def all_run():
        return len(scene.started()) == TASKS

    await scene.until(all_run)
    await scene.lose_the_store()
    assert [] == await scene.tasks()
    await scene.add_nodes()
    found = (await scene.orchestrator("doctor", code=1))["findings"]
    assert NODES == sum("that the store does not know" in finding["what"] for finding in found)
    first, second = [await scene.orchestrator("adopt", "--yes") for _ in range(2)]
    names = {it["task"]["id"]: it["task"]["name"] for it in first["adopted"]}
    assert ({number: f"Field {number}" for number in range(1, TASKS + 1)}, []) == (names, second["adopted"])

    async def all_done():
        return [COMPLETED] * TASKS == [task["status"] for task in await scene.tasks()]

    await scene.until(all_done)
    uuids = sorted(it["uuid"] for it in first["adopted"])
    assert uuids == scene.started() == sorted(uuid for node in scene.nodes for uuid in node.jobs)
    archives = [Path(tmp_path / "data" / "tasks" / str(number) / "assets" / "all.zip") for number in names]
    assert all(archive.is_file() for archive in archives)
    assert [] == (await scene.orchestrator("doctor"))["findings"]
    assert TASKS + 1 == (await scene.send("create-task", images=[photo]))["task"]["id"]
