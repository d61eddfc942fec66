"""Good commands while bad ones pour in: the same steady load alone and beside as much nonsense, in turns in one run.

Nonsense is not JSON, names no command, or has wrong fields; each is refused, logged, and put on the shelf. A backlog,
half of it nonsense, shows what a refusal costs: there, every millisecond spent on it is one that the good ones wait.
"""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from uuid import uuid4

from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import Load, create_task, images, load
from tests.benchmarks.children import Measured, daemon, held
from tests.benchmarks.figures import Figure, ratio

RATE = 200
"""Good commands a second, and as many bad ones."""
WARM_UP = 100
DEADLINE = 120.0
NONSENSE = [
    b"", b"{", b"\xff\xfe", b"[]", b"[" * 10_000, b'{"images":["/a.jpg"],"priority":99,"nmae":"x"}', b'{"name":NaN}',
    json.dumps({"images": [{"uri": "ftp://x"}] * 50}).encode(), b'{"name":"a","name":"b","images":["/a.jpg"]}',
]  # fmt: skip


async def measure(bench: Bench) -> list[Figure]:
    """Measure in turns, so that both meet the same weather."""
    name = f"bench-{uuid4().hex[:10]}"
    folder = bench.folder / name
    paths = images(folder / "flight")
    figures = _figures()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(load(bench.amqp_url, name))
        roots = f'["{folder / "flight"}"]'
        child = await stack.enter_async_context(
            daemon(folder, bus_url=bench.amqp_url, prefix=name, files__import_roots=roots)
        )
        ground = _Ground(client, paths, child)
        await ground.steady(WARM_UP, nonsense=False)
        for _ in range(bench.repeats):
            for key, nonsense in (("alone", False), ("beside", True)):
                rate, waits = await ground.steady(int(RATE * bench.seconds), nonsense=nonsense)
                figures[f"rate-{key}"].values.append(rate)
                figures[f"p50-{key}"].values.append(waits[49])
                figures[f"p99-{key}"].values.append(waits[98])
                figures[f"backlog-{key}"].values.append(await ground.backlog(bench.count // 10, nonsense=nonsense))
    same = ratio(figures, "rate-ratio", "beside ÷ alone, steady", of="rate-beside", to="rate-alone", floor="1.0")
    cost = ratio(figures, "backlog-ratio", "beside ÷ alone, backlog", of="backlog-beside", to="backlog-alone", floor="")
    for made in (same, cost):
        if made:
            made.decimals = 2
            figures[made.key] = made
    return list(figures.values())


def _figures() -> dict[str, Figure]:
    made: dict[str, Figure] = {}
    for key, where in (("alone", "alone"), ("beside", "beside as much nonsense")):
        rate = f"good commands/s at {RATE}/s, {where}"
        made[f"rate-{key}"] = Figure(f"rate-{key}", rate, "1/s", decimals=1)
        for share in ("p50", "p99"):
            made[f"{share}-{key}"] = Figure(f"{share}-{key}", f"command → event, {share}, {where}", "ms", decimals=1)
        made[f"backlog-{key}"] = Figure(f"backlog-{key}", f"good commands/s of a backlog, {where}", "1/s")
    return made


class _Ground:
    """One daemon under one load after the other."""

    def __init__(self, client: Load, paths: list[str], child: Measured) -> None:
        self._client = client
        self._paths = paths
        self._child = child
        self._lots = itertools.count()

    async def steady(self, count: int, *, nonsense: bool) -> tuple[float, list[float]]:
        """Send good commands at the rate; give how many a second became events, and percentiles of their waits (ms)."""
        lot = f"lot-{next(self._lots)}"
        await self._client.subscribe()
        reading = asyncio.create_task(self._client.read(count, within=DEADLINE))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._paced(self._good(count), lot=lot))
            if nonsense:
                group.create_task(self._paced(self._bad(count), lot=f"bad {lot}"))
        found = await reading
        waits = [(when - float(event["data"]["task"]["name"])) * 1000 for when, event in found]
        return count / (max(when for when, _ in found) - began), statistics.quantiles(waits, n=100)

    async def backlog(self, count: int, *, nonsense: bool) -> float:
        """Put good commands before the daemon, each with a bad one before it or not; give the good ones a second."""
        lot = f"lot-{next(self._lots)}"
        await self._client.subscribe()
        good = self._good(count)
        mixed = (body for pair in zip(self._bad(count), good, strict=True) for body in pair) if nonsense else good
        async with held(self._child.pid):
            await self._client.send(mixed, lot=lot)
            began = time.monotonic()
        ended = await self._client.arrived(count, within=DEADLINE)
        await self._client.read(count, within=DEADLINE)
        return count / (ended - began)

    def _good(self, count: int) -> Iterator[bytes]:
        return (create_task(self._paths, name=str(time.monotonic())) for _ in range(count))

    def _bad(self, count: int) -> Iterator[bytes]:
        return itertools.islice(itertools.cycle(NONSENSE), count)

    async def _paced(self, bodies: Iterator[bytes], *, lot: str) -> None:
        """Send at even distances; what is late is sent at once, so that the rate holds."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                body = next(bodies, None)
                if body is None:
                    return
                group.create_task(self._client.send_one(body, message_id=f"{lot}-{number}"))
