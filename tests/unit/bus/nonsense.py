"""Messages that no producer should send: strategies for whatever a queue may hold."""

import gzip
import json
from typing import Any

from hypothesis import strategies as st

from orchestrator.contract.commands import BODIES
from orchestrator.contract.headers import COMMANDS

FIELDS = sorted({field for body in BODIES.values() for field in body.model_fields} | {"uri", "value", "token", "x"})
GOOD = b'{"images": ["/photos/1.jpg"], "name": "Field", "options": [{"name": "dsm", "value": true}]}'

NASTY = [
    b"", b" ", b"\0", b"null", b"[]", b"0", b'"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"\x80" * 50,
    b"[" * 50_000, b'{"options":' * 20_000, b'{"options":' + b"[" * 120 + b"]" * 120 + b"}",
    b'{"name":NaN}', b'{"priority":Infinity}', b'{"priority":-Infinity}', b'{"priority":1e999}',
    b'{"priority":' + b"9" * 5000 + b"}", b'{"task":-9223372036854775809}', b'{"task":1e-400}',
    b'{"name":"a","name":"b"}', b'{"name":"a","na\\u006de":"b"}', b'{"name":"\\ud800"}', b'{"\\udfff":1}',
    b'{"name":"\xed\xa0\x80"}', b'{"name":"\\u0000"}', b'{"name":"\0"}', b'{"name":"a"}{"name":"b"}', b"{'name':1}",
    b'{"name":"x",}', b'{"pending_action":"CANCEL"}', b'{"__proto__":{}}', b'{"images":[[[[]]]]}',
    b'{"images":["file:///etc/passwd"],"images":[]}', b'{"reference":"' + b"r" * 100_000 + b'"}',
    gzip.compress(GOOD), GOOD.decode().encode("utf-16"), GOOD[:-1], GOOD + b"}", GOOD.replace(b":", b"::"),
]  # fmt: skip


class Shown(bytes):
    """A body that is printed short."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{bytes(self[:60])!r} ({len(self)} bytes)"


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["/a.JPG", "http://u:p@n:3000/?token=t", "CANCEL", "[::1]", "\0", "\ud800", "", "\u202e", "5"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _raw_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
BODIES_OF_ALL_KINDS = st.one_of(
    st.sampled_from([Shown(body) for body in NASTY]),
    st.binary(max_size=60),
    OBJECTS.map(_json),
    OBJECTS.map(_raw_json),
    VALUES.map(_json),
)

ODD_WORDS = st.sampled_from(
    ["", "\0", "\udcff\udcfe", "a\nb", "x" * 255, "\u202e", "日本", "amq.rabbitmq.reply-to", "create-task "]
)
WORDS = st.none() | ODD_WORDS | st.text(max_size=8)
NAMES = st.sampled_from(COMMANDS) | ODD_WORDS | st.text(max_size=8)

HEADER_VALUES = st.recursive(
    LEAVES | st.binary(max_size=8) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
HEADER_NAMES = st.sampled_from(
    ["traceparent", "x-death", "x-orchestrator-error", "x-orchestrator-error-type", "x-delivery-count", "CC", ""]
)
HEADERS = st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=2)


@st.composite
def envelopes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the properties of a message: now and then its type is that of its routing key, as it should be."""
    name = draw(NAMES)
    return {
        "routing_key": name,
        "exchange": draw(st.sampled_from(["x.commands", ""])),
        "type": draw(st.just(name) | WORDS),
        "message_id": draw(WORDS),
        "reply_to": draw(WORDS),
        "correlation_id": draw(WORDS),
        "content_type": draw(WORDS),
        "headers": draw(HEADERS),
        "redelivered": draw(st.booleans()),
    }
