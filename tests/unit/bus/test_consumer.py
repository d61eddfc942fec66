"""Deliveries are put together, held to a budget and acknowledged in order, without a broker."""

import asyncio
import random
from types import SimpleNamespace
from typing import Any

import pytest
from pamqp import commands, frame, header
from structlog.testing import capture_logs

from orchestrator.bus.amqp import consumer as consumer_module
from orchestrator.bus.amqp import tap as tap_module
from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.consumer import Consumer, Inbox
from orchestrator.bus.amqp.tap import Tap
from orchestrator.bus.port import Delivery
from tests.unit.bus.fake_session import FakeSession


def consumer(session: Any) -> Consumer:
    found = Consumer(queue="q", prefetch=10)
    found._session, found._channel = session, 1
    return found


def delivery(tag: int, *, session: int = 1) -> Delivery:
    return Delivery(tag, session, "e", "k", redelivered=False, body=b"")


def deliver(inbox: Inbox, tag: int, body: bytes) -> None:
    for value in (
        commands.Basic.Deliver("ctag", tag, False, "ex", "create-project"),
        header.ContentHeader(body_size=len(body), properties=commands.Basic.Properties(message_id=f"m{tag}")),
    ):
        data = frame.marshal(value, 1)
        assert inbox.frame(data[0], data, 7, len(data) - 1)
    for at in range(0, len(body), 3):
        assert inbox.frame(wire.BODY, body, at, min(at + 3, len(body)))


async def test_deliveries_are_put_together_from_their_frames():
    session: Any = FakeSession()
    into = consumer(session)
    inbox = Inbox(session, 1, into=into)
    deliver(inbox, 1, b"0123456789")
    deliver(inbox, 2, b"")
    first, second = await into.take(10)

    assert (first.tag, first.body, first.message_id) == (1, b"0123456789", "m1")
    assert (first.exchange, first.name, second.tag, second.body) == ("ex", "create-project", 2, b"")


async def test_a_whole_prefix_is_acknowledged_by_one_frame():
    session = FakeSession()
    ours = consumer(session)
    ours.acknowledge([delivery(tag) for tag in (3, 1, 2)])
    assert session.acks() == [(3, True)]


async def test_a_gap_is_acknowledged_around_and_later_closed():
    session = FakeSession()
    ours = consumer(session)
    ours.acknowledge([delivery(1), delivery(3)])
    assert session.acks() == [(3, False), (1, True)]
    ours.acknowledge([delivery(2), delivery(5)])
    assert session.acks() == [(5, False), (2, True)]
    ours.acknowledge([delivery(4)])
    assert session.acks() == [(4, True)]


@pytest.mark.parametrize("seed", range(20))
async def test_no_tag_is_acknowledged_twice_and_none_before_its_time(seed: int):
    session, chance = FakeSession(), random.Random(seed)
    ours = consumer(session)
    tags = list(range(1, 41))
    chance.shuffle(tags)
    asked: set[int] = set()
    known: set[int] = set()
    while tags:
        lot = [tags.pop() for _ in range(min(len(tags), chance.randint(1, 6)))]
        asked.update(lot)
        ours.acknowledge([delivery(tag) for tag in lot])
        for tag, multiple in session.acks():
            assert tag not in known
            known.update(range(1, tag + 1) if multiple else [tag])
        assert known == asked


async def test_deliveries_of_a_lost_session_are_neither_given_nor_acknowledged():
    session: Any = FakeSession()
    ours = consumer(session)
    ours.arrived(delivery(1))
    session.fail("gone")
    ours.acknowledge([delivery(1)])
    ours.give_back([delivery(1)])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ours.take(1)
    assert session.written == []


async def test_what_is_given_back_comes_first():
    session: Any = FakeSession()
    ours = consumer(session)
    for tag in range(1, 6):
        ours.arrived(delivery(tag))
    ours.give_back(await ours.take(3))
    assert [found.tag for found in await ours.take(10)] == [1, 2, 3, 4, 5]


def heavy(tag: int, size: int = 100) -> Delivery:
    return Delivery(tag, 1, "e", "k", redelivered=False, body=b"x" * size)


async def test_beyond_the_budget_reading_stops_until_half_of_it_is_done():
    session: Any = FakeSession()
    ours = consumer(session)
    ours._most_held = 1000
    for tag in range(1, 11):
        ours.arrived(heavy(tag))
    assert [] == session.held
    ours.arrived(heavy(11))
    ours.arrived(heavy(12))
    assert [True] == session.held
    taken = await ours.take(20)
    ours.acknowledge(taken[:6])
    assert [True] == session.held
    ours.give_back(taken[6:])
    ours.acknowledge(await ours.take(1))
    assert [True, False] == session.held


async def test_a_single_body_larger_than_the_budget_gets_through():
    session: Any = FakeSession()
    ours = consumer(session)
    ours._most_held = 10
    ours.arrived(heavy(1))
    ours.acknowledge(await ours.take(20))
    assert [True, False] == session.held


async def test_reading_that_is_held_for_long_is_told_once(monkeypatch):
    monkeypatch.setattr(consumer_module, "TOLD_AFTER", 0.0)
    session: Any = FakeSession()
    ours = consumer(session)
    ours._most_held = 10
    with capture_logs() as entries:
        ours.arrived(heavy(1))
        ours.arrived(heavy(2))
        while not entries:
            await asyncio.sleep(0)
        ours.acknowledge(await ours.take(20))
    assert ["bus.reading_held", "bus.reading_again"] == [entry["event"] for entry in entries]
    assert 200 == entries[0]["held_bytes"]


async def test_large_bodies_are_given_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(consumer_module, "MOST_AT_ONCE", 250)
    session: Any = FakeSession()
    ours = consumer(session)
    for tag in range(1, 8):
        ours.arrived(heavy(tag, 1000 if tag == 7 else 100))
    assert [[1, 2, 3], [4, 5, 6], [7]] == [[found.tag for found in await ours.take(10)] for _ in range(3)]


async def test_a_tap_that_is_held_reads_a_trickle(monkeypatch):
    monkeypatch.setattr(tap_module, "TRICKLE_EVERY", 0.0)
    told: list[str] = []
    resumed = asyncio.Event()

    def resume() -> None:
        told.append("resume")
        resumed.set()

    transport: Any = SimpleNamespace(
        get_extra_info=lambda _: None,
        is_closing=lambda: False,
        pause_reading=lambda: told.append("pause"),
        resume_reading=resume,
        abort=lambda: None,
    )
    tap = Tap(asyncio.StreamReader(), loop=asyncio.get_running_loop())
    tap.connection_made(transport)
    tap.hold()
    tap.hold()
    for _ in range(2):
        resumed.clear()
        await resumed.wait()
        tap.data_received(wire.HEARTBEAT_FRAME)
    tap.release()
    tap.release()
    tap.data_received(wire.HEARTBEAT_FRAME)
    assert ["pause", "resume"] * 3 == told


async def test_a_canceled_consumer_ends_the_session():
    session: Any = FakeSession()
    data = frame.marshal(commands.Basic.Cancel("ctag"), 1)
    Inbox(session, 1, into=consumer(session)).frame(data[0], data, 7, len(data) - 1)
    assert "queue was deleted" in session.lost.result()
