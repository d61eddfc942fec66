"""Sends what is open: whole, a range of it, or word that it has not changed (RFC 9110 §13, §14)."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from aiohttp import ETag, web

from orchestrator.api.rest.faults import detail
from orchestrator.engine.ports import Download

IDLE: Final = 120.0
"""Seconds after which a reader that takes nothing is left."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_ANY: Final = "*"

ASKED_ANEW: Final = "private, no-cache"
"""A restart puts new results in the place of these; and an address may hold a ticket, which a proxy would outlive."""


async def send(request: web.Request, download: Download, headers: dict[str, str]) -> web.StreamResponse:
    """Send it, and close it. Raises ``Fault`` for a range that there is not."""
    try:
        return await _send(request, download, headers)
    finally:
        await download.close()


async def _send(request: web.Request, download: Download, headers: dict[str, str]) -> web.StreamResponse:
    start, count = 0, download.size
    response = web.StreamResponse(headers=headers)
    response.headers["Cache-Control"] = ASKED_ANEW
    response.etag = ETag(download.etag)
    response.last_modified = _modified(download)
    if _has(request, download):
        response.set_status(304)
        del response.headers["Content-Type"]
        await response.prepare(request)
        return response
    if download.ranges:
        response.headers["Accept-Ranges"] = "bytes"
        wanted = _range(request, download)
        if wanted is not None:
            start, count = wanted
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {start}-{start + count - 1}/{download.size}"
    response.content_length = count
    await response.prepare(request)
    if request.method != "HEAD":
        await _write(request, response, download.pieces(start, count))
    return response


async def _write(request: web.Request, response: web.StreamResponse, pieces: AsyncIterator[bytes]) -> None:
    try:
        async for piece in pieces:
            async with asyncio.timeout(IDLE):
                await response.write(piece)
        await response.write_eof()
    except BaseException:
        # A connection that breaks is the only way left to say no: whatever else came would be taken for the file.
        if request.transport is not None:
            request.transport.abort()
        raise


def _has(request: web.Request, download: Download) -> bool:
    """Whether the client has it already."""
    if request.if_none_match is not None:
        return any(tag.value in {download.etag, _ANY} for tag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and _modified(download) <= since


def _modified(download: Download) -> datetime:
    """Give the time as HTTP can write it, in whole seconds, and never one before what was sent at that time."""
    whole = download.modified.replace(microsecond=0)
    return whole if whole == download.modified else whole + timedelta(seconds=1)


def _range(request: web.Request, download: Download) -> tuple[int, int] | None:
    """Give start and length of the one range that is wanted; None for all of it. Raises ``Fault``."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or found[0].endswith("=-") or not _is_still(request, download):
        return None
    first, last = found[1], found[2]
    start = int(first) if first else max(0, download.size - int(last))
    end = min(int(last), download.size - 1) if first and last else download.size - 1
    if start > end and first and last and int(last) < start:
        return None  # Not a range at all, so it is overlooked.
    if start > end:
        fault = detail(416, f"It has {download.size:,} bytes.")
        fault.headers["Content-Range"] = f"bytes */{download.size}"
        raise fault
    return start, end - start + 1


def _is_still(request: web.Request, download: Download) -> bool:
    """Whether the range belongs to what the client has the other part of (``If-Range``)."""
    given = request.headers.get("If-Range", "").strip()
    if not given:
        return True
    if given.startswith(('"', "W/")):
        return given == f'"{download.etag}"'
    return request.if_range == _modified(download)
