"""Images from http(s) addresses, fetched into a file: bounded in size, in time and in redirects."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp

from orchestrator.domain.connecting import why_not_connected
from orchestrator.domain.errors import SourceFailed, SourceHindered
from orchestrator.domain.task import Source
from orchestrator.files.addresses import shown
from orchestrator.files.deletion import delete_file
from orchestrator.files.failures import storing, words
from orchestrator.files.layout import FILE_MODE, make_folder
from orchestrator.files.staging import unfinished
from orchestrator.files.workbench import Stop, Workbench
from orchestrator.outgoing import AddressRefused, Network, guarded_connector

_PIECE = 1024 * 1024

_WORTH_A_TRY = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.LOCKED}
)
"""4xx that may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one image may take: bytes, seconds, redirects."""

    max_bytes: int = 2 * 1024**3
    connect: float = 10.0
    silence: float = 30.0
    whole: float = 3600.0
    redirects: int = 5
    private: Sequence[Network] = ()
    """Networks that are not public, and allowed."""


class Fetcher:
    """One HTTP client for all images."""

    def __init__(self, *, limits: FetchLimits, bench: Workbench) -> None:
        self._limits = limits
        self._bench = bench
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, source: Source, target: Path) -> None:
        """Bring the file to ``target``. Raises ``SourceFailed``, ``SourceHindered``, ``StorageFailed``."""
        part = unfinished(target)
        with storing(f"Storing {source.name}"):
            make_folder(target.parent)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            try:
                await self._receive(source, descriptor)
            finally:
                os.close(descriptor)
            with storing(f"Storing {source.name}"):
                part.replace(target)
        finally:
            with contextlib.suppress(OSError):
                delete_file(part)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _receive(self, source: Source, descriptor: int) -> None:
        limits, told = self._limits, f"{source.name} from {shown(source.uri)}"
        try:
            async with self._client().get(
                source.uri, max_redirects=limits.redirects + 1, headers={"Accept-Encoding": "identity"}
            ) as answer:
                _check(answer, told=told, limits=limits)
                await self._store(answer, descriptor, source=source)
        except aiohttp.ConnectionTimeoutError as error:
            raise SourceHindered(f"{told}: no connection within {limits.connect:g} s.") from error
        except aiohttp.SocketTimeoutError as error:
            raise SourceHindered(f"{told}: nothing came for {limits.silence:g} s.") from error
        except TimeoutError as error:
            raise SourceHindered(f"{told}: not complete within {limits.whole:g} s.") from error
        except aiohttp.TooManyRedirects as error:
            raise SourceFailed(f"{told}: redirected more than {limits.redirects} times.") from error
        except (aiohttp.InvalidURL, aiohttp.ClientConnectorCertificateError) as error:
            what = "its certificate is not valid" if isinstance(error, aiohttp.ClientSSLError) else "not an address"
            raise SourceFailed(f"{told}: {what}.") from error
        except aiohttp.ClientPayloadError as error:
            raise SourceHindered(f"{told}: the transfer was cut before its end.") from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
                refused = f"{error.os_error.address} is {error.os_error}"
                raise SourceFailed(f"{told}: {refused}; files.allow_private_addresses can allow it.") from error
            raise SourceHindered(f"{told}: {_why(error)}.") from error

    async def _store(self, answer: aiohttp.ClientResponse, descriptor: int, *, source: Source) -> None:
        total, held = 0, bytearray()
        async for piece in answer.content.iter_any():
            total += len(piece)
            if total > self._limits.max_bytes:
                raise SourceFailed(_too_large(source.name, self._limits))
            held += piece
            if len(held) >= _PIECE:
                await self._write(descriptor, held, name=source.name)
                held = bytearray()
        await self._write(descriptor, held, name=source.name)
        if not total:
            raise SourceFailed(f"{source.name} from {shown(source.uri)} is empty (0 bytes).")
        announced = answer.content_length
        if announced is not None and "Content-Encoding" not in answer.headers and announced != total:
            raise SourceHindered(f"{source.name}: {total:,} bytes came instead of the {announced:,} announced.")

    async def _write(self, descriptor: int, data: bytearray, *, name: str) -> None:
        def write(stop: Stop) -> None:
            rest = memoryview(data)
            while rest:
                stop.check()
                rest = rest[os.write(descriptor, rest) :]

        with storing(f"Storing {name}"):
            await self._bench.run(write)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = self._new_session()
        return self._session

    def _new_session(self) -> aiohttp.ClientSession:
        limits = self._limits
        timeout = aiohttp.ClientTimeout(total=limits.whole, sock_connect=limits.connect, sock_read=limits.silence)
        return aiohttp.ClientSession(
            connector=guarded_connector(limits.private), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "orchestrator"},
        )  # fmt: skip


def _why(error: aiohttp.ClientError | OSError) -> str:
    """Give the reason as a clause."""
    if isinstance(error, aiohttp.ClientConnectorError):
        place = f"{error.host}:{error.port}"
        return why_not_connected(error.os_error, place=place) or f"no connection to {place} ({words(error.os_error)})"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what the server answered is not HTTP"
    return f"the connection broke ({words(error)})" if isinstance(error, OSError) else "could not be fetched"


def _check(answer: aiohttp.ClientResponse, *, told: str, limits: FetchLimits) -> None:
    status = answer.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _WORTH_A_TRY:
        raise SourceHindered(f"{told}: the server answered {status} {answer.reason or ''}".rstrip() + ".")
    if status != HTTPStatus.OK:
        raise SourceFailed(f"{told}: the server answered {status} {answer.reason or ''}".rstrip() + ".")
    if answer.content_type == "text/html":
        raise SourceFailed(f"{told}: the server gave a web page (text/html) in place of a file.")
    if (answer.content_length or 0) > limits.max_bytes:
        raise SourceFailed(_too_large(told, limits))


def _too_large(told: str, limits: FetchLimits) -> str:
    return f"{told} is larger than the {limits.max_bytes:,} bytes that an image may have."
