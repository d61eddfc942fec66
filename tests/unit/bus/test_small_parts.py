"""The small parts: addresses, patterns, patience, presence, streams, reasons."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.bus.amqp.address import Address
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.memory_client import MemoryClient
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import BusState, DeadLetter, Delivery
from orchestrator.bus.presence import Presence
from orchestrator.bus.rabbitmq import RabbitBus
from orchestrator.bus.reasons import reasons
from orchestrator.bus.stream import EventStream
from orchestrator.contract import headers
from orchestrator.contract.patterns import matches
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError
from orchestrator.domain.problem import FieldError, invalid
from tests.integration.bus.fakes import entry


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("task.created", "task.created", True),
        ("task.*", "task.created", True),
        ("task.*", "task.created.x", False),
        ("task.#", "task", True),
        ("task.#", "task.a.b", True),
        ("#", "", True),
        ("#", "a.b", True),
        ("#.134", "task.updated.27.134", True),
        ("#.134", "task.134.27", False),
        ("*.*.completed.#", "task.status-changed.completed.27.134", True),
        ("#.a.#", "b.c", False),
        ("*", "", False),
    ],
)
def test_patterns_match_as_on_a_topic_exchange(pattern: str, key: str, expected: bool):
    assert matches(pattern, key) is expected


@pytest.mark.parametrize("url", ["", "http://localhost", "amqp://", "rabbit:5672"])
def test_a_url_that_is_none_for_amqp_is_an_error(url: str):
    with pytest.raises(BusError, match="must look like"):
        Address(url)


@given(st.text("abcdefXYZ0123456789%2F!-_~", min_size=6, max_size=20))
def test_an_address_never_shows_its_password(password: str):
    url = f"amqps://user:{password}@broker.example:5671/vhost"
    address = Address(url)
    said = f"{address} {address!r} {RabbitBus(url, topology=Topology())!r} {address.mask('refused: ' + password)}"

    assert password not in said
    assert str(address) == "amqps://user:***@broker.example:5671/vhost"


def test_what_the_url_says_goes_before_our_defaults():
    assert Address("amqp://h/?heartbeat=5").url(heartbeat=20, name="a b") == "amqp://h/?heartbeat=5&name=a+b"


def test_patience_grows_to_its_ceiling():
    delays = [Patience(first=1, ceiling=8).delay(failures) for failures in range(1, 9)]
    assert all(low <= delay <= 2 * low for low, delay in zip([0.5, 1, 2, 4, 4, 4, 4, 4], delays, strict=True))


async def test_a_state_is_told_once_and_can_be_waited_for():
    presence = Presence()
    told: list[BusState] = []
    presence.watch(told.append)
    waiting = asyncio.create_task(presence.until(lambda state: state.connected))
    presence.set(consuming=True)
    presence.set(consuming=True)
    presence.set(publishing=True)

    assert await waiting == BusState(consuming=True, publishing=True)
    assert told == [BusState(consuming=True), BusState(consuming=True, publishing=True)]


async def test_a_subscriber_too_slow_for_its_stream_reads_what_it_has_and_is_told():
    stream = EventStream(limit=2)
    for number in range(4):
        stream.put(b'{"n": %d}' % number)

    assert [(await anext(stream))["n"] for _ in range(2)] == [0, 1]
    with pytest.raises(BusError, match="2 events behind"):
        await anext(stream)


async def test_a_closed_stream_ends():
    closings = []

    async def closed() -> None:
        closings.append(1)

    async with EventStream(on_close=closed) as stream:
        reading = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)
    await stream.close()
    stream.put(b"{}")

    assert (await reading, await anext(stream, None), closings) == (None, None, [1])


def test_reasons_fit_in_a_header_whatever_the_sender_did():
    errors = tuple(FieldError(f"options.{number}", "wrong" * 50) for number in range(500))
    delivery = Delivery(1, 1, "x", "k\udcff", redelivered=False, body=b"", headers={"tenant": "north"})
    found = reasons(DeadLetter(delivery, invalid("w" * 9000, *errors), datetime(2026, 1, 2, tzinfo=UTC)))

    assert found["tenant"] == "north"
    assert len(found[headers.ERROR]) == 4000
    assert len(found[headers.ERROR_FIELDS]) <= 4000
    assert json.loads(found[headers.ERROR_FIELDS])[0]["field"] == "options.0"


async def test_the_memory_bus_hands_out_no_more_than_its_prefetch():
    bus = MemoryBus(prefetch=3)
    running = asyncio.create_task(bus.run())
    for number in range(5):
        bus.send(Delivery(0, 0, "x", str(number), redelivered=False, body=b""))
    first = await bus.take(10)
    bus.acknowledge(first[:1])
    second = await bus.take(10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [[one.routing_key for one in lot] for lot in (first, second)] == [["0", "1", "2"], ["3"]]
    assert [(one.routing_key, one.redelivered) for one in bus._queue] == [
        ("1", True),
        ("2", True),
        ("3", True),
        ("4", False),
    ]
    assert not bus.holds(second[0])


async def test_a_memory_bus_that_does_not_run_confirms_nothing():
    assert await MemoryBus().publish([entry(1)]) == []


async def test_closing_a_memory_client_ends_what_it_waits_for():
    client = MemoryClient(MemoryBus())
    sending = asyncio.create_task(client.send("create-project", {}))
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(BusError, match="closed"):
        await sending
