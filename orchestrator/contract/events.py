"""Events as they go on the bus: CloudEvents 1.0 in the JSON format, structured mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. The attributes ``sequence`` and
``partitionkey`` are the documented extensions of these names; ``sequence`` is a JSON integer, gapless for each subject.
"""

import re
from hashlib import sha1
from typing import Final, assert_never
from uuid import UUID

from orchestrator.contract.headers import JSON
from orchestrator.contract.views import View, public_node, public_task, utc_text
from orchestrator.domain.events import NODE_STATUS_CHANGED, Event, NodeEvent, TaskEvent, TaskEventType
from orchestrator.domain.node import ProcessingNode

EVENT_TYPES: Final = (*(kind.value for kind in TaskEventType), NODE_STATUS_CHANGED)
"""Every type of event."""

DEFAULT_SOURCE: Final = "/orchestrator"

NAMESPACE: Final = UUID("5b0c2f0e-51d8-4d0c-9d7e-0b2f6c1f7a34")
"""Of the ids of events: rendered again, an event keeps its id."""

_TRACEPARENT: Final = b'"traceparent":"'
_DATA: Final = b'"data":'

# RFC 3986 appendix A: the characters that a URI reference may hold.
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")


def check_source(source: str) -> str:
    """Give the source back. Raises ``ValueError`` if CloudEvents would not take it: it must be a URI reference."""
    if not _URI_REFERENCE.fullmatch(source):
        raise ValueError(f"The events' source must be a URI or a path such as {DEFAULT_SOURCE}: {source!r}")
    return source


def render(event: Event, *, source: str = DEFAULT_SOURCE) -> View:
    """Give the event's envelope, data included, as a JSON-ready dict."""
    subject = subject_of(event)
    data = _data(event)
    begun = utc_text(event.task.created_at if isinstance(event, TaskEvent) else event.node.created_at)
    envelope: View = {
        "specversion": "1.0",
        # created_at tells a new installation's task 1 from an old one's: subscribers drop ids that they know.
        "id": id_of(f"{source}/{subject}/{begun}/{event.sequence}"),
        "source": source,
        "type": type_of(event),
        "subject": subject,
        "time": utc_text(event.time),
        "datacontenttype": JSON,
        "sequence": event.sequence,
        "partitionkey": subject,
    }
    if isinstance(event, TaskEvent) and event.task.traceparent:
        envelope["traceparent"] = event.task.traceparent
    envelope["data"] = data
    return envelope


def type_in(key: str) -> str:
    """Give the type of the event that has this routing key: its first two words."""
    return ".".join(key.split(".", 2)[:2])


def traceparent_of(body: bytes) -> str | None:
    """Give the trace context of a rendered event, for the header that repeats it.

    Without reading the JSON: ours is compact, and no attribute before ``data`` can hold a quotation mark.
    """
    before, given, rest = body.partition(_TRACEPARENT)
    return rest[: rest.index(b'"')].decode() if given and _DATA not in before else None


def type_of(event: Event) -> str:
    """Name what happened, e.g. ``task.status-changed``."""
    return event.type.value if isinstance(event, TaskEvent) else NODE_STATUS_CHANGED


def subject_of(event: Event) -> str:
    """Name what it happened to, e.g. ``tasks/134``; order holds within it."""
    return subject_of_task(event.task.id) if isinstance(event, TaskEvent) else f"processing-nodes/{event.node.id}"


def subject_of_task(task: int) -> str:
    """Name the subject, and so the partition, of a task's events."""
    return f"tasks/{task}"


def routing_key(event: Event) -> str:
    """Give the key by whose parts subscribers filter, e.g. ``task.status-changed.completed.27.134``."""
    if isinstance(event, NodeEvent):
        return f"{NODE_STATUS_CHANGED}.{_online(event.node)}.{event.node.id}"
    task = event.task
    status = "none" if task.status is None else task.status.name.lower()
    return f"{event.type.value}.{status}.{task.project}.{task.id}"


def id_of(name: str) -> str:
    """Give the id of an event: what ``uuid.uuid5`` makes of the name, in half the time (RFC 9562 §5.5)."""
    digest = bytearray(sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _online(node: ProcessingNode) -> str:
    return "online" if node.online else "offline"


def _data(event: Event) -> View:
    match event:
        case TaskEvent():
            previous = None if event.previous_status is None else event.previous_status.value
            return {"task": public_task(event.task), "previous_status": previous, "reason": event.reason}
        case NodeEvent():
            return {"processing_node": public_node(event.node), "reason": event.reason}
    assert_never(event)
