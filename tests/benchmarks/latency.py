"""Command → event under a steady load: from the publisher's time stamp to the subscriber's receipt."""

import asyncio
import statistics
import time
from uuid import uuid4

from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import Load, create_task, images, load
from tests.benchmarks.children import daemon
from tests.benchmarks.figures import Figure

RATES = (50, 500)
FLOORS = {500: ("50", "15")}
WARM_UP = 100


async def measure(bench: Bench) -> list[Figure]:
    """Send at each rate; the stamp is the task's name, so that it comes back in the event."""
    name = f"bench-{uuid4().hex[:10]}"
    folder = bench.folder / name
    paths = images(folder / "flight")
    figures = []
    async with load(bench.amqp_url, name) as client:
        roots = f'["{folder / "flight"}"]'
        async with daemon(folder, bus_url=bench.amqp_url, prefix=name, files__import_roots=roots) as child:
            await client.subscribe()
            counts = [WARM_UP, *(int(rate * bench.seconds) for rate in RATES)]
            reading = asyncio.create_task(client.read(sum(counts), within=60 + bench.seconds * 2 * len(RATES)))
            await _steadily(client, paths, rate=50, count=WARM_UP, lot="warm")
            shares = []
            for rate, count in zip(RATES, counts[1:], strict=True):
                cpu, began = child.usage.cpu(), time.monotonic()
                await _steadily(client, paths, rate=rate, count=count, lot=f"at {rate}")
                shares.append((child.usage.cpu() - cpu) / (time.monotonic() - began) * 100)
            found = await reading
    for rate, share in zip(RATES, shares, strict=True):
        waits = sorted(
            (when - float(stamp)) * 1000
            for when, event in found
            for lot, _, stamp in [event["data"]["task"]["name"].partition("|")]
            if lot == f"at {rate}"
        )
        figures += _figures(rate, waits, share)
    return figures


def _figures(rate: int, waits: list[float], share: float) -> list[Figure]:
    floor, aim = FLOORS.get(rate, ("", ""))
    cuts = statistics.quantiles(waits, n=100)
    return [
        Figure(f"p50-{rate}", f"command → event at {rate}/s, p50", "ms", [cuts[49]], decimals=1),
        Figure(f"p99-{rate}", f"command → event at {rate}/s, p99", "ms", [cuts[98]], floor, aim, decimals=1),
        Figure(f"cpu-{rate}", f"CPU at {rate} commands/s", "% of a core", [share], decimals=1),
    ]


async def _steadily(client: Load, paths: list[str], *, rate: int, count: int, lot: str) -> None:
    """Send at even distances; what is late is sent at once, so that the rate holds."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            body = create_task(paths, name=f"{lot}|{time.monotonic()}")
            group.create_task(client.send_one(body, message_id=f"{lot}-{number}"))
