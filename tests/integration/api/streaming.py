"""Reads Server-Sent Events as a browser does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.integration.api.site import Site

DEADLINE = 30.0
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Followed:
    """An open stream."""

    response: aiohttp.ClientResponse
    last: str = ""
    """The id of the last event, as the standard has it: blocks without data move it, too."""
    comments: list[str] = field(default_factory=list)
    retry: str = ""

    async def event(self) -> dict[str, str]:
        """Wait for the next event: id, event, data."""
        async with asyncio.timeout(DEADLINE):
            while True:
                block = await self._block()
                if "data" in block:
                    return {"id": self.last, **block}

    async def events(self, count: int) -> list[dict[str, str]]:
        return [await self.event() for _ in range(count)]

    async def _block(self) -> dict[str, str]:
        block: dict[str, str] = {}
        while line := (await self.response.content.readuntil(b"\n")).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            if not name:
                self.comments.append(value)
            elif name == "id":
                self.last = value.strip()
            elif name == "retry":
                self.retry = value.strip()
            else:
                block[name] = value.strip()
        return block

    async def ended(self) -> bytes:
        """Wait for the end of the stream, and give what came before it. Raises ``ClientPayloadError`` if it was cut."""
        async with asyncio.timeout(DEADLINE):
            return await self.response.content.read()


@asynccontextmanager
async def following(daemon: Site, query: str = "", **given: Any) -> AsyncIterator[Followed]:
    """Follow events, and be sure to be there."""
    async with daemon.session.get(f"{daemon.url}/api/events{query}", timeout=None, **given) as response:
        assert (200, "text/event-stream") == (response.status, response.content_type), await response.text()
        followed = Followed(response)
        async with asyncio.timeout(DEADLINE):
            assert {} == await followed._block()
        yield followed


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


async def all_sent(daemon: Site) -> None:
    """Wait until the bus has every event."""
    async with asyncio.timeout(DEADLINE):
        while await daemon.app.store.unsent(after=0, limit=1):
            await asyncio.sleep(0.01)
