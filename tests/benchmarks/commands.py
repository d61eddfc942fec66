"""Commands a second: a backlog is put before the daemon and the time is taken until every event is with a subscriber.

The daemon is held while the backlog is published, so that publishing costs nothing of what is measured, and the events
are counted in a subscriber's queue by asking for its depth, so that reading them does not either. They are read and
compared afterwards: one event for each command, and no task twice.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import Load, bodies, images, load
from tests.benchmarks.children import daemon, held, program
from tests.benchmarks.figures import Figure, ratio
from tests.benchmarks.machine import Usage
from tests.services.postgres import create_database, drop_database

WARM_UP = 300
PEER_COUNT = 1000
DEADLINE = 120.0
FLOORS = {"sqlite": ("2,000", "8,000"), "postgres": ("1,500", "6,000")}
STORES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Run:
    """One backlog settled."""

    rate: float
    cpu: float
    memory: float


async def measure(bench: Bench) -> list[Figure]:
    """Measure the daemon and the peer in turns, so that both meet the same weather."""
    figures: dict[str, Figure] = {}
    for store, name in STORES.items():
        if store == "postgres" and not bench.postgres_url:
            continue
        for who, title in (("daemon", f"commands/s, RabbitMQ + {name}"), ("peer", f"peer: commands/s, {name}")):
            floor, aim = FLOORS[store] if who == "daemon" else ("", "")
            figures[f"{who}-{store}"] = Figure(f"{who}-{store}", title, "1/s", floor=floor, aim=aim)
            figures[f"{who}-{store}-cpu"] = Figure(f"{who}-{store}-cpu", f"{title}: CPU each", "µs")
        figures[f"memory-{store}"] = Figure(f"memory-{store}", f"RSS after them, {name}", "MiB")
        for _ in range(bench.repeats):
            run = await _daemon_run(bench, store)
            figures[f"daemon-{store}"].values.append(run.rate)
            figures[f"daemon-{store}-cpu"].values.append(run.cpu)
            figures[f"memory-{store}"].values.append(run.memory)
            peer = await _peer_run(bench, store)
            figures[f"peer-{store}"].values.append(peer.rate)
            figures[f"peer-{store}-cpu"].values.append(peer.cpu)
    ratios = [
        ratio(figures, f"ratio-{store}", f"daemon ÷ peer, {name}", of=f"daemon-{store}", to=f"peer-{store}", floor="2")
        for store, name in STORES.items()
    ]
    return [*figures.values(), *(each for each in ratios if each)]


async def _daemon_run(bench: Bench, store: str) -> Run:
    async with ground(bench, store) as (folder_name, store_url, client):
        folder = bench.folder / folder_name
        paths = images(folder / "flight")
        settings = {
            "files__import_roots": f'["{folder / "flight"}"]',
            **({"store__url": store_url} if store_url else {}),
        }
        async with daemon(folder, bus_url=bench.amqp_url, prefix=folder_name, **settings) as child:
            return await settle_backlog(client, paths, child.pid, count=bench.count)


async def _peer_run(bench: Bench, store: str) -> Run:
    async with ground(bench, store) as (folder_name, store_url, client):
        folder = bench.folder / folder_name
        paths = images(folder / "flight")
        url = store_url or f"sqlite+aiosqlite:///{folder}/peer.db"
        async with program("tests.benchmarks.peer", bench.amqp_url, folder_name, url) as (pid, _):
            return await settle_backlog(client, paths, pid, count=min(PEER_COUNT, bench.count))


async def settle_backlog(client: Load, paths: list[str], pid: int, *, count: int) -> Run:
    """Put the backlog before the process and take the time."""
    mark = uuid4().hex
    await client.subscribe()
    await client.send(bodies(paths, WARM_UP), lot=f"{mark}-warm")
    await client.arrived(WARM_UP, within=DEADLINE)
    usage = Usage(pid)
    async with held(pid):
        await client.send(bodies(paths, count), lot=f"{mark}-run")
        cpu, began = usage.cpu(), time.monotonic()
    ended = await client.arrived(WARM_UP + count, within=DEADLINE)
    run = Run(count / (ended - began), (usage.cpu() - cpu) / count * 1e6, usage.memory())
    events = await client.read(WARM_UP + count, within=DEADLINE)
    tasks = {event["subject"] for _, event in events}
    if len(tasks) != WARM_UP + count:
        print(f"  expected {WARM_UP + count:,} tasks and found {len(tasks):,} in {len(events):,} events")
    return run


@asynccontextmanager
async def ground(bench: Bench, store: str) -> AsyncIterator[tuple[str, str, Load]]:
    """Give a name, the URL of an empty database (for SQLite none: the default is used), and a client."""
    name = f"bench-{uuid4().hex[:10]}"
    async with AsyncExitStack() as stack:
        store_url = ""
        if store == "postgres":
            store_url = await bench.in_thread(create_database, bench.postgres_url, name)
            stack.push_async_callback(bench.in_thread, drop_database, bench.postgres_url, name)
        (bench.folder / name).mkdir()
        yield name, store_url, await stack.enter_async_context(load(bench.amqp_url, name))
