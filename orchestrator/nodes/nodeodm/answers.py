"""What a node said, sorted: a JSON value that can be used, or the error that it is.

Every application error of these servers is 200 with ``{"error": text}`` or ``{"success": false, "error": text}``; the
text is all there is to tell them apart.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.errors import (
    AssetNotReady,
    JobNotFound,
    NodeError,
    NodeFault,
    NodeRefused,
    NodeUnauthorized,
)
from orchestrator.nodes.nodeodm.address import Address

OK = 200
UNAUTHORIZED = 401
TOO_SLOW = 408
TOO_LARGE = 413
REDIRECTS = frozenset({301, 302, 303, 307, 308})

NOT_READY = ("Asset not ready",)
CLUSTER_STILL_FORWARDS = re.compile(r"Invalid route for taskId \S+ no valid route possible")
GONE = (
    "Invalid route for taskId",  # ClusterODM: no such job
    "Invalid uuid (not found)",  # NodeODM: no such upload, or committed already
    "Invalid taskId: the task no longer exists",  # ClusterODM: no such upload
)
NODE_BEHIND_IS_AWAY = (
    "Proxy redirect error",  # ClusterODM: it could not reach the job's node
    "Cannot create task, no nodes are online",  # ClusterODM: none was seen for two minutes
    "Cannot compute /options, no nodes are online",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer. ``location`` is where a redirect points."""

    status: int
    body: bytes
    location: str = ""


def value_of(answer: Answer, address: Address, *, uuid: str = "") -> Any:
    """Give the JSON value of a good answer. Raises what the answer means otherwise."""
    if answer.status != OK:
        raise unusable(answer, address)
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if value is None:
        raise NodeFault(f"The node's answer is not JSON (200): {_quoted(answer, address)}")
    if isinstance(value, dict) and (value.get("error") is not None or value.get("success") is False):
        raise complaint(value.get("error"), address, uuid=uuid)
    return value


def expect_uuid(answer: Answer, address: Address, *, uuid: str) -> None:
    """Check that the node took the job under our uuid."""
    value = value_of(answer, address, uuid=uuid)
    given = value.get("uuid") if isinstance(value, dict) else None
    if not isinstance(given, str):
        raise nonsense(answer, address, wanted="the job's uuid")
    if given != uuid:
        raise NodeRefused("The node gave the job a uuid of its own; it is too old to be told ours.")


def expect_success(answer: Answer, address: Address, *, uuid: str) -> None:
    """Check for ``{"success": true}``."""
    value = value_of(answer, address, uuid=uuid)
    if not isinstance(value, dict) or value.get("success") is not True:
        raise nonsense(answer, address, wanted="success")


def nonsense(answer: Answer, address: Address, *, wanted: str) -> NodeFault:
    """Say that well-formed JSON is not what was asked for."""
    return NodeFault(f"The node's answer does not say {wanted} (200): {_quoted(answer, address)}")


def unusable(answer: Answer, address: Address) -> NodeError:
    """Say what a status other than 200 means."""
    if answer.status == UNAUTHORIZED:
        return NodeUnauthorized("The node does not take our token (401).")
    if answer.status == TOO_SLOW:
        return NodeFault(
            "The node cut the request off, for it took too long (408; on Node.js 18 and later, over 300 s)."
        )
    if answer.status == TOO_LARGE:
        return NodeRefused(f"The request is too large for the node (413): {_quoted(answer, address)}")
    if answer.status in REDIRECTS:
        return NodeFault(
            f"The node's address redirects ({answer.status}) to {address.words(answer.location, limit=200)!r}; "
            "give the address it really has."
        )
    return NodeFault(f"The node answered {answer.status}: {_quoted(answer, address)}")


def complaint(words: object, address: Address, *, uuid: str = "") -> NodeError:
    """Say what an ``error`` text means."""
    text = words if isinstance(words, str) else "" if words is None else json.dumps(words)
    said = address.words(_of_options(text) or text) or "The node refused and gave no reason."
    if text.startswith("Invalid authentication"):
        return NodeUnauthorized(f"The node does not take our token: {said}")
    if text.startswith(NOT_READY) or CLUSTER_STILL_FORWARDS.match(text):
        return AssetNotReady(said)
    if text.startswith(GONE) or (uuid and text.startswith(f"{uuid} not found")):
        return JobNotFound(said)
    if text.startswith(NODE_BEHIND_IS_AWAY):
        return NodeFault(said)
    return NodeRefused(said)


def _of_options(text: str) -> str:
    """Read what is wrong with options, which NodeODM says in JSON within the text; '' when it is other text."""
    if not text.startswith("["):
        return ""
    try:
        wrong = json.loads(text)
        return "; ".join(f"{each['name']}: {each['error']}" for each in wrong)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _quoted(answer: Answer, address: Address) -> str:
    return repr(address.snippet(answer.body)) if answer.body else "nothing"
