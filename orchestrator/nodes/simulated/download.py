"""Sends all.zip: one stream, no ranges, nothing to resume by."""

import asyncio
import time
import zipfile
from pathlib import Path

from aiohttp import web

from orchestrator.nodes.simulated.answers import Refusal
from orchestrator.nodes.simulated.events import EventBook
from orchestrator.nodes.simulated.options import SimulatedNodeOptions
from orchestrator.nodes.simulated.register import Register
from orchestrator.nodes.simulated.routing import Route

__all__ = ["Downloads"]

_ASSET = "all.zip"
_CHUNK = 1 << 18
_SMALLEST_CHUNK = 1 << 10
_CHUNKS_PER_SECOND = 20
_DAMAGE = 64
_LOCAL_HEADER = 30


class Downloads:
    """Serves the archives of finished jobs, damaged where the options say so."""

    def __init__(self, options: SimulatedNodeOptions, *, register: Register, events: EventBook) -> None:
        self._options = options
        self._register = register
        self._events = events

    def routes(self) -> list[Route]:
        """The routes of this part."""
        return [Route("GET", "/task/{uuid}/download/{asset}", "download", self._download)]

    async def _download(self, request: web.Request, uuid: str) -> web.StreamResponse:
        job = self._register.find(uuid)
        if request.path.rstrip("/").rpartition("/")[2] != _ASSET:
            raise Refusal("Invalid asset")
        response = _headers(job.archive)
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        job.downloads += 1
        damaged = _place_of_damage(job.archive) if job.downloads <= self._options.corrupt_results else None
        self._events.record("download-started", uuid)
        await self._send(request, response, job.archive, damaged)
        self._events.record("download-ended", uuid)
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, archive: Path, damaged: int | None
    ) -> None:
        speed = self._options.slow_download
        size = _CHUNK if speed is None else max(_SMALLEST_CHUNK, min(_CHUNK, int(speed / _CHUNKS_PER_SECOND)))
        started, sent = time.monotonic(), 0
        # Opened before anything is awaited: an archive that is replaced or removed meanwhile is still sent whole.
        with archive.open("rb") as file:
            await response.prepare(request)
            while chunk := file.read(size):
                if speed is not None:
                    due = started + (sent + len(chunk)) / speed
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                await response.write(chunk if damaged is None else _damage(chunk, damaged - sent))
                sent += len(chunk)
        await response.write_eof()


def _headers(archive: Path) -> web.StreamResponse:
    if not archive.is_file():
        raise Refusal("Asset not ready")
    response = web.StreamResponse(headers={"Content-Disposition": f"attachment; filename={_ASSET}"})
    response.content_type = "application/zip"
    response.content_length = archive.stat().st_size
    return response


def _place_of_damage(archive: Path) -> int:
    """Where the data of the largest entry begins: damage there breaks a checksum, nothing else would notice it."""
    with zipfile.ZipFile(archive) as entries:
        largest = max(entries.infolist(), key=lambda entry: entry.file_size)
    return largest.header_offset + _LOCAL_HEADER + len(largest.filename.encode()) + len(largest.extra)


def _damage(chunk: bytes, start: int) -> bytes:
    first, last = max(0, start), min(len(chunk), start + _DAMAGE)
    if first >= last:
        return chunk
    return chunk[:first] + bytes(byte ^ 0xFF for byte in chunk[first:last]) + chunk[last:]
