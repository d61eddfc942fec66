"""Multipart bodies with files: each goes to the disk as it comes, wherever it stands among the fields.

Nothing of a file is held in memory but the piece that is on its way to the disk.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http import HttpProcessingError

from orchestrator.api.rest.faults import detail
from orchestrator.api.rest.reading import MAX_FORM, read_fields
from orchestrator.api.rest.route import FORMS, MULTIPART
from orchestrator.engine.ports import Arrival, Arrived

PIECE: Final = 32_768
"""Bytes that are read at once. Of each upload a few such pieces are in memory, and there may be hundreds of uploads."""

IDLE: Final = 60.0
"""Seconds after which an upload that does not move is given up."""

MAX_FIELDS: Final = 1000

T = TypeVar("T")

Take = Callable[[str, AsyncIterator[bytes]], Awaitable[Arrived]]


@dataclass(slots=True)
class Received:
    """A body, taken apart."""

    fields: dict[str, object] = field(default_factory=dict)
    files: list[Arrived] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    """What their sender calls the files, by the names that they have got."""

    def as_sent(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Give the names of the files as their sender gave them; a name given twice counts once."""
        named: dict[str, int] = {}
        for name, size in sizes.items():
            sent = self.sent.get(name, name)
            named[name if sent in named else sent] = size
        return named


async def receive(request: web.Request, arrival: Arrival) -> Received:
    """Take in images and fields. Raises ``Fault``, ``FileError``."""
    return await _receive(request, arrival, arrival.take)


async def receive_archive(request: web.Request, arrival: Arrival) -> Received:
    """Take in archives of results, and fields. Raises ``Fault``, ``FileError``."""
    return await _receive(request, arrival, lambda _, pieces: arrival.take_archive(pieces))


async def _receive(request: web.Request, arrival: Arrival, take: Take) -> Received:
    if request.content_type != MULTIPART:
        return Received(dict(await _timely(read_fields(request, FORMS))))
    async with arrival.turn():
        return await _read_all(request, take)


async def _read_all(request: web.Request, take: Take) -> Received:
    received, room = Received(), MAX_FORM
    async for part in _parts(request):
        if part.filename is None:
            text = await _text(part, room)
            room -= len(text)
            if part.name and len(received.fields) < MAX_FIELDS:
                received.fields[part.name] = text
        elif part.filename:
            file = await take(part.filename, _pieces(part))
            received.files.append(file)
            received.sent[file.name] = re.split(r"[/\\]", part.filename)[-1]
    return received


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    reader = await _read(request.multipart())
    while (part := await _read(reader.next())) is not None:
        if isinstance(part, MultipartReader):
            raise _unreadable("a part that has parts itself is not taken")
        yield part


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await _read(part.read_chunk(PIECE)):
        yield _decoded(part, piece)


async def _text(part: BodyPartReader, room: int) -> str:
    raw = bytearray()
    async for piece in _pieces(part):
        raw += piece
        if len(raw) > room:
            raise detail(413, f"The fields are larger than the {MAX_FORM} bytes that are taken in here.")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _unreadable(f"the field {part.name} is not UTF-8 text") from None


async def _read(reading: Awaitable[T]) -> T:
    """Read on. Raises ``Fault`` for whatever a client can do wrong on the way: it must not look like a failing disk."""
    try:
        return await _timely(reading)
    except ConnectionError:
        raise detail(400, "The connection broke before all had come.") from None
    except (ValueError, RuntimeError, AssertionError, HttpProcessingError, web.HTTPException) as error:
        raise _unreadable(str(error)) from None


async def _timely(reading: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(IDLE):
            return await reading
    except TimeoutError:
        raise detail(408, f"Nothing came for {IDLE:g} s.") from None


def _decoded(part: BodyPartReader, piece: bytes) -> bytes:
    try:
        return bytes(part.decode(piece))
    except (ValueError, RuntimeError) as error:
        raise _unreadable(str(error)) from None


def _unreadable(why: str) -> Exception:
    return detail(400, f"Multipart form parse error - {why}")
