"""The shelf of dead letters, on both buses: nothing leaves it that was not settled or thrown away."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest

from orchestrator.bus.dead_letters import DeadLetters
from orchestrator.domain.dead_letters import Change, Outcome
from orchestrator.domain.errors import AmbiguousLetter, BusError, NoSuchLetter
from orchestrator.engine.ports import Settled
from tests.integration.bus.fakes import WAIT, Bundle, FixedClock
from tests.unit.api.rooms import FakeBook

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def letters_of(bundle: Bundle, book: FakeBook | None = None) -> DeadLetters:
    return DeadLetters(bundle.bus, bundle.desk, book or FakeBook(), clock=FixedClock(), max_message_bytes=100_000)


async def spoil(bundle: Bundle, *bodies: str, name: str = "create-project", ids: tuple[str, ...] = ()) -> None:
    """Send commands that are refused; returns when all of them lie on the shelf."""
    async with await bundle.connect() as client:
        for at, body in enumerate(bodies):
            answer = await client.send(name, body.encode(), message_id=ids[at] if ids else None)
            assert not answer["ok"]
    letters = letters_of(bundle)
    async with asyncio.timeout(WAIT):
        while (await letters.page(limit=1)).total < len(bodies):
            await asyncio.sleep(0.01)


def answering(bundle: Bundle, *, accepted: bool) -> None:
    async def settle(orders: Any) -> list[Settled]:
        bundle.desk.orders += orders
        said = {"ok": True, "command": "c", "project": {"id": 7}} if accepted else {"error": {"detail": "No."}}
        return [Settled(json.dumps(said).encode(), accepted=accepted) for _ in orders]

    bundle.desk.settle = settle  # type: ignore[method-assign]


async def test_letters_are_shown_with_their_reasons_however_often(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, '{"nam": 1}', "{", ids=("a", "b"))
        letters = letters_of(bundle)
        seen = [await letters.page(limit=10) for _ in range(3)]
        (first,) = [it for it in seen[0].letters if it.message_id == "a"]
        whole, replays = await letters.show(first.id[:5].upper())

    assert seen[0].letters == seen[1].letters == seen[2].letters
    assert (2, 2) == (seen[0].total, seen[0].looked_at)
    assert whole is not None
    assert ("create-project", b'{"nam": 1}', "validation", ()) == (
        whole.command,
        whole.body,
        whole.error_type,
        replays,
    )
    assert {"nam", "name"} == {error.field for error in whole.errors}
    assert b"" == first.body


async def test_a_page_is_bounded(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, *(f"{{{number}" for number in range(5)))
        letters = letters_of(bundle)
        pages = [await letters.page(limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [2, 2, 1, 0] == [len(page.letters) for page in pages]
    assert 5 == len({letter.id for page in pages for letter in page.letters})


async def test_an_accepted_replay_leaves_the_shelf_under_its_old_id_and_is_on_record(bundle: Bundle):
    book = FakeBook()
    async with bundle.running("intake"):
        await spoil(bundle, "{", "[", ids=("a", "b"))
        letters = letters_of(bundle, book)
        (wrong,) = [it for it in (await letters.page(limit=10)).letters if it.message_id == "a"]
        answering(bundle, accepted=True)
        (replay,) = await letters.replay([wrong.id], by="anna", change=Change(body=b'{"name": "Hillside"}'))
        left = (await letters.page(limit=10)).letters
        gone, history = await letters.show(wrong.id)

    assert (Outcome.ACCEPTED, "project 7", "a", True, "anna") == (
        replay.outcome,
        replay.detail,
        replay.message_id,
        replay.edited,
        replay.by,
    )
    assert ["b"] == [letter.message_id for letter in left]
    assert (None, (replay,)) == (gone, history)
    assert ["a"] == bundle.desk.message_ids


async def test_what_is_still_wrong_stays_as_it_was(bundle: Bundle):
    book = FakeBook()
    async with bundle.running("intake"):
        await spoil(bundle, "{", ids=("a",))
        letters = letters_of(bundle, book)
        before = (await letters.page(limit=1)).letters
        (replay,) = await letters.replay([before[0].id], by="anna", change=Change(body=b'{"nam": 1}'))
        after = await letters.page(limit=1)

    assert (Outcome.REFUSED, []) == (replay.outcome, bundle.desk.orders)
    assert "name is required; nam is not a field of create-project; did you mean name?" == replay.detail
    assert (before, {before[0].id: 1}) == (after.letters, after.replayed)


async def test_a_rejected_replay_stays_and_the_next_new_id_is_another(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, "{", ids=("a",))
        letters = letters_of(bundle)
        id_ = (await letters.page(limit=1)).letters[0].id
        change = Change(body=b'{"name": "x"}', new_message_id=True)
        answering(bundle, accepted=False)
        rejected = [(await letters.replay([id_], by="anna", change=change))[0] for _ in range(2)]
        answering(bundle, accepted=True)
        (accepted,) = await letters.replay([id_], by="anna", change=change)
        total = (await letters.page(limit=1)).total

    ids = [replay.message_id for replay in (*rejected, accepted)]
    assert [f"dead-letter/{id_}/1", f"dead-letter/{id_}/2", f"dead-letter/{id_}/3"] == ids
    assert ("No.", 0) == (rejected[0].detail, total)


async def test_a_replay_that_died_halfway_is_repeated_under_the_same_id(bundle: Bundle):
    class Dying(FakeBook):
        async def end_replay(self, number: int, **_: Any) -> None:
            raise ConnectionAbortedError

    book = Dying()
    async with bundle.running("intake"):
        await spoil(bundle, "{")
        dying, living = letters_of(bundle, book), letters_of(bundle)
        living._book = FakeBook(book.rows)
        id_ = (await living.page(limit=1)).letters[0].id
        answering(bundle, accepted=True)
        change = Change(body=b'{"name": "x"}', new_message_id=True)
        with pytest.raises(ConnectionAbortedError):
            await dying.replay([id_], by="anna", change=change)
        assert 1 == (await living.page(limit=1)).total
        await living.replay([id_], by="anna", change=change)
        assert 0 == (await living.page(limit=1)).total

    assert [f"dead-letter/{id_}/1"] * 2 == bundle.desk.message_ids
    assert [Outcome.UNKNOWN, Outcome.ACCEPTED] == [row.outcome for row in book.rows]


async def test_a_command_with_a_wrong_name_is_replayed_under_the_right_one(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, '{"name": "x"}', name="create_project")
        letters = letters_of(bundle)
        id_ = (await letters.page(limit=1)).letters[0].id
        answering(bundle, accepted=True)
        (replay,) = await letters.replay([id_], by="anna", change=Change(command="create-project"))
    assert (Outcome.ACCEPTED, "create-project", True) == (replay.outcome, replay.command, replay.edited)


async def test_purging_takes_what_was_named_or_everything_and_nothing_else(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, *(f"{{{number}" for number in range(60)))
        letters = letters_of(bundle)
        named = [letter.id for letter in (await letters.page(limit=10)).letters]
        assert 10 == await letters.purge(named, by="anna")
        left = await letters.page(limit=100)
        assert (50, set()) == (left.total, {letter.id for letter in left.letters} & set(named))
        assert 0 == await letters.purge_all(until=datetime(2000, 1, 1, tzinfo=UTC), by="anna")
        assert 50 == await letters.purge_all(until=LATER, by="anna")
        assert 0 == (await letters.page(limit=1)).total


async def test_an_id_that_nobody_has_is_refused_before_anything_happens(bundle: Bundle):
    async with bundle.running("intake"):
        await spoil(bundle, "{", "[")
        letters = letters_of(bundle)
        id_ = (await letters.page(limit=1)).letters[0].id
        for wrong in ("zzzzzzzz", id_[:3], ""):
            with pytest.raises(NoSuchLetter):
                await letters.purge([id_, wrong], by="anna")
            with pytest.raises(NoSuchLetter):
                await letters.replay([id_, wrong], by="anna")
            with pytest.raises(NoSuchLetter):
                await letters.show(wrong)
        assert 2 == (await letters.page(limit=1)).total


async def test_a_beginning_that_fits_several_is_refused(bundle: Bundle, monkeypatch):
    monkeypatch.setattr("orchestrator.domain.dead_letters.SHORTEST_ID", 0)
    async with bundle.running("intake"):
        await spoil(bundle, "{", "[")
        with pytest.raises(AmbiguousLetter, match="is the beginning of several ids"):
            await letters_of(bundle).show("")


# ------------------------------------------------------------------------------------------------ RabbitMQ alone


async def put_aside(url: str, prefix: str, count: int, **properties: Any) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        shelf = await channel.get_exchange(f"{prefix}.dead-letters", ensure=False)
        messages = [aio_pika.Message(b'{"name": "%d"}' % number, **properties) for number in range(count)]
        await asyncio.gather(*(shelf.publish(message, "create-project") for message in messages))


async def test_a_command_that_expired_in_the_queue_says_so(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running(), await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(f"{bus_prefix}.commands", ensure=False)
        # The bus consumes and nobody takes: the first fill its prefetch, and the last expires behind them.
        for number in range(1001):
            expiration = 0.05 if number == 1000 else None
            await commands.publish(aio_pika.Message(b"{}", message_id="m", expiration=expiration), "create-project")
        letters = letters_of(rabbit)
        async with asyncio.timeout(WAIT):
            while not (found := (await letters.page(limit=1)).letters):
                await asyncio.sleep(0.05)

    (letter,) = found
    assert ("expired", "create-project", f"{bus_prefix}.commands", "m") == (
        letter.error_type,
        letter.command,
        letter.exchange,
        letter.message_id,
    )
    assert letter.at is not None


async def test_a_letter_keeps_what_its_sender_said_around_the_body(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    sent = datetime(2026, 11, 23, 12, tzinfo=UTC)
    async with rabbit.running("intake"), await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(f"{bus_prefix}.commands", ensure=False)
        message = aio_pika.Message(
            b"\x1f\x8b", content_encoding="gzip", content_type="application/json", priority=7, timestamp=sent,
            app_id="drone-pilot",
        )  # fmt: skip
        await commands.publish(message, "create-task")
        letters = letters_of(rabbit)
        async with asyncio.timeout(WAIT):
            while not (found := (await letters.page(limit=1)).letters):
                await asyncio.sleep(0.01)
    (letter,) = found
    assert ("gzip", "application/json", 7, sent, "drone-pilot") == (
        letter.content_encoding, letter.content_type, letter.priority, letter.sent_at, letter.app_id,
    )  # fmt: skip


async def test_thousands_are_listed_and_purged(rabbit: Bundle, amqp_url: str, bus_prefix: str):
    async with rabbit.running():
        await put_aside(amqp_url, bus_prefix, 3000)
        letters = letters_of(rabbit)
        page = await letters.page(limit=100, offset=2950)
        assert (50, 3000, 3000) == (len(page.letters), page.looked_at, page.total)
        assert 3000 == await letters.purge_all(until=LATER, by="anna")
        assert 0 == (await letters.page(limit=1)).total


async def test_two_who_look_at_once_are_told(rabbit: Bundle, amqp_url: str, bus_prefix: str, monkeypatch):
    monkeypatch.setattr("orchestrator.bus.amqp.shelf.LEAVING", 2)
    async with rabbit.running():
        await put_aside(amqp_url, bus_prefix, 2)
        async with rabbit.bus.shelf() as shelf:
            assert 2 == len([letter async for letter in shelf])
            with pytest.raises(BusError, match="Somebody else is reading"):
                await letters_of(rabbit).page(limit=1)


async def test_a_broker_that_is_away_is_a_plain_sentence(private_rabbitmq, bus_prefix: str):
    from tests.integration.bus.fakes import rabbit_bundle

    bundle = rabbit_bundle(private_rabbitmq.url, bus_prefix)
    await asyncio.to_thread(private_rabbitmq.stop)
    with pytest.raises(BusError, match=r"nobody listens at 127\.0\.0\.1:\d+ \(connection refused\)\.$"):
        await letters_of(bundle).page(limit=1)
    await asyncio.to_thread(private_rabbitmq.start)


async def test_a_broker_that_has_no_shelf_yet_says_so(rabbit: Bundle):
    with pytest.raises(BusError, match="has no shelf for dead letters yet"):
        await letters_of(rabbit).page(limit=1)
