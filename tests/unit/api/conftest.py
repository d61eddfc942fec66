"""The control application on a real Unix socket, with fake rooms behind it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from orchestrator.api.control import control_application
from tests.unit.api.rooms import FakeRooms


@dataclass
class Window:
    """Talks to the application."""

    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(f"http://control{path}") as response:
            return response.status, await response.json()

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        async with self.session.post(f"http://control{path}", data=body, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
def rooms() -> FakeRooms:
    return FakeRooms()


@pytest.fixture
async def window(rooms, folder) -> AsyncIterator[Window]:
    application = control_application(rooms.ports(), checks=[lambda: ("bus", None)], max_body_bytes=2000, deadline=0.2)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "control.sock")).start()
    connector = aiohttp.UnixConnector(str(folder / "control.sock"))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Window(session)
    await runner.cleanup()
