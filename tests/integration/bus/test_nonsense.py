"""Nonsense over a real broker: headers of every type, names that are no text, and the good commands between them."""

import asyncio
import gzip
import itertools
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import Any

import aio_pika
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.link import connect
from orchestrator.bus.amqp.tap import TappedTransport
from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.bus.port import Reply
from orchestrator.contract.json_text import to_json
from orchestrator.contract.letter_views import whole_letter
from tests.integration.bus.fakes import WAIT, Bundle, FixedClock, entry
from tests.unit.api.rooms import FakeBook
from tests.unit.bus.nonsense import BODIES_OF_ALL_KINDS, GOOD, envelopes

LOT, LOTS = 60, 5
PUBLISHERS_OWN_FAULT = {"amq.rabbitmq.reply-to"}
"""For which a broker closes the producer's channel."""
FORGED = "amq.rabbitmq.reply-to." + b64encode(bytes([131, 88, 119, 3]) + b"a@b" + bytes(12)).decode() + ".x"
"""A process of a node that does not exist, as RabbitMQ writes it in addresses of direct answers."""
numbers = itertools.count()

ODD_PROPERTIES: list[dict[str, Any]] = [
    {"priority": 255}, {"priority": 0}, {"expiration": 60}, {"delivery_mode": 1}, {"app_id": "\u202e"},
    {"timestamp": datetime(2106, 1, 1, tzinfo=UTC)}, {"content_encoding": "gzip"}, {"content_type": "text/html"},
    {"reply_to": "amq.rabbitmq.reply-to.g1h2AA.x=="}, {"reply_to": "no-such-queue"}, {"correlation_id": "c" * 255},
    {"message_id": "m" * 255}, {"type": "delete-project"},
    {"headers": {"n": None, "b": True, "i": 2**63 - 1, "f": -1.5, "d": Decimal("1.50")}},
    {"headers": {"t": datetime(1970, 1, 1, tzinfo=UTC), "raw": bytearray(b"\xff\x00"), "l": [1, [None, {"x": "y"}]]}},
    {"headers": {"k" * 255: "v" * 60_000}}, {"headers": {"x-death": "nonsense", "x-delivery-count": "many"}},
    {"headers": {"traceparent": ["00"]}}, {"headers": {"deep": {"a": {"b": {"c": {"d": {"e": {}}}}}}}},
]  # fmt: skip


async def publish_odd(bundle: Bundle, url: str, exchange: str) -> None:
    """Send a command with each odd property, once as it should be otherwise and once in nonsense."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(exchange, ensure=False)
        for properties, body in itertools.product(ODD_PROPERTIES, (GOOD, gzip.compress(GOOD), b"[" * 100_000)):
            await commands.publish(aio_pika.Message(body, **properties), "create-task")


async def publish_raw(url: str, prefix: str, lot: list[tuple[dict[str, Any], bytes]]) -> int:
    """Send messages frame by frame, a good one after each; gives how many there were that AMQP can hold at all."""
    session = await connect(url, TappedTransport())
    try:
        channel = await session.channel()
        data, count = [], 0
        for envelope, body in lot:
            try:
                data.append(_frames(channel.number, envelope, body, prefix=prefix))
                count += 1
            except (ValueError, TypeError, OverflowError):
                continue
            good = {"exchange": "x", "routing_key": "create-task", "message_id": f"good-{next(numbers)}"}
            data.append(_frames(channel.number, good, GOOD, prefix=prefix))
        session.write(b"".join(data))
        await channel.queue_declare(f"{prefix}.commands", passive=True)  # answered once all before has been seen
        return count
    finally:
        await session.close()


def _frames(channel: int, envelope: dict[str, Any], body: bytes, *, prefix: str) -> bytes:
    if envelope.get("reply_to") in PUBLISHERS_OWN_FAULT:
        raise ValueError
    headers = {name: value for name, value in envelope.get("headers", {}).items() if name != "CC"}
    # The broker ends the connection of whoever sends a float that is no number.
    if wire.table_size(headers) == inf or any(word in repr(headers) for word in ("nan", "inf")):
        raise ValueError
    names = ("content_type", "correlation_id", "reply_to", "message_id", "type")
    properties = wire.Properties(headers=headers, **{name: envelope.get(name) for name in names})
    exchange, key = (
        (f"{prefix}.commands", envelope["routing_key"]) if envelope["exchange"] else ("", f"{prefix}.commands")
    )
    return wire.message(channel, 131_072, exchange=exchange, routing_key=key, properties=properties, body=body)


async def everything(bundle: Bundle, count: int) -> None:
    """Wait until so many messages are settled or lie on the shelf, and look at each of those."""
    letters = DeadLetters(bundle.bus, bundle.desk, FakeBook(), clock=FixedClock())
    async with asyncio.timeout(WAIT):
        while len(bundle.desk.orders) + (total := (await letters.page(limit=1)).total) < count:
            await asyncio.sleep(0.02)
    assert count == len(bundle.desk.orders) + total
    page = await letters.page(limit=1000)
    assert total == page.looked_at == page.total
    assert all(to_json(whole_letter(letter, ())) for letter in page.letters)


async def test_a_command_with_any_property_is_settled_or_shelved(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    changes: list[bool] = []
    async with rabbit.running("intake"):
        rabbit.bus.watch(lambda state: changes.append(state.connected))
        await publish_odd(rabbit, amqp_url, f"{bus_prefix}.commands")
        await everything(rabbit, 3 * len(ODD_PROPERTIES))
        assert [] == changes
    # All but the one whose type is another command.
    assert len(ODD_PROPERTIES) - 1 == len(rabbit.desk.orders)


@pytest.mark.timeout(120)
@settings(max_examples=LOTS, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(lot=st.lists(st.tuples(envelopes(), BODIES_OF_ALL_KINDS), min_size=LOT, max_size=LOT))
async def test_frames_of_any_kind_keep_no_good_command_back(rabbit: Bundle, amqp_url: str, bus_prefix: str, lot: Any):
    rabbit.desk.orders.clear()
    async with rabbit.running("intake"):
        before = (await DeadLetters(rabbit.bus, rabbit.desk, FakeBook(), clock=FixedClock()).page(limit=1)).total
        count = await publish_raw(amqp_url, bus_prefix, lot)
        await everything(rabbit, before + 2 * count)
        assert count == sum((it or "").startswith("good-") for it in rabbit.desk.message_ids)
    assert count > LOT // 3


async def test_an_answer_that_takes_the_connection_down_is_given_up(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running("intake", "relay"), await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(auto_delete=True)
        one, two, three = (Reply(queue.name, str(number), b"{}") for number in range(3))
        async with asyncio.timeout(WAIT):
            await rabbit.bus.reply([one, Reply(FORGED, "c", b"{}"), two, three])
        seen: set[str] = set()
        while len(seen) < 3:
            message = await queue.get(timeout=WAIT)
            assert message is not None
            seen.add(message.correlation_id or "")
        rabbit.relay.offer(rabbit.outbox.commit([entry(1)]))
        assert await rabbit.relay.drain(WAIT)
    assert {"0", "1", "2"} == seen
