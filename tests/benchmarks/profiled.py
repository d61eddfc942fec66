"""Where the time of a command goes: runs the app in this process under cProfile, on RabbitMQ and SQLite.

`python -m tests.services run --only rabbitmq -- python -m tests.benchmarks.profiled`, with `--thread store` for the
thread that writes in place of the event loop's. cProfile makes small functions look dearer than they are: what it finds
is to be tried with `python -m tests.benchmarks --only commands`.
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import uvloop

from orchestrator.app import App, running
from orchestrator.settings import Settings
from orchestrator.store import sqlite
from orchestrator.telemetry import logging
from tests.benchmarks.broker import Load, bodies, images, load
from tests.daemon import free_port

DEADLINE = 120.0


async def main(arguments: argparse.Namespace) -> None:
    """Declare, publish a backlog, and profile the app while it works it off."""
    name = f"bench-{uuid4().hex[:10]}"
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        paths = images(Path(folder) / "flight")
        async with load(os.environ["ORCHESTRATOR_TEST_AMQP_URL"], name) as client:
            async with running(_settings(Path(folder), name)) as app:
                await app.bus.until(lambda state: state.connected)
            await client.subscribe()
            await client.send(bodies(paths, arguments.count), lot="run")
            if arguments.thread == "store":
                _profile_store(profile)
            async with running(_settings(Path(folder), name)) as app:
                await _work_off(app, client, arguments, profile)
    if arguments.thread != "none":
        pstats.Stats(profile).sort_stats(arguments.sort).print_stats(arguments.lines)


async def _work_off(app: App, client: Load, arguments: argparse.Namespace, profile: cProfile.Profile) -> None:
    if arguments.thread == "loop":
        profile.enable()
    began, cpu = time.monotonic(), time.process_time()
    while app.relay.published < arguments.count:
        await asyncio.sleep(0.05)
        if time.monotonic() - began > DEADLINE:
            raise TimeoutError(f"only {app.relay.published} events left within {DEADLINE:g} s")
    if arguments.thread == "loop":
        profile.disable()
    spent = time.monotonic() - began
    each = (time.process_time() - cpu) / arguments.count * 1e6
    print(f"{arguments.count / spent:,.0f} commands/s under the profiler, {each:.0f} µs of CPU each")


def _settings(folder: Path, prefix: str) -> Settings:
    given = {
        "bus": {"url": os.environ["ORCHESTRATOR_TEST_AMQP_URL"], "prefix": prefix},
        "files": {"root": folder / "data", "import_roots": [folder / "flight"]},
        "api": {"port": free_port()},
    }
    return Settings.model_validate(given)


def _profile_store(profile: cProfile.Profile) -> None:
    """Have the work of the store's threads profiled; a profile follows one thread at a time."""
    do = sqlite._Thread._do

    def profiled(self, work):
        return profile.runcall(do, self, work) if "writer" in self._pool._thread_name_prefix else do(self, work)

    sqlite._Thread._do = profiled  # type: ignore[method-assign]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profiled", description=__doc__)
    parser.add_argument("--thread", choices=["loop", "store", "none"], default="loop")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--sort", choices=["tottime", "cumulative"], default="tottime")
    parser.add_argument("--lines", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    logging.configure(level="warning", style="console")
    uvloop.run(main(_arguments()))
