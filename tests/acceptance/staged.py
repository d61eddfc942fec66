"""A real daemon as a child process, on a real broker, with a simulated node: the stage on which documents are tried."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aio_pika

from orchestrator.contract.topology import Topology
from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions

READY_WITHIN = 30.0
STOPPED_WITHIN = 30.0


@dataclass(frozen=True)
class Stage:
    """A running daemon, seen from outside."""

    amqp_url: str
    prefix: str
    node: SimulatedNode
    log: Path

    @property
    def clients(self) -> dict[str, str]:
        """The environment that the examples read."""
        return {"AMQP_URL": self.amqp_url, "ORCHESTRATOR_PREFIX": self.prefix}


@asynccontextmanager
async def staged(amqp_url: str, *, prefix: str, folder: Path, images: Path) -> AsyncIterator[Stage]:
    """Run a daemon and a node for the length of the block; nothing of theirs is left on the broker."""
    options = SimulatedNodeOptions(port=0, seconds=0.5, seed=1)
    async with SimulatedNode(options) as node:
        settings = {
            "BUS__URL": amqp_url,
            "BUS__PREFIX": prefix,
            "FILES__ROOT": str(folder / "root"),
            "FILES__IMPORT_ROOTS": str(images),
            "API__PORT": "0",
            "NODES__STATIC": json.dumps([{"url": node.url, "label": "simulated"}]),
            "NODES__PROBE_INTERVAL": "0.5",
            "NODES__POLL_INTERVAL": "0.2",
            "TASKS__PROGRESS_INTERVAL": "0.2",
            "LOG__FORMAT": "json",
        }
        log = folder / "daemon.log"
        try:
            async with _daemon({f"ORCHESTRATOR__{key}": value for key, value in settings.items()}, folder, log):
                yield Stage(amqp_url, prefix, node, log)
        finally:
            await _clear(amqp_url, prefix)


@asynccontextmanager
async def _daemon(settings: Mapping[str, str], folder: Path, log: Path) -> AsyncIterator[None]:
    """Start the daemon, return once it says READY as it would to systemd, and stop it with SIGTERM."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORCHESTRATOR_")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, log.open("wb") as output:
        notices.bind(str(folder / "notify"))
        notices.setblocking(False)
        env = {**kept, **settings, "ORCHESTRATOR_CONFIG": os.devnull, "NOTIFY_SOCKET": str(folder / "notify")}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "orchestrator", "serve",
            cwd=Path(__file__).parents[2], env=env, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            await _ready(notices, child, log)
            yield
        finally:
            await _stop(child)


async def _ready(notices: socket.socket, child: asyncio.subprocess.Process, log: Path) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.create_task(child.wait())
    try:
        async with asyncio.timeout(READY_WITHIN):
            while True:
                notice = asyncio.create_task(loop.sock_recv(notices, 4096))
                await asyncio.wait({notice, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not notice.done():
                    notice.cancel()
                    raise AssertionError(f"the daemon ended with code {child.returncode}:\n{_words(log)}")
                if b"READY=1" in notice.result():
                    return
    except TimeoutError:
        raise AssertionError(f"the daemon was not ready in time:\n{_words(log)}") from None
    finally:
        ended.cancel()


def _words(log: Path) -> str:
    return log.read_text(errors="replace")[-5000:]


async def _stop(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOPPED_WITHIN):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


async def _clear(amqp_url: str, prefix: str) -> None:
    topology = Topology(prefix=prefix)
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for queue in topology.queues:
            await channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            await channel.exchange_delete(exchange.name)
