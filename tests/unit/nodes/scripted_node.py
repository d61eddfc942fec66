"""A server on loopback that answers each request with the next act of a script: raw bytes, a cut, silence, whatever.

The last act repeats. Requests are kept, bodies included up to a bound, so that tests can look at the very bytes.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEPT_BODY = 1 << 20


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    length: int = 0

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)


@dataclass
class Act:
    """Write the answer, then go on or close; ``early``: before the request's body is read, as Node.js servers can."""

    answer: bytes = b""
    close: bool = False
    early: bool = False
    hang: bool = False
    slowly: float | None = None
    then: Callable[[], Awaitable[object]] | None = None
    """Waited for before the answer."""
    until: asyncio.Event | None = None
    """Waited for after the answer, before the connection is closed."""


def http(status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """An answer with Content-Length, by default the right one."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields.setdefault("Content-Type", "text/html")
    fields["Content-Length"] = str(len(body) if length is None else length)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body


def says(value: Any) -> Act:
    """A JSON answer as NodeODM gives it."""
    return Act(http(200, json.dumps(value).encode(), Content_Type="application/json; charset=utf-8"))


@dataclass
class ScriptedNode:
    script: list[Act]
    requests: list[Request] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    connections: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a connection has ended, from whichever side."""

    async def __aenter__(self) -> Self:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.gone.set()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = parse(await reader.readuntil(b"\r\n\r\n"))
        act = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append(request)
        if not act.early:
            await read_body(reader, request)
        if act.then is not None:
            await act.then()
        if act.hang:
            while await reader.read(1 << 16):
                pass
            return False
        for piece in (act.answer,) if act.slowly is None else [act.answer[i : i + 1] for i in range(len(act.answer))]:
            writer.write(piece)
            await writer.drain()
            if act.slowly:
                await asyncio.sleep(act.slowly)
        if act.until is not None:
            await act.until.wait()
        if act.early and not act.close:
            await read_body(reader, request)
        return not act.close


def parse(head: bytes) -> Request:
    first, *lines = head.decode().rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Request(method, target, headers)


async def read_body(reader: asyncio.StreamReader, request: Request) -> None:
    if request.headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            keep(request, (await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return
    left = int(request.headers.get("content-length", "0"))
    while left:
        chunk = await reader.read(min(left, 1 << 20))
        if not chunk:
            raise asyncio.IncompleteReadError(b"", left)
        keep(request, chunk)
        left -= len(chunk)


def keep(request: Request, chunk: bytes) -> None:
    request.length += len(chunk)
    request.body += chunk[: KEPT_BODY - len(request.body)]
