"""A TCP proxy on loopback that delays, cuts, swallows or refuses on demand; ``reset`` takes every fault back."""

import asyncio
from typing import Self


class FaultyProxy:
    _server: asyncio.Server

    def __init__(self, target_port: int) -> None:
        self._target, self.port = ("127.0.0.1", target_port), 0
        self._open: set[asyncio.StreamWriter] = set()
        self._forget_faults()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_after(self, count: int, *, of: str = "requests") -> None:
        """Cut the connection that carries more than that many further bytes, of "requests" or of "answers"."""
        self._left = {of: count}

    def swallow_answers(self) -> None:
        self._swallow = True

    def refuse(self) -> None:
        """Take no new connections."""
        self._server.close()

    async def reset(self) -> None:
        self._forget_faults()
        self._server.close()
        await self.__aenter__()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    def _forget_faults(self) -> None:
        self.delay, self._left, self._swallow = 0.0, {}, False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(far_writer)
        ways = ("requests", reader, far_writer, writer), ("answers", far_reader, writer, far_writer)
        await asyncio.gather(*(self._carry(*way) for way in ways), return_exceptions=True)  # broken pipes are ordinary

    async def _carry(
        self, of: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter, back: asyncio.StreamWriter
    ):
        while chunk := await source.read(65536):
            await asyncio.sleep(self.delay)
            self._left[of] = left = self._left.get(of, 1 << 60) - len(chunk)
            if not (self._swallow and of == "answers"):
                sink.write(chunk[: min(left, 0) or None])
                await sink.drain()
            if left < 0:
                back.transport.abort()
        sink.close()
