"""The intake, on the bus in memory, where a message can be anything."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.bus import burial
from orchestrator.bus import intake as intake_module
from orchestrator.bus.intake import Intake
from orchestrator.bus.memory import MemoryBus
from orchestrator.bus.port import DeadLetter, Delivery, Reply
from orchestrator.bus.reading import read
from orchestrator.domain.errors import BusError
from orchestrator.domain.problem import Problem
from tests.integration.bus.fakes import QUICK, WAIT, FakeDesk, FixedClock, PlainRenderer, running

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def message(**changes: Any) -> Delivery:
    fields = {
        "tag": 0,
        "session": 0,
        "exchange": "x.commands",
        "routing_key": "create-project",
        "redelivered": False,
        "body": b'{"name": "Hillside"}',
    }
    return Delivery(**(fields | changes))


class Bundle:
    def __init__(self, bus: MemoryBus | None = None) -> None:
        self.bus, self.desk = bus or MemoryBus(), FakeDesk()
        self.intake = Intake(
            self.bus, self.desk, renderer=PlainRenderer(), clock=FixedClock(), patience=QUICK, linger=0
        )

    async def take_in(self, *messages: Delivery) -> None:
        """Run until all of the messages are done with."""
        for one in messages:
            self.bus.send(one)
        async with running(self.bus.run(), self.intake.run()), asyncio.timeout(WAIT):
            while self.bus._queue or self.bus._held:
                await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"message_id": "m" * 256}, "message_id: The message id is longer than 255 characters."),
        ({"message_id": "a\udcffb"}, "message_id: The message id must be printable UTF-8."),
        ({"message_id": "a\nb"}, "message_id: The message id must be printable UTF-8."),
        ({"type": "delete-project"}, "type: The property type and the routing key name different commands."),
        ({"type": "\udcff", "exchange": ""}, "type: The command's name must be printable UTF-8."),
    ],
)
def test_a_wrong_envelope_is_a_problem(changes: dict[str, Any], problem: str):
    found = read(message(**changes))
    assert isinstance(found, Problem)
    assert (found.type, found.detail) == ("validation", problem)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "m" * 255},
        {"message_id": None},
        {"type": "create-project"},
        {"type": "create-project", "routing_key": "x.commands", "exchange": ""},
    ],
)
def test_a_right_envelope_is_none(changes: dict[str, Any]):
    assert not isinstance(read(message(**changes)), Problem)


def test_a_message_straight_into_the_queue_without_a_type_names_no_command():
    assert isinstance(read(message(exchange="", routing_key="x.commands")), Problem)


def test_a_message_is_too_large_by_one_byte():
    body = b'{"name": "Hillside"}'
    assert not isinstance(read(message(body=body), max_message_bytes=len(body)), Problem)
    found = read(message(body=body), max_message_bytes=len(body) - 1)
    assert isinstance(found, Problem)
    assert found.type == "too-large"


def test_the_trace_is_read_from_the_headers():
    assert message(headers={"traceparent": TRACE}).traceparent == TRACE
    assert message(headers={"traceparent": 7}).traceparent is None
    assert message(headers={"traceparent": "00-1-2-01"}).traceparent is None
    for invalid in (f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01"):
        assert message(headers={"traceparent": invalid}).traceparent is None


async def test_a_message_without_an_id_is_settled_without_one():
    bundle = Bundle()
    await bundle.take_in(message(), message())
    assert bundle.desk.message_ids == [None, None]


async def test_names_that_are_no_text_are_shelved_and_answered():
    bundle = Bundle()
    answers: list[Reply] = []
    bundle.bus.listen("me", answers.append)
    await bundle.take_in(message(type="\udcff\udcfe", exchange="", routing_key="", reply_to="me"), message())

    assert len(bundle.bus.dead_letters) == len(answers) == len(bundle.desk.orders) == 1
    assert (bundle.intake.settled, bundle.intake.refused) == (1, 1)


async def test_a_reader_that_fails_shelves_the_one_message(monkeypatch):
    def fail(delivery: Delivery, **settings: int):
        if delivery.message_id == "bad":
            raise RecursionError
        return read(delivery, **settings)

    monkeypatch.setattr(intake_module, "read", fail)
    bundle = Bundle()
    await bundle.take_in(message(message_id="a"), message(message_id="bad"), message(message_id="b"))

    assert bundle.desk.message_ids == ["a", "b"]
    assert [letter.delivery.message_id for letter in bundle.bus.dead_letters] == ["bad"]


@pytest.mark.parametrize("error", [BusError("no answer taken"), RuntimeError("renderer")])
async def test_an_answer_that_cannot_be_sent_undoes_nothing(error: Exception):
    class Deaf(MemoryBus):
        async def reply(self, replies: Any) -> None:
            raise error

    bundle = Bundle(Deaf())
    await bundle.take_in(message(message_id="a", reply_to="me"), message(message_id="b"))
    assert bundle.desk.message_ids == ["a", "b"]


async def test_a_shelf_that_takes_nothing_holds_up_nobody():
    class Shelfless(MemoryBus):
        full = True

        async def dead_letter(self, letters: Any) -> list[bool]:
            return [False] * len(letters) if self.full else await super().dead_letter(letters)

    bus = Shelfless()
    bundle = Bundle(bus)
    for number in range(300):
        bus.send(message(message_id=str(number), body=b"{" if number < 150 else b'{"name": "x"}'))
    async with running(bus.run(), bundle.intake.run()):
        await bundle.desk.until(lambda desk: len(desk.orders) == 150)
        assert len(bus._held) == 150
        bus.full = False
        async with asyncio.timeout(WAIT):
            while bus._held:
                await asyncio.sleep(0)

    assert [letter.delivery.message_id for letter in bus.dead_letters] == [str(number) for number in range(150)]


async def test_a_letter_over_which_the_broker_ends_the_connection_goes_bare_and_alone():
    class Touchy(MemoryBus):
        lost = 0

        async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
            if any(letter.delivery.headers.get("poison") and not letter.bare for letter in letters):
                self.lost += 1
                self._presence.set(publishing=False)
                asyncio.get_running_loop().call_later(0.001, lambda: self._presence.set(publishing=True))
                return [False] * len(letters)
            return await super().dead_letter(letters)

    bus = Touchy()
    bundle = Bundle(bus)
    await bundle.take_in(*(message(body=b"{", message_id=str(n), headers={"poison": n == 7}) for n in range(20)))
    assert {str(number) for number in range(20)} == {letter.delivery.message_id for letter in bus.dead_letters}
    assert 20 == len(bus.dead_letters)
    # All together, once more when they had grown to several again, and then the culprit alone.
    assert 2 + burial.TRIES == bus.lost


async def test_large_letters_are_buried_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(burial, "BATCH_BYTES", 250)
    lots: list[list[int]] = []

    class Counting(MemoryBus):
        async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
            lots.append([letter.delivery.size for letter in letters])
            return await super().dead_letter(letters)

    bundle = Bundle(Counting())
    await bundle.take_in(*(message(body=b"x" * size) for size in (100, 100, 100, 300, 1)))
    assert [[100, 100], [100], [300], [1]] == lots


async def test_letters_that_come_during_a_burial_are_buried_too():
    class Slow(MemoryBus):
        async def dead_letter(self, letters: Sequence[DeadLetter]) -> list[bool]:
            await asyncio.sleep(0.002)
            return await super().dead_letter(letters)

    bus = Slow()
    bundle = Bundle(bus)
    async with running(bus.run(), bundle.intake.run()), asyncio.timeout(WAIT):
        for number in range(200):
            bus.send(message(message_id=str(number), body=b"{"))
            await asyncio.sleep(0)
        while len(bus.dead_letters) < 200 or bus._held:
            await asyncio.sleep(0)


async def test_answers_follow_the_order_of_commands():
    bundle = Bundle()
    answers: list[Reply] = []
    bundle.bus.listen("me", answers.append)
    sent = [message(correlation_id=str(n), reply_to="me", body=b"{" if n % 5 else b'{"name": "x"}') for n in range(50)]
    await bundle.take_in(*sent)
    assert sorted(int(answer.correlation_id or "") for answer in answers) == list(range(50))


async def test_many_starts_and_stops_settle_everything():
    bundle = Bundle()
    for number in range(500):
        bundle.bus.send(message(message_id=str(number)))
    async with running(bundle.bus.run()):
        for _ in range(50):
            async with running(bundle.intake.run()):
                await asyncio.sleep(0)
        async with running(bundle.intake.run()):
            await bundle.desk.until(lambda desk: len(desk.orders) >= 500)

    assert list(dict.fromkeys(bundle.desk.message_ids)) == [str(number) for number in range(500)]


async def test_what_waits_is_settled_in_one_batch():
    bundle = Bundle()
    await bundle.take_in(*(message(message_id=str(number)) for number in range(700)))
    assert bundle.desk.batches == [500, 200]
