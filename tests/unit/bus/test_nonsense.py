"""Whatever comes in, intake goes on: each message is settled or shelved, and the good ones between are settled."""

import asyncio
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from orchestrator.bus.intake import Intake
from orchestrator.bus.letters import letter_of
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import DeadLetter, Delivery, Reply
from orchestrator.contract.json_text import to_json
from orchestrator.contract.letter_views import whole_letter
from orchestrator.contract.render import WireRenderer
from tests.integration.bus.fakes import QUICK, WAIT, FakeDesk, FixedClock, running
from tests.unit.bus.nonsense import BODIES_OF_ALL_KINDS, GOOD, envelopes
from tests.unit.engine.bundle import VIRTUAL_TIME, built

ENVELOPES, BODIES, LOTS = 5, 10, 200
LOT = ENVELOPES * BODIES
# Each envelope around each body: drawing them costs more than taking them in.
MESSAGES = st.builds(
    lambda around, bodies: list(product(around, bodies)),
    st.lists(envelopes(), min_size=ENVELOPES, max_size=ENVELOPES),
    st.lists(BODIES_OF_ALL_KINDS, min_size=BODIES, max_size=BODIES),
)
# A lot that fails is a story already; to shrink it would take longer than to read it.
MANY = settings(
    max_examples=LOTS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Shelf(MemoryBus):
    """Keeps every letter, and lets every answer be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = 0
        self.letters: list[DeadLetter] = []

    async def reply(self, replies: Any) -> None:
        self.answered += len(replies)
        assert all(isinstance(reply, Reply) for reply in replies)

    async def dead_letter(self, letters: Any) -> list[bool]:
        self.letters += letters
        return await super().dead_letter(letters)


def good(number: int) -> Delivery:
    return Delivery(0, 0, "x.commands", "create-task", redelivered=False, body=GOOD, message_id=f"good-{number}")


async def take_in(bus: Shelf, desk: Any, lot: Any) -> Intake:
    intake = Intake(
        bus, desk, renderer=WireRenderer(), clock=FixedClock(), patience=QUICK, linger=0,
        max_message_bytes=150_000,
    )  # fmt: skip
    for number, (envelope, body) in enumerate(lot):
        bus.send(Delivery(0, 0, body=body, **envelope))
        bus.send(good(number))
    with capture_logs() as entries:
        async with running(bus.run(), intake.run()), asyncio.timeout(WAIT):
            while bus._queue or bus._held:
                await asyncio.sleep(0)
    assert [] == [entry for entry in entries if entry["event"] == "bus.command_poisonous"]
    return intake


@pytest.mark.timeout(120)
@MANY
@given(lot=MESSAGES)
async def test_ten_thousand_messages_of_any_kind_are_settled_or_shelved(lot):
    bus, desk = Shelf(), FakeDesk()
    intake = await take_in(bus, desk, lot)

    assert 2 * LOT == len(desk.orders) + len(bus.letters) == intake.settled + intake.refused
    assert [f"good-{number}" for number in range(LOT)] == [
        it for it in desk.message_ids if it and it.startswith("good-")
    ]
    assert sum(bool(envelope["reply_to"]) for envelope, _ in lot) == bus.answered
    async with bus.shelf() as shelf:
        for letter in [letter_of(delivery) async for delivery in shelf]:
            assert to_json(whole_letter(letter, ()))


@VIRTUAL_TIME
@settings(MANY, max_examples=15)
@given(lot=MESSAGES)
async def test_what_gets_past_the_door_is_settled_by_the_real_desk(lot):
    async with built() as bundle:
        turn = bundle.engine.turn
        turn.open()
        async with running(turn.run()):
            bus = Shelf()
            intake = await take_in(bus, turn, lot)
        tasks = {event["subject"] for event in bundle.events if event["type"] == "task.created"}

    assert 2 * LOT == intake.settled + len(bus.letters)
    assert len(tasks) >= LOT
