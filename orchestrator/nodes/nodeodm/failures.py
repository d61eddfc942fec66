"""What went wrong on the wire, sorted. The errors say what happened without the address, which carries the token."""

import os

import aiohttp

from orchestrator.domain.connecting import why_not_connected
from orchestrator.domain.errors import NodeError, NodeFault, NodeUnreachable
from orchestrator.nodes.nodeodm.address import Address
from orchestrator.nodes.nodeodm.deadlines import Deadline

WIRE_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""All that aiohttp raises of its own accord. ``TimeoutError`` is an ``OSError``; odd host names are ``ValueError``."""


NO_ADDRESS = "The node's address is no http or https address."
SENTENCES: tuple[tuple[type[BaseException], type[NodeError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, NodeUnreachable, "No connection within {connect}."),
    (aiohttp.ClientSSLError, NodeUnreachable, "No secure connection: {reason}"),
    (aiohttp.ClientConnectorDNSError, NodeUnreachable, "No connection: {reason}"),
    (aiohttp.ClientConnectorError, NodeUnreachable, "No connection: {reason}"),
    (aiohttp.InvalidURL, NodeUnreachable, NO_ADDRESS),
    (aiohttp.NonHttpUrlClientError, NodeUnreachable, NO_ADDRESS),
    (TimeoutError, NodeFault, "The node did not answer within {deadline}."),
    (aiohttp.ServerDisconnectedError, NodeFault, "The node closed the connection without an answer."),
    (aiohttp.ClientPayloadError, NodeFault, "The node cut its answer short."),
    (aiohttp.ClientResponseError, NodeFault, "The node's answer is not HTTP."),
)
"""The first that fits counts: each comes before what it derives from."""


def sorted_failure(error: BaseException, address: Address, *, connect: float, deadline: Deadline) -> NodeError:
    """Say what an error of the wire means; ``deadline`` is the one that the call ran under.

    Raise the result outside the ``except`` block: aiohttp's own errors must not be chained to it, for theirs repeat the
    whole address.
    """
    reason = address.words(_reason(error), limit=200)
    for kind, meaning, sentence in SENTENCES:
        if isinstance(error, kind):
            return meaning(sentence.format(reason=reason, connect=Deadline("connect", connect), deadline=deadline))
    return NodeFault(f"The connection broke: {reason}")


def _reason(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        known = why_not_connected(error.os_error, place=f"{error.host}:{error.port}")
        if known is not None:
            return f"{known}."
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and isinstance(cause.errno, int) and cause.errno > 0:
        return cause.strerror or os.strerror(cause.errno)
    return str(cause) or type(cause).__name__
