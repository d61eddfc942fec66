"""What comes in over HTTP, from a client that sends again what had no answer."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

from aiohttp import web
from PIL import Image

from tests.crashes.scene import Scene
from tests.crashes.story import Story, around
from tests.crashes.visitor import Visitor


@cache
def photo(number: int) -> bytes:
    """Give a photo that is the same in each run."""
    made = io.BytesIO()
    Image.new("RGB", (64, 48), (number, 100, 200)).save(made, "JPEG")
    return made.getvalue()


@cache
def archive(number: int, *, backup: bool = False) -> bytes:
    """Give an archive of results, or a backup that WebODM made of a task."""
    made, names = io.BytesIO(), ["odm_orthophoto/odm_orthophoto.tif", "odm_dem/dsm.tif"]
    if backup:
        names = [*(f"assets/{name}" for name in names), "data/backup.json", "images/a.jpg"]
    with zipfile.ZipFile(made, "w") as bundle:
        for name in names:
            bundle.writestr(zipfile.ZipInfo(name), b"II*\0" + bytes([number]) * 1000)
    return made.getvalue()


def kept(scene: Scene, task: int, folder: str) -> dict[str, str]:
    """Give what the daemon has of a task, by name."""
    place = scene.folder / "data" / "tasks" / str(task) / folder
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    return {str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}


async def in_one_request(scene: Scene) -> object:
    """A task comes with all its images at once, and is duplicated."""
    await scene.add_node()
    await scene.arm()
    visitor = Visitor(scene)
    first = await visitor.create("North", [("a.jpg", photo(1)), ("b.jpg", photo(2)), ("gcp_list.txt", b"1")])
    await scene.until_task(id=first, status=40)
    second = await visitor.duplicate("North", first)
    await scene.until_task(id=second, status=40)
    return [kept(scene, task, "images") for task in (first, second)]


async def in_parts(scene: Scene) -> object:
    """A draft gets images one by one, in another case again, and in chunks; then it is committed."""
    await scene.add_node()
    await scene.arm()
    visitor = Visitor(scene)
    task = await visitor.draft("South")
    for files in ([("a.jpg", photo(1)), ("b.jpg", photo(2))], [("A.JPG", photo(3))]):
        status, answer = await visitor.upload(task, files)
        assert (200, len(files)) == (status, len(answer["uploaded"])), answer
    await _send_chunks(visitor, task, "c.jpg", photo(4), [(0, 0), (1, 30)])
    while 200 != (sent := await _send_chunks(visitor, task, "c.jpg", photo(4), [(1, 20), (0, 0)]))[0]:
        pass  # The misfits are told at the latest now, and all are sent again.
    assert {"c.jpg": len(photo(4))} == sent[1]["uploaded"]
    await _send_chunks(visitor, task, "d.jpg", photo(5), [(0, 0)], total=2)
    await visitor.commit(task)
    await scene.until_task(id=task, status=40)
    return kept(scene, task, "images")


async def _send_chunks(
    visitor: Visitor, task: int, name: str, whole: bytes, chunks: list[tuple[int, int]], *, total: int = 2
) -> tuple[int, dict]:
    """Send the parts of a file that is cut at 20 bytes, in this order, up to the first that is refused."""
    pieces = (whole[:20], whole[20:])
    for index, offset in chunks:
        given = {"dzchunkindex": index, "dztotalchunkcount": total, "dzchunkbyteoffset": offset, "dzuuid": name}
        answer = await visitor.upload(task, [(name, pieces[index])], **given)
        if answer[0] != 200:
            break
    return answer


async def imported(scene: Scene) -> object:
    """Finished results come in, one archive by upload, one from an address, one in chunks."""
    url = await scene.lasting(serving(archive(2, backup=True)))
    await scene.arm()
    visitor = Visitor(scene)
    first = await visitor.import_("Uploaded", archive(1))
    await scene.until_task(id=first, status=40)
    second = await visitor.import_("Fetched", url=url)
    await scene.until_task(id=second, status=40)
    third = await _imported_in_chunks(visitor, archive(3))
    await scene.until_task(id=third, status=40)
    return [kept(scene, task, "assets") for task in (first, second, third)]


async def _imported_in_chunks(visitor: Visitor, whole: bytes) -> int:
    answers = []
    for index, piece in enumerate((whole[:100], whole[100:])):
        given = {"dzchunkindex": index, "dztotalchunkcount": 2, "dzchunkbyteoffset": 100 * index, "dzuuid": "u"}
        answers.append(await visitor.import_chunk("Chunks", piece, **given))
    assert [200, 201] == [status for status, _ in answers], answers
    return answers[-1][1]["id"]


async def imported_in_vain(scene: Scene) -> object:
    """What is no archive comes in, and what is at no address."""
    await scene.arm()
    visitor = Visitor(scene)
    for name, given in (("Uploaded", {"archive": b"no zip at all"}), ("Fetched", {"url": "http://127.0.0.1:9/a.zip"})):
        await visitor.import_(name, **given)
    await scene.until(lambda: 2 == sum(each["data"]["task"]["status"] == 30 for each in scene.of_task()))
    _, tasks = await visitor.ask("GET", "/projects/1/tasks/", params={"ordering": "id"})
    return [(task["name"], task["status"], task["last_error"]) for task in tasks]


@asynccontextmanager
async def serving(content: bytes) -> AsyncIterator[str]:
    """Serve an archive; gives its address."""
    application = web.Application()

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type="application/zip")

    application.router.add_get("/all.zip", give)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/all.zip"
    finally:
        await runner.cleanup()


LOOPBACK = {"files__allow_private_addresses": '["127.0.0.0/8"]'}

STORIES: Mapping[str, Story] = {
    "in one request": Story(
        in_one_request,
        (
            (
                "arrival.write", "arrivals.gone", *around("commit.task-created"), "image.placed",
                *around("commit.task-waiting"),
            ),
            ("arrival.gone", "image.linked", "commit.task-waiting.before"),
        ),
    ),
    "in parts": Story(
        in_parts,
        (
            ("commit.task-created.after", "image.placed", "image.replaced", "chunk.write", "chunk.noted"),
            ("chunk.misfits", "chunk.whole", "parts.gone", *around("commit.task-waiting")),
        ),
    ),
    "imported": Story(
        imported,
        (
            (
                "archive.placed", *around("commit.task-collecting"), "swap.extract", "swap.new-gone", "swap.note",
                "swap.in-place", "commit.task-ended.before", "archive.restored", "commit.task-ended.after",
            ),
            (
                "archive.fetch", "archive.fetched", "swap.extract:6", "swap.link", "commit.task-ended.before",
                "chunk.whole", "archive.placed", "parts.gone",
            ),
        ),
        settings=LOOPBACK,
    ),
    "imported in vain": Story(
        imported_in_vain,
        (
            ("commit.task-collecting.after", "archive.refused", *around("commit.task-ended")),
        ),
    ),
}  # fmt: skip
