"""Uploads that are too much, that break off, or whose task goes meanwhile: told so, and nothing is left behind."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from orchestrator.api import server
from orchestrator.api.ports import RestPorts
from orchestrator.api.rest import receiving
from orchestrator.api.rest.application import rest_application
from orchestrator.api.window import routes_of
from orchestrator.domain.commands import CommitTask, TaskKey
from orchestrator.domain.errors import StorageFailed
from orchestrator.engine.ports import Order
from orchestrator.files import arrivals as hall
from tests.integration.api.photos import PHOTO, arrivals, form, on_disk, photos, remove, until
from tests.integration.api.site import site

TASKS = "/projects/1/tasks/"


def tasks_on_disk(daemon):
    return sorted(path.name for path in (daemon.app.settings.files.root / "tasks").glob("*"))


async def test_an_image_that_is_too_large_is_refused(folder):
    async with site(folder, files={"max_image_bytes": 1000}) as daemon:
        answer = await daemon.post(TASKS, data=form([("a.jpg", b"x" * 1001)]))
        assert (413, {"detail": "a.jpg is larger than the 1,000 bytes that are taken."}) == answer
        _, draft = await daemon.post(TASKS, json={"partial": True})
        body = form([("a.jpg", b"x")], dzuuid="u", dzchunkindex="1", dztotalchunkcount="2", dzchunkbyteoffset="1000")
        assert 413 == (await daemon.post(f"{TASKS}{draft['id']}/upload/", data=body))[0]
        assert [] == arrivals(daemon)


@pytest.mark.parametrize("known", [True, False])
async def test_what_would_fill_the_disk_is_refused(folder, known):
    async with site(folder, files={"keep_free_bytes": "1000 TB"}) as daemon:
        body = form(photos(2))
        status, answer = await daemon.post(TASKS, data=body, chunked=None if known else True)
        assert (507, "The disk has not enough room") == (status, answer["detail"].partition(":")[0])
        assert [] == arrivals(daemon)


async def test_many_small_files_do_not_fill_the_disk_either(folder, monkeypatch):
    def what_is_left(place):
        return SimpleNamespace(free=400_000 - sum(path.stat().st_size for path in place.rglob("*") if path.is_file()))

    monkeypatch.setattr(hall, "LOOK_EVERY", 50_000)
    monkeypatch.setattr(hall.shutil, "disk_usage", what_is_left)
    async with site(folder, files={"keep_free_bytes": 200_000}) as daemon:
        photo = b"x" * 40_000
        assert 201 == (await daemon.post(TASKS, data=form(photos(4, content=photo)), chunked=True))[0]
        assert 507 == (await daemon.post(TASKS, data=form(photos(8, content=photo)), chunked=True))[0]


async def test_more_files_than_a_task_takes_are_refused(daemon):
    files = daemon.app.files
    files.arrivals.max_files = files.albums.max_files = 3
    status, answer = await daemon.post(TASKS, data=form(photos(4)))
    assert (413, {"detail": "There are more than 3 files; a task takes no more."}) == (status, answer)
    _, draft = await daemon.post(TASKS, json={"partial": True})
    path = f"{TASKS}{draft['id']}/upload/"
    assert 200 == (await daemon.post(path, data=form(photos(3))))[0]
    assert 200 == (await daemon.post(path, data=form(photos(2))))[0]
    assert 413 == (await daemon.post(path, data=form([("one more.jpg", b"1")])))[0]


class Cut:
    """Sends the beginning of an upload over a connection that can be broken."""

    def __init__(self, daemon):
        self._address = daemon.url.removeprefix("http://").split(":")

    async def __aenter__(self):
        _, self.writer = await asyncio.open_connection(*self._address)
        head = (
            f"POST /api{TASKS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name=images; filename="a.jpg"\r\n\r\n'
        )
        self.writer.write(head.encode() + b"photo" * 1000)
        await self.writer.drain()
        return self.writer

    async def __aexit__(self, *_):
        self.writer.transport.abort()


async def test_an_upload_that_is_cut_leaves_nothing(daemon):
    async with Cut(daemon):
        await until(1, lambda: len(arrivals(daemon)))
    await until([], lambda: arrivals(daemon))
    assert [] == tasks_on_disk(daemon)
    assert 201 == (await daemon.post(TASKS, data=form(photos(2))))[0]


@pytest.mark.parametrize("path", [TASKS, f"{TASKS}import"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json"])
async def test_an_upload_that_does_not_move_is_given_up(daemon, monkeypatch, path, kind):
    monkeypatch.setattr(receiving, "IDLE", 0.1)

    async def stalled():
        yield b'--x\r\nContent-Disposition: form-data; name=i; filename="a.jpg"\r\n\r\nphoto'
        await asyncio.Event().wait()

    async with asyncio.timeout(30):
        answer = await daemon.post(path, data=stalled(), headers={"Content-Type": kind})
    assert (408, {"detail": "Nothing came for 0.1 s."}) == answer
    assert [] == arrivals(daemon)


async def test_a_stop_in_the_middle_of_an_upload_leaves_nothing(folder, monkeypatch):
    monkeypatch.setattr(server, "CLOSING", 0.1)
    async with site(folder) as daemon, Cut(daemon):
        await until(1, lambda: len(arrivals(daemon)))
        await daemon.app.server.stop()
        assert [] == arrivals(daemon)


async def test_what_a_crash_left_is_gone_after_the_next_start(folder):
    (folder / "data" / "arrivals" / "0123").mkdir(parents=True)
    (folder / "data" / "arrivals" / "0123" / "1").write_bytes(b"half a photo")
    async with site(folder) as daemon:
        assert [] == arrivals(daemon)


async def test_a_draft_takes_its_images_with_it(daemon):
    _, draft = await daemon.post(TASKS, json={"partial": True})
    await daemon.post(f"{TASKS}{draft['id']}/upload/", data=form(photos(2)))
    assert 2 == len(on_disk(daemon, draft["id"]))
    await remove(daemon, draft["id"])
    await until([], lambda: tasks_on_disk(daemon))


@pytest.mark.parametrize("hindered", [False, True], ids=["before", "during"])
async def test_an_upload_to_a_draft_that_goes_meanwhile_leaves_nothing(daemon, hindered):
    """The draft is removed between the last look at it and the placing of its images, or as they are placed."""
    _, draft = await daemon.post(TASKS, json={"partial": True})
    albums = daemon.app.files.albums
    place = albums.place

    async def too_late(task, files):
        await remove(daemon, task)
        await until(None, lambda: daemon.app.engine.conductor.tasks.get(task))
        placed = await place(task, files)
        if hindered:
            raise StorageFailed("Its folder has gone.")
        return placed

    albums.place = too_late
    status, _ = await daemon.post(f"{TASKS}{draft['id']}/upload/", data=form(photos(2)))
    assert 404 == status
    assert [] == tasks_on_disk(daemon)


async def test_an_upload_to_a_draft_that_is_committed_meanwhile_takes_nothing_from_it(daemon):
    """By another daemon that shares the folder, or over the bus: neither waits for this one."""
    _, draft = await daemon.post(TASKS, json={"partial": True})
    await daemon.post(f"{TASKS}{draft['id']}/upload/", data=form(photos(2)))
    albums = daemon.app.files.albums
    place = albums.place

    async def too_late(task, files):
        sources = await albums.sources(task)
        order = Order(CommitTask(task=TaskKey(id=task), sources=sources), own=True)
        await daemon.app.engine.turn.settle([order])
        return await place(task, files)

    albums.place = too_late
    status, _ = await daemon.post(f"{TASKS}{draft['id']}/upload/", data=form([("late.jpg", PHOTO)]))
    assert 409 == status
    assert dict(photos(2)).items() <= on_disk(daemon, draft["id"]).items()


@pytest.mark.parametrize(
    ("whole", "hindered"), [(True, False), (True, True), (False, False)], ids=["before", "during", "a duplicate"]
)
async def test_a_task_that_is_removed_before_its_images_are_there_leaves_nothing(daemon, whole, hindered):
    _, old = await daemon.post(TASKS, data=form(photos(2)))
    albums = daemon.app.files.albums
    place, copy = albums.place, albums.copy

    async def gone(task):
        await remove(daemon, task)
        await until(None, lambda: daemon.app.engine.conductor.tasks.get(task))

    async def place_too_late(task, files):
        await gone(task)
        placed = await place(task, files)
        if hindered:
            raise StorageFailed("Its folder has gone.")
        return placed

    async def copy_too_late(sources, *, of, to):
        await gone(to)
        return await copy(sources, of=of, to=to)

    albums.place, albums.copy = place_too_late, copy_too_late
    path = TASKS if whole else f"{TASKS}{old['id']}/duplicate/"
    status, _ = await daemon.post(path, data=form(photos(2)) if whole else None)
    assert 404 == status
    assert [str(old["id"])] == tasks_on_disk(daemon)


async def test_a_duplicate_takes_as_long_as_it_takes_to_copy_the_images(daemon):
    """A share without hard links copies them, gigabyte by gigabyte."""
    _, old = await daemon.post(TASKS, data=form(photos(2)))
    app = daemon.app
    copy = app.files.albums.copy

    async def copy_slowly(sources, *, of, to):
        await asyncio.sleep(0.5)
        return await copy(sources, of=of, to=to)

    app.files.albums.copy = copy_slowly
    ports = RestPorts(
        library=app.store, catalogue=app.store, desk=app.engine.turn, read_output=None, files=app.files,
        journal=app.store, live=app.live, webhooks=app.store.webhook_book, webhooks_changed=None,
    )  # fmt: skip
    served = TestServer(rest_application(routes_of(ports), deadline=0.25))
    async with TestClient(served) as client, client.post(f"{TASKS}{old['id']}/duplicate/") as answer:
        new = (await answer.json())["task"]
    assert on_disk(daemon, old["id"]) == on_disk(daemon, new["id"])


async def test_a_task_that_cannot_be_made_after_all_is_taken_away(daemon):
    """What is wrong with a file is seen when the draft is committed."""
    albums = daemon.app.files.albums
    sources = albums.sources

    async def with_one_gone(task):
        found = await sources(task)
        (daemon.app.settings.files.root / "tasks" / str(task) / "images" / found[0].name).unlink()
        return found

    albums.sources = with_one_gone
    status, answer = await daemon.post(TASKS, data=form(photos(2)))
    assert (400, ["images"]) == (status, list(answer))
    await until([], lambda: tasks_on_disk(daemon))


async def test_a_draft_that_still_gets_images_does_not_expire(folder):
    async with site(folder, tasks={"draft_ttl": 3600}) as daemon:
        engine = daemon.app.engine
        _, growing = await daemon.post(TASKS, json={"partial": True})
        _, left = await daemon.post(TASKS, json={"partial": True})
        await daemon.post(f"{TASKS}{growing['id']}/upload/", data=form([("a.jpg", PHOTO)]))
        soon = SimpleNamespace(now=lambda: datetime.now(UTC) + timedelta(seconds=3601))
        drafts = await engine.shop.store.drafts(before=soon.now())
        assert {growing["id"], left["id"]} == {task.id for task in drafts}
        images = folder / "data" / "tasks" / str(growing["id"]) / "images"
        os.utime(images, (soon.now().timestamp() - 60,) * 2)
        engine.shop.clock = soon
        await engine.housekeeping.round()
        drafts = await engine.shop.store.drafts(before=soon.now())
        assert [growing["id"]] == [task.id for task in drafts]
