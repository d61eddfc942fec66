"""An endpoint for webhooks, as somebody else would write it: on loopback, and as good or bad as a test wants it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_" + "QUJD" * 8
LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Endpoint:
    """What came, in order; ``answer`` gives the status for a body."""

    url: str = ""
    secret: str = SECRET
    answer: Callable[[dict[str, Any]], int] = lambda _: 204
    headers: dict[str, str] = field(default_factory=dict)
    came: list[dict[str, Any]] = field(default_factory=list)
    """Every attempt."""
    taken: list[dict[str, Any]] = field(default_factory=list)
    hang: asyncio.Event | None = None

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(self.secret).verify(body, dict(request.headers))
        event = json.loads(body)
        assert event["id"] == request.headers["webhook-id"]
        self.came.append(event)
        if self.hang:
            await self.hang.wait()
        status = self.answer(event)
        if status < 300:
            self.taken.append(event)
        return web.Response(status=status, headers=self.headers)

    @property
    def subjects(self) -> list[str]:
        return [event["subject"] for event in self.taken]


@asynccontextmanager
async def endpoint(port: int = 0, **given: Any) -> AsyncIterator[Endpoint]:
    """Listen for the length of the block."""
    made = Endpoint(**given)
    application = web.Application()
    application.router.add_post("/hook", made.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield made
    finally:
        if made.hang:
            made.hang.set()
        await runner.cleanup()
