"""The cost of ended tasks: the same load with a thousand of them in the store, and with a million."""

from datetime import UTC, datetime
from pathlib import Path

from orchestrator.domain.task import DEFAULT_PROJECT, Stage, Status, Task
from orchestrator.engine.changes import Changes
from orchestrator.store import open_store
from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import images
from tests.benchmarks.children import daemon
from tests.benchmarks.commands import ground, settle_backlog
from tests.benchmarks.figures import Figure, ratio

STORED = (1_000, 1_000_000)
LOT = 10_000
COUNT = 5_000


async def measure(bench: Bench) -> list[Figure]:
    """Fill a store once for each number, then settle backlogs on them in turns."""
    few, many = (_figures(stored) for stored in STORED)
    async with ground(bench, "sqlite") as (little, _, small), ground(bench, "sqlite") as (lots, _, large):
        for name, stored in zip((little, lots), STORED, strict=True):
            await _fill(bench.folder / name / "data", stored)
        for _ in range(bench.repeats):
            for name, client, figures in ((little, small, few), (lots, large, many)):
                folder = bench.folder / name
                roots = f'["{folder / "flight"}"]'
                paths = images(folder / "flight")
                async with daemon(folder, bus_url=bench.amqp_url, prefix=name, files__import_roots=roots) as child:
                    run = await settle_backlog(client, paths, child.pid, count=COUNT)
                    await child.stop()  # In order, so that no event comes again to be counted twice.
                for figure, value in zip(figures, (run.rate, run.cpu, run.memory), strict=True):
                    figure.values.append(value)
    by_key = {figure.key: figure for figure in (*few, *many)}
    title = "CPU each, a million ended ÷ a thousand"
    of, to = (f"ended-{stored}-cpu" for stored in reversed(STORED))
    return [*few, *many, *filter(None, [ratio(by_key, "ended-ratio", title, of=of, to=to, floor="")])]


def _figures(stored: int) -> tuple[Figure, Figure, Figure]:
    title = f"commands/s, {stored:,} ended tasks stored"
    return (
        Figure(f"ended-{stored}", title, "1/s"),
        Figure(f"ended-{stored}-cpu", f"{title}: CPU each", "µs"),
        Figure(f"ended-{stored}-memory", f"{title}: RSS", "MiB"),
    )


async def _fill(root: Path, stored: int) -> None:
    """Write ended tasks in the daemon's own way."""
    root.mkdir()
    now = datetime.now(UTC)
    async with open_store(f"sqlite+aiosqlite:///{root}/orchestrator.db", now=lambda: now) as store:
        async with store.begin() as transaction:
            await transaction.reserve({"task": stored})
        for first in range(1, stored + 1, LOT):
            changes = Changes(owner="")
            changes.created.update(
                (number, _ended(number, now)) for number in range(first, min(first + LOT, stored + 1))
            )
            async with store.begin() as transaction:
                await transaction.write(changes)


def _ended(number: int, now: datetime) -> Task:
    return Task(
        id=number, project=DEFAULT_PROJECT, created_at=now, updated_at=now, stage=Stage.ENDED, version=9,
        status=Status.COMPLETED, name=f"Flight {number}", processing_node_name="node", images_count=2, files_count=2,
        available_assets=("all.zip", "orthophoto.tif"), fence=5,
    )  # fmt: skip
