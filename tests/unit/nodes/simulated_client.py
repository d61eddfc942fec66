"""A plain HTTP client for the tests of the simulated node: shows what comes over the wire, and nothing cleverer."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp

from orchestrator.nodes.simulated import SimulatedNode, SimulatedNodeOptions

PHOTO = b"not really a photo" * 40


@dataclass(frozen=True)
class Client:
    """Talks to one simulated node."""

    session: aiohttp.ClientSession

    async def get(self, path: str, **arguments: Any) -> Any:
        """The JSON of a GET."""
        async with self.session.get(path, **arguments) as response:
            return await response.json(content_type=None)

    async def post(self, path: str, data: Any = None, **arguments: Any) -> Any:
        """The JSON of a POST; a dict goes urlencoded."""
        async with self.session.post(path, data=data, **arguments) as response:
            return await response.json(content_type=None)

    async def init(self, uuid: str | None = None, **fields: str) -> Any:
        """Begin a job with multipart fields."""
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("unknown", "field")
        for name, value in fields.items():
            form.add_field(name, value)
        return await self.post("/task/new/init", form, headers={"set-uuid": uuid} if uuid else {})

    async def upload(self, uuid: str, *names: str, data: bytes = PHOTO, field: str = "images") -> Any:
        """Upload files in one request."""
        form = aiohttp.FormData(default_to_multipart=True, quote_fields=False)
        form.add_field("unknown", "field")
        for name in names:
            form.add_field(field, io.BytesIO(data), filename=name)
        return await self.post(f"/task/new/upload/{uuid}", form)

    async def commit(self, uuid: str) -> Any:
        """End the upload."""
        return await self.post(f"/task/new/commit/{uuid}")

    async def prepare(self, images: int = 2, **fields: str) -> str:
        """A job with its images uploaded, not committed."""
        uuid = str(uuid4())
        assert {"uuid": uuid} == await self.init(uuid, **{"name": "field", **fields})
        for number in range(images):
            assert {"success": True} == await self.upload(uuid, f"{number:02}.jpg")
        return uuid

    async def submit(self, images: int = 2, **fields: str) -> str:
        """A committed job."""
        uuid = await self.prepare(images, **fields)
        assert {"uuid": uuid} == await self.commit(uuid)
        return uuid

    async def info(self, uuid: str) -> Any:
        """What the node says about the job."""
        return await self.get(f"/task/{uuid}/info")


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[SimulatedNode, Client]]:
    """A node on any free port, quick unless told otherwise, and a client for it."""
    settings = SimulatedNodeOptions(**{"port": 0, "seconds": 0.1, "seed": 7, **options})
    async with SimulatedNode(settings) as node, aiohttp.ClientSession(node.url) as session:
        yield node, Client(session)


def options_json(**options: object) -> str:
    """Options as the wire has them."""
    return json.dumps([{"name": name.replace("_", "-"), "value": value} for name, value in options.items()])
