"""A daemon on a real broker with a simulated node and a stranger's client: what a module of tests shares."""

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from PIL import Image

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions
from tests.acceptance.command_line import QUICK, Shell
from tests.acceptance.plain_client import Json, PlainClient, clear, plain_client
from tests.daemon import Daemon


@dataclass
class Service:
    """What is running, and how to speak with it."""

    daemon: Daemon
    client: PlainClient
    node: SimulatedNode
    node_id: int
    folder: Path
    shell: Shell
    _read: int = field(default=0)

    @property
    def photos(self) -> list[str]:
        """Images that may be taken in."""
        return sorted(str(path) for path in (self.folder / "photos").glob("DJI_*"))

    def images(self, *names: str) -> list[str]:
        """Name files in the folder from which images may come."""
        return [str(self.folder / "photos" / name) for name in names]

    async def get(self, path: str) -> Any:
        """Read from the control socket."""
        async with self._local() as session, session.get(f"http://x{path}") as response:
            return await response.json()

    async def command(self, name: str, body: Json) -> Json:
        """Send a command to the control socket, past the broker, and give what it is about."""
        async with self._local() as session, session.post(f"http://x/commands/{name}", json=body) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return next(value for key, value in answer.items() if key not in {"ok", "command"})

    def _local(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.folder / "data" / "control.sock")))

    async def create(self, **said: Any) -> Json:
        """Begin a task of all photos, or of what is said."""
        return await self.client.ok("create-task", {"images": self.photos} | said)

    async def serves(self) -> None:
        """Have a good command served, so that nothing before it has hurt."""
        name = uuid4().hex
        assert name == (await self.client.ok("create-project", {"name": name}))["name"]

    def complaints(self) -> list[str]:
        """Give what was said in the log, since last asked, that should not have been: errors, and what is no JSON."""
        text = self.daemon.log.read_text()
        news, self._read = text[self._read :], len(text)
        return [line for line in news.splitlines() if _is_complaint(line)]

    @asynccontextmanager
    async def another_node(self, **options: Any) -> AsyncIterator[tuple[SimulatedNode, int]]:
        """Have another node for the length of the block; tasks do not go there by themselves."""
        async with SimulatedNode(SimulatedNodeOptions(port=0, **options)) as node:
            added = await self.client.ok("add-processing-node", {"url": node.url, "token": options.get("token", "")})
            try:
                yield node, added["id"]
            finally:
                await self.client.send("remove-processing-node", {"processing_node": added["id"], "force": True})


def _is_complaint(line: str) -> bool:
    if not line.startswith("{"):
        return True
    return json.loads(line)["level"] in {"error", "critical"} or "Traceback" in line


@asynccontextmanager
async def service(amqp_url: str, *, node: Json | None = None, **settings: str) -> AsyncIterator[Service]:
    """Run it all for the length of the block; nothing is left on the broker."""
    prefix = f"test-{uuid4().hex[:12]}"
    # Not pytest's folder: its path may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="orc") as place:
        folder = Path(place)
        (folder / "photos").mkdir()
        for number in range(3):
            Image.effect_noise((128, 96), 80).save(folder / "photos" / f"DJI_{number}.JPG", "JPEG")
        files = {"files__import_roots": str(folder / "photos"), "files__allow_private_addresses": "127.0.0.0/8"}
        options = QUICK | files | settings
        daemon = Daemon(folder, bus_url=amqp_url, prefix=prefix, **options)
        try:
            await daemon.start()
            simulated = SimulatedNode(SimulatedNodeOptions(**({"port": 0, "seconds": 0.3} | (node or {}))))
            async with simulated, plain_client(amqp_url, prefix=prefix) as client:
                id_ = (await client.ok("add-processing-node", {"url": simulated.url}))["id"]
                yield Service(daemon, client, simulated, id_, folder, Shell(daemon, folder))
        finally:
            await daemon.kill()
            await clear(amqp_url, prefix=prefix)
