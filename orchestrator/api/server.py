"""Opens and closes both sites: the window on TCP, control on a Unix socket. Start and stop may be called again."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from orchestrator.api.unix_socket import ListenError, claim, unclaim

CLOSING: Final = 5.0
"""Seconds that a stop waits for requests that are being answered."""

SILENCE: Final = 75.0
"""Seconds within which the headers of a request must be there, the first one of a connection and every later one."""

READ_BUFFER: Final = 16_384
"""Bytes of a body that wait for their handler before the connection is held: there may be hundreds of uploads."""

Build = Callable[[], web.Application]


class Server:
    """Both sites. ``start`` raises ``ListenError``; a server that was stopped can be started anew.

    ``window`` and ``control`` build what is served on TCP and on the socket, anew for each start.
    """

    def __init__(self, *, host: str, port: int, control_socket: Path, window: Build, control: Build) -> None:
        self._host = host
        self._port = port
        self._socket = control_socket
        self._window = window
        self._control = control
        self._changing = asyncio.Lock()
        self._open: contextlib.AsyncExitStack | None = None
        self._address: tuple[str, int] | None = None

    @property
    def url(self) -> str:
        """The address of the window; once started, with the port that was taken."""
        host, port = self._address or (self._host, self._port)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen at both places, or at neither. Raises ``ListenError``."""
        async with self._changing:
            if self._open is not None:
                return
            async with contextlib.AsyncExitStack() as opening:
                await self._start_control(opening)
                await self._start_window(opening)
                self._open = opening.pop_all()

    async def stop(self) -> None:
        """Finish the requests under way, end the event streams, and stop listening."""
        async with self._changing:
            stack, self._open, self._address = self._open, None, None
            if stack is not None:
                await stack.aclose()

    async def _start_window(self, opening: contextlib.AsyncExitStack) -> None:
        runner = await _running(self._window(), opening)
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
            place = f"{self._host} port {self._port}"
            raise ListenError(f"Cannot listen on {place}: {why}. Set api.host and api.port.") from None
        self._address = runner.addresses[0][:2]

    async def _start_control(self, opening: contextlib.AsyncExitStack) -> None:
        bound = claim(self._socket)
        opening.callback(bound.close)
        opening.callback(unclaim, self._socket, inode=self._socket.stat().st_ino)
        runner = await _running(self._control(), opening)
        await web.SockSite(runner, bound).start()


async def _running(application: web.Application, opening: contextlib.AsyncExitStack) -> web.AppRunner:
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=CLOSING, keepalive_timeout=SILENCE, read_bufsize=READ_BUFFER
    )
    await runner.setup()
    opening.push_async_callback(runner.cleanup)
    return runner
