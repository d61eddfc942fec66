"""A file as the body of an upload: streamed, counted, and closed at once when the upload ends."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from fcntl import ioctl
from termios import TIOCOUTQ

from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

from orchestrator.domain.errors import FileError, SourceFailed, SourceHindered
from orchestrator.engine.ports import OutgoingFile
from orchestrator.nodes.nodeodm.forms import envelope

UNKNOWN = -1


class FilePart(Payload):
    """One file in its multipart envelope, with a length when the file's size is known.

    aiohttp writes it from a task of its own and wraps what goes wrong there; so the part keeps what became of it:
    ``begun`` (bytes may have left), ``whole`` (all of them were handed over) and ``failure`` (of the file itself).
    """

    _autoclose = True

    def __init__(self, file: OutgoingFile, *, sent: Callable[[int], None]) -> None:
        self._envelope = envelope(file.name)
        super().__init__(file, content_type=self._envelope.content_type)
        self.file = file
        self._sent = sent
        if file.size != UNKNOWN:
            self._size = len(self._envelope.head) + file.size + len(self._envelope.tail)
        self._transport: asyncio.WriteTransport | None = None
        self._put = 0
        self._released = asyncio.Event()
        self._released.set()
        self.begun = False
        self.whole = False
        self.failure: FileError | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Never: the file is not held in memory."""
        del encoding, errors
        raise TypeError("A streamed file has no text.")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send envelope and file."""
        self._consumed = True
        self._released.clear()
        try:
            transport = writer.transport
            if transport is None or transport.is_closing():
                raise ConnectionResetError("closed before anything was sent")
            self._transport = transport
            self.begun = True
            await self._put_on(writer, self._envelope.head)
            await self._stream(writer)
            # Before the tail is awaited: the answer to it may be here before we are told that it has left.
            self.whole = True
            await self._put_on(writer, self._envelope.tail)
        except FileError as error:
            self.failure = error
            raise
        finally:
            self._released.set()

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send envelope and file; the length is kept to anyway."""
        del content_length
        await self.write(writer)

    def moved(self) -> int:
        """Give a number that changes whenever a byte moves: what was handed over and not still waiting to leave."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return self._put
        return self._put - transport.get_write_buffer_size() - _unacknowledged(transport)

    async def abandon(self) -> None:
        """Close the connection now, whatever is still in its buffer, and wait until the file is closed."""
        if self._transport is not None:
            self._transport.abort()
        await self._released.wait()

    async def _stream(self, writer: AbstractStreamWriter) -> None:
        chunks = aiter(self.file.chunks())
        count = 0
        try:
            while (chunk := await self._next(chunks)) is not None:
                count += len(chunk)
                if count > self.file.size != UNKNOWN:
                    break
                await self._put_on(writer, chunk)
                self._sent(len(chunk))
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()
        if count != self.file.size != UNKNOWN:
            raise SourceHindered(f"{self.file.name} changed while it was sent.")

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        try:
            return await anext(chunks, None)
        except FileError:
            raise
        except Exception as error:
            raise SourceFailed(f"{self.file.name} could not be read: {error}") from error

    async def _put_on(self, writer: AbstractStreamWriter, chunk: bytes) -> None:
        self._put += len(chunk)
        await writer.write(chunk)


def _unacknowledged(transport: asyncio.BaseTransport) -> int:
    """Count bytes that the kernel holds: on a slow uplink, megabytes creep out long after the last was handed over."""
    socket = transport.get_extra_info("socket")
    try:
        (count,) = struct.unpack("i", ioctl(socket.fileno(), TIOCOUTQ, struct.pack("i", 0)))
    except (AttributeError, OSError, ValueError):
        return 0
    return int(count)
