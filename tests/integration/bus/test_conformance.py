"""What every bus does: the same suite over the one in memory and over RabbitMQ."""

import asyncio
import json

import pytest

from orchestrator.contract import headers
from orchestrator.domain.errors import BusError, StoreError
from orchestrator.engine.ports import Order
from tests.integration.bus.fakes import Bundle, entry, take

PROJECT = {"name": "Hillside"}


async def test_a_command_is_settled_and_answered(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as client:
        answer = await client.send("create-project", PROJECT, message_id="m-1")

    assert answer == {"ok": True, "message_id": "m-1"}
    assert [type(order.command).__name__ for order in bundle.desk.orders] == ["CreateProject"]


async def test_each_answer_finds_its_own_asker(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as one, await bundle.connect() as two:
        asked = [
            client.send("create-project", PROJECT, message_id=f"{name}-{number}")
            for number in range(50)
            for name, client in (("one", one), ("two", two))
        ]
        answers = await asyncio.gather(*asked)

    expected = [f"{name}-{number}" for number in range(50) for name in ("one", "two")]
    assert [answer["message_id"] for answer in answers] == expected


async def test_commands_are_settled_in_the_order_of_sending(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as client, asyncio.TaskGroup() as group:
        for number in range(300):
            group.create_task(client.send("create-project", PROJECT, message_id=str(number)))

    assert bundle.desk.message_ids == [str(number) for number in range(300)]


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("create-project", b"{not json", None),
        ("create-project", b"\xff\xfe", None),
        ("create-project", b"[]", None),
        ("create-project", b'{"name": 7}', None),
        ("paint-the-shed", b"{}", None),
        ("create-project", b'{"name": "' + b"x" * 200_000 + b'"}', "too-large"),
    ],
)
async def test_what_cannot_be_understood_is_answered_and_shelved_with_the_reason(
    bundle: Bundle, name: str, body: bytes, problem: str | None
):
    async with bundle.running("intake"), await bundle.connect() as client:
        answer = await client.send(name, body)
        ((shelved, reason),) = await bundle.dead_letters(1)

    assert (answer["ok"], answer["command"]) == (False, name)
    assert answer["error"]["type"] == (problem or answer["error"]["type"])
    assert shelved == body
    assert reason[headers.ERROR_TYPE] == answer["error"]["type"]
    assert reason[headers.ERROR] == answer["error"]["detail"]
    assert reason[headers.ORIGINAL_ROUTING_KEY] == name
    assert reason[headers.FAILED_AT] == "2026-01-02T00:00:00+00:00"
    assert bundle.desk.orders == []


async def test_wrong_fields_are_named_on_the_shelf(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as client:
        await client.send("create-project", b'{"name": 7}')
        ((_, reason),) = await bundle.dead_letters(1)

    assert [error["field"] for error in json.loads(reason[headers.ERROR_FIELDS])] == ["name"]


async def test_bad_messages_never_hold_up_good_ones(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as client:
        answers = await asyncio.gather(
            *(client.send("create-project", b"{" if number % 3 == 0 else PROJECT) for number in range(90))
        )
        assert len(await bundle.dead_letters(30)) == 30

    assert [answer["ok"] for answer in answers] == [number % 3 != 0 for number in range(90)]
    assert len(bundle.desk.orders) == 60


async def test_the_desk_sees_a_repeated_message_again(bundle: Bundle):
    async with bundle.running("intake"), await bundle.connect() as client:
        first = await client.send("create-project", PROJECT, message_id="same")
        second = await client.send("create-project", PROJECT, message_id="same")

    assert first == second
    assert bundle.desk.message_ids == ["same", "same"]


async def test_a_store_that_is_away_delays_commands_and_loses_none(bundle: Bundle):
    failures = iter(range(5))

    def away(_: object) -> None:
        if next(failures, None) is not None:
            raise StoreError("the database is locked")

    bundle.desk.behave = away
    async with bundle.running("intake"), await bundle.connect() as client, asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(client.send("create-project", PROJECT, message_id=str(number)))

    assert bundle.desk.message_ids == [str(number) for number in range(50)]


async def test_a_poisonous_command_stands_alone_on_the_shelf(bundle: Bundle):
    def choke(orders: list[Order]) -> None:
        if any(order.message_id == "poison" for order in orders):
            raise ZeroDivisionError

    bundle.desk.behave = choke  # type: ignore[assignment]
    ids = [str(number) for number in range(60)]
    ids[17] = "poison"
    async with bundle.running("intake"), await bundle.connect() as client:
        answers = await asyncio.gather(*(client.send("create-project", PROJECT, message_id=one) for one in ids))
        ((_, reason),) = await bundle.dead_letters(1)

    assert [one for one, answer in zip(ids, answers, strict=True) if not answer["ok"]] == ["poison"]
    assert reason[headers.ERROR_TYPE] == "internal"
    assert bundle.desk.message_ids == [one for one in ids if one != "poison"]


async def test_intake_that_was_stopped_goes_on_where_it_was(bundle: Bundle):
    bundle.desk.gate.clear()
    bundle.intake._stop_deadline = 0.01
    async with bundle.running(), await bundle.connect() as client:
        sending = [
            asyncio.create_task(client.send("create-project", PROJECT, message_id=str(number))) for number in range(20)
        ]
        for _ in range(10):
            intake = asyncio.create_task(bundle.intake.run())
            await asyncio.sleep(0)
            intake.cancel()
            await asyncio.gather(intake, return_exceptions=True)
        bundle.desk.gate.set()
        intake = asyncio.create_task(bundle.intake.run())
        await asyncio.gather(*sending)
        intake.cancel()
        await asyncio.gather(intake, return_exceptions=True)

    assert bundle.desk.message_ids == [str(number) for number in range(20)]


async def test_a_stop_finishes_the_batch_in_hand(bundle: Bundle):
    bundle.desk.gate.clear()
    async with bundle.running(), await bundle.connect() as client:
        intake = asyncio.create_task(bundle.intake.run())
        sending = asyncio.create_task(client.send("create-project", PROJECT))
        await bundle.desk.arrived.wait()
        intake.cancel()
        await asyncio.sleep(0)
        bundle.desk.gate.set()
        await asyncio.gather(intake, return_exceptions=True)
        assert (await sending)["ok"]
        assert intake.cancelled()


async def test_a_command_nobody_takes_ends_at_its_deadline(bundle: Bundle):
    async with bundle.running(), await bundle.connect() as client:
        with pytest.raises(BusError, match=r"No answer to create-project came within 0.05 s"):
            await client.send("create-project", PROJECT, timeout=0.05)


async def test_an_answer_to_a_vanished_asker_is_dropped(bundle: Bundle):
    bundle.desk.gate.clear()
    async with bundle.running("intake"):
        async with await bundle.connect() as client:
            sending = asyncio.create_task(client.send("create-project", PROJECT, message_id="gone"))
            await bundle.desk.arrived.wait()
        with pytest.raises(BusError):
            await sending
        bundle.desk.gate.set()
        async with await bundle.connect() as client:
            assert (await client.send("create-project", PROJECT, message_id="next"))["ok"]

    assert bundle.desk.message_ids == ["gone", "next"]


async def test_events_reach_their_subscribers_in_order(bundle: Bundle):
    async with bundle.running("relay"), await bundle.connect() as client:
        events = await client.events()
        for start in range(0, 1000, 50):
            bundle.relay.offer(bundle.outbox.commit([entry(number) for number in range(start, start + 50)]))
        assert await take(events, 1000) == list(range(1000))
        await bundle.desk.until(lambda desk: len(desk.confirmed) == 1000)
        await events.close()

    assert bundle.desk.confirmed == list(range(1000))
    assert (bundle.relay.waiting, bundle.relay.published) == (0, 1000)


async def test_a_subscriber_gets_what_its_pattern_names(bundle: Bundle):
    keys = ["task.status-changed.completed.27.134", "task.status-changed.failed.27.134", "task.progressed.running.8.2"]
    async with bundle.running("relay"), await bundle.connect() as client:
        ended = await client.events("task.status-changed.*.27.*")
        everything_of_8 = await client.events("#.8.*")
        entries = [entry(number, routing_key=key) for number, key in enumerate(keys)]
        bundle.relay.offer(bundle.outbox.commit(entries))
        assert (await take(ended, 2), await take(everything_of_8, 1)) == ([0, 1], [2])
        await ended.close()
        await everything_of_8.close()


async def test_a_late_subscriber_replays_from_the_first_event_and_goes_on(bundle: Bundle):
    async with bundle.running("relay"), await bundle.connect() as client:
        bundle.relay.offer(bundle.outbox.commit([entry(number) for number in range(100)]))
        await bundle.desk.until(lambda desk: len(desk.confirmed) == 100)
        async with await client.events("task.#", replay=True) as events:
            assert await take(events, 100) == list(range(100))
            bundle.relay.offer(bundle.outbox.commit([entry(100)]))
            assert await take(events, 1) == [100]


async def test_what_an_earlier_run_left_in_the_outbox_goes_first(bundle: Bundle):
    bundle.outbox.commit([entry(number) for number in range(2500)])
    async with bundle.running(), await bundle.connect() as client:
        events = await client.events()
        bundle.relay.offer(bundle.outbox.commit([entry(2500)]))
        relay = asyncio.create_task(bundle.relay.run())
        assert await take(events, 2501) == list(range(2501))
        assert await bundle.relay.drain(5)
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)


async def test_an_overflow_of_memory_loses_nothing(bundle: Bundle):
    bundle.relay._room = 100
    async with bundle.running("relay"), await bundle.connect() as client:
        events = await client.events()
        for start in range(0, 3000, 30):
            bundle.relay.offer(bundle.outbox.commit([entry(number) for number in range(start, start + 30)]))
            if start % 900 == 0:
                await asyncio.sleep(0)
        assert sorted(set(await take(events, 3000))) == list(range(3000))
        assert await bundle.relay.drain(5)

    assert bundle.desk.confirmed == list(range(3000))


async def test_an_outbox_that_cannot_be_read_is_read_later(bundle: Bundle):
    bundle.outbox.commit([entry(0)])
    bundle.outbox.away = 3
    async with bundle.running("relay"):
        await bundle.desk.until(lambda desk: desk.confirmed == [0])

    assert bundle.outbox.reads == [-1] * 4


async def test_the_state_says_whether_the_bus_is_there(bundle: Bundle):
    seen = []
    bundle.bus.watch(lambda state: seen.append(state.connected))
    assert not bundle.bus.state.connected
    async with bundle.running():
        assert (bundle.bus.state.connected, bundle.bus.state.problem) == (True, "")
    assert not bundle.bus.state.connected
    assert True in seen
