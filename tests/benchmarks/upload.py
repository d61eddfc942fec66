"""Uploading a large set of images to a sink: speed, and the most memory that it took; and PyODM at the same sink."""

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from orchestrator.bus.client import BusClient
from orchestrator.contract.topology import Topology
from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import load
from tests.benchmarks.children import daemon, program
from tests.benchmarks.figures import Figure, ratio

MB = 1_000_000
FILE_MB = 50
PEER_MB = 400
PEER_FILE_MB = 10
DEADLINE = 180.0


async def measure(bench: Bench) -> list[Figure]:
    """Send the large set once, and a small one in turns with PyODM."""
    name = f"bench-{uuid4().hex[:10]}"
    folder = bench.folder / name
    large = image_set(folder / "flights" / "large", count=max(1, bench.upload_mb // FILE_MB), size=FILE_MB * MB)
    small = image_set(folder / "flights" / "small", count=PEER_MB // PEER_FILE_MB, size=PEER_FILE_MB * MB)
    gigabytes = len(large) * FILE_MB / 1000
    figures = _figures(gigabytes)
    async with (
        load(bench.amqp_url, name),
        program("tests.benchmarks.sink") as (_, url),
        daemon(folder, bus_url=bench.amqp_url, prefix=name, files__import_roots=f'["{folder / "flights"}"]') as child,
        await BusClient.connect(bench.amqp_url, topology=Topology(prefix=name)) as client,
    ):
        await client.send("add-processing-node", {"url": url})
        cpu = child.usage.cpu()
        figures["upload"].values.append(await _sent(client, url, large))
        figures["upload-memory"].values.append(child.usage.peak_memory())
        figures["upload-cpu"].values.append((child.usage.cpu() - cpu) / gigabytes)
        for _ in range(bench.repeats):
            figures["upload-small"].values.append(await _sent(client, url, small))
            figures["upload-pyodm"].values.append(await _sent_by_pyodm(url, small[0].parent))
    compared = ratio(
        figures, "ratio-upload", "daemon ÷ PyODM", of="upload-small", to="upload-pyodm", floor="1.0", aim="2"
    )
    return [*figures.values(), *([compared] if compared else [])]


def _figures(gigabytes: float) -> dict[str, Figure]:
    made = (
        Figure("upload", f"upload of {gigabytes:g} GB in files of {FILE_MB} MB", "MB/s"),
        Figure("upload-memory", "most memory of the daemon during it", "MiB", floor="150"),
        Figure("upload-cpu", "CPU for each GB", "s", decimals=2),
        Figure("upload-small", f"upload of {PEER_MB} MB in files of {PEER_FILE_MB} MB", "MB/s"),
        Figure("upload-pyodm", "PyODM, the same files and node", "MB/s"),
    )
    return {figure.key: figure for figure in made}


def image_set(folder: Path, *, count: int, size: int) -> list[Path]:
    """Make one file of random bytes and hard links to it: many names, little room, and no disk to wait for."""
    folder.mkdir(parents=True)
    first = folder / "DJI_0001.JPG"
    with first.open("wb") as file:
        block = os.urandom(MB)
        for _ in range(size // MB):
            file.write(block)
    paths = [first, *(folder / f"DJI_{number:04}.JPG" for number in range(2, count + 1))]
    for path in paths[1:]:
        path.hardlink_to(first)
    return paths


async def _sent(client: BusClient, url: str, paths: list[Path]) -> float:
    """Have the daemon send files; gives MB/s between the sink's init and commit."""
    known = set(await _log(url))
    answer = await client.send("create-task", {"images": [str(path) for path in paths]})
    if not answer["ok"]:
        raise RuntimeError(f"the daemon refused the upload: {answer['error']['detail']}")
    return await _speed(url, known)


async def _sent_by_pyodm(url: str, folder: Path) -> float:
    known = set(await _log(url))
    async with program("tests.benchmarks.pyodm_upload", url, str(folder)) as (_, line):
        if line != "sent":
            raise RuntimeError(line)
        return await _speed(url, known)


async def _speed(url: str, known: set[str]) -> float:
    async with asyncio.timeout(DEADLINE):
        while True:
            jobs = [job for uuid, job in (await _log(url)).items() if uuid not in known and "seconds" in job]
            if jobs:
                return jobs[0]["bytes"] / MB / jobs[0]["seconds"]
            await asyncio.sleep(0.1)


async def _log(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/log") as answer:
        return await answer.json()
