"""Live events: bounded for each subscriber, and never a burden for the turn."""

import asyncio

import pytest

from orchestrator.api.feed import Feed, TooSlow
from tests.unit.api.samples import an_entry


async def take(events, count):
    return [await anext(events) for _ in range(count)]


async def test_a_subscriber_gets_what_is_committed_from_then_on_in_order():
    feed = Feed()
    feed.offer([an_entry(1)])
    async with feed.subscribe() as events:
        feed.offer([an_entry(2), an_entry(3)])
        feed.offer([])
        feed.offer([an_entry(4)])
        assert [b'{"sequence":2}', b'{"sequence":3}', b'{"sequence":4}'] == await take(events, 3)


async def test_each_subscriber_gets_what_fits_its_pattern():
    feed = Feed()
    async with feed.subscribe("task.created.#") as created, feed.subscribe("#.135") as other:
        feed.offer([an_entry(1), an_entry(2, routing_key="task.updated.none.27.135")])
        assert [b'{"sequence":1}'] == await take(created, 1)
        assert [b'{"sequence":2}'] == await take(other, 1)


async def test_a_slow_subscriber_is_cut_off_and_the_others_are_not():
    feed = Feed(limit=2)
    async with feed.subscribe() as slow, feed.subscribe() as quick:
        feed.offer([an_entry(1), an_entry(2)])
        assert 2 == len(await take(quick, 2))
        feed.offer([an_entry(3)])
        with pytest.raises(TooSlow, match="more than 2 events behind"):
            await anext(slow)
        assert [b'{"sequence":3}'] == await take(quick, 1)


async def test_a_subscriber_that_waits_is_woken():
    feed = Feed()
    async with feed.subscribe() as events:
        waiting = asyncio.ensure_future(take(events, 1))
        await asyncio.sleep(0)
        feed.offer([an_entry(1)])
        assert [b'{"sequence":1}'] == await waiting


async def test_a_wait_that_is_cancelled_loses_no_event():
    feed = Feed()
    async with feed.subscribe() as events:
        waiting = asyncio.ensure_future(take(events, 1))
        await asyncio.sleep(0)
        feed.offer([an_entry(1)])
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        feed.offer([an_entry(2)])
        assert b'{"sequence":1}' == await anext(events)


async def test_a_closed_feed_ends_its_subscribers_after_what_waits():
    feed = Feed()
    async with feed.subscribe() as events:
        feed.offer([an_entry(1)])
        feed.close()
        feed.offer([an_entry(2)])
        assert [b'{"sequence":1}'] == [body async for body in events]
    async with feed.subscribe() as late:
        assert [] == [body async for body in late]


async def test_who_has_left_costs_nothing():
    feed = Feed()
    async with feed.subscribe():
        assert 1 == feed.subscribers
    assert 0 == feed.subscribers


async def test_a_wrong_pattern_is_refused():
    with pytest.raises(ValueError, match="pattern"):
        async with Feed().subscribe(""):
            pass
