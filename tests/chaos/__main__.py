"""`make chaos MINUTES=10`: orders and faults for so long, then peace, then an audit of every task and event.

However it goes, it ends within two minutes after the last fault: what is not at rest by then is a violation.
"""

import argparse
import asyncio
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from orchestrator.nodes.simulated import SimulatedNodeOptions
from tests.chaos.audit import audit
from tests.chaos.faults import Faults
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.logs import complaints
from tests.chaos.orders import Orders
from tests.chaos.report import Report
from tests.services.postgres import PrivatePostgres
from tests.services.rabbitmq import PrivateRabbitMQ

DAEMONS = 3
NODES = [
    SimulatedNodeOptions(port=0, parallel=2, seconds=seconds, result_bytes=100_000, **slowness)
    for seconds in (0.5, 2.0, 4.0)
    for slowness in ({}, {"slow_upload": 100_000, "slow_download": 100_000})
]
"""Quick and slow ones; half of them with a link (in bytes a second) over which files take about a second."""
IMAGE = (320, 240)
PEACE = 100.0
"""Seconds within which everything must be at rest once nothing is to break any more."""
INTERRUPTED = 130

# They tell of every connection that is cut, with tracebacks; here that is all day's work. Whatever is raised to us is
# still ours to deal with.
for name in ("aiormq", "aio_pika"):
    logging.getLogger(name).setLevel(logging.CRITICAL)
# A job that is removed while its results are packed is no news either.
logging.getLogger("orchestrator.nodes.simulated").setLevel(logging.ERROR)
# What aio-pika's connections that never came up say when they are collected.
warnings.filterwarnings("ignore", "coroutine 'Connection.close' was never awaited", RuntimeWarning)


async def main(arguments: argparse.Namespace) -> int:
    """Run, audit, and print a table; 1 if anything was violated."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    place = Path(tempfile.mkdtemp(prefix="orc-chaos-"))
    violations: list[str] = []
    try:
        with PrivateRabbitMQ() as broker, PrivatePostgres() as database:
            store_url = await asyncio.to_thread(database.create_database, "chaos")
            running = fleet(
                place, bus_url=broker.url, prefix=f"chaos-{uuid4().hex[:8]}", store_url=store_url, daemons=DAEMONS,
                nodes=NODES, image=IMAGE,
            )  # fmt: skip
            async with running as everything:
                chance = random.Random(arguments.seed)
                faults = Faults(everything, broker, database, random.Random(chance.random()))
                orders = Orders(everything, random.Random(chance.random()), arguments.rate)
                report = Report(everything, faults, orders, began=time.monotonic())
                violations = await _play(report, minutes=arguments.minutes, store_url=store_url)
            violations += complaints(everything.daemons)
            print(report.table(violations, minutes=arguments.minutes), flush=True)
    finally:
        if violations or arguments.keep:
            print(f"The daemons' logs are in {place}.", flush=True)
        else:
            shutil.rmtree(place)
    return 1 if violations else 0


async def _play(report: Report, *, minutes: float, store_url: str) -> list[str]:
    """Have it broken under load for so long, and give what is violated when all should be at rest."""
    faults, orders = report.faults, report.orders
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(faults.keep()), group.create_task(report.run())]
        peace = report.began + minutes * 60
        breaking = group.create_task(faults.run(until=peace))
        ordering = group.create_task(orders.run(until=peace))
        await breaking
        report.phase = "settling"
        until = peace + PEACE
        await asyncio.wait({ordering}, timeout=max(0.0, until - time.monotonic()))
        ordering.cancel()
        violations = await _reckon(report.fleet, orders, store_url=store_url, until=until)
        for task in beside:
            task.cancel()
    return faults.violations + violations


async def _reckon(fleet: Fleet, orders: Orders, *, store_url: str, until: float) -> list[str]:
    """Wait until all is at rest, and look at it until nothing is violated, but not longer than to that moment."""
    again: list[str] = ["not every command could be asked about again"]
    with suppress(TimeoutError):
        async with asyncio.timeout(until - time.monotonic()):
            await fleet.watcher.until_over(len(orders.tasks))
            again = await orders.ask_again()
    while (found := await audit(fleet, orders, store_url=store_url)) and time.monotonic() < until:
        await asyncio.sleep(1)
    return found + again


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=2.0, help="tasks a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the faults and orders")
    parser.add_argument("--keep", action="store_true", help="keep the daemons' logs even if nothing was violated")
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    return given


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(_arguments())))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted", flush=True)
        sys.exit(INTERRUPTED)
