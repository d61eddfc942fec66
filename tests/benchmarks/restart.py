"""Ready again after ``kill -9`` with many running tasks in the store."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import aiohttp

from orchestrator.domain.node import Health, NodeInfo, ProcessingNode
from orchestrator.domain.task import DEFAULT_PROJECT, NodeJob, Source, Stage, Status, Task
from orchestrator.engine.changes import Changes
from orchestrator.store import open_store
from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import load
from tests.benchmarks.children import Measured, daemon, program
from tests.benchmarks.figures import Figure

TASKS = 10_000
LOT = 1000
WORK = 2.0
"""Seconds that it works before it is killed."""

TAKEN_UP = 8.0
"""Seconds after which all tasks are being looked at regularly."""


async def measure(bench: Bench) -> list[Figure]:
    """Fill the store, start, kill, and take the time from exec to /health/ready."""
    name = f"bench-{uuid.uuid4().hex[:10]}"
    folder = bench.folder / name
    figure = Figure("restart", f"ready after kill -9, {TASKS:,} running tasks", "s", floor="3", aim="1", decimals=2)
    empty = Figure("start-empty", "ready, nothing in the store", "s", decimals=2)
    cpu = Figure("watch-cpu", f"CPU with {TASKS:,} running tasks, each looked at every 5 s", "% of a core", decimals=0)
    memory = Figure("restart-memory", f"RSS with {TASKS:,} running tasks", "MiB", floor="300")
    async with (
        load(bench.amqp_url, name),
        program("tests.benchmarks.sink") as (_, url),
        aiohttp.ClientSession() as session,
    ):
        async with daemon(folder, bus_url=bench.amqp_url, prefix=name) as child:
            for _ in range(bench.repeats):
                await child.kill()
                empty.values.append(await _ready(child, session))
        await _fill(f"sqlite+aiosqlite:///{folder}/data/orchestrator.db", url)
        for _ in range(bench.repeats):
            async with daemon(folder, bus_url=bench.amqp_url, prefix=name) as child:
                await asyncio.sleep(WORK)
                await child.kill()
                figure.values.append(await _ready(child, session))
                await asyncio.sleep(TAKEN_UP)
                cpu.values.append(await _share(child, seconds=min(10.0, bench.seconds)))
                memory.values.append(child.usage.memory())
    return [figure, empty, cpu, memory]


async def _share(child: Measured, *, seconds: float) -> float:
    """Give how much of a core it uses."""
    used, began = child.usage.cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    return (child.usage.cpu() - used) / (time.monotonic() - began) * 100


async def _ready(child: Measured, session: aiohttp.ClientSession) -> float:
    """Give the seconds from exec to the first 200 of /health/ready."""
    began = time.monotonic()
    await child.launch()
    await child.until_ready(session)
    return time.monotonic() - began


async def _fill(store_url: str, node_url: str) -> None:
    """Write tasks that run on a node, in the daemon's own way."""
    now = datetime.now(UTC)
    port = int(node_url.rpartition(":")[2])
    info = NodeInfo(
        api_version="2.2.0", queue_count=0, max_images=None, max_parallel=TASKS, engine="odm", engine_version="3"
    )
    node = ProcessingNode(
        id=1, url=node_url, hostname="127.0.0.1", port=port, created_at=now, health=Health.ONLINE, info=info,
        last_refreshed=now,
    )  # fmt: skip
    async with open_store(store_url, now=lambda: now) as store:
        async with store.begin() as transaction:
            await transaction.reserve({"node": 1, "task": TASKS})
            await transaction.write(Changes(owner="dead", nodes={1: node}))
        for first in range(1, TASKS + 1, LOT):
            await _fill_lot(store, range(first, first + LOT), now)


async def _fill_lot(store, numbers: range, now: datetime) -> None:
    changes = Changes(owner="dead")
    for number in numbers:
        job = str(uuid.uuid4())
        changes.created[number] = Task(
            id=number, project=DEFAULT_PROJECT, created_at=now, updated_at=now, stage=Stage.PROCESSING,
            status=Status.RUNNING, version=4, name=f"Flight {number}", processing_node=1,
            processing_node_name="node", images_count=2, files_count=2, uuid=job, job_uuid=job, job_node=1,
            committed=True, fence=3,
        )  # fmt: skip
        changes.sources[number] = (
            Source("file:///flight/1.jpg", "1.jpg", 1000),
            Source("file:///flight/2.jpg", "2.jpg", 1000),
        )
        changes.jobs[job] = NodeJob(uuid=job, node=1, task=number, attempt=1, created_at=now, committed=True)
    async with store.begin() as transaction:
        await transaction.write(changes)
