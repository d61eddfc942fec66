"""Photos as clients send them, and a look at what the daemon has on its disk."""

import asyncio
import contextlib

import aiohttp

from orchestrator.domain.commands import SetPendingAction, TaskKey
from orchestrator.domain.task import PendingAction
from orchestrator.engine.ports import Order

TASKS = "/projects/1/tasks/"

PHOTO = b"\xff\xd8\xff\xe0 a photo of a field"


def form(files, **fields):
    """Give a multipart body: fields first, then files as (name, content)."""
    body = aiohttp.FormData(quote_fields=False)
    for name, value in fields.items():
        body.add_field(name, value)
    return add_files(body, files)


def add_files(body, files, *, field="images"):
    for name, content in files:
        body.add_field(field, content, filename=name, content_type="image/jpeg")
    return body


def photos(count, *, content=PHOTO):
    return [(f"DJI_{number:04}.JPG", content) for number in range(1, count + 1)]


def on_disk(site, task, folder="images"):
    """Give names and contents of what the daemon keeps for a task, even while it is being deleted."""
    place = site.app.settings.files.root / "tasks" / str(task) / folder
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for path in place.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found[path.name] = path.read_bytes()
    return found


async def remove(site, task):
    """Have a task removed."""
    command = SetPendingAction(task=TaskKey(id=task), pending_action=PendingAction.REMOVE)
    (settled,) = await site.app.engine.turn.settle([Order(command)])
    assert settled.accepted


async def until(expected, look):
    """Wait until it looks as expected: what goes on after an answer has no event of its own."""
    async with asyncio.timeout(30):
        while expected != look():
            await asyncio.sleep(0.01)


def arrivals(site):
    """Give what lies where uploads arrive."""
    place = site.app.settings.files.root / "arrivals"
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


async def draft(daemon, **fields):
    """Begin a draft and give its number."""
    status, task = await daemon.post(TASKS, json={"partial": True, **fields})
    assert (201, True, "draft") == (status, task["partial"], task["stage"])
    return task["id"]


def chunk(task, index, content, *, offset, total=3, upload="u1", name="large.jpg"):
    """Give the path and the body that send one chunk of a file."""
    fields = {"dzuuid": upload, "dzchunkindex": index, "dztotalchunkcount": total, "dzchunkbyteoffset": offset}
    return f"{TASKS}{task}/upload/", form([(name, content)], **{key: str(value) for key, value in fields.items()})
