"""The bytes of messages and confirms: class Basic of AMQP 0-9-1 (specification, sections 2.3.5, 4.2 and 1.8).

Short strings are decoded with ``surrogateescape``: what is no UTF-8 survives the way in and out unchanged.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from struct import Struct, error
from typing import Any

from pamqp import decode, encode

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = 0xCE
FRAME = Struct(">BHI")
"""Type, channel and payload size: what every frame begins with. One end byte follows the payload."""
OVERHEAD = FRAME.size + 1
HEARTBEAT_FRAME = FRAME.pack(HEARTBEAT, 0, 0) + b"\xce"

RETURN, DELIVER, ACK, NACK, CANCEL = (60 << 16 | method for method in (50, 60, 80, 120, 30))
CHANNEL_CLOSE = 20 << 16 | 40
BLOCKED, UNBLOCKED = (10 << 16 | method for method in (60, 61))

METHOD_ID = Struct(">I")
_TAG = Struct(">QB")
_TIME = Struct(">Q")
_ACK_FRAME = Struct(">BHIIQBB")
_CONTENT = Struct(">HHQH")
_SHORT_STRING_LIMIT = 255

# Flags of the properties, in the order in which they lie on the wire.
_CONTENT_TYPE, _CONTENT_ENCODING, _HEADERS, _DELIVERY_MODE, _PRIORITY = 1 << 15, 1 << 14, 1 << 13, 1 << 12, 1 << 11
_CORRELATION_ID, _REPLY_TO, _EXPIRATION, _MESSAGE_ID = 1 << 10, 1 << 9, 1 << 8, 1 << 7
_TIMESTAMP, _TYPE, _USER_ID, _APP_ID = 1 << 6, 1 << 5, 1 << 4, 1 << 3
PERSISTENT, TRANSIENT = 2, 1


@dataclass(slots=True)
class Properties:
    """Those properties of a message that this room uses."""

    content_type: str | None = None
    headers: Mapping[str, Any] | None = None
    delivery_mode: int = PERSISTENT
    correlation_id: str | None = None
    reply_to: str | None = None
    message_id: str | None = None
    type: str | None = None
    content_encoding: str | None = None
    priority: int | None = None
    timestamp: int | None = None
    app_id: str | None = None


@dataclass(slots=True)
class Content:
    """A content header: the size of the body to come, and the properties."""

    size: int
    properties: Properties


@dataclass(slots=True)
class Delivered:
    """What ``Basic.Deliver`` says."""

    tag: int
    redelivered: bool
    exchange: str
    routing_key: str


def ack(channel: int, tag: int, *, multiple: bool) -> bytes:
    """Write ``Basic.Ack``; ``multiple`` includes every tag before."""
    return _ACK_FRAME.pack(METHOD, channel, 13, ACK, tag, multiple, FRAME_END)


def message(
    channel: int,
    frame_max: int,
    *,
    exchange: str,
    routing_key: str,
    properties: Properties,
    body: bytes,
    mandatory: bool = True,
) -> bytes:
    """Write ``Basic.Publish`` with its content. Raises ``ValueError`` for what does not fit."""
    method = b"\x00\x3c\x00\x28\x00\x00" + _short(exchange) + _short(routing_key) + bytes((mandatory,))
    header = _content(properties, len(body))
    room = frame_max - OVERHEAD
    if len(header) > room:
        raise ValueError(f"The properties need {len(header)} bytes and there is room for {room}.")
    frames = [
        FRAME.pack(METHOD, channel, len(method)), method, b"\xce",
        FRAME.pack(HEADER, channel, len(header)), header, b"\xce",
    ]  # fmt: skip
    for start in range(0, len(body), room):
        part = body[start : start + room]
        frames += (FRAME.pack(BODY, channel, len(part)), part, b"\xce")
    return b"".join(frames)


def table_size(table: Mapping[str, Any]) -> float:
    """Size of a table in bytes; infinite if it cannot be written."""
    try:
        return len(encode.field_table(dict(table)))
    except (TypeError, ValueError, OverflowError, error):
        return inf


def read_deliver(data: bytes, start: int) -> Delivered:
    """Read ``Basic.Deliver``, method id included."""
    at = start + 5 + data[start + 4]
    tag, redelivered = _TAG.unpack_from(data, at)
    exchange, at = _read_short(data, at + 9)
    routing_key, _ = _read_short(data, at)
    return Delivered(tag, bool(redelivered), exchange, routing_key)


def read_verdict(data: bytes, start: int) -> tuple[int, bool]:
    """Read ``Basic.Ack`` or ``Basic.Nack``, method id included: the tag, and whether all before it are meant."""
    tag, bits = _TAG.unpack_from(data, start + 4)
    return tag, bool(bits & 1)


def read_reason(data: bytes, start: int) -> str:
    """Read ``Basic.Return`` or ``Channel.Close``, method id included: the broker's reason."""
    reason, _ = _read_short(data, start + 6)
    return reason


def read_blocked(data: bytes, start: int) -> str:
    """Read ``Connection.Blocked`` (RabbitMQ's own), method id included: the broker's reason."""
    reason, _ = _read_short(data, start + 4)
    return reason


def read_content(data: bytes, start: int, end: int) -> Content:
    """Read a content header. What is wrong in it is left out; it must not stop the messages behind it."""
    _, _, size, flags = _CONTENT.unpack_from(data, start)
    properties = Properties()
    with contextlib.suppress(ValueError, IndexError, error):
        _read_properties(data, start + _CONTENT.size, end, flags, properties)
    return Content(size, properties)


def _read_properties(data: bytes, at: int, end: int, flags: int, into: Properties) -> None:
    if flags & _CONTENT_TYPE:
        into.content_type, at = _read_short(data, at)
    if flags & _CONTENT_ENCODING:
        into.content_encoding, at = _read_short(data, at)
    if flags & _HEADERS:
        size = METHOD_ID.unpack_from(data, at)[0] + 4
        into.headers = _read_table(data[at : min(at + size, end)])
        at += size
    at += bool(flags & _DELIVERY_MODE)
    if flags & _PRIORITY:
        into.priority = data[at]
        at += 1
    _read_names(data, at, flags, into)


def _read_names(data: bytes, at: int, flags: int, into: Properties) -> None:
    if flags & _CORRELATION_ID:
        into.correlation_id, at = _read_short(data, at)
    if flags & _REPLY_TO:
        into.reply_to, at = _read_short(data, at)
    if flags & _EXPIRATION:
        at += 1 + data[at]
    if flags & _MESSAGE_ID:
        into.message_id, at = _read_short(data, at)
    if flags & _TIMESTAMP:
        into.timestamp = _TIME.unpack_from(data, at)[0]
        at += 8
    if flags & _TYPE:
        into.type, at = _read_short(data, at)
    if flags & _APP_ID:
        at += 1 + data[at] if flags & _USER_ID else 0
        into.app_id, at = _read_short(data, at)


def _read_table(data: bytes) -> dict[str, Any]:
    # A stranger's table may hold anything; pamqp answers nonsense with errors of many kinds.
    try:
        return dict(decode.field_table(data)[1])
    except Exception:  # noqa: BLE001
        return {}


def _read_short(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("utf-8", "surrogateescape"), end


def _short(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > _SHORT_STRING_LIMIT:
        raise ValueError(f"{len(raw)} bytes are too many for a name in AMQP: {text[:40]}…")
    return bytes((len(raw),)) + raw


def _content(properties: Properties, size: int) -> bytes:
    """Write a content header: flags, and the properties in the order of the flags."""
    time = properties.timestamp
    given = (
        (_CONTENT_TYPE, _optional(properties.content_type)),
        (_CONTENT_ENCODING, _optional(properties.content_encoding)),
        (_HEADERS, encode.field_table(dict(properties.headers)) if properties.headers else None),
        (_DELIVERY_MODE, bytes((properties.delivery_mode,))),
        (_PRIORITY, None if properties.priority is None else bytes((properties.priority,))),
        (_CORRELATION_ID, _optional(properties.correlation_id)),
        (_REPLY_TO, _optional(properties.reply_to)),
        (_MESSAGE_ID, _optional(properties.message_id)),
        (_TIMESTAMP, None if time is None else _TIME.pack(time)),
        (_TYPE, _optional(properties.type)),
        (_APP_ID, _optional(properties.app_id)),
    )
    flags = sum(flag for flag, part in given if part is not None)
    return b"".join((_CONTENT.pack(60, 0, size, flags), *(part for _, part in given if part is not None)))


def _optional(text: str | None) -> bytes | None:
    return None if text is None else _short(text)
