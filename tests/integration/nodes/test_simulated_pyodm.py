"""The official client, PyODM, cannot tell the simulated node from a real one."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pyodm
import pytest
from PIL import Image
from pyodm.exceptions import NodeResponseError, TaskFailedError
from pyodm.types import TaskStatus

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions

IMAGES = 60
# PyODM uses a date function that newer Pythons warn about.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")


@pytest.fixture
def images(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"IMG_{number:04}.JPG" for number in range(IMAGES)]
    for path in paths:
        Image.new("RGB", (32, 24), "olive").save(path)
    return [str(path) for path in paths]


@pytest.fixture
async def node() -> AsyncIterator[SimulatedNode]:
    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3, seed=1)) as running:
        yield running


def client_of(node: SimulatedNode, token: str = "") -> pyodm.Node:
    return pyodm.Node("127.0.0.1", node.port, token, timeout=10)


async def test_a_task_goes_from_images_to_assets(node: SimulatedNode, images: list[str], tmp_path: Path):
    def story() -> Path:
        task = client_of(node).create_task(images, {"dsm": True, "orthophoto-resolution": 4}, "Field 7")
        task.wait_for_completion(interval=0.05)
        info = task.info(with_output=-2)
        assert (TaskStatus.COMPLETED, "Field 7", IMAGES, 100) == (
            info.status,
            info.name,
            info.images_count,
            info.progress,
        )
        assert "" == info.last_error
        assert {"name": "dsm", "value": True} in info.options
        assert task.output()[-2:] == info.output
        assert len(task.output()) > 60
        return Path(task.download_assets(str(tmp_path / "assets")))

    assets = await asyncio.to_thread(story)
    with Image.open(assets / "odm_orthophoto" / "odm_orthophoto.tif") as orthophoto:
        orthophoto.load()
    assert (assets / "odm_dem" / "dsm.tif").exists()
    assert (assets / "odm_report" / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert IMAGES == node.calls["upload"]


async def test_a_task_is_canceled_restarted_and_removed(images: list[str]):
    def story() -> None:
        task = client.create_task(images[:5], name="again")
        assert task.cancel()
        assert TaskStatus.CANCELED == task.info().status
        # Until initialisation ends a restarted task is running, then it is queued and runs.
        assert task.restart({"dtm": True})
        task.wait_for_completion(interval=0.05)
        assert [{"name": "dtm", "value": True}] == [o for o in task.info().options if o["name"] == "dtm"]
        assert task.remove()
        with pytest.raises(NodeResponseError, match="not found"):
            task.info()

    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3)) as node:
        client = client_of(node)
        await asyncio.to_thread(story)
        assert "completed" == node.runs[-1].outcome


async def test_a_failure_is_told_with_its_reason(node: SimulatedNode, images: list[str]):
    def story() -> None:
        task = client_of(node).create_task(images[:3], name="bad")
        with pytest.raises(TaskFailedError):
            task.wait_for_completion(interval=0.05)
        assert "Not enough memory" == task.info().last_error

    node.fail_next(1, "Not enough memory")
    await asyncio.to_thread(story)


async def test_too_many_images_fail_the_task(images: list[str]):
    def story() -> None:
        task = client_of(node).create_task(images[:4], name="many")
        with pytest.raises(TaskFailedError):
            task.wait_for_completion(interval=0.05)
        assert "4 images uploaded, but this node can only process up to 3." == task.info().last_error

    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3, max_images=3)) as node:
        assert 3 == (await asyncio.to_thread(client_of(node).info)).max_images
        await asyncio.to_thread(story)


async def test_only_the_right_token_gets_in(images: list[str]):
    # PyODM shares one default query between all its nodes, so the node without token comes first.
    def story() -> None:
        with pytest.raises(NodeResponseError, match="token does not match"):
            client_of(node).info()
        with pytest.raises(NodeResponseError, match="token does not match"):
            client_of(node, "wrong").info()
        assert "odm" == client_of(node, "secret").info().engine
        task = client_of(node, "secret").create_task(images[:2], name="in")
        task.wait_for_completion(interval=0.05)

    try:
        async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3, token="secret")) as node:
            await asyncio.to_thread(story)
    finally:
        pyodm.Node.url.__defaults__[0].clear()


async def test_options_are_listed(node: SimulatedNode):
    options = await asyncio.to_thread(client_of(node).options)
    assert "enum" in {option.type for option in options}


async def test_dropped_uploads_are_sent_again(images: list[str]):
    def story() -> float:
        started = time.monotonic()
        task = client_of(node).create_task(images[:6], name="rough", retry_timeout=0)
        task.wait_for_completion(interval=0.05)
        assert 6 == task.info().images_count
        return time.monotonic() - started

    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.3, drop_uploads=0.3, seed=5)) as node:
        await asyncio.to_thread(story)
        assert node.calls["upload"] > 6
