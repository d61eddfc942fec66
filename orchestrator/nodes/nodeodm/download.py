"""Fetching a job's archive: looked at before it is written, measured after, resumed where the server can.

NodeODM ignores ranges and leaks a file descriptor for each download that is dropped: nothing is probed, and a download
is left only for a reason. Ranges work where a ClusterODM redirects us to S3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from orchestrator.domain.errors import AssetNotReady, NodeError, NodeFault, NodeUnreachable
from orchestrator.nodes.nodeodm import kept as notes
from orchestrator.nodes.nodeodm.address import Address
from orchestrator.nodes.nodeodm.answers import OK, REDIRECTS, nonsense, unusable, value_of
from orchestrator.nodes.nodeodm.deadlines import Deadline, Deadlines
from orchestrator.nodes.nodeodm.failures import WIRE_ERRORS, sorted_failure
from orchestrator.nodes.nodeodm.sink import Sink
from orchestrator.nodes.nodeodm.wire import read_answer

PARTIAL = 206
NOT_SATISFIABLE = 416
ABSENT_ON_S3 = frozenset({403, 404})
MOST_REDIRECTS = 5
READ_AHEAD = 1 << 18
WORDS_NOT_DATA = re.compile(r"(text/|application/(\w+\+)?(json|xml)\b)")
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")

Received = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer that is the archive, from ``offset`` on. With a ``validator`` what came of it can be kept."""

    response: aiohttp.ClientResponse
    offset: int
    total: int | None
    validator: str


class Downloads:
    """Downloads from one node."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, deadlines: Deadlines) -> None:
        self._session = session
        self._address = address
        self._connect = deadlines.connect
        self._idle = Deadline("download_idle", deadlines.download_idle)
        self._timeout = aiohttp.ClientTimeout(total=None, connect=deadlines.connect, sock_read=deadlines.download_idle)

    async def fetch(self, url: URL, target: Path, *, uuid: str, received: Received) -> None:
        """Fetch the archive into ``target``."""
        if self._session.closed:
            raise NodeUnreachable("The connections to nodes are closed.")
        try:
            opened = await self._open(url, notes.recall(target, uuid=uuid), uuid=uuid)
            try:
                await _store(opened, target, uuid=uuid, received=received)
            finally:
                opened.response.close()
            return
        except WIRE_ERRORS as error:
            failure: NodeError = sorted_failure(error, self._address, connect=self._connect, deadline=self._idle)
        raise failure

    async def _open(self, url: URL, kept: notes.Kept | None, *, uuid: str) -> Opened:
        response, elsewhere = await self._ask(url, kept)
        if kept is not None and response.status == NOT_SATISFIABLE:
            response.close()
            response, elsewhere = await self._ask(url, kept := None)
        try:
            await self._expect_archive(response, elsewhere=elsewhere, uuid=uuid)
            return _opened(response, kept)
        except BaseException:
            response.close()
            raise

    async def _ask(self, url: URL, kept: notes.Kept | None) -> tuple[aiohttp.ClientResponse, bool]:
        """Follow redirects, without our token where they leave the node; say whether they did."""
        elsewhere = False
        for _ in range(MOST_REDIRECTS):
            response = await self._session.get(
                url,
                headers=kept.headers if kept is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                read_bufsize=READ_AHEAD,
            )
            location = response.headers.get("Location", "")
            if response.status not in REDIRECTS or not location:
                return response, elsewhere
            response.close()
            url = url.join(URL(location, encoded=location.isascii() and " " not in location))
            if self._address.leads_elsewhere(url):
                elsewhere = True
                url = self._address.without_token(url)
        raise NodeFault(f"The node redirects more than {MOST_REDIRECTS} times.")

    async def _expect_archive(self, response: aiohttp.ClientResponse, *, elsewhere: bool, uuid: str) -> None:
        if elsewhere and response.status in ABSENT_ON_S3:
            raise AssetNotReady(f"The storage that the node points to has no archive of the job ({response.status}).")
        kind = response.headers.get("Content-Type", "").lower()
        if response.status in {OK, PARTIAL} and not WORDS_NOT_DATA.match(kind):
            return
        answer = await read_answer(response)
        if answer.status != OK:
            raise unusable(answer, self._address)
        value_of(answer, self._address, uuid=uuid)
        raise nonsense(answer, self._address, wanted="why there is no archive")


def _opened(response: aiohttp.ClientResponse, kept: notes.Kept | None) -> Opened:
    headers = response.headers
    if response.status == OK:
        ranges = headers.get("Accept-Ranges", "").lower() == "bytes"
        return Opened(response, 0, response.content_length, notes.validator_of(headers) if ranges else "")
    match = CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if kept is None or match is None or (int(match[1]), int(match[2])) != (kept.size, kept.total):
        raise NodeFault("The node sent a part of the archive that was not asked for (206).")
    return Opened(response, kept.size, kept.total, kept.validator)


async def _store(opened: Opened, target: Path, *, uuid: str, received: Received) -> None:
    done, total = opened.offset, opened.total
    resumable = whole = False
    try:
        async with Sink(target, offset=done) as sink:
            if total is not None and opened.validator:
                resumable = notes.keep(target, uuid=uuid, total=total, validator=opened.validator)
            while chunk := await opened.response.content.readany():
                await sink.write(chunk)
                done += len(chunk)
                received(done, total)
        if total is not None and done != total:
            raise NodeFault(f"The archive came short: {done:,} of {total:,} bytes.")
        whole = True
    finally:
        if whole:
            notes.complete(target)
        elif not resumable:
            notes.discard(target)
