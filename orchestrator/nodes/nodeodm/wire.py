"""One short call: send it, read the whole answer within its deadline and its bounds, or say what went wrong."""

from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from orchestrator.domain.errors import NodeError, NodeFault, NodeUnreachable
from orchestrator.nodes.nodeodm.address import Address
from orchestrator.nodes.nodeodm.answers import OK, Answer
from orchestrator.nodes.nodeodm.deadlines import Deadline, Deadlines
from orchestrator.nodes.nodeodm.failures import WIRE_ERRORS, sorted_failure

MIB = 1 << 20
ANSWER_CAP = 16 * MIB
"""More than any honest answer: a node's 80 options are 20 kB."""


class Wire:
    """Short calls to one node. Redirects are not followed: a POST would come out of one as a GET."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, deadlines: Deadlines) -> None:
        self._session = session
        self._address = address
        self._connect = deadlines.connect
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def get(self, url: URL, deadline: Deadline, *, cap: int = ANSWER_CAP) -> Answer:
        """Ask. aiohttp asks once more by itself when a kept connection turns out to be stale."""
        return await self._call("GET", url, deadline, cap=cap)

    async def post(
        self, url: URL, deadline: Deadline, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Tell. Never repeated by itself."""
        return await self._call("POST", url, deadline, cap=ANSWER_CAP, data=body, headers=headers)

    async def _call(self, method: str, url: URL, deadline: Deadline, *, cap: int, **sent: Any) -> Answer:
        if self._session.closed:
            raise NodeUnreachable("The connections to nodes are closed.")
        timeout = self._timeouts.get(deadline.seconds)
        if timeout is None:
            timeout = aiohttp.ClientTimeout(total=deadline.seconds, sock_connect=self._connect)
            self._timeouts[deadline.seconds] = timeout
        try:
            response = await self._session.request(method, url, timeout=timeout, allow_redirects=False, **sent)
            return await read_answer(response, cap=cap)
        except WIRE_ERRORS as error:
            failure: NodeError = sorted_failure(error, self._address, connect=self._connect, deadline=deadline)
        raise failure


async def read_answer(response: aiohttp.ClientResponse, *, cap: int = ANSWER_CAP) -> Answer:
    """Read an answer whole. Raises ``NodeFault`` when it is larger than ``cap`` bytes."""
    length = response.content_length
    if length is not None and length <= cap:
        body = await response.read()
    else:
        body = await _read_bounded(response, cap=cap, length=length or 0)
    location = response.headers.get("Location", "") if response.status != OK else ""
    return Answer(response.status, body, location)


async def _read_bounded(response: aiohttp.ClientResponse, *, cap: int, length: int) -> bytes:
    parts: list[bytes] = []
    size = length
    try:
        while size <= cap:
            part = await response.content.readany()
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
    except BaseException:
        response.close()
        raise
    response.close()
    raise NodeFault(f"The node's answer ({response.status}) is larger than {cap:,} bytes.")
