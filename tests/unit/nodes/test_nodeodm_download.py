"""Fetching archives: looked at before they are written, measured after, resumed where the server can."""

import asyncio
import errno
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
    StorageFailed,
)
from orchestrator.nodes.nodeodm import sink
from tests.faults.proxy import FaultyProxy
from tests.unit.nodes.archives import ARCHIVE, S3, WHOLE, WHOLE_FROM_S3, ZIP, fetch
from tests.unit.nodes.nodeodm_bundle import MIB, QUICK, UUID, client_of, ignore
from tests.unit.nodes.scripted_node import Act, ScriptedNode, http, says


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "all.zip"


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


async def test_an_archive_is_fetched_and_counted(target: Path):
    seen: list[tuple[int, int | None]] = []
    async with ScriptedNode([WHOLE]) as node, client_of(node.url) as client:
        await client.download(UUID, target, received=lambda done, total: seen.append((done, total)))
    assert ARCHIVE == target.read_bytes()
    assert (len(ARCHIVE), len(ARCHIVE)) == seen[-1]
    assert sorted(seen) == seen
    assert ["all.zip"] == left(target)
    assert [("GET", f"/task/{UUID}/download/all.zip")] == [(request.method, request.path) for request in node.requests]


async def test_an_archive_without_a_length_is_fetched(target: Path):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nConnection: close\r\n\r\n"
    await fetch([Act(head + ARCHIVE, close=True)], target)
    assert ARCHIVE == target.read_bytes()


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (says({"error": "Asset not ready"}), AssetNotReady),
        (says({"error": f"Invalid route for taskId {UUID}:download/all.zip, no valid route possible."}), AssetNotReady),
        (says({"error": f"{UUID} not found"}), JobNotFound),
        (says({"error": "Invalid asset"}), NodeRefused),
        (says({"error": "Invalid authentication token: token does not match."}), NodeUnauthorized),
        (says({"uuid": UUID}), NodeFault),
        (Act(http(401)), NodeUnauthorized),
        (Act(http(404, b"Cannot GET /x")), NodeFault),
        (Act(http(500, b"S3 proxy failed", Content_Type="text/plain")), NodeFault),
        (Act(http(200, b"<html>Log in</html>", Content_Type="text/html; charset=utf-8")), NodeFault),
        (Act(http(200, b"<Error/>", Content_Type="application/xml")), NodeFault),
        (Act(http(206, b"part", **ZIP, Content_Range="bytes 0-3/9")), NodeFault),
        (Act(http(301, Location="/again")), NodeFault),
        (Act(http(302)), NodeFault),
        (Act(http(416)), NodeFault),
        (Act(close=True), NodeFault),
        (Act(http(200, ARCHIVE[:9], length=10, **ZIP), close=True), NodeFault),
        (Act(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nPK..\r\n", close=True), NodeFault),
    ],
    ids=repr,
)
async def test_what_is_no_whole_archive_leaves_nothing_behind(act: Act, kind: type, target: Path):
    async with ScriptedNode([act]) as node, client_of(node.url) as client:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - looked at below
            await client.download(UUID, target, received=ignore)
    assert kind is type(caught.value)
    assert "s3cret" not in str(caught.value)
    assert [] == left(target)


async def test_an_answer_that_is_no_archive_leaves_an_older_file_alone(target: Path):
    target.write_bytes(b"older")
    async with ScriptedNode([says({"error": "Asset not ready"})]) as node, client_of(node.url) as client:
        with pytest.raises(AssetNotReady):
            await client.download(UUID, target, received=ignore)
    assert b"older" == target.read_bytes()


async def test_nothing_listening_is_unreachable(target: Path, unused_tcp_port: int):
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(NodeUnreachable):
            await client.download(UUID, target, received=ignore)


async def test_after_closing_nodes_are_unreachable(target: Path):
    async with client_of("http://127.0.0.1:1") as client:
        pass
    with pytest.raises(NodeUnreachable, match="connections to nodes are closed"):
        await client.download(UUID, target, received=ignore)


async def test_a_stalled_download_ends_at_its_deadline(target: Path):
    stalled = Act(http(200, ARCHIVE[:1000], length=len(ARCHIVE), **ZIP))
    async with ScriptedNode([stalled]) as node, client_of(node.url, deadlines=QUICK) as client:
        with pytest.raises(NodeFault, match=r"did not answer within the deadline download_idle of 0\.2 s"):
            await client.download(UUID, target, received=ignore)
    assert [] == left(target)


async def test_a_slow_download_that_keeps_moving_meets_no_deadline(target: Path):
    patient = replace(QUICK, download_idle=1.0)
    drip = Act(http(200, b"x" * 20, **ZIP), slowly=patient.download_idle / 50)
    await fetch([drip], target, deadlines=patient)
    assert b"x" * 20 == target.read_bytes()


async def test_redirects_are_followed_without_taking_the_token_to_another_host(target: Path):
    async with ScriptedNode([WHOLE_FROM_S3]) as s3:
        away = f"{s3.url}/bucket/all.zip?sig=a%2Fb&token=s3cret%2B%2Ftoken"
        node = await fetch([Act(http(301, b"Moved", Location=away))], target)
    assert "s3cret" in node.requests[0].target
    assert ["/bucket/all.zip?sig=a%2Fb"] == [request.target for request in s3.requests]
    assert "s3cret" not in str(s3.requests[0].headers)
    assert ARCHIVE == target.read_bytes()


async def test_a_redirect_within_the_node_is_followed(target: Path):
    async with (
        ScriptedNode([Act(http(302, Location="/files/a b.zip?x=1")), WHOLE]) as node,
        client_of(node.url) as client,
    ):
        await client.download(UUID, target, received=ignore)
    assert "/files/a%20b.zip?x=1" == node.requests[1].target


@pytest.mark.parametrize("status", [403, 404])
async def test_an_archive_that_the_other_host_does_not_have_is_not_ready(status: int, target: Path):
    absent = Act(http(status, b"<Error/>", Content_Type="application/xml"))
    async with ScriptedNode([absent]) as s3:
        async with ScriptedNode([Act(http(301, Location=f"{s3.url}/all.zip"))]) as node, client_of(node.url) as client:
            with pytest.raises(AssetNotReady, match=str(status)):
                await client.download(UUID, target, received=ignore)
        assert ["/all.zip"] == [request.target for request in s3.requests]


@pytest.mark.parametrize("location", ["ftp://host/x", "http://[::1/x", "file:///etc/passwd", "javascript:1"])
async def test_redirects_to_nowhere_are_faults(location: str, target: Path):
    async with ScriptedNode([Act(http(301, Location=location))]) as node, client_of(node.url) as client:
        with pytest.raises((NodeFault, NodeUnreachable)):
            await client.download(UUID, target, received=ignore)
    assert [] == left(target)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
async def test_a_disk_that_takes_no_more_is_storage_that_failed(code: int, target: Path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(code, "No space, say")

    monkeypatch.setattr(sink, "_write_all", full)
    async with ScriptedNode([WHOLE]) as node, client_of(node.url) as client:
        with pytest.raises(StorageFailed, match=r"all\.zip could not be written: No space, say"):
            await client.download(UUID, target, received=ignore)
    assert [] == left(target)


async def test_a_folder_that_is_not_there_is_storage_that_failed(tmp_path: Path):
    async with ScriptedNode([WHOLE]) as node, client_of(node.url) as client:
        with pytest.raises(StorageFailed, match="No such file or directory"):
            await client.download(UUID, tmp_path / "none" / "all.zip", received=ignore)


@pytest.mark.parametrize("resumable", [False, True])
async def test_canceling_closes_connection_and_file_at_once(resumable: bool, target: Path):
    begun = asyncio.Event()
    headers = S3 if resumable else ZIP
    endless = Act(http(200, ARCHIVE, length=1 << 40, **headers))
    async with ScriptedNode([endless]) as node, client_of(node.url) as client:
        fetching = asyncio.create_task(client.download(UUID, target, received=lambda *_: begun.set()))
        await begun.wait()
        fetching.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await fetching
            await node.gone.wait()
    assert (["all.zip", "all.zip.note"] if resumable else []) == left(target)


async def test_a_cut_on_the_way_is_a_fault(target: Path):
    async with (
        ScriptedNode([WHOLE]) as node,
        FaultyProxy(node.port) as proxy,
        client_of(proxy.url) as client,
    ):
        proxy.cut_after(MIB, of="answers")
        with pytest.raises(NodeFault, match="cut"):
            await client.download(UUID, target, received=ignore)
        await proxy.reset()
        await client.download(UUID, target, received=ignore)
    assert ARCHIVE == target.read_bytes()
