"""The relay against a bus that does what it is told."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orchestrator.bus.backlog import Backlog
from orchestrator.bus.port import BusState
from orchestrator.bus.presence import Presence
from orchestrator.bus.relay import Relay
from orchestrator.domain.events import OutboxEntry
from tests.integration.bus.fakes import QUICK, WAIT, FakeDesk, FakeOutbox, entry, running


class FakeBus:
    """Confirms what ``judge`` lets pass."""

    def __init__(self) -> None:
        self.presence = Presence()
        self.presence.set(consuming=True, publishing=True)
        self.judge: Callable[[OutboxEntry], bool] = lambda _: True
        self.tries: list[int] = []
        self.seen: list[int] = []
        self.held: list[tuple[Sequence[OutboxEntry], asyncio.Future[list[int]]]] | None = None
        self.most_in_flight = 0

    @property
    def state(self) -> BusState:
        return self.presence.state

    async def until(self, condition: Callable[[BusState], bool]) -> BusState:
        return await self.presence.until(condition)

    def publish(self, entries: Sequence[OutboxEntry]) -> asyncio.Future[list[int]]:
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self.tries += [one.number for one in entries]
        if self.held is None:
            self.settle(entries, future)
        else:
            self.held.append((entries, future))
            self.most_in_flight = max(self.most_in_flight, len(self.held))
        return future

    def settle(self, entries: Sequence[OutboxEntry], future: asyncio.Future[list[int]]) -> None:
        passed = [one.number for one in entries if self.judge(one)]
        self.seen += passed
        future.set_result(passed)


class Bundle:
    def __init__(self, **settings: Any) -> None:
        self.bus, self.desk = FakeBus(), FakeDesk()
        self.outbox = FakeOutbox(self.desk)
        self.relay = Relay(self.bus, self.outbox, self.desk, patience=QUICK, **settings)

    def commit(self, *numbers: int, key: str = "") -> None:
        self.relay.offer(self.outbox.commit([entry(number, key=key) for number in numbers]))

    async def caught_up(self) -> None:
        async with asyncio.timeout(WAIT):
            while self.relay.behind:
                await asyncio.sleep(0)


async def test_while_all_is_well_the_outbox_is_read_once():
    bundle = Bundle()
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        for number in range(100):
            bundle.commit(number)
            await asyncio.sleep(0)
        assert await bundle.relay.drain(WAIT)

    assert bundle.bus.seen == list(range(100))
    assert bundle.outbox.reads == [-1]


async def test_two_batches_are_in_flight_at_most():
    bundle = Bundle(batch=10)
    bundle.bus.held = []
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        bundle.commit(*range(100))
        while len(bundle.bus.seen) < 100:
            await asyncio.sleep(0)
            if bundle.bus.held:
                bundle.bus.settle(*bundle.bus.held.pop(0))
        assert await bundle.relay.drain(WAIT)

    assert bundle.bus.most_in_flight == 2
    assert bundle.bus.seen == list(range(100))


async def test_an_event_that_is_refused_is_sent_again_with_all_later_ones_of_its_key():
    bundle = Bundle(batch=3)
    refusals = iter([True])
    bundle.bus.judge = lambda one: one.number != 1 or not next(refusals, False)
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        entries = [entry(number, key="odd" if number % 2 else "even") for number in range(6)]
        bundle.relay.offer(bundle.outbox.commit(entries))
        assert await bundle.relay.drain(WAIT)

    assert bundle.bus.tries == [0, 1, 2, 3, 4, 5, 1, 3, 5]
    assert [number for number in bundle.bus.seen if number % 2][-3:] == [1, 3, 5]
    assert sorted(bundle.desk.confirmed) == [0, 1, 2, 3, 4, 5]


async def test_with_the_bus_away_it_waits_and_does_not_spin():
    bundle = Bundle(buffer=50)
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        bundle.bus.judge = lambda _: False
        bundle.bus.presence.set(publishing=False, problem="gone")
        for number in range(200):
            bundle.commit(number)
        await asyncio.sleep(0.2)
        tries = len(bundle.bus.tries)
        assert (bundle.relay.waiting, len(bundle.relay._buffer) <= 50) == (200, True)
        assert bundle.relay.oldest_age > 0.1
        assert not await bundle.relay.drain(0.01)
        bundle.bus.judge = lambda _: True
        bundle.bus.presence.set(publishing=True, problem="")
        assert await bundle.relay.drain(WAIT)

    assert tries <= 50
    assert bundle.bus.seen == list(range(200))
    assert (bundle.relay.waiting, bundle.relay.oldest_age) == (0, 0.0)


async def test_events_committed_while_the_outbox_is_read_follow_without_gap_or_repeat():
    bundle = Bundle(page=10, batch=4)
    bundle.outbox.commit([entry(number) for number in range(95)])
    following = iter(range(95, 200))
    read = bundle.outbox.unsent

    async def unsent(*, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        bundle.commit(next(following))  # offered before the reading, and in it
        late = bundle.outbox.commit([entry(next(following))])
        found = await read(after=after, limit=limit)
        bundle.relay.offer(late)  # in the reading, and offered after it
        bundle.commit(next(following))  # not in the reading
        return found

    bundle.outbox.unsent = unsent  # type: ignore[method-assign]
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        assert await bundle.relay.drain(WAIT)

    assert bundle.bus.seen == list(range(next(following)))


async def test_who_becomes_the_first_daemon_looks_through_the_whole_outbox():
    bundle = Bundle()
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        bundle.relay.stand(first=False, alone=False)
        bundle.commit(1)
        assert await bundle.relay.drain(WAIT)
        assert [] == bundle.bus.seen
        bundle.outbox.commit([entry(2)])
        bundle.relay.stand(first=True, alone=True)
        await bundle.desk.until(lambda desk: desk.confirmed == [1, 2])


async def test_who_is_no_longer_the_first_stops_in_the_middle_of_the_outbox():
    bundle = Bundle(page=2)
    bundle.outbox.commit([entry(number) for number in range(10)])

    def judge(one: OutboxEntry) -> bool:
        if one.number == 3:
            bundle.relay.stand(first=False, alone=False)
        return True

    bundle.bus.judge = judge
    async with running(bundle.relay.run()):
        await bundle.desk.until(lambda desk: 3 in desk.confirmed)
        for _ in range(10):
            await asyncio.sleep(0)
        assert [0, 1, 2, 3] == bundle.bus.seen
        bundle.relay.stand(first=True, alone=False)
        await bundle.desk.until(lambda desk: 9 in desk.confirmed)


async def test_the_first_daemon_publishes_the_events_of_others():
    bundle = Bundle()
    bundle.relay.stand(first=True, alone=False)
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        bundle.outbox.commit([entry(0)])
        await bundle.desk.until(lambda desk: [0] == desk.confirmed)


async def test_a_gap_in_the_numbers_shows_a_daemon_that_is_not_known_of_yet():
    bundle = Bundle()
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        bundle.commit(0)
        assert await bundle.relay.drain(WAIT)
        bundle.outbox.commit([entry(1)])
        bundle.commit(2)
        await bundle.desk.until(lambda desk: [0, 1, 2] == desk.confirmed)
        assert [0, 1, 2] == bundle.bus.seen


@pytest.mark.parametrize("settings", [{"batch": 1}, {"buffer": 3}, {"page": 1}, {}])
async def test_it_starts_and_stops_many_times_and_loses_nothing(settings: dict[str, int]):
    bundle = Bundle(**settings)
    for start in range(0, 500, 10):
        async with running(bundle.relay.run()):
            bundle.commit(*range(start, start + 5))
            await asyncio.sleep(0)
            bundle.commit(*range(start + 5, start + 10))
            if start % 40 == 0:
                assert await bundle.relay.drain(WAIT)
    async with running(bundle.relay.run()):
        await bundle.caught_up()
        assert await bundle.relay.drain(WAIT)

    assert list(dict.fromkeys(bundle.bus.seen)) == list(range(500))
    assert set(bundle.desk.confirmed) == set(range(500))


async def test_chance_refusals_lose_nothing_and_keep_the_last_word_of_each_key():
    import random

    chance = random.Random(7)
    bundle = Bundle(batch=5, buffer=40)
    bundle.bus.judge = lambda _: chance.random() > 0.05
    async with running(bundle.relay.run()):
        for start in range(0, 600, 12):
            bundle.commit(*range(start, start + 12))
            await asyncio.sleep(0)
        assert await bundle.relay.drain(WAIT)

    last = {number % 7: number for number in bundle.bus.seen}
    assert set(bundle.desk.confirmed) == set(range(600))
    assert last == {number % 7: number for number in range(600)}


def test_a_backlog_counts_each_event_once_and_knows_the_oldest():
    backlog = Backlog()
    backlog.grew([entry(1), entry(2)], now=10)
    backlog.grew([entry(1), entry(2), entry(3)], now=20)
    assert (backlog.waiting, backlog.oldest_age(25)) == (3, 15)
    backlog.left(2, cursor=2)
    assert (backlog.waiting, backlog.oldest_age(25)) == (1, 5)
    backlog.left(1, cursor=3)
    assert (backlog.waiting, backlog.oldest_age(25)) == (0, 0)


def test_a_long_outage_needs_no_more_memory():
    backlog = Backlog()
    for number in range(5000):
        backlog.grew([entry(number)], now=number)
    assert (backlog.waiting, len(backlog._marks)) == (5000, 1000)
    backlog.left(4999, cursor=4998)
    assert backlog.waiting == 1
