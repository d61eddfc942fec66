"""Listens on one address, and can go away and come back on the very same port."""

import asyncio
import socket
import time

from aiohttp import web

__all__ = ["Listener"]

_KEEP_ALIVE = 5.0
"""Seconds after which an idle connection is closed, as a real node does."""
_LINGERING = 60.0
_SHUTDOWN = 1.0
_BIND_DEADLINE = 5.0
_BIND_PAUSE = 0.01


class Listener:
    """Serves an application while it is open. While it is away, connections are refused and the port stays ours."""

    def __init__(self, application: web.Application, *, host: str, port: int) -> None:
        self.port = port
        self._host = host
        self._runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=_KEEP_ALIVE,
            # An upload that is answered early is read to its end, as Node.js does.
            lingering_time=_LINGERING,
            shutdown_timeout=_SHUTDOWN,
        )
        self._site: web.SockSite | None = None
        self._reserved: socket.socket | None = None
        self._is_ours = False

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._site is not None

    async def open(self) -> None:
        """Accept connections. The first time this may choose the port."""
        if self._site is not None:
            return
        if self._runner.server is None:
            await self._runner.setup()
        listening = await self._bind()
        self.port = listening.getsockname()[1]
        self._site = web.SockSite(self._runner, listening)
        await self._site.start()
        self._is_ours = True
        self._release()

    async def leave(self) -> None:
        """Refuse connections and cut those there are."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await site.stop()
        self.cut_connections()
        # Bound but not listening: connections are refused, and nobody else gets the port meanwhile.
        self._reserved = await self._bind()

    def cut_connections(self) -> None:
        """Cut every connection without an answer."""
        for connection in self._runner.server.connections if self._runner.server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Stop serving, for good."""
        self.cut_connections()
        self._site = None
        self._release()
        await self._runner.cleanup()

    async def _bind(self) -> socket.socket:
        # Some event loops close a listening socket a moment after they are told to.
        deadline = time.monotonic() + _BIND_DEADLINE
        while True:
            try:
                return _bound_socket(self._host, self.port)
            except OSError:
                if not self._is_ours or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_BIND_PAUSE)

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


def _bound_socket(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
