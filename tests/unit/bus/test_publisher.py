"""Answers: nothing that keeps them from leaving holds up the commands that come after."""

import asyncio
import time
from typing import Any, cast

import pytest
from pamqp import commands

from orchestrator.bus.amqp.confirms import Confirms
from orchestrator.bus.amqp.publisher import REPLY_DEADLINE, Publisher
from orchestrator.bus.port import Reply
from orchestrator.contract.topology import Topology
from orchestrator.domain.errors import BusError
from tests.unit.bus.fake_session import FakeSession
from tests.unit.bus.test_confirms import tell

ANSWER = [Reply("queue", "1", b"{}")]


@pytest.mark.looptime(start=time.monotonic)
async def test_answers_that_come_while_there_is_no_connection_wait_for_it_together():
    publisher = Publisher(Topology(), deadline=1, troubled=print)
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises(BusError, match="has not taken 1 answers"):
            await publisher.reply(ANSWER)
    assert REPLY_DEADLINE == pytest.approx(asyncio.get_running_loop().time() - began, abs=1)


async def test_answers_are_left_with_a_broker_that_takes_nothing_just_now():
    publisher, session = Publisher(Topology(), deadline=30, troubled=print), cast("Any", FakeSession())
    publisher._session, publisher._replies = session, Confirms(session, 3, deadline=30)
    publisher._ready.set()
    waiting = asyncio.create_task(publisher.reply(ANSWER))
    while not session.written:
        await asyncio.sleep(0)
    session.blocked = "low on memory"
    publisher._blocked(session.blocked)
    await waiting
    await publisher.reply(ANSWER)
    assert 2 == len(session.written)
    session.blocked = ""
    publisher._blocked("")
    answered = asyncio.create_task(publisher.reply(ANSWER))
    while len(session.written) < 3:
        await asyncio.sleep(0)
    assert not answered.done()
    tell(publisher._replies, commands.Basic.Ack(3))
    await answered
