"""`make chaos MINUTES=10`: orders and faults for so long, then peace, then an audit of every task and event."""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from tests.chaos.audit import audit
from tests.chaos.faults import Faults
from tests.chaos.fleet import fleet
from tests.chaos.orders import Orders
from tests.services.postgres import PrivatePostgres
from tests.services.rabbitmq import PrivateRabbitMQ

DAEMONS, NODES = 3, 6
PEACE = 180.0
"""Seconds within which everything must have ended once nothing breaks any more."""
SETTLING = 60.0
"""Seconds within which what was abandoned must have vanished from the nodes."""


async def main() -> int:
    """Run, audit, and print a table; 1 if anything was violated."""
    arguments = _arguments()
    chance = random.Random(arguments.seed)
    began = time.monotonic()
    with PrivateRabbitMQ() as broker, PrivatePostgres() as database, tempfile.TemporaryDirectory(prefix="orc") as place:
        store_url = await asyncio.to_thread(database.create_database, "chaos")
        running = fleet(
            Path(place), bus_url=broker.url, prefix=f"chaos-{uuid4().hex[:8]}", store_url=store_url, daemons=DAEMONS,
            nodes=NODES,
        )  # fmt: skip
        async with running as everything:
            faults = Faults(everything, broker, database, chance)
            orders = Orders(everything, random.Random(chance.random()), arguments.rate)
            breaking = asyncio.create_task(faults.run())
            deadline = began + arguments.minutes * 60
            await orders.run(going_on=lambda: time.monotonic() < deadline and not breaking.done())
            breaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await breaking
            violations = await _reckon(everything, orders, store_url)
            _print(everything, faults, orders, violations, seconds=time.monotonic() - began)
    return 1 if violations else 0


async def _reckon(everything, orders: Orders, store_url: str) -> list[str]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PEACE):
            await everything.watcher.until_over(len(orders.tasks))
    ends = time.monotonic() + SETTLING
    while (found := await audit(everything, orders, store_url=store_url)) and time.monotonic() < ends:
        await asyncio.sleep(1)
    return found


def _print(everything, faults: Faults, orders: Orders, violations: list[str], *, seconds: float) -> None:
    rows = {
        "seconds": round(seconds), "daemons": DAEMONS, "nodes": NODES, "tasks": len(orders.tasks),
        "events": len(everything.watcher.seen), "events that came again": everything.watcher.repeats,
        **{f"asked for: {what}": count for what, count in sorted(orders.answers.items())},
        **{f"fault: {what}": count for what, count in sorted(faults.counts.items())},
        "violations": len(violations),
    }  # fmt: skip
    width = max(map(len, rows))
    print("\n".join(f"| {name:<{width}} | {count:>6,} |" for name, count in rows.items()))
    for violation in violations[:50]:
        print(f"VIOLATED: {violation}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=2.0, help="tasks a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the faults and orders")
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    return given


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
