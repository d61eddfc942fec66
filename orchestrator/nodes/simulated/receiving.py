"""Reads multipart bodies: text into memory up to a limit, files straight to disk with bounded memory.

What goes wrong on the way stays as a real node leaves it: a file that was cut remains, truncated, under its name.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from orchestrator.nodes.simulated.answers import Refusal

__all__ = ["FILE_FIELD", "Form", "Meter", "UploadCut", "receive"]

FILE_FIELD = "images"
_TEXT_LIMIT = 1 << 20
_CHUNK = 1 << 16
_SMALLEST_CHUNK = 1 << 10
_CHUNKS_PER_SECOND = 20


class UploadCut(Exception):
    """The fault `cut_uploads` strikes: the connection is to be cut, the file stays truncated."""


@dataclass
class Form:
    """The body of one request: its text fields and where its files are stored."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


@dataclass
class Meter:
    """Counts the bytes of a request's files, holds them to a speed and cuts them short."""

    speed: float | None = None
    cut_at: int | None = None
    passed: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def chunk(self) -> int:
        """How much to read at once: small steps when slow, so that the flow is even."""
        if self.speed is None:
            return _CHUNK
        return max(_SMALLEST_CHUNK, min(_CHUNK, int(self.speed / _CHUNKS_PER_SECOND)))

    def allow(self, data: bytes) -> bytes:
        """The part of the data that may still be stored."""
        allowed = data if self.cut_at is None else data[: max(0, self.cut_at - self.passed)]
        self.passed += len(data)
        return allowed

    @property
    def is_cut(self) -> bool:
        """Whether the moment of the cut has come."""
        return self.cut_at is not None and self.passed >= self.cut_at

    async def keep_pace(self) -> None:
        """Wait until so many bytes may have passed."""
        if self.speed is not None:
            await asyncio.sleep(max(0.0, self.started + self.passed / self.speed - time.monotonic()))


async def receive(request: web.Request, place: Callable[[str], Path] | None, meter: Meter | None = None) -> Form:
    """Read the whole body; `place` says where a file goes, and None allows no files. Not multipart: an empty form.

    Raises:
        Refusal: a file where none is expected, a text that is too long, or a body that ends too early.
        UploadCut: the meter has cut it.
    """
    form = Form()
    meter = meter or Meter()
    if not request.content_type.startswith("multipart/"):
        return form
    try:
        reader = MultipartReader(request.headers, request.content)
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader):
                await _take_part(part, form, place, meter)
    except (ValueError, BadHttpMessage) as error:
        raise Refusal("Unexpected end of multipart data") from error
    if meter.cut_at is not None:
        _truncate(form)
        raise UploadCut
    return form


async def _take_part(part: BodyPartReader, form: Form, place: Callable[[str], Path] | None, meter: Meter) -> None:
    if part.filename is None:
        form.fields[part.name or ""] = await _text(part)
    elif place is None or part.name != FILE_FIELD:
        for path in form.files:
            path.unlink(missing_ok=True)
        raise Refusal("Unexpected field")
    elif part.filename:
        path = place(part.filename)
        form.files.append(path)
        await _store(part, path, meter)


async def _text(part: BodyPartReader) -> str:
    text = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        text += chunk
        if len(text) > _TEXT_LIMIT:
            raise Refusal("Field value too long")
    return text.decode("utf-8", errors="replace")


async def _store(part: BodyPartReader, path: Path, meter: Meter) -> None:
    # Written in the event loop on purpose: chunks are small and go to the page cache, a thread per chunk costs more.
    with path.open("wb") as file:
        while not part.at_eof():
            chunk = await part.read_chunk(meter.chunk)
            file.write(meter.allow(chunk))
            if meter.is_cut:
                raise UploadCut
            await meter.keep_pace()


def _truncate(form: Form) -> None:
    # The body was smaller than the place of the cut: take half of the last file instead.
    if form.files:
        os.truncate(form.files[-1], form.files[-1].stat().st_size // 2)
