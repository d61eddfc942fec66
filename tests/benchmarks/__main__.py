"""Measures the daemon and prints a table: `make bench`, or with ARGS="--only commands --count 5000 --json out.json"."""

import argparse
import asyncio
import compileall
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

import orchestrator
from tests.benchmarks import (
    commands,
    ended,
    idle,
    latency,
    listing,
    machine,
    nonsense,
    readers,
    restart,
    upload,
    uploads,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, table

Measure = Callable[[Bench], Awaitable[list[Figure]]]
MEASURES: dict[str, Measure] = {
    "commands": commands.measure,
    "latency": latency.measure,
    "nonsense": nonsense.measure,
    "idle": idle.measure,
    "restart": restart.measure,
    "upload": upload.measure,
    "uploads": uploads.measure,
    "flight": uploads.measure_flight,
    "ended": ended.measure,
    "readers": readers.measure,
    "list": listing.measure,
}
ON_REQUEST = frozenset({"flight"})
"""Measured with --only alone: it takes 20 GB of disk."""
DEADLINE = 600.0
"""Seconds for any one of them."""


async def main() -> int:
    """Run what was asked for; what breaks is told, and the rest goes on."""
    arguments = _arguments()
    amqp_url = os.environ.get("ORCHESTRATOR_TEST_AMQP_URL", "")
    if not amqp_url:
        print("ORCHESTRATOR_TEST_AMQP_URL names no broker: run `make bench`.", file=sys.stderr)
        return 1
    # As an installer leaves the package, whatever PYTHONDONTWRITEBYTECODE says: compiling doubles the time of a start.
    compileall.compile_dir(Path(orchestrator.__file__).parent, quiet=1)
    figures: list[Figure] = []
    broken = 0
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder, ignore_cleanup_errors=True) as folder:
        bench = Bench(
            amqp_url, os.environ.get("ORCHESTRATOR_TEST_POSTGRES_URL", ""), Path(folder), count=arguments.count,
            repeats=arguments.repeats, seconds=arguments.seconds, upload_mb=arguments.upload_mb,
        )  # fmt: skip
        facts = await _facts(bench)
        print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
        for name in arguments.only or (each for each in MEASURES if each not in ON_REQUEST):
            measured = await _one(name, bench)
            broken += measured is None
            figures += measured or []
    print(f"\n{table(figures)}")
    if arguments.json:
        found = {"machine": facts, "figures": [figure.plain() for figure in figures]}
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if broken else 0


async def _one(name: str, bench: Bench) -> list[Figure] | None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE):
            figures = await MEASURES[name](bench)
    except Exception as error:  # noqa: BLE001  (a measurement that breaks must not take the others with it)
        print(f"{name}: failed: {error!r}", flush=True)
        return None
    load = os.getloadavg()[0]
    print(f"{name}: {time.monotonic() - began:.0f} s, load average {load:.1f}", flush=True)
    return figures


async def _facts(bench: Bench) -> dict[str, str]:
    found = machine.facts(bench.folder)
    found["RabbitMQ"] = await machine.broker_version(bench.amqp_url)
    if bench.postgres_url:
        found["PostgreSQL"] = await machine.database_version(bench.postgres_url)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(MEASURES), action="append", help="just this one; may be repeated")
    parser.add_argument("--count", type=int, default=20_000, help="commands in a backlog (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of what is quick (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of a steady load (default: %(default)s)")
    parser.add_argument("--upload-mb", type=int, default=5000, help="size of the large upload (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where databases and images go: the disk that is to be measured")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
