"""Finished results taken over: one zip file, or the address of one."""

import io
import zipfile

import pytest
from aiohttp import web

from orchestrator.domain.commands import SetPendingAction, TaskKey
from orchestrator.domain.task import PendingAction
from orchestrator.engine.ports import Order
from tests.integration.api.photos import arrivals, form, on_disk, remove, until
from tests.integration.api.site import site

IMPORT = "/projects/1/tasks/import"
WRONG = (400, ["Cannot create task, you need to upload 1 file, or to give its url"])
TREE = {"odm_orthophoto/odm_orthophoto.tif": b"II*\0", "odm_dem/dsm.tif": b"II*\0"}


def archive(tree=TREE):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for name, content in tree.items():
            bundle.writestr(name, content)
    return made.getvalue()


async def ended(daemon, task):
    """Wait for the end of a task, and give it."""
    path = f"/projects/1/tasks/{task}/"
    shown = {}

    async def look():
        shown.update((await daemon.get(path))[1])
        return shown["status"] in {30, 40, 50}

    while not await look():
        pass
    return shown


async def restart(daemon, task):
    command = SetPendingAction(task=TaskKey(id=task), pending_action=PendingAction.RESTART)
    (settled,) = await daemon.app.engine.turn.settle([Order(command)])
    assert settled.accepted


async def imported(daemon, **fields):
    content = fields.pop("content", None)
    body = form([("all.zip", content)] if content is not None else [], **fields)
    status, task = await daemon.post(IMPORT, data=body)
    assert (201, fields.get("name") or "Imported Task", False, 0) == (
        status, task["name"], task["auto_processing_node"], task["images_count"],
    )  # fmt: skip
    return await ended(daemon, task["id"])


async def test_an_uploaded_archive_becomes_a_task_with_results(daemon):
    done = await imported(daemon, name="Old flight", content=archive())
    assert (40, ["all.zip", "orthophoto.tif", "dsm.tif"], "file://all.zip", 1.0) == (
        done["status"], done["available_assets"], done["import_url"], done["running_progress"],
    )  # fmt: skip
    status, body = await daemon.get(f"/projects/1/tasks/{done['id']}/download/orthophoto.tif")
    assert (200, b"II*\0") == (status, body)
    assert [] == arrivals(daemon)
    await restart(daemon, done["id"])
    again = await ended(daemon, done["id"])
    assert (40, 2, done["available_assets"]) == (again["status"], again["attempt"], again["available_assets"])
    await remove(daemon, done["id"])
    await until([], lambda: list((daemon.app.settings.files.root / "tasks").iterdir()))


@pytest.mark.parametrize(
    ("lists", "count"),
    [
        ({"images.json": b'[{"filename": "a.JPG"}, {"filename": "b.JPG"}]', "odm_report/shots.geojson": b"{}"}, 2),
        ({"odm_report/shots.geojson": b'{"features": [{}, {}, {}]}'}, 3),
        ({"images.json": b"[" * 100_000}, 0),
        ({"images.json/nothing": b"[]"}, 0),
    ],
)
async def test_an_imported_task_has_the_images_that_its_results_tell_of(daemon, lists, count):
    done = await imported(daemon, content=archive(TREE | lists))
    assert (40, count) == (done["status"], done["images_count"])


async def test_of_a_backup_the_results_are_taken(daemon):
    backup = {f"assets/{name}": content for name, content in TREE.items()}
    backup |= {"assets/assets/inner.txt": b"1", "a.JPG": b"2" * 5000, "data/backup.json": b"{}"}
    content = archive(backup)
    done = await imported(daemon, content=content)
    assert (40, ["all.zip", "orthophoto.tif", "dsm.tif"]) == (done["status"], done["available_assets"])
    kept = daemon.app.settings.files.root / "tasks" / str(done["id"]) / "assets"
    assert {"all.zip", "assets", "odm_dem", "odm_orthophoto"} == {path.name for path in kept.iterdir()}
    assert (200, b"1") == await daemon.get(f"/projects/1/tasks/{done['id']}/assets/assets/inner.txt")
    assert (200, content) == await daemon.get(f"/projects/1/tasks/{done['id']}/download/all.zip")
    assert round((len(content) + 4 + 4 + 1) / 1e6, 6) == done["size"]
    await restart(daemon, done["id"])
    assert done["available_assets"] == (await ended(daemon, done["id"]))["available_assets"]


@pytest.mark.parametrize("missing", ["assets/x", "data/backup.json"])
async def test_what_only_looks_like_a_backup_stays_as_it_is(daemon, missing):
    tree = TREE | {"assets/x": b"1", "data/backup.json": b"{}"}
    del tree[missing]
    done = await imported(daemon, content=archive(tree))
    assert "orthophoto.tif" in done["available_assets"]


async def test_what_is_no_zip_fails_the_task_each_time_and_takes_no_room(daemon):
    failed = await imported(daemon, content=b"no zip at all")
    assert (30, "Invalid zip file") == (failed["status"], failed["last_error"])
    assert {"results.zip.part": b""} == on_disk(daemon, failed["id"], "incoming")
    await restart(daemon, failed["id"])
    again = await ended(daemon, failed["id"])
    assert (30, 2, "Invalid zip file") == (again["status"], again["attempt"], again["last_error"])


async def test_an_archive_that_is_gone_is_asked_for(daemon):
    failed = await imported(daemon, content=b"no zip at all")
    (daemon.app.settings.files.root / "tasks" / str(failed["id"]) / "incoming" / "results.zip.part").unlink()
    await restart(daemon, failed["id"])
    again = await ended(daemon, failed["id"])
    assert (30, "The archive is not here any more; import it again.") == (again["status"], again["last_error"])


def piece(index, content, *, offset, total=2, upload="u1"):
    fields = {"dzuuid": upload, "dzchunkindex": index, "dztotalchunkcount": total, "dzchunkbyteoffset": offset}
    return form([("all.zip", content)], name="In pieces", **{key: str(value) for key, value in fields.items()})


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 0, 1]])
async def test_an_archive_comes_in_chunks(daemon, order):
    content = archive()
    half = len(content) // 2
    parts = {0: (content[:half], 0), 1: (content[half:], half)}
    for index in order[:-1]:
        body = piece(index, parts[index][0], offset=parts[index][1])
        assert (200, {"uploaded": True}) == await daemon.post(IMPORT, data=body)
    last = order[-1]
    for _ in range(2):  # Its answer may be lost, so that it comes again.
        status, task = await daemon.post(IMPORT, data=piece(last, parts[last][0], offset=parts[last][1]))
        assert (201, "In pieces", "file://all.zip") == (status, task["name"], task["import_url"])
    done = await ended(daemon, task["id"])
    assert (40, ["all.zip", "orthophoto.tif", "dsm.tif"]) == (done["status"], done["available_assets"])
    assert [done["id"]] == [it["id"] for it in (await daemon.get("/projects/1/tasks/"))[1]]
    assert ({}, []) == (on_disk(daemon, done["id"], "parts"), arrivals(daemon))


async def test_chunks_of_several_archives_are_told_apart(daemon):
    content = archive()
    assert 201 == (await daemon.post(IMPORT, data=piece(0, content, offset=0, total=1)))[0]
    for upload in ("u1", "u2"):
        body = piece(0, content[:20], offset=0, upload=upload)
        assert (200, {"uploaded": True}) == await daemon.post(IMPORT, data=body)
    for upload in ("u1", "u2"):
        status, task = await daemon.post(IMPORT, data=piece(1, content[20:], offset=20, upload=upload))
        assert 201 == status
        assert 40 == (await ended(daemon, task["id"]))["status"]
    assert 3 == len((await daemon.get("/projects/1/tasks/"))[1])


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"data": form([])}, WRONG),
        ({"json": {}}, WRONG),
        ({"data": form([("a.zip", b"1"), ("b.zip", b"2")])}, WRONG),
        ({"data": form([("a.zip", b"1")], url="https://host/b.zip")}, WRONG),
        ({"json": {"url": "ftp://host/a.zip"}}, (400, {"url": ["Enter a valid URL."]})),
        ({"json": {"url": "https://me:pass/word@host/a.zip"}}, (400, {"url": ["Enter a valid URL."]})),
        ({"json": {"url": "file:///etc/passwd"}}, (400, {"url": ["Enter a valid URL."]})),
    ],
)
async def test_what_names_no_archive_is_told_so(daemon, body, answer):
    assert answer == await daemon.post(IMPORT, **body)


@pytest.fixture
async def shelf():
    """A server with an archive."""

    async def serve(_):
        return web.Response(body=archive(), content_type="application/zip")

    application = web.Application()
    application.router.add_get("/all.zip", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_archive_is_fetched_from_where_it_is(folder, shelf):
    async with site(folder, files={"allow_private_addresses": ["127.0.0.0/8"]}) as daemon:
        done = await imported(daemon, url=f"{shelf}/all.zip")
        assert (40, f"{shelf}/all.zip") == (done["status"], done["import_url"])
        gone = await imported(daemon, url=f"{shelf}/nothing.zip")
        assert (30, True) == (gone["status"], "the server answered 404" in gone["last_error"])


async def test_no_private_address_is_asked_unless_that_is_allowed(daemon, shelf):
    failed = await imported(daemon, url=f"{shelf}/all.zip")
    assert 30 == failed["status"]
    assert "127.0.0.1 is not a public address; files.allow_private_addresses can allow it" in failed["last_error"]
