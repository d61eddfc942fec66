"""Child processes that are measured or serve the measurement. Each ends with its block, whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.benchmarks.machine import Usage
from tests.daemon import Daemon

READY_DEADLINE = 60.0
STOP_DEADLINE = 10.0


class Measured(Daemon):
    """The daemon, with its use of the machine."""

    @property
    def usage(self) -> Usage:
        """What it uses."""
        return Usage(self.pid)

    async def launch(self) -> None:
        """Start it without waiting for anything."""
        self._process = await self._orchestrator("serve")

    async def migrate(self) -> None:
        """Make the tables, as the service does ahead of each start."""
        process = await self._orchestrator("migrate")
        async with asyncio.timeout(READY_DEADLINE):
            await process.wait()

    async def _orchestrator(self, *arguments: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "orchestrator", *arguments, env=self.env, stdout=out, stderr=out, cwd=self.folder
            )

    async def until_ready(self, session: aiohttp.ClientSession) -> None:
        """Wait until /health/ready answers 200, asking every 5 ms."""
        async with asyncio.timeout(READY_DEADLINE):
            while not await self._is_ready(session):
                await asyncio.sleep(0.005)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.health}/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def daemon(folder: Path, **settings: str) -> AsyncIterator[Measured]:
    """Run the daemon, as installed, for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    child = Measured(folder, **settings)
    try:
        await child.migrate()
        await child.start()
        yield child
    finally:
        await child.kill()


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncIterator[tuple[int, str]]:
    """Run a module of the benchmarks; gives its pid and the line with which it says that it is ready."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_DEADLINE):
            line = (await process.stdout.readline()).decode().strip()
        if not line:
            raise RuntimeError(f"{module} ended before it was ready")
        yield process.pid, line
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_DEADLINE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def held(pid: int) -> AsyncIterator[None]:
    """Hold a process for the length of the block, so that work can be put before it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
