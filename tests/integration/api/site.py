"""A whole daemon in this process, with REST on a real port: what a client sees, with nothing faked inside."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from orchestrator.app import App, running
from orchestrator.nodes.simulated import SimulatedNode
from orchestrator.settings import Settings

QUICK = {"probe_interval": 0.05, "first_poll_interval": 0.05, "poll_interval": 0.05}
"""Seconds between looks at nodes and jobs."""


@dataclass
class Site:
    """Talks to the daemon as a client of the REST API does."""

    app: App
    session: aiohttp.ClientSession
    url: str

    async def call(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Give the status and the body: read from JSON where it is JSON, None where it is empty."""
        async with self.session.request(method, f"{self.url}/api{path}", **given) as response:
            body = await response.read()
            return response.status, json.loads(body) if response.content_type == "application/json" else body or None

    async def get(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.call("GET", path, **given)

    async def post(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.call("POST", path, **given)

    async def patch(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.call("PATCH", path, **given)

    async def delete(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.call("DELETE", path, **given)


def settings_for(folder: Path, **sections: Any) -> Settings:
    """Give settings with everything in one folder; sections are merged into these."""
    given: dict[str, Any] = {
        "files": {"root": folder / "data"},
        "api": {"port": 0, "control_socket": folder / "c.sock"},
        "nodes": QUICK,
    }
    for name, values in sections.items():
        given[name] = {**given.get(name, {}), **values}
    return Settings(**given)


@asynccontextmanager
async def site(folder: Path, *, node: SimulatedNode | None = None, **sections: Any) -> AsyncIterator[Site]:
    """Run a daemon for the length of the block, with a simulated node if one is given."""
    nodes = {"nodes": {"static": ({"url": node.url},), **sections.pop("nodes", {})}} if node else {}
    async with (
        running(settings_for(folder, **nodes, **sections)) as app,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Site(app, session, app.server.url)
