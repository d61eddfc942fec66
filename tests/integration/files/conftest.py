"""A server that has images, or says that it has none, for tests of fetching."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from orchestrator.domain.task import Source

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[Source]]


class Gate:
    """A server's answer that waits, and ends with the test."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.open.wait()


@pytest.fixture
async def serve():
    servers: list[TestServer] = []

    async def start(handler: Handler) -> Source:
        app = web.Application()
        app.router.add_get("/{tail:.*}", handler)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        servers.append(server)
        return Source(uri=str(server.make_url("/flight/IMG_1.JPG?signature=secret")), name="IMG_1.JPG")

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()
