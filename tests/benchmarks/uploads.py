"""Uploads over HTTP, many at the same time and a whole flight in one request: speed, and the most memory they took."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.benchmarks.bench import Bench
from tests.benchmarks.children import daemon
from tests.benchmarks.figures import Figure

PARALLEL = 200
FLIGHT = 2000
PHOTO_MB = 10
MB = 1_000_000
PIECE = os.urandom(250_000)
NO_LIMIT = aiohttp.ClientTimeout(total=None)


async def measure(bench: Bench) -> list[Figure]:
    """Send one photo in each of 200 requests, all at once."""
    speed = Figure("uploads", f"{PARALLEL} parallel uploads over HTTP of {PHOTO_MB} MB", "MB/s")
    memory = Figure("uploads-memory", "most memory of the daemon during them", "MiB", floor="150")
    for number in range(bench.repeats):
        async with (
            daemon(bench.folder / f"uploads-{number}", bus_url="memory://") as child,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=NO_LIMIT) as session,
        ):
            tasks = f"{child.health.removesuffix('/health')}/api/projects/1/tasks/"
            async with session.post(tasks, json={"partial": True}) as made:
                draft = (await made.json())["id"]
            began = time.monotonic()
            async with asyncio.TaskGroup() as sending:
                for photo in range(PARALLEL):
                    sending.create_task(_send(session, f"{tasks}{draft}/upload/", photo))
            speed.values.append(PARALLEL * PHOTO_MB / (time.monotonic() - began))
            memory.values.append(child.usage.peak_memory())
    return [speed, memory]


async def measure_flight(bench: Bench) -> list[Figure]:
    """Create a task with 2,000 photos in one request, once: it is 20 GB on the disk."""
    speed = Figure("flight", f"{FLIGHT} photos of {PHOTO_MB} MB in one request", "MB/s")
    memory = Figure("flight-memory", "most memory of the daemon during it", "MiB", floor="150")
    async with (
        daemon(bench.folder / "flight", bus_url="memory://") as child,
        aiohttp.ClientSession(timeout=NO_LIMIT) as session,
    ):
        began = time.monotonic()
        url = f"{child.health.removesuffix('/health')}/api/projects/1/tasks/"
        created = await _send(session, url, *range(FLIGHT))
        speed.values.append(FLIGHT * PHOTO_MB / (time.monotonic() - began))
        if created["images_count"] != FLIGHT:
            raise RuntimeError(f"the task has {created['images_count']} images, not {FLIGHT}")
        memory.values.append(child.usage.peak_memory())
    return [speed, memory]


async def _send(session: aiohttp.ClientSession, url: str, *photos: int) -> dict[str, Any]:
    form = aiohttp.FormData()
    for photo in photos:
        form.add_field("images", _photo(), filename=f"DJI_{photo:04}.JPG", content_type="image/jpeg")
    async with session.post(url, data=form) as answer:
        if not answer.ok:
            raise RuntimeError(f"the daemon refused the upload: {await answer.text()}")
        found: dict[str, Any] = await answer.json()
        return found


async def _photo() -> AsyncIterator[bytes]:
    for _ in range(PHOTO_MB * MB // len(PIECE)):
        yield PIECE
