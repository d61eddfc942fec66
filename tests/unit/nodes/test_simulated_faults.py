"""The simulated node fails on cue: by chance, by time, and on the command of a test."""

import asyncio
import io
import time
import zipfile
from pathlib import Path

import aiohttp
import pytest

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions, serve_simulated_node
from tests.unit.nodes.simulated_client import PHOTO, running

BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


async def test_an_offline_node_refuses_connections_and_comes_back_on_its_port():
    async with running(seconds=0.2) as (node, client):
        uuid = await client.submit()
        port = node.port
        await node.go_offline()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get("/info")
        await node.wait_for("ended", uuid)
        await node.come_back()
        assert port == node.port
        assert {"code": 40} == (await client.info(uuid))["status"]


async def test_an_outage_can_be_timed():
    async with running(offline_after=0.05, offline_for=0.05, forget=True, seconds=30) as (node, client):
        await node.wait_for("offline")
        await node.wait_for("online")
        await node.wait_for("forgotten")
        assert [] == await client.get("/task/list")


async def test_a_crash_forgets_jobs_and_keeps_uploads(tmp_path: Path):
    async with running(data=tmp_path, seconds=30) as (node, client):
        lost, kept = await client.submit(), await client.prepare()
        await node.wait_for("started", lost)
        await node.forget()
        assert {"error": f"{lost} not found"} == await client.info(lost)
        assert [] == list((tmp_path / "jobs").iterdir())
        assert {"uuid": kept} == await client.commit(kept)
        assert {"uuid": lost} == await client.init(lost)
        assert "interrupted" == node.runs[0].outcome


async def test_a_crash_can_be_timed():
    async with running(forget_after=0.05) as (node, _):
        await node.wait_for("forgotten")


async def test_an_output_path_that_is_no_text_crashes_the_node():
    async with running() as (node, client):
        uuid = await client.submit()
        other = await client.prepare(outputs="[1]")
        with pytest.raises(BROKEN):
            await client.commit(other)
        await node.wait_for("forgotten")
        assert {"error": f"{uuid} not found"} == await client.info(uuid)


async def test_a_graceful_restart_begins_running_jobs_anew_and_empties_ended_ones():
    async with running(seconds=0.3) as (node, client):
        ended = await client.submit()
        await node.wait_for("ended", ended)
        live = await client.submit()
        await node.wait_for("started", live)
        await node.restart_gracefully()
        info = await client.info(ended)
        assert ({"code": 40}, 0, -1) == (info["status"], info["progress"], info["processingTime"])
        assert [] == await client.get(f"/task/{ended}/output")
        await node.wait_for("ended", live)
        assert ["completed", "interrupted", "completed"] == [run.outcome for run in node.runs]
        assert (20, 10, 20, 10, 20, 40) == node.jobs[live].history
        async with client.session.get(f"/task/{ended}/download/all.zip") as response:
            assert "application/zip" == response.content_type


async def test_a_hanging_node_answers_when_it_moves_again():
    async with running() as (node, client):
        node.hang()
        asked = asyncio.create_task(client.get("/info"))
        await node.wait_for("hung")
        assert not asked.done()
        node.unhang()
        assert "version" in await asked


async def test_a_hanging_node_can_be_stopped():
    async with running() as (node, client):
        node.hang()
        asked = asyncio.create_task(client.get("/info"))
        await node.wait_for("hung")
        await node.stop()
        with pytest.raises(BROKEN):
            await asked


async def test_canned_answers_come_for_the_path_and_as_often_as_asked():
    async with running() as (node, client):
        node.respond_with(502, "<html>Bad Gateway</html>", times=2, path="/info")
        node.respond_with(200, "maybe", content_type="application/json", path="/options")
        statuses = []
        for _ in range(3):
            async with client.session.get("/info") as response:
                statuses.append(response.status)
        assert [502, 502, 200] == statuses
        async with client.session.get("/options") as response:
            assert "maybe" == await response.text()
        assert {"info": 3, "options": 1} == dict(node.calls)


async def test_a_dropped_upload_is_a_plain_500_and_stores_nothing(tmp_path: Path):
    async with running(drop_uploads=1.0, data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        form = aiohttp.FormData()
        form.add_field("images", io.BytesIO(PHOTO * 10_000), filename="a.jpg")
        async with client.session.post(f"/task/new/upload/{uuid}", data=form) as response:
            assert (500, "text/plain") == (response.status, response.content_type)
        assert ["body.json"] == [path.name for path in (tmp_path / "tmp" / uuid).iterdir()]


@pytest.mark.parametrize("data", [PHOTO, PHOTO * 10_000])
async def test_a_cut_upload_leaves_a_truncated_file(tmp_path: Path, data: bytes):
    async with running(cut_uploads=1.0, data=tmp_path) as (_, client):
        uuid = await client.prepare(0)
        with pytest.raises(BROKEN):
            await client.upload(uuid, "a.jpg", data=data)
        assert 0 < (tmp_path / "tmp" / uuid / "a.jpg").stat().st_size < len(data)


async def test_a_connection_the_client_cuts_leaves_a_truncated_file(tmp_path: Path):
    async with running(data=tmp_path) as (node, client):
        uuid = await client.prepare(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        head = f"POST /task/new/upload/{uuid} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        head += '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
        writer.write(head.encode() + PHOTO)
        await writer.drain()
        await node.wait_for("upload-started", uuid)
        writer.transport.abort()
        assert {"success": True} == await client.upload(uuid, "a.jpg")
        assert {"a.jpg", "a_.jpg", "body.json"} == {path.name for path in (tmp_path / "tmp" / uuid).iterdir()}
        assert b"" == await reader.read()


async def test_a_lost_answer_has_had_its_effect():
    async with running() as (node, client):
        uuid = await client.prepare()
    async with running(lose_answers=1.0) as (node, client):
        with pytest.raises(BROKEN):
            await client.init(uuid)
        with pytest.raises(BROKEN):
            await client.upload(uuid, "a.jpg")
        with pytest.raises(BROKEN):
            await client.commit(uuid)
        await node.wait_for("ended", uuid)
        assert 1 == (await client.info(uuid))["imagesCount"]


async def test_the_first_downloads_are_corrupt():
    async with running(corrupt_results=2) as (node, client):
        uuid = await client.submit()
        await node.wait_for("ended", uuid)
        broken = []
        for _ in range(3):
            async with client.session.get(f"/task/{uuid}/download/all.zip") as response:
                broken.append(zipfile.ZipFile(io.BytesIO(await response.read())).testzip())
        assert [True, True, False] == [name is not None for name in broken]


async def test_transfers_are_as_slow_as_asked():
    async with running(slow_upload=200_000, slow_download=400_000) as (node, client):
        uuid = await client.prepare(0)
        started = time.monotonic()
        await client.upload(uuid, "a.jpg", data=bytes(40_000))
        uploaded = time.monotonic()
        assert uploaded - started >= 0.19
        await client.commit(uuid)
        await node.wait_for("ended", uuid)
        started = time.monotonic()
        async with client.session.get(f"/task/{uuid}/download/all.zip") as response:
            size = len(await response.read())
        assert time.monotonic() - started >= 0.9 * size / 400_000


async def test_the_same_seed_fails_the_same_runs():
    async def outcomes() -> list[str]:
        async with running(fail_rate=0.5, seed=3, seconds=0) as (node, client):
            for _ in range(8):
                await node.wait_for("ended", await client.submit(1))
            return [run.outcome for run in node.runs]

    first = await outcomes()
    assert first == await outcomes()
    assert {"failed", "completed"} == set(first)


async def test_start_and_stop_can_be_repeated_and_leave_nothing():
    node = SimulatedNode(SimulatedNodeOptions(port=0, seconds=30))
    await node.stop()
    folders = set()
    for _ in range(10):
        await asyncio.gather(*(node.start() for _ in range(3)))
        folders.add(node._life._temporary)
        async with aiohttp.ClientSession(node.url) as session:
            await session.post("/task/new/init")
        await asyncio.gather(*(node.stop() for _ in range(3)))
    assert 10 == len(folders)
    assert not any(folder.exists() for folder in folders)
    with pytest.raises(RuntimeError, match="not started"):
        node.port  # noqa: B018


async def test_a_port_in_use_is_reported():
    async with running() as (node, _):
        with pytest.raises(OSError, match="in use"):
            await SimulatedNode(SimulatedNodeOptions(port=node.port)).start()


async def test_serving_ends_with_the_cancel():
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_simulated_node(SimulatedNodeOptions(port=0), on_ready=ready.set_result))
    async with aiohttp.ClientSession(await ready) as session, session.get("/info") as response:
        assert 200 == response.status
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_waiting_names_what_did_not_happen():
    async with running() as (node, _):
        with pytest.raises(TimeoutError, match=r"no event 'ended' of x within 0\.01 s"):
            await node.wait_for("ended", "x", timeout=0.01)
        with pytest.raises(ValueError, match="no event 'lunch'"):
            await node.wait_for("lunch")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"fail_rate": 1.5}, "fail_rate must be from 0 to 1, not 1.5"),
        ({"fail_rate": float("nan")}, "fail_rate"),
        ({"seconds": -1}, "seconds must be 0 s or more"),
        ({"slow_upload": 0}, "slow_upload must be more than 0"),
        ({"parallel": 0}, "parallel must be 1 or more"),
        ({"max_images": 0}, "max_images must be 1 or more"),
        ({"port": 70_000}, "port must be from 0 to 65535"),
        ({"corrupt_results": -1}, "corrupt_results must be 0 or more"),
        ({"offline_for": 3}, "offline_for needs offline_after"),
        ({"drop_uploads": 0.6, "cut_uploads": 0.6}, "must not exceed 1"),
        ({"token": ""}, "token must not be empty"),
        ({"name": ""}, "name and host"),
    ],
)
def test_nonsense_options_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        SimulatedNodeOptions(**options)


def test_the_token_is_not_in_the_repr():
    assert "secret" not in repr(SimulatedNodeOptions(token="secret"))
