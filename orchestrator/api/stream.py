"""A live stream of events over HTTP: one CloudEvent in JSON per line, blank lines to show that the line is alive."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from orchestrator.api.feed import TooSlow
from orchestrator.api.ports import Subscribe
from orchestrator.api.problems import Refusal
from orchestrator.domain.problem import invalid_field

HEARTBEAT: Final = 15.0
"""Seconds without an event after which a blank line is sent: a reader that has gone is noticed by it."""

TAKING: Final = 30.0
"""Seconds within which a reader must take what was sent, or it is cut off."""


class EventStreams:
    """Serves streams, and ends those that are open when the daemon stops."""

    def __init__(self, subscribe: Subscribe, *, heartbeat: float = HEARTBEAT, taking: float = TAKING) -> None:
        self._subscribe = subscribe
        self._heartbeat = heartbeat
        self._taking = taking
        self._stopping = asyncio.Event()

    async def stop(self, _: web.Application | None = None) -> None:
        """End every stream; its reader sees an orderly end."""
        self._stopping.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer ``GET /events?pattern=task.%23``."""
        pattern = request.query.get("pattern", "#")
        try:
            subscription = self._subscribe(pattern)
            async with subscription as events:
                return await self._send(request, events)
        except ValueError as error:
            raise Refusal(invalid_field("pattern", str(error))) from None

    async def _send(self, request: web.Request, events: AsyncIterator[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        try:
            async for line in self._lines(events):
                async with asyncio.timeout(self._taking):
                    await response.write(line)
            await response.write_eof()
        except (TooSlow, TimeoutError):
            # No orderly end: that is how the reader learns that it has missed something.
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # The reader has gone.
        return response

    async def _lines(self, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        stopping: asyncio.Future[Any] = asyncio.ensure_future(self._stopping.wait())
        following: asyncio.Future[Any] = asyncio.ensure_future(_following(events))
        try:
            yield b"\n"  # Headers alone may linger in a buffer; from here on the reader knows that it is subscribed.
            while True:
                await asyncio.wait({following, stopping}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    body = following.result()
                    if body is None:
                        return
                    yield body + b"\n"
                    following = asyncio.ensure_future(_following(events))
                elif stopping.done():
                    return
                else:
                    yield b"\n"
        finally:
            following.cancel()
            stopping.cancel()


async def _following(events: AsyncIterator[bytes]) -> bytes | None:
    return await anext(events, None)
