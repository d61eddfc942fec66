"""The bytes of messages, with pamqp as the judge."""

import asyncio
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import body, commands, frame, header

from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.tap import Tap

FRAME_MAX = 4096
short = st.text(max_size=60).filter(lambda text: len(text.encode()) <= 255)
# Names in a table are of 128 bytes at most, and pamqp cuts longer ones off.


def frames(data: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(data):
        used, channel, value = frame.unmarshal(data[at:])
        found.append((channel, value))
        at += used
    return found


@given(exchange=short, key=short, message_id=short, size=st.integers(0, 3 * FRAME_MAX), mandatory=st.booleans())
def test_a_message_is_what_pamqp_reads(exchange: str, key: str, message_id: str, size: int, mandatory: bool):
    properties = wire.Properties(content_type="application/json", message_id=message_id, headers={"a": 1, "b": "x"})
    data = wire.message(
        7, FRAME_MAX, exchange=exchange, routing_key=key, properties=properties, body=b"x" * size, mandatory=mandatory
    )
    (channel, method), (_, content), *parts = frames(data)

    assert isinstance(method, commands.Basic.Publish)
    assert isinstance(content, header.ContentHeader)
    assert (channel, method.exchange, method.routing_key, method.mandatory) == (7, exchange, key, mandatory)
    assert (content.body_size, content.properties.message_id) == (size, message_id)
    assert (content.properties.headers, content.properties.delivery_mode) == ({"a": 1, "b": "x"}, 2)
    assert b"".join(part.value for _, part in parts if isinstance(part, body.ContentBody)) == b"x" * size
    assert all(len(part.value) <= FRAME_MAX - wire.OVERHEAD for _, part in parts)


@given(
    content_type=st.none() | short,
    headers=st.none() | st.dictionaries(st.text(max_size=30), st.integers(-(2**31), 2**31) | short, max_size=4),
    correlation_id=st.none() | short,
    reply_to=st.none() | short,
    message_id=st.none() | short,
    kind=st.none() | short,
    priority=st.none() | st.integers(0, 9),
    expiration=st.none() | short,
    encoding=st.none() | short,
)
def test_properties_are_read_as_pamqp_wrote_them(  # noqa: PLR0917 hypothesis names them
    content_type, headers, correlation_id, reply_to, message_id, kind, priority, expiration, encoding
):
    given_properties = commands.Basic.Properties(
        content_type=content_type,
        content_encoding=encoding,
        headers=headers,
        delivery_mode=1,
        priority=priority,
        correlation_id=correlation_id,
        reply_to=reply_to,
        expiration=expiration,
        message_id=message_id,
        message_type=kind,
        app_id="somebody",
    )
    data = frame.marshal(header.ContentHeader(body_size=5, properties=given_properties), 1)
    content = wire.read_content(data, 7, len(data) - 1)
    found = content.properties

    def said(text: str | None) -> str | None:
        return text or None  # pamqp leaves out what is empty

    assert content.size == 5
    assert (said(found.content_type), said(found.correlation_id)) == (said(content_type), said(correlation_id))
    assert (said(found.reply_to), said(found.message_id)) == (said(reply_to), said(message_id))
    assert said(found.type) == said(kind)
    assert dict(found.headers or {}) == (headers or {})


@given(st.binary(min_size=14, max_size=80))
def test_nonsense_in_properties_never_raises(data: bytes):
    wire.read_content(data, 0, len(data))


def test_what_is_no_utf8_goes_out_as_it_came_in():
    raw = b"\x00\x3c\x00\x00" + bytes(8) + b"\x00\x80" + b"\x03\xff\xfea"
    message_id = wire.read_content(raw, 0, len(raw)).properties.message_id

    data = wire.message(
        1, FRAME_MAX, exchange="", routing_key="q", properties=wire.Properties(message_id=message_id), body=b""
    )
    assert b"\x03\xff\xfea" in data


def test_a_name_too_long_for_amqp_is_refused():
    with pytest.raises(ValueError, match="too many for a name"):
        wire.message(1, FRAME_MAX, exchange="", routing_key="k" * 256, properties=wire.Properties(), body=b"")


def test_properties_too_large_for_a_frame_are_refused():
    properties = wire.Properties(headers={"junk": "x" * 5000})
    with pytest.raises(ValueError, match="there is room for"):
        wire.message(1, FRAME_MAX, exchange="", routing_key="", properties=properties, body=b"")


def test_an_acknowledgement_is_what_pamqp_reads():
    ((channel, value),) = frames(wire.ack(3, 2**40, multiple=True))

    assert isinstance(value, commands.Basic.Ack)
    assert (channel, value.delivery_tag, value.multiple) == (3, 2**40, True)


def test_a_table_that_cannot_be_written_has_no_size():
    assert wire.table_size({"a": object()}) == float("inf")


class Recorder:
    def __init__(self) -> None:
        self.seen: deque[tuple[int, bytes]] = deque()

    def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        self.seen.append((kind, data[start:end]))
        return True


@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 9, 50, 10_000])
async def test_frames_are_found_however_the_bytes_are_cut(step: int):
    ours = wire.message(2, FRAME_MAX, exchange="e", routing_key="k", properties=wire.Properties(), body=b"x" * 9000)
    theirs = frame.marshal(commands.Channel.OpenOk(), 1) + wire.HEARTBEAT_FRAME
    data = theirs + ours + theirs + ours
    reader, recorder = asyncio.StreamReader(), Recorder()
    tap = Tap(reader, loop=asyncio.get_running_loop())
    tap.route(2, recorder)
    for at in range(0, len(data), step):
        tap.data_received(data[at : at + step])

    assert [kind for kind, _ in recorder.seen] == [1, 2, 3, 3, 3] * 2
    assert b"".join(part for kind, part in recorder.seen if kind == wire.BODY) == b"x" * 18_000
    assert (await reader.readexactly(2 * len(theirs))).count(theirs) >= 1


async def test_traffic_that_aiormq_never_sees_still_looks_alive_to_it():
    reader = asyncio.StreamReader()
    tap = Tap(reader, loop=asyncio.get_running_loop())
    tap.route(2, Recorder())
    tap.data_received(wire.ack(2, 1, multiple=False))

    assert await reader.readexactly(8) == wire.HEARTBEAT_FRAME


async def test_what_cannot_be_read_ends_the_connection_and_not_the_daemon():
    class Broken:
        def frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
            raise IndexError("short")

    said: list[str] = []
    tap = Tap(asyncio.StreamReader(), loop=asyncio.get_running_loop())
    tap.route(2, Broken())
    tap.tell(said.append)
    tap.data_received(wire.ack(2, 1, multiple=False))

    assert said == ["what it sent cannot be read (IndexError('short'))"]


async def test_another_protocols_greeting_goes_to_aiormq():
    reader = asyncio.StreamReader()
    tap = Tap(reader, loop=asyncio.get_running_loop())
    tap.data_received(b"AMQP\x00\x01\x00\x00")

    assert await reader.readexactly(8) == b"AMQP\x00\x01\x00\x00"


@given(
    texts=st.fixed_dictionaries(
        {
            name: st.none() | short
            for name in (
                "content_type",
                "content_encoding",
                "correlation_id",
                "reply_to",
                "message_id",
                "type",
                "app_id",
            )
        }
    ),
    priority=st.none() | st.integers(0, 255),
    timestamp=st.none() | st.integers(0, 2**64 - 1),
    headers=st.none() | st.just({"a": 1}),
)
def test_properties_are_read_as_they_were_written(texts, priority, timestamp, headers):
    sent = wire.Properties(**texts, priority=priority, timestamp=timestamp, headers=headers)
    data = wire.message(1, FRAME_MAX, exchange="", routing_key="k", properties=sent, body=b"")
    start = wire.OVERHEAD + wire.FRAME.unpack_from(data)[2]
    assert sent == wire.read_content(data, start + wire.FRAME.size, len(data) - 1).properties


def test_what_stands_behind_the_users_name_is_found():
    sent = commands.Basic.Properties(user_id="guest", app_id="drone-pilot")
    data = frame.marshal(header.ContentHeader(body_size=0, properties=sent), 1)
    assert "drone-pilot" == wire.read_content(data, wire.FRAME.size, len(data) - 1).properties.app_id
