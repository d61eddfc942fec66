"""The installed daemon as a child process, started, killed and started again as an operator's machine would."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.services.process import free_ports

START_DEADLINE = 60.0
STOP_DEADLINE = 30.0
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Has the kernel end a daemon with us, however we end. Where there is no such tool, it may outlive us."""


def free_port() -> int:
    """Give a port that was free a moment ago, and that no connection going out is given."""
    return free_ports(1)[0]


class Running(Protocol):
    """A process, as asyncio shows it."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def send_signal(self, signal: int) -> None: ...

    async def wait(self) -> int: ...


class Daemon:
    """``orchestrator serve`` on a folder of its own; what it says is in ``log``."""

    def __init__(self, folder: Path, *, bus_url: str, prefix: str = "orchestrator", **settings: str) -> None:
        self.folder = folder
        self.log = folder / "daemon.log"
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("ORCHESTRATOR")},
            "ORCHESTRATOR__BUS__URL": bus_url,
            "ORCHESTRATOR__BUS__PREFIX": prefix,
            "ORCHESTRATOR__FILES__ROOT": str(folder / "data"),
            "ORCHESTRATOR__API__PORT": str(free_port()),
            "ORCHESTRATOR__LOG__FORMAT": "json",
            **{f"ORCHESTRATOR__{key.upper()}": value for key, value in settings.items()},
        }
        self._process: Running | None = None
        self._began_at = 0

    @property
    def health(self) -> str:
        """Where it says how it is."""
        return f"http://127.0.0.1:{self.env['ORCHESTRATOR__API__PORT']}/health"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit code, if it has ended without being asked to."""
        return None if self._process is None else self._process.returncode

    async def spawn(self, **variables: str) -> Running:
        """Start it, with these variables in its environment besides its own."""
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *(DIES_WITH_US if shutil.which(DIES_WITH_US[0]) else ()), sys.executable, "-m", "orchestrator", "serve",
                env=self.env | variables, stdout=out, stderr=out, cwd=self.folder,
                start_new_session=True,  # A terminal's Ctrl-C is for us; what becomes of it is ours to decide.
            )  # fmt: skip
        return self._process

    async def start(self, *, until: str = "app.ready") -> None:
        """Start it, and wait until it says that: by default that commands come in."""
        process = await self.spawn()
        async with asyncio.timeout(START_DEADLINE):
            while not self.is_ready(until):
                if process.returncode is not None:
                    raise AssertionError(self.log.read_text())
                await asyncio.sleep(0.02)

    def is_ready(self, said: str = "app.ready") -> bool:
        """Whether it has said that, since it was last started: by default that commands come in."""
        return said.encode() in self.log.read_bytes()[self._began_at :]

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop, and give its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(STOP_DEADLINE):
            return await process.wait()

    def said(self, event: str) -> list[dict]:
        """Give the log lines of that event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


@asynccontextmanager
async def running(folder: Path, **settings: str):
    """Run a daemon for the length of the block."""
    daemon = Daemon(folder, **settings)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.kill()
