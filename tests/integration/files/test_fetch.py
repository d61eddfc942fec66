"""Images from http addresses, against a real server on this machine."""

import asyncio
import ipaddress
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from orchestrator.domain.errors import SourceFailed, SourceHindered, StorageFailed
from orchestrator.domain.task import Source, Stage, Task
from orchestrator.engine.ports import OutgoingFile
from orchestrator.files import FetchLimits, ImageFiles

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TASK = Task(id=134, project=27, created_at=NOON, updated_at=NOON, stage=Stage.UPLOADING)
PHOTO = os.urandom(3_000_000)
HERE = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
async def images(tmp_path: Path):
    limits = FetchLimits(max_bytes=5_000_000, connect=2.0, silence=0.2, whole=2.0, private=HERE)
    files = ImageFiles(root=tmp_path, limits=limits)
    yield files
    await files.close()


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "tasks" / "134" / "staging"


def staged(staging: Path) -> list[int]:
    return [path.stat().st_size for path in staging.iterdir()] if staging.exists() else []


async def content(file: OutgoingFile) -> bytes:
    return b"".join([piece async for piece in file.chunks()])


async def photo(request: web.Request) -> web.Response:
    return web.Response(body=PHOTO, content_type="image/jpeg")


def answering(status: int, **more: str):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=b"text", headers=more)

    return answer


async def failed(images: ImageFiles, source: Source) -> str:
    with pytest.raises(SourceFailed) as caught:
        await images.stage(TASK, source, resize_to=-1)
    assert "secret" not in str(caught.value)
    return str(caught.value)


async def hindered(images: ImageFiles, source: Source) -> str:
    with pytest.raises(SourceHindered) as caught:
        await images.stage(TASK, source, resize_to=-1)
    assert "secret" not in str(caught.value)
    return str(caught.value)


async def test_an_image_is_fetched_once_and_can_be_read_again(images, serve, staging):
    asked = []

    async def count(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await photo(request)

    source = await serve(count)
    (expanded,) = await images.expand([Source(source.uri, "")])
    first = await images.stage(TASK, expanded, resize_to=-1)
    second = await images.stage(TASK, expanded, resize_to=-1)

    assert ("IMG_1.JPG", len(PHOTO)) == (first.name, first.size)
    assert PHOTO == await content(first) == await content(second)
    assert ["/flight/IMG_1.JPG"] == asked
    assert [len(PHOTO)] == staged(staging)


async def test_fetching_never_holds_a_file_whole(tmp_path, serve):
    piece = bytes(1024 * 1024)

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(piece)
        return answer

    images = ImageFiles(root=tmp_path, limits=FetchLimits(private=HERE))
    source = await serve(stream)
    tracemalloc.start()
    file = await images.stage(TASK, source, resize_to=-1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 64 * 1024 * 1024 == file.size
    assert 16 * 1024 * 1024 > peak
    await images.close()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_an_answer_that_will_not_change_fails(images, serve, staging, status):
    expected = f"the server answered {status}"
    assert expected in await failed(images, await serve(answering(status)))
    assert [] == staged(staging)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_change_hinders(images, serve, staging, status):
    expected = f"the server answered {status}"
    assert expected in await hindered(images, await serve(answering(status)))
    assert [] == staged(staging)


async def test_a_few_redirects_are_followed_and_no_more(images, serve):
    async def hop(request: web.Request) -> web.StreamResponse:
        left = int(request.query.get("left", request.path.rpartition("/")[2]))
        if left:
            raise web.HTTPFound(f"/{left - 1}")
        return await photo(request)

    source = await serve(hop)
    host = source.uri.partition("/flight")[0]

    assert len(PHOTO) == (await images.stage(TASK, Source(f"{host}/5", "a.jpg"), resize_to=-1)).size
    expected = "redirected more than 5 times"
    assert expected in await failed(images, Source(f"{host}/6", "b.jpg"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"])
async def test_an_address_of_the_inside_fails_for_good_and_nobody_there_is_asked(tmp_path, serve, staging, host):
    asked = []

    async def inside(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await photo(request)

    source = await serve(inside)
    images = ImageFiles(root=tmp_path, limits=FetchLimits())
    told = await failed(images, Source(source.uri.replace("127.0.0.1", host), "a.jpg"))
    assert told.endswith("is not a public address; files.allow_private_addresses can allow it."), told
    assert "secret" not in told
    assert ([], []) == (asked, staged(staging))
    await images.close()


async def test_a_redirect_leads_to_no_place_that_is_not_allowed(tmp_path, serve):
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"http://127.0.0.2:{request.url.port}/inside.jpg")

    source = await serve(elsewhere)
    images = ImageFiles(root=tmp_path, limits=FetchLimits(private=[ipaddress.ip_network("127.0.0.1/32")]))
    assert "127.0.0.2 is not a public address" in await failed(images, source)
    await images.close()


async def test_an_image_too_large_is_not_fetched_whether_announced_or_not(images, serve, staging):
    async def announced(request: web.Request) -> web.Response:
        return web.Response(body=bytes(5_000_001))

    async def streamed(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(6):
            await answer.write(bytes(1_000_000))
        return answer

    expected = "is larger than the 5,000,000 bytes that an image may have"
    assert expected in await failed(images, await serve(announced))
    assert expected in await failed(images, await serve(streamed))
    assert [] == staged(staging)


async def test_a_transfer_that_is_cut_hinders_and_leaves_nothing(images, serve, staging):
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"x" * 500)
        assert request.transport is not None
        request.transport.close()
        return answer

    expected = "cut before its end"
    assert expected in await hindered(images, await serve(cut))
    assert [] == staged(staging)


async def test_a_server_that_falls_silent_hinders(images, serve, gate, staging):
    async def silent(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"x" * 500)
        await gate.wait()
        return answer

    expected = "nothing came for 0.2 s"
    assert expected in await hindered(images, await serve(silent))
    assert [] == staged(staging)


async def test_a_server_that_drips_does_not_hold_us_for_ever(tmp_path, serve):
    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.02)

    images = ImageFiles(root=tmp_path, limits=FetchLimits(whole=0.3, silence=5.0, private=HERE))
    assert "not complete within 0.3 s" in await hindered(images, await serve(drip))
    await images.close()


async def test_a_server_that_is_away_hinders(images):
    source = Source(f"http://user:secret@127.0.0.1:{unused_port()}/a.jpg", "a.jpg")

    told = await hindered(images, source)
    assert told.endswith(" (connection refused)."), told
    assert "nobody listens at 127.0.0.1:" in told


async def test_a_web_page_or_nothing_in_place_of_an_image_fails(images, serve, staging):
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<h1>Please log in</h1>", content_type="text/html")

    async def nothing(request: web.Request) -> web.Response:
        return web.Response(body=b"", content_type="image/jpeg")

    assert "gave a web page" in await failed(images, await serve(page))
    assert "is empty (0 bytes)" in await failed(images, await serve(nothing))
    assert [] == staged(staging)


async def test_a_cancelled_fetch_leaves_nothing(images, serve, gate, staging):
    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"x" * 500)
        await gate.wait()
        return answer

    fetching = asyncio.create_task(images.stage(TASK, await serve(slow), resize_to=-1))
    await gate.reached.wait()
    fetching.cancel()

    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert [] == staged(staging)


async def test_a_full_disk_is_the_disks_failure(images, serve, staging, monkeypatch):
    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(StorageFailed, match="no space is left on the disk"):
        await images.stage(TASK, await serve(photo), resize_to=-1)
    assert [] == staged(staging)


async def test_many_are_fetched_at_once_and_the_same_one_by_two(images, serve, staging):
    source = await serve(photo)
    sources = [Source(f"{source.uri}&n={number // 2}", f"{number}.jpg") for number in range(20)]

    files = await asyncio.gather(*(images.stage(TASK, one, resize_to=-1) for one in sources))

    assert [len(PHOTO)] * 20 == [file.size for file in files]
    assert [len(PHOTO)] * 10 == staged(staging)


async def test_a_fetched_image_is_made_smaller_as_well(images, serve):
    from io import BytesIO

    from PIL import Image

    packed = BytesIO()
    Image.new("RGB", (400, 300)).save(packed, "JPEG")

    async def small(request: web.Request) -> web.Response:
        return web.Response(body=packed.getvalue())

    file = await images.stage(TASK, await serve(small), resize_to=100)

    assert (100, 75) == Image.open(BytesIO(await content(file))).size
