"""The installed command as people use it: a child process with its own standard streams."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.daemon import Daemon

PATIENCE = 50.0

QUICK = {
    "nodes__probe_interval": "0.5",
    "nodes__poll_interval": "0.2",
    "nodes__first_poll_interval": "0.1",
    "tasks__progress_interval": "0.1",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def outcome(self) -> tuple[int, str]:
        """Exit code and what was complained about."""
        return self.code, self.stderr


@dataclass
class Shell:
    """Runs commands against one daemon; the settings come from its environment."""

    daemon: Daemon
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start a command."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "orchestrator", *words,
            cwd=self.folder, env={**self.daemon.env, **self.environment}, stdin=pipe, stdout=pipe, stderr=pipe,
        )  # fmt: skip
        self.started.append(process)
        return process

    async def __call__(self, *words: str, given: str = "") -> Ended:
        """Run a command to its end."""
        return await finish(await self.start(*words), given=given)

    async def close(self) -> None:
        """End what a story that went wrong has left running."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def finish(process: asyncio.subprocess.Process, *, given: str = "") -> Ended:
    """Wait for a command's end."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate(given.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def interrupt(process: asyncio.subprocess.Process) -> Ended:
    """End a command as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    return await finish(process)


@asynccontextmanager
async def scene(
    *, bus_url: str, prefix: str = "orchestrator", **node: Any
) -> AsyncIterator[tuple[Shell, SimulatedNode]]:
    """Run a daemon that knows a simulated node, with a folder ``photos`` of four images to take in."""
    # Not pytest's folder: its path may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="orc") as place:
        folder = Path(place)
        (folder / "photos").mkdir()
        for number in range(4):
            Image.effect_noise((256, 192), 80).save(folder / "photos" / f"DJI_{number}.JPG", "JPEG")
        async with SimulatedNode(SimulatedNodeOptions(**({"port": 0, "seconds": 0.5} | node))) as simulated:
            known = json.dumps([{"url": simulated.url, "label": "North"}])
            settings = QUICK | {"files__import_roots": place, "nodes__static": known}
            shell = Shell(Daemon(folder, bus_url=bus_url, prefix=prefix, **settings), folder)
            try:
                await shell.daemon.start()
                yield shell, simulated
            finally:
                await shell.close()
                await shell.daemon.kill()
