"""One subscription's deliveries, over a real store and with an endpoint on cue, in virtual time."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from orchestrator.domain.errors import StoreError
from orchestrator.engine.changes import Changes
from orchestrator.webhooks import worker
from orchestrator.webhooks.sending import Outcome
from orchestrator.webhooks.worker import SAVED_EVERY, Patience
from tests.unit.engine.bundle import VIRTUAL_TIME
from tests.unit.webhooks.scene import MISSED, REFUSED, TAKEN, scene

pytestmark = VIRTUAL_TIME


async def test_what_is_not_wanted_is_passed_over():
    async with scene() as it:
        await it.subscribe(types=frozenset({"task.removed"}))
        async with it.working():
            await it.commit(3)
            await it.commit(1, key="task.removed.none.1.1")
            await it.until(lambda: [4] == it.taken)
            await asyncio.sleep(1)
            assert 4 == (await it.stored()).cursor


async def test_a_clock_that_is_set_back_holds_no_new_event_up():
    async with scene() as it:
        await it.subscribe()
        it.answers = lambda number, _: REFUSED if number == 1 else TAKEN
        async with it.working():
            await it.commit(1)
            await it.until(lambda: it.attempts[1])
            it.clock.shift -= timedelta(hours=2)
            await it.commit(2)
            await it.until(lambda: [2, 3] == it.taken, within=100)


async def test_how_far_it_is_is_written_now_and_then():
    async with scene() as it:
        await it.subscribe()
        await it.commit(SAVED_EVERY + 5)
        async with it.working():
            await it.until(lambda: SAVED_EVERY + 1 <= len(it.taken), look=0.005)
            assert SAVED_EVERY == (await it.stored()).cursor


async def test_a_failed_one_waits_longer_each_time_and_then_lies_on_the_shelf():
    async with scene() as it:
        await it.subscribe()
        it.answers = lambda number, attempt: REFUSED if number == 1 else TAKEN
        await it.commit(2)
        async with it.working():
            began = asyncio.get_running_loop().time()
            await it.until(lambda: 3 == it.attempts[1])
            assert 15 <= asyncio.get_running_loop().time() - began <= 33
            await asyncio.sleep(600)
        assert ({1: 3, 2: 1}, [2]) == (it.attempts, it.taken)
        (shelved,) = await it.store.webhook_book.failures(1, limit=9, offset=0)
        assert (1, 3, None) == (shelved.number, shelved.attempts, shelved.next_at)


async def test_an_endpoint_is_waited_for_as_long_as_it_asks():
    async with scene() as it:
        await it.subscribe()
        it.answers = lambda number, attempt: Outcome("It answered 429.", wait=1000.0) if attempt == 1 else TAKEN
        await it.commit(1)
        async with it.working():
            began = asyncio.get_running_loop().time()
            await it.until(lambda: it.taken)
            assert 1000 <= asyncio.get_running_loop().time() - began <= 1010


async def test_nothing_new_is_tried_while_too_many_wait(monkeypatch):
    monkeypatch.setattr(worker, "UNDER_RETRY", 5)
    async with scene() as it:
        await it.subscribe()
        it.patience = Patience(attempts=1000, first=20.0, ceiling=20.0)
        it.answers = lambda number, attempt: REFUSED
        await it.commit(8)
        async with it.working():
            await it.until(lambda: 5 == len(it.attempts))
            await asyncio.sleep(60)
            assert 5 == len(it.attempts) == (await it.stored()).cursor
            it.answers = lambda number, attempt: TAKEN
            await it.until(lambda: 8 == len(it.taken))
            assert "" == it.worker.webhook.problem


async def test_one_that_was_switched_off_meanwhile_stays_so():
    async with scene() as it:
        webhook = await it.subscribe()
        async with it.working():
            await it.store.webhook_book.change_webhook(webhook.id, active=False)
            await it.commit(1)
            await it.until(lambda: it.taken)
            await asyncio.sleep(1)
            assert (False, 1) == ((now := await it.stored()).active, now.cursor)


@pytest.mark.parametrize("retried", [False, True])
async def test_one_whose_endpoint_is_gone_ends(retried):
    async with scene() as it:
        await it.subscribe()
        gone = Outcome("It answered 410.", gone=True)
        it.answers = lambda number, attempt: REFUSED if retried and attempt == 1 else gone
        await it.commit(1)
        async with it.working() as task:
            await asyncio.wait({task}, timeout=600)
            assert task.done()
        assert (False, "It answered 410.") == ((now := await it.stored()).active, now.problem)
        assert int(retried) == now.cursor


async def test_a_store_that_is_away_is_waited_for(monkeypatch):
    async with scene() as it:
        await it.subscribe()
        away, note = [StoreError("away")] * 2, it.store.webhook_book.note_progress

        async def failing(progress):
            if away:
                raise away.pop()
            await note(progress)

        monkeypatch.setattr(it.store.webhook_book, "note_progress", failing)
        await it.commit(2)
        async with it.working():
            await asyncio.sleep(30)
            assert ({1: 3, 2: 3}, 2) == (it.attempts, (await it.stored()).cursor)


async def fall_behind(it, count, *, behind, **given):
    """Subscribe, commit so many events, and forget all that need not be kept."""
    await it.subscribe(**given)
    await it.commit(count)
    async with it.store.begin() as transaction:
        await transaction.write(Changes(owner="me", sent=list(range(1, count + 1))))
    await it.store.forget_events(before=it.clock.now(), most=0, behind=behind)


async def test_whoever_is_so_far_behind_that_events_have_gone_is_told_which(capsys):
    async with scene() as it:
        await fall_behind(it, 5, behind=2, types=frozenset({"task.created"}))
        async with it.working():
            await it.until(lambda: [MISSED, 4, 5] == it.taken)
        (told,) = it.told
        assert ("webhook.events-missed", "webhooks/1", 3) == (told["type"], told["subject"], told["sequence"])
        assert (1, 3) == (told["data"]["first"], told["data"]["last"])
        assert 1 == capsys.readouterr().out.count("webhook.events_missed")


async def test_that_events_have_gone_is_told_again_until_it_is_taken():
    async with scene() as it:
        await fall_behind(it, 3, behind=1)
        it.answers = lambda number, attempt: REFUSED if number == MISSED and attempt == 1 else TAKEN
        async with it.working():
            await it.until(lambda: [3, MISSED] == sorted(it.taken, reverse=True))
            await asyncio.sleep(60)
        first, again = it.told
        assert first == again
        assert (3, (0, None)) == ((await it.stored()).cursor, await it.store.webhook_book.under_retry(1))


async def test_what_is_kept_for_a_slow_one_is_all_taken():
    async with scene() as it:
        await fall_behind(it, 5, behind=5)
        async with it.working():
            await it.until(lambda: [1, 2, 3, 4, 5] == it.taken)
        assert [] == it.told


async def test_one_that_is_switched_on_again_is_told_of_what_it_missed():
    async with scene() as it:
        await fall_behind(it, 3, behind=None, active=False)
        await it.commit(1)
        await it.store.webhook_book.change_webhook((await it.stored()).id, active=True)
        async with it.working():
            await it.until(lambda: [MISSED, 4] == it.taken)


async def test_wherever_it_is_killed_nothing_is_missed():
    """Each event once at least, however the first run ends; the second may repeat what was not noted."""

    def answers(number, attempt):
        return REFUSED if number in {2, 3} and attempt == 1 else TAKEN

    async def story(kill_at):
        async with scene() as it:
            await it.subscribe()
            it.answers, it.kill_at = answers, kill_at
            await it.commit(6)
            async with it.working() as task:
                await asyncio.wait({task}, timeout=300)
                killed = task.done()
            it.kill_at = None
            async with it.working():
                await asyncio.sleep(300)
            assert set(it.taken) == set(range(1, 7))
            assert (6, (0, None)) == ((await it.stored()).cursor, await it.store.webhook_book.under_retry(1))
            return killed, it

    async with scene() as free:
        await free.subscribe()
        free.answers = answers
        await free.commit(6)
        async with free.working():
            await asyncio.sleep(300)
        assert set(free.taken) == set(range(1, 7))
    for kill_at in range(1, free.passed + 1):
        killed, it = await story(kill_at)
        assert killed, kill_at
        assert all(count <= 3 for count in Counter(it.taken).values()), kill_at
