"""The cost of readers over HTTP: the same load with nobody at /api/events, and with a thousand there.

Each of the thousand follows a task, as open pages do. A hundred who want everything are shown beside it: what they cost
is what it takes to send them everything, of which they are given a tenth of the daemon's time.
"""

from contextlib import AsyncExitStack

from tests.benchmarks.bench import Bench
from tests.benchmarks.broker import images
from tests.benchmarks.children import daemon, program
from tests.benchmarks.commands import ground, settle_backlog
from tests.benchmarks.figures import Figure, ratio

READERS = {"none": [], "1000": ["1000"], "all": ["100", "all"]}
TITLES = {"none": "no reader", "1000": "1,000 readers, of a task each", "all": "100 readers of everything"}


async def measure(bench: Bench) -> list[Figure]:
    """Settle backlogs in turns, so that all meet the same weather."""
    figures = {name: Figure(name, f"commands/s, {title}", "1/s") for name, title in TITLES.items()}
    for _ in range(bench.repeats):
        for name, wanted in READERS.items():
            figures[name].values.append(await _run(bench, wanted))
    ratios = [
        ratio(figures, f"readers-{name}", f"{TITLES[name]} ÷ none", of=name, to="none", floor=floor)
        for name, floor in (("1000", "0.9"), ("all", ""))
    ]
    for each in filter(None, ratios):
        each.decimals = 2
    return [*figures.values(), *filter(None, ratios)]


async def _run(bench: Bench, wanted: list[str]) -> float:
    async with ground(bench, "sqlite") as (name, _, client), AsyncExitStack() as stack:
        folder = bench.folder / name
        paths = images(folder / "flight")
        roots = f'["{folder / "flight"}"]'
        child = await stack.enter_async_context(
            daemon(folder, bus_url=bench.amqp_url, prefix=name, files__import_roots=roots)
        )
        if wanted:
            port = child.env["ORCHESTRATOR__API__PORT"]
            await stack.enter_async_context(program("tests.benchmarks.listening", "127.0.0.1", port, *wanted))
        return (await settle_backlog(client, paths, child.pid, count=bench.count)).rate
