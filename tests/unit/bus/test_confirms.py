"""Confirms come back in any order, and what has none is never taken for sent."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pamqp import commands, frame, header

from orchestrator.bus.amqp import wire
from orchestrator.bus.amqp.confirms import Confirms, Parcel, Verdict
from orchestrator.bus.amqp.link import Session
from orchestrator.bus.amqp.tap import Tap
from tests.unit.bus.fake_session import FakeSession


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
