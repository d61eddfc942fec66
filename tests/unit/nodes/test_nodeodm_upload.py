"""Sending files: what goes over the wire, what a file's fate is after each mishap, and that nothing is held on to."""

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from orchestrator.domain.errors import (
    JobNotFound,
    NodeError,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
    NodeUnreachable,
    SourceFailed,
    SourceHindered,
    UploadUncertain,
)
from orchestrator.engine.ports import OutgoingFile
from orchestrator.nodes.nodeodm import Deadlines
from tests.faults.proxy import FaultyProxy
from tests.unit.nodes.nodeodm_bundle import CHUNK, MIB, QUICK, TOKEN, UUID, client_of, generated, ignore
from tests.unit.nodes.scripted_node import Act, ScriptedNode, http, says

STORED = says({"success": True})


def small(data: bytes = b"photo", name: str = "a.jpg") -> OutgoingFile:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return OutgoingFile(name=name, size=len(data), chunks=chunks)


async def error_of(act: Act, file: OutgoingFile | None = None, *, deadlines: Deadlines | None = None) -> Exception:
    async with ScriptedNode([act]) as node, client_of(node.url, deadlines=deadlines) as client:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks at it
            await client.upload(UUID, file or generated(MIB), sent=ignore)
    assert "s3cret" not in str(caught.value)
    return caught.value


async def test_a_file_goes_out_whole_with_its_length_and_its_name():
    counted: list[int] = []
    file = generated(600 * 1024, name='Zürich "1" 100%.jpg')
    async with ScriptedNode([STORED]) as node, client_of(node.url) as client:
        await client.upload(UUID, file, sent=counted.append)
    (request,) = node.requests
    (boundary,) = re.findall(r"^multipart/form-data; boundary=(\w+)$", request.headers["content-type"])
    head, _, rest = request.body.partition(b"\r\n\r\n")
    content = bytes(range(256)) * (600 * 4)
    assert ("POST", f"/task/new/upload/{UUID}", {"token": [TOKEN]}) == (request.method, request.path, request.query)
    assert str(len(request.body)) == request.headers["content-length"]
    assert head.startswith(f"--{boundary}".encode())
    assert 'name="images"; filename="Zürich \\"1\\" 100%.jpg"'.encode() in head
    assert content + f"\r\n--{boundary}--\r\n".encode() == rest
    assert [CHUNK, CHUNK, 88 * 1024] == counted


async def test_a_file_of_unknown_size_goes_out_in_chunks():
    async with ScriptedNode([STORED]) as node, client_of(node.url) as client:
        await client.upload(UUID, generated(300 * 1024, claimed=-1), sent=ignore)
    assert "chunked" == node.requests[0].headers["transfer-encoding"]
    assert bytes(range(256)) * 1200 in node.requests[0].body


async def test_an_empty_file_goes_out():
    async with ScriptedNode([STORED]) as node, client_of(node.url) as client:
        await client.upload(UUID, generated(0), sent=ignore)
    assert b"\r\n\r\n\r\n--" in node.requests[0].body


@pytest.mark.parametrize("status", [500, 503, 429, 403, 404, 301])
@pytest.mark.parametrize("early", [False, True])
async def test_a_whole_answer_that_says_nothing_was_stored_is_a_fault(status: int, early: bool):
    error = await error_of(Act(http(status, b"Internal Server Error"), early=early), generated(16 * MIB))
    assert NodeFault is type(error)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Act(http(401)), NodeUnauthorized),
        (says({"error": "Invalid authentication token: token does not match."}), NodeUnauthorized),
        (says({"error": "Invalid uuid (not found)"}), JobNotFound),
        (says({"error": "Invalid taskId: the task no longer exists."}), JobNotFound),
        (says({"error": "Need at least 1 file.", "noRetry": True}), NodeRefused),
        (Act(http(413, b"<h1>413 Request Entity Too Large</h1>"), early=True), NodeRefused),
    ],
    ids=repr,
)
async def test_refusals_settle_the_files_fate(act: Act, kind: type):
    assert kind is type(await error_of(act))


@pytest.mark.parametrize(
    "act",
    [
        Act(close=True),
        Act(close=True, early=True),
        Act(http(200, b'{"succ', length=16), close=True),
        Act(http(200, b"<html>")),
        Act(http(200, b"")),
        says({"success": "maybe"}),
        says({"uuid": UUID}),
        says({"error": "Unexpected end of multipart data"}),
        says({"error": "ENOSPC: no space left on device, write"}),
        says({"error": "Proxy redirect error: Error: socket hang up"}),
        Act(STORED.answer, early=True),
        Act(http(200, length=17 << 30)),
        Act(b"nonsense\r\n\r\n", close=True),
        *[Act(http(status, b"Sorry"), close=True) for status in (400, 408, 502, 504)],
    ],
    ids=repr,
)
async def test_whatever_leaves_the_files_fate_open_is_uncertain(act: Act):
    error = await error_of(act, generated(8 * MIB))
    assert UploadUncertain is type(error)
    assert isinstance(error.__cause__, NodeError)
    assert str(error).startswith("What became of IMG_0001.JPG on the node is unknown: ")


@pytest.mark.parametrize(("status", "too_slow"), [(408, True), (504, False)])
async def test_a_request_that_took_the_node_too_long_is_told_from_others_that_were_cut(status: int, *, too_slow: bool):
    error = await error_of(Act(http(status), close=True, early=True), generated(16 * MIB))
    assert isinstance(error, UploadUncertain)
    assert too_slow == error.too_slow


async def test_a_request_that_broke_when_its_time_was_over_took_too_long(monkeypatch):
    monkeypatch.setattr("orchestrator.nodes.nodeodm.upload.ALLOWED", 0.0)
    error = await error_of(Act(close=True))
    assert isinstance(error, UploadUncertain)
    assert error.too_slow


async def test_a_lost_answer_is_uncertain_and_names_the_deadline():
    error = await error_of(Act(hang=True), deadlines=QUICK)
    assert UploadUncertain is type(error)
    assert "did not answer within the deadline upload_idle of 0.2 s" in str(error)


async def test_a_server_that_stops_reading_is_noticed():
    blocked = asyncio.Event()
    error = await error_of(Act(early=True, then=blocked.wait), generated(64 * MIB), deadlines=QUICK)
    assert UploadUncertain is type(error)


async def test_a_slow_file_that_keeps_moving_meets_no_deadline():
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(8):
            await asyncio.sleep(QUICK.upload_idle / 3)
            yield b"x"

    file = OutgoingFile(name="slow.jpg", size=8, chunks=chunks)
    async with ScriptedNode([STORED]) as node, client_of(node.url, deadlines=QUICK) as client:
        await client.upload(UUID, file, sent=ignore)
    assert 1 == len(node.requests)


async def test_nothing_listening_is_unreachable_and_the_file_is_not_opened(unused_tcp_port: int):
    opened = []

    async def chunks() -> AsyncIterator[bytes]:
        opened.append(True)
        yield b"photo"

    file = OutgoingFile(name="a.jpg", size=5, chunks=chunks)
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(NodeUnreachable):
            await client.upload(UUID, file, sent=ignore)
    assert [] == opened


async def test_after_closing_nodes_are_unreachable():
    async with client_of("http://127.0.0.1:1") as client:
        pass
    with pytest.raises(NodeUnreachable, match="connections to nodes are closed"):
        await client.upload(UUID, generated(1), sent=ignore)


@pytest.mark.parametrize("trouble", [SourceFailed("gone"), SourceHindered("later")])
async def test_a_source_that_fails_midway_says_so_itself(trouble: Exception):
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise trouble

    error = await error_of(STORED, OutgoingFile(name="a.jpg", size=5000, chunks=chunks))
    assert trouble is error


async def test_a_source_that_cannot_be_opened_says_so_itself():
    trouble = SourceFailed("gone")

    def chunks() -> AsyncIterator[bytes]:
        raise trouble

    assert trouble is await error_of(STORED, OutgoingFile(name="a.jpg", size=5000, chunks=chunks))


async def test_a_source_that_breaks_is_a_source_that_failed():
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise OSError(5, "Input/output error")

    error = await error_of(STORED, OutgoingFile(name="a.jpg", size=5000, chunks=chunks))
    assert SourceFailed is type(error)
    assert "a.jpg could not be read: [Errno 5] Input/output error" == str(error)


@pytest.mark.parametrize("claimed", [MIB - 1, MIB + 1, 1])
async def test_a_file_that_changed_its_size_is_not_taken_for_sent(claimed: int):
    error = await error_of(STORED, generated(MIB, claimed=claimed))
    assert SourceHindered is type(error)
    assert "IMG_0001.JPG changed while it was sent." == str(error)


async def test_a_cut_on_the_way_is_uncertain():
    async with ScriptedNode([STORED]) as node, FaultyProxy(node.port) as proxy:
        proxy.cut_after(300_000)
        async with client_of(proxy.url) as client:
            with pytest.raises(UploadUncertain):
                await client.upload(UUID, generated(8 * MIB), sent=ignore)


async def test_an_answer_lost_on_the_way_is_uncertain_although_the_file_arrived():
    async with ScriptedNode([STORED]) as node, FaultyProxy(node.port) as proxy:
        proxy.swallow_answers()
        async with client_of(proxy.url, deadlines=QUICK) as client:
            with pytest.raises(UploadUncertain):
                await client.upload(UUID, generated(MIB), sent=ignore)
    assert node.requests[0].length > MIB


async def test_uploads_are_never_repeated_by_themselves():
    async with ScriptedNode([STORED, Act(close=True), STORED]) as node, client_of(node.url) as client:
        await client.upload(UUID, small(), sent=ignore)
        with pytest.raises(UploadUncertain):
            await client.upload(UUID, small(), sent=ignore)
    assert 2 == len(node.requests)


async def test_uploads_in_a_row_share_a_connection():
    async with ScriptedNode([STORED]) as node, client_of(node.url) as client:
        for _ in range(5):
            await client.upload(UUID, generated(MIB), sent=ignore)
    assert (5, 1) == (len(node.requests), node.connections)


@pytest.mark.parametrize("stuck", [True, False], ids=["unread", "unanswered"])
async def test_canceling_closes_the_connection_and_the_file_at_once(stuck: bool):
    blocked, closed, begun = asyncio.Event(), [], asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            for _ in range(256 if stuck else 4):
                begun.set()
                yield bytes(CHUNK)
            assert not stuck, "the server took what it did not read"
        finally:
            closed.append(True)

    file = OutgoingFile(name="a.jpg", size=64 * MIB if stuck else MIB, chunks=chunks)
    act = Act(early=True, then=blocked.wait) if stuck else Act(hang=True)
    async with ScriptedNode([act]) as node, client_of(node.url) as client:
        upload = asyncio.create_task(client.upload(UUID, file, sent=ignore))
        await begun.wait()
        while not node.requests:
            await asyncio.sleep(0)
        upload.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await upload
        assert [True] == closed
        blocked.set()
        async with asyncio.timeout(10):
            await node.gone.wait()


async def test_memory_stays_bounded_however_large_the_file():
    async with ScriptedNode([STORED]) as node, client_of(node.url) as client:
        await client.upload(UUID, generated(MIB), sent=ignore)
        tracemalloc.start()
        try:
            await client.upload(UUID, generated(200 * MIB), sent=ignore)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert node.requests[1].length > 200 * MIB
    assert peak < 20 * MIB
