"""Acknowledgements in and confirms out, without a broker."""

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
from orchestrator.bus.amqp.confirms import Confirms, Parcel, Verdict
from orchestrator.bus.amqp.consumer import Consumer, Inbox
from orchestrator.bus.amqp.link import Session
from orchestrator.bus.amqp.tap import Tap
from orchestrator.bus.port import Delivery


class FakeSession:
    """A session that keeps what is written."""

    frame_max = 4096
    number = 1

    def __init__(self) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.blocked = ""
        self.written: list[bytes] = []
        self.held: list[bool] = []

    def hold(self) -> None:
        self.held.append(True)

    def release(self) -> None:
        self.held.append(False)

    @property
    def alive(self) -> bool:
        return not self.lost.done()

    def fail(self, why: str) -> None:
        if self.alive:
            self.lost.set_result(why)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def acks(self) -> list[tuple[int, bool]]:
        found, data = [], b"".join(self.written)
        while data:
            used, _, value = frame.unmarshal(data)
            assert isinstance(value, commands.Basic.Ack)
            found.append((value.delivery_tag, value.multiple))
            data = data[used:]
        self.written.clear()
        return found


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


def confirms(session: Any, *, deadline: float = 10) -> Confirms:
    return Confirms(session, 1, deadline=deadline)


def parcels(*ids: str | None) -> list[Parcel]:
    return [Parcel("e", "k", wire.Properties(message_id=one), b"x") for one in ids]


def tell(sink: Confirms, value: Any) -> None:
    data = frame.marshal(value, 1)
    sink.frame(data[0], data, 7, len(data) - 1)


def give_back(sink: Confirms, message_id: str) -> None:
    tell(sink, commands.Basic.Return(312, "NO_ROUTE", "e", "k"))
    tell(sink, header.ContentHeader(body_size=1, properties=commands.Basic.Properties(message_id=message_id)))
    sink.frame(wire.BODY, b"x", 0, 1)


OK, REFUSED, LOST, NOWHERE = Verdict.CONFIRMED, Verdict.REFUSED, Verdict.UNKNOWN, Verdict.UNROUTABLE


async def test_confirms_come_in_any_order_and_in_lots():
    sink = confirms(FakeSession())
    first, second = sink.publish(parcels("a", "b", "c")), sink.publish(parcels("d", "e"))
    tell(sink, commands.Basic.Ack(2))
    tell(sink, commands.Basic.Nack(5))
    tell(sink, commands.Basic.Ack(4, True))

    assert (await first, await second) == ([OK, OK, OK], [OK, REFUSED])


async def test_a_returned_message_is_not_confirmed():
    sink = confirms(FakeSession())
    done = sink.publish(parcels("a", "b", "b", "c"))
    give_back(sink, "b")
    give_back(sink, "b")
    tell(sink, commands.Basic.Ack(4, True))

    assert (await done, sink.last_return) == ([OK, NOWHERE, NOWHERE, OK], "NO_ROUTE")


async def test_what_a_lost_session_leaves_is_unknown():
    session = FakeSession()
    sink = confirms(session)
    first, second = sink.publish(parcels("a", "b")), sink.publish(parcels("c"))
    tell(sink, commands.Basic.Ack(1))
    session.fail("gone")

    assert (await first, await second) == ([OK, LOST], [LOST])
    assert await sink.publish(parcels("d")) == [LOST]


async def test_an_overdue_confirm_ends_the_session():
    session = FakeSession()
    await confirms(session, deadline=0.01).publish(parcels("a"))
    assert await session.lost == "it did not confirm within 0.01 s"


async def test_a_blocked_broker_is_waited_for():
    session = FakeSession()
    session.blocked = "low on memory"
    sink = confirms(session, deadline=0.01)
    done = sink.publish(parcels("a"))
    assert await asyncio.wait([done], timeout=0.05) == (set(), {done})
    tell(sink, commands.Basic.Ack(1))
    assert await done == [OK]


async def test_what_does_not_fit_is_refused_before_anything_is_written():
    session = FakeSession()
    with pytest.raises(ValueError, match="too many"):
        confirms(session).publish([*parcels("a"), Parcel("e", "k" * 300, wire.Properties(), b"")])
    assert session.written == []


async def test_a_closed_channel_ends_the_session_with_the_brokers_words():
    session = FakeSession()
    tell(confirms(session), commands.Channel.Close(404, "NOT_FOUND - no exchange", 60, 40))
    assert session.lost.result() == "NOT_FOUND - no exchange"


async def test_a_broker_short_of_memory_says_so():
    connection: Any = SimpleNamespace(closing=asyncio.get_running_loop().create_future())
    tap = Tap(asyncio.StreamReader(), loop=asyncio.get_running_loop())
    session = Session(connection, tap)
    said: list[str] = []
    session.tell(said.append)
    tap.data_received(frame.marshal(commands.Connection.Blocked("low on memory"), 0))
    tap.data_received(frame.marshal(commands.Connection.Unblocked(), 0))

    assert (said, session.blocked) == (["low on memory", ""], "")
