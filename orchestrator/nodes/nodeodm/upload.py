"""Sending one file, and knowing what became of it.

NodeODM keeps what it got of a file whose transfer was cut, and stores a repeated one beside the first. So a file counts
only by its own answer, and whatever leaves its fate open spoils the whole job.
"""

import asyncio
import re
from collections.abc import Callable

import aiohttp
from yarl import URL

from orchestrator.domain.errors import NodeError, NodeFault, NodeUnreachable, UploadUncertain
from orchestrator.engine.ports import OutgoingFile
from orchestrator.nodes.nodeodm.address import Address
from orchestrator.nodes.nodeodm.answers import OK, REDIRECTS, TOO_SLOW, Answer, expect_success, unusable
from orchestrator.nodes.nodeodm.deadlines import Deadline, Deadlines
from orchestrator.nodes.nodeodm.failures import WIRE_ERRORS, sorted_failure
from orchestrator.nodes.nodeodm.idle import IdleDeadline
from orchestrator.nodes.nodeodm.part import FilePart
from orchestrator.nodes.nodeodm.wire import read_answer

NOTHING_STORED = REDIRECTS | {401, 403, 404, 405, 413, 429, 500, 503}
"""Given by servers and proxies before a file is looked at; 502, 504 and 408 may come when half of it is stored."""
HALF_STORED = re.compile(r"Unexpected end of|Request aborted|E[A-Z]{3,}: ")
"""The server did not see the end of the request, or could not write it (``ENOSPC: ...``): what it had by then stays."""

ALLOWED = 300.0
"""Seconds that Node.js 18 and later give a request. The connection may be gone before their 408 is read."""


class Uploads:
    """Uploads to one node."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, deadlines: Deadlines) -> None:
        self._session = session
        self._address = address
        self._connect = deadlines.connect
        self._idle = Deadline("upload_idle", deadlines.upload_idle)
        self._timeout = aiohttp.ClientTimeout(total=None, connect=deadlines.connect)

    async def send(self, url: URL, file: OutgoingFile, *, uuid: str, sent: Callable[[int], None]) -> None:
        """Send one file; returns when its success was read."""
        if self._session.closed:
            raise NodeUnreachable("The connections to nodes are closed.")
        part = FilePart(file, sent=sent)
        begun = asyncio.get_running_loop().time()
        outcome = await self._exchange(url, part)
        if part.failure is not None:
            raise part.failure
        if isinstance(outcome, Answer):
            error, sure = self._judge(outcome, part, uuid=uuid)
        else:
            error, sure = outcome, not part.begun or isinstance(outcome, NodeUnreachable)
        if error is not None and sure:
            raise error
        if error is not None:
            took = asyncio.get_running_loop().time() - begun
            too_slow = outcome.status == TOO_SLOW if isinstance(outcome, Answer) else took >= ALLOWED
            told = f"What became of {file.name} on the node is unknown: {error}"
            raise UploadUncertain(told, too_slow=too_slow) from error

    async def _exchange(self, url: URL, part: FilePart) -> Answer | NodeError:
        try:
            async with IdleDeadline(self._idle.seconds, part.moved):
                response = await self._session.post(url, data=part, timeout=self._timeout, allow_redirects=False)
                answer = await read_answer(response)
        except WIRE_ERRORS as error:
            failure = sorted_failure(error, self._address, connect=self._connect, deadline=self._idle)
        except NodeError as error:
            failure = error
        except BaseException:
            await part.abandon()
            raise
        else:
            if not part.whole:
                await part.abandon()
            return answer
        await part.abandon()
        return failure

    def _judge(self, answer: Answer, part: FilePart, *, uuid: str) -> tuple[NodeError | None, bool]:
        """Give what a complete answer means (None: the file is stored), and whether that settles the file's fate."""
        if answer.status != OK:
            return unusable(answer, self._address), answer.status in NOTHING_STORED
        try:
            expect_success(answer, self._address, uuid=uuid)
        except NodeError as refusal:
            return refusal, not isinstance(refusal, NodeFault) and not HALF_STORED.match(str(refusal))
        if not part.whole:
            return NodeFault("The node said success before it had the whole file."), False
        return None, True
