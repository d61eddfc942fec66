"""One reader's connection: takes what fits at once, and never waits. Nothing is held for a reader who does not read."""

import asyncio
from typing import Final

from aiohttp import HttpVersion11, web

MOST: Final = 262_144
"""Bytes that may wait in a connection, beside what the system itself holds."""


class Parcel:
    """Bytes for many connections, made ready once: ``framed`` is the same as a chunk of HTTP/1.1."""

    __slots__ = ("framed", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self.framed = b"%x\r\n%b\r\n" % (len(plain), plain)


class Wire:
    """The connection of an answer that is being streamed, past the part of aiohttp that waits.

    The answer must have been prepared with its chunks enabled, if its HTTP version knows chunks.
    """

    def __init__(self, transport: asyncio.Transport, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked

    @property
    def gone(self) -> bool:
        """The reader has left."""
        return self._transport.is_closing()

    def take(self, parcel: Parcel) -> bool:
        """Write a parcel; says no, and writes nothing, if too much waits already or the reader has left."""
        if self.gone or self._transport.get_write_buffer_size() + len(parcel.plain) > MOST:
            return False
        if parcel.plain:
            self._transport.write(parcel.framed if self._chunked else parcel.plain)
        return True

    def cut(self) -> None:
        """End the connection, without an orderly end: the reader has missed something."""
        self._transport.abort()


def knows_chunks(request: web.Request) -> bool:
    """Whether whoever asks reads chunks."""
    return request.version >= HttpVersion11


def wire_of(request: web.Request) -> Wire | None:
    """Give the connection of a request; None if it is gone already."""
    return Wire(request.transport, chunked=knows_chunks(request)) if request.transport else None
