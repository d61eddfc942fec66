"""The NodeODM client against the simulated node: a job's whole life over real HTTP, and the node's misdeeds."""

import asyncio
import re
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
    UploadUncertain,
)
from orchestrator.domain.task import Option
from orchestrator.engine.ports import JobInfo
from orchestrator.nodes.nodeodm import Deadlines, NodeOdmClient
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.unit.nodes.nodeodm_bundle import client_of, generated, ignore

NAMES = ("DJI 0001.JPG", "Zürich é 日本 100%.jpg", 'with "quotes".jpg')


@pytest.fixture
async def node() -> AsyncIterator[SimulatedNode]:
    async with SimulatedNode(SimulatedNodeOptions(port=0, seconds=0.2, seed=1, token="let+me in")) as running:
        yield running


@pytest.fixture
async def client(node: SimulatedNode) -> AsyncIterator[NodeOdmClient]:
    async with client_of(node.url, "let+me in") as talking:
        yield talking


async def until(client: NodeOdmClient, uuid: str, wanted: Callable[[JobInfo], bool]) -> JobInfo:
    async with asyncio.timeout(20):
        while not wanted(job := await client.job(uuid, from_line=0)):
            await asyncio.sleep(0.02)
    return job


async def submit(client: NodeOdmClient, *names: str, options: tuple[Option, ...] = ()) -> str:
    uuid = str(uuid4())
    await client.begin(uuid, name="Field 7", options=options)
    for name in names or NAMES:
        await client.upload(uuid, generated(50_000, name=name), sent=ignore)
    await client.commit(uuid)
    return uuid


async def test_a_node_introduces_itself(client: NodeOdmClient):
    info = await client.info()
    options = {option.name: option for option in await client.options()}
    assert (0, None, 1, "odm", False) == (
        info.queue_count,
        info.max_images,
        info.max_parallel,
        info.engine,
        info.is_cluster,
    )
    assert "bool" == options["dsm"].type
    assert isinstance(options["rerun-from"].domain, tuple)


async def test_a_job_from_images_to_archive_and_again(client: NodeOdmClient, node: SimulatedNode, tmp_path: Path):
    uuid = await submit(client, options=(Option("dsm", value=True), Option("orthophoto-resolution", value=4)))
    job = await until(client, uuid, lambda job: job.status == 40)
    assert (1.0, len(NAMES), "") == (job.progress, job.images_count, job.error)
    assert len(job.output) > 10
    assert job.output[5:] == (await client.job(uuid, from_line=5)).output
    assert () == (await client.job(uuid)).output

    target = tmp_path / "all.zip"
    seen: list[tuple[int, int | None]] = []
    await client.download(uuid, target, received=lambda done, total: seen.append((done, total)))
    assert (target.stat().st_size, target.stat().st_size) == seen[-1]
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None

    await client.restart(uuid, options=[Option("dsm", value=False)])
    await until(client, uuid, lambda job: job.status == 40)
    assert 2 == len(node.runs)
    await client.remove(uuid)
    with pytest.raises(JobNotFound, match=uuid):
        await client.job(uuid)
    with pytest.raises(JobNotFound):
        await client.remove(uuid)


async def test_names_arrive_as_they_are(tmp_path: Path):
    async with (
        SimulatedNode(SimulatedNodeOptions(port=0, seconds=30, data=tmp_path)) as node,
        client_of(node.url, "") as client,
    ):
        uuid = str(uuid4())
        await client.begin(uuid, name="x", options=[])
        for name in NAMES:
            await client.upload(uuid, generated(10, name=name), sent=ignore)
        stored = {path.name for path in tmp_path.rglob("*") if re.search(r"\.jpe?g$", path.name, re.IGNORECASE)}
        assert set(NAMES) == stored


async def test_a_running_job_is_canceled(client: NodeOdmClient):
    uuid = await submit(client)
    await client.cancel(uuid)
    assert 50 == (await until(client, uuid, lambda job: job.status not in {10, 20})).status


async def test_what_is_not_known_or_not_ready_is_told_apart(client: NodeOdmClient, tmp_path: Path):
    unknown = str(uuid4())
    for call in (client.job, client.cancel, client.remove, client.commit):
        with pytest.raises(JobNotFound):
            await call(unknown)
    with pytest.raises(JobNotFound):
        await client.restart(unknown, options=[])
    with pytest.raises(JobNotFound):
        await client.upload(unknown, generated(10), sent=ignore)
    with pytest.raises(JobNotFound):
        await client.download(unknown, tmp_path / "x", received=ignore)
    uuid = await submit(client)
    with pytest.raises(AssetNotReady):
        await client.download(uuid, tmp_path / "x", received=ignore)
    with pytest.raises(NodeRefused, match="Invalid set-uuid"):
        await client.begin(uuid, name="again", options=[])
    assert [] == list(tmp_path.iterdir())


async def test_bad_options_are_refused_in_the_nodes_words(client: NodeOdmClient):
    with pytest.raises(NodeRefused, match=r"dsm.*maybe"):
        await client.begin(str(uuid4()), name="x", options=[Option("dsm", value="maybe")])


async def test_too_many_images_fail_the_job_in_the_nodes_words():
    async with SimulatedNode(SimulatedNodeOptions(port=0, max_images=2)) as node, client_of(node.url, "") as client:
        uuid = await submit(client)
        job = await until(client, uuid, lambda job: job.status == 30)
    assert "3 images uploaded, but this node can only process up to 2." == job.error


async def test_a_changed_token_is_not_taken(client: NodeOdmClient, node: SimulatedNode):
    node.set_token("another")
    for call in (client.info, client.options):
        with pytest.raises(NodeUnauthorized):
            await call()
    with pytest.raises(NodeUnauthorized):
        await client.upload(str(uuid4()), generated(3_000_000), sent=ignore)


async def test_dropped_uploads_may_be_sent_again():
    options = SimulatedNodeOptions(port=0, seconds=0.1, drop_uploads=0.5, seed=3)
    async with SimulatedNode(options) as node, client_of(node.url, "") as client:
        uuid, dropped = str(uuid4()), 0
        await client.begin(uuid, name="x", options=[])
        for number in range(12):
            while True:
                try:
                    await client.upload(uuid, generated(400_000, name=f"{number}.jpg"), sent=ignore)
                    break
                except NodeFault:
                    dropped += 1
        await client.commit(uuid)
        job = await until(client, uuid, lambda job: job.status == 40)
    assert (True, 12) == (dropped > 0, job.images_count)


@pytest.mark.parametrize("mishap", [{"cut_uploads": 1.0}, {"lose_answers": 1.0}], ids=str)
async def test_cut_uploads_and_lost_answers_leave_a_files_fate_open(mishap: dict[str, float]):
    options = SimulatedNodeOptions(port=0)
    deadlines = Deadlines(upload_idle=0.3, answer=0.3)
    async with SimulatedNode(options) as node, client_of(node.url, "", deadlines) as client:
        uuid = str(uuid4())
        await client.begin(uuid, name="x", options=[])
        object.__setattr__(node.options, *next(iter(mishap.items())))
        with pytest.raises(UploadUncertain):
            await client.upload(uuid, generated(2_000_000), sent=ignore)


async def test_a_hanging_node_and_one_that_is_away_are_told_apart(node: SimulatedNode):
    async with client_of(node.url, "let+me in", Deadlines(info=0.2)) as client:
        node.hang()
        with pytest.raises(NodeFault, match="deadline info"):
            await client.info()
        node.unhang()
        await node.go_offline()
        with pytest.raises(NodeUnreachable):
            await client.info()
        await node.come_back()
        assert "odm" == (await client.info()).engine
