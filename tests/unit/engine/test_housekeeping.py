"""Housekeeping: drafts that nobody finishes go with a plain reason, and old answers are dropped."""

import asyncio
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from orchestrator.domain.commands import CreateProject
from orchestrator.domain.errors import StoreError
from orchestrator.domain.webhooks import Webhook
from orchestrator.engine.housekeeping import INTERRUPTED
from orchestrator.engine.lease import Standing
from orchestrator.engine.ports import Kept
from orchestrator.engine.timing import Timing
from tests.unit.engine.bundle import VIRTUAL_TIME, built, running

pytestmark = VIRTUAL_TIME


async def test_a_draft_that_nobody_touches_expires_and_says_why():
    async with running(Timing(draft_ttl=600)) as bundle:
        draft = await bundle.create(partial=True)
        await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=700)
        assert "the draft was not touched for 10 min, so it expired" in bundle.reasons(draft)
        assert await bundle.row(draft) is None


async def test_a_draft_that_still_gets_images_over_http_stays_until_it_gets_none():
    async with running(Timing(draft_ttl=300)) as bundle:
        draft = await bundle.create(partial=True)
        last = bundle.clock.now() + timedelta(seconds=250)
        bundle.shelves.last_arrival = AsyncMock(return_value=last)
        await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=700)
        assert bundle.clock.now() >= last + timedelta(seconds=300)
        assert await bundle.row(draft) is None


async def test_jobs_leave_their_nodes_a_while_after_their_results_were_collected():
    async with running(Timing(remove_collected_after=600)) as bundle:
        node = await bundle.add_node()
        first, second = await bundle.create(), await bundle.create()
        done = await bundle.until_task(first, status=40)
        await bundle.until_task(second, status=40)
        await asyncio.sleep(500)
        assert 2 == len(node.jobs)
        await bundle.until(lambda: not node.jobs, within=300)
        assert done == bundle.of_task(first)[-1]
        await bundle.until(lambda: not bundle.engine.reaper.jobs)
        await bundle.act(first, "RESTART")
        anew = await bundle.until_task(first, status=40, attempt=2)
        assert done["uuid"] != anew["uuid"]


async def test_jobs_stay_on_their_nodes_unless_somebody_wants_them_removed(bundle):
    node = await bundle.add_node()
    await bundle.until_task(await bundle.create(), status=40)
    await asyncio.sleep(1000)
    assert 1 == len(node.jobs)


@pytest.mark.parametrize("error", [StoreError("locked"), ZeroDivisionError()])
async def test_a_round_that_fails_is_followed_by_another(monkeypatch, error):
    async with running(Timing(draft_ttl=60)) as bundle:
        drafts, failing = bundle.store.drafts, [error]

        async def failing_drafts(*, before):
            if failing:
                raise failing.pop()
            return await drafts(before=before)

        monkeypatch.setattr(bundle.store, "drafts", failing_drafts)
        await bundle.create(partial=True)
        await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=300)


async def test_old_events_are_forgotten_and_those_beyond_so_many():
    async with running(Timing(most_events=3)) as bundle:
        for number in range(4):
            await bundle.create(name=f"Field {number}", partial=True)
        bundle.engine.turn.sent([1, 2, 3, 4])
        await bundle.create(name="Field 4", partial=True)
        await bundle.engine.housekeeping.round()
        assert 3 == (kept := await bundle.store.kept()).last - kept.first + 1


async def test_for_a_webhook_so_many_events_are_kept_and_no_more():
    async with running(Timing(most_events=1, most_behind=3)) as bundle:
        hook = Webhook(id=0, url="https://example.org/", secret="whsec_x", created_at=bundle.clock.now())
        await bundle.store.webhook_book.add_webhook(hook)
        for number in range(4):
            await bundle.create(name=f"Field {number}", partial=True)
        bundle.engine.turn.sent([1, 2, 3, 4])
        await bundle.create(name="Field 4", partial=True)
        await bundle.engine.housekeeping.round()
        assert Kept(first=3, last=5) == await bundle.store.kept()


async def test_old_answers_are_forgotten(monkeypatch):
    async with running(Timing(answers_kept=60)) as bundle:
        forgotten, forget = [], bundle.store.forget_answers

        async def noted(*, before):
            forgotten.append((bundle.clock.now() - before).total_seconds())
            return await forget(before=before)

        monkeypatch.setattr(bundle.store, "forget_answers", noted)
        await bundle.settle(CreateProject(name="x"), "m-1")
        await bundle.until(lambda: forgotten)
        assert [60.0] == forgotten


async def test_a_draft_whose_request_died_with_its_daemon_goes_at_the_next_start():
    async with built() as bundle:
        async with bundle.engine.running():
            whole = await bundle.create(0, partial=True, whole=True)
            draft = await bundle.create(0, partial=True)
        await asyncio.sleep(1)
        async with bundle.engine.running():
            own = await bundle.create(0, partial=True, whole=True)
            await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=59)
            await bundle.engine.housekeeping.round()
            assert [False, True, True] == [bool(await bundle.row(task)) for task in (whole, draft, own)]
            assert INTERRUPTED in bundle.reasons(whole)


async def test_a_draft_whose_request_may_be_another_daemons_is_left_alone_for_an_hour():
    async with built() as bundle:
        async with bundle.engine.running():
            whole = await bundle.create(0, partial=True, whole=True)
        bundle.engine.lease.standing.clear()
        bundle.engine.housekeeping.stand(Standing(first=True, alone=False))
        async with bundle.engine.running():
            began_at = bundle.clock.now()
            await bundle.until(lambda: "task.removed" == bundle.events[-1]["type"], within=3700)
            assert await bundle.row(whole) is None
            assert bundle.clock.now() > began_at + timedelta(minutes=59)
