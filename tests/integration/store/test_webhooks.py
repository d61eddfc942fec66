"""Subscriptions, and deliveries that have not succeeded, as they are kept."""

import asyncio
from dataclasses import replace

from orchestrator.domain.webhooks import Delivery, Progress, Webhook
from orchestrator.engine.ports import Kept
from orchestrator.store import SqlStore
from tests.integration.store.databases import InMemory, OnServer
from tests.integration.store.rows import MINUTE, NOON, write
from tests.integration.store.test_reading import commit_events

HOOK = Webhook(id=0, url="https://example.org/hook", secret="whsec_x", created_at=NOON)


def delivery(webhook: int, number: int, **fields) -> Delivery:
    given = {"attempts": 1, "problem": "HTTP 500", "failed_at": NOON, "next_at": NOON + MINUTE, **fields}
    return Delivery(webhook=webhook, number=number, id=f"id-{number}", routing_key="task.created", body=b"{}", **given)


class Keeping:
    async def test_one_begins_after_the_last_event_and_is_kept_as_it_is(self, store: SqlStore):
        book = store.webhook_book
        await commit_events(store, 3)
        wanted = {"projects": frozenset({1, 2}), "tasks": frozenset(), "types": frozenset({"task.created"})}
        added = await book.add_webhook(replace(HOOK, **wanted))
        assert replace(HOOK, id=1, cursor=3, **wanted) == added
        assert (added,) == await book.webhooks()
        assert (added, None) == (await book.webhook(1), await book.webhook(2))

    async def test_a_change_leaves_its_place_and_takes_problems_from_one_that_is_active(self, store: SqlStore):
        book = store.webhook_book
        first = await book.add_webhook(HOOK)
        trouble = {"problem": "HTTP 500", "failing_since": NOON, "active": False}
        await book.note_progress(Progress(webhook=1, cursor=7, **trouble))
        assert replace(first, cursor=7, **trouble) == await book.webhook(1)
        await book.change_webhook(1, url="https://example.org/other", active=True)
        assert replace(first, cursor=7, url="https://example.org/other") == await book.webhook(1)

    async def test_changes_at_the_same_time_are_all_kept(self, store: SqlStore):
        book = store.webhook_book
        added = await book.add_webhook(HOOK)
        changes = {"url": "https://example.org/other", "types": frozenset({"task.created"}), "active": False}
        async with asyncio.TaskGroup() as group:
            for name, value in changes.items():
                group.create_task(book.change_webhook(1, **{name: value}))
        assert replace(added, **changes) == await book.webhook(1)
        await book.change_webhook(2, active=False)
        assert (replace(added, **changes),) == await book.webhooks()

    async def test_deliveries_are_due_counted_shelved_replayed_and_discarded(self, store: SqlStore):
        book = store.webhook_book
        hook = (await book.add_webhook(HOOK)).id
        other = (await book.add_webhook(HOOK)).id
        late = delivery(hook, 3, next_at=NOON + 2 * MINUTE)
        shelved = delivery(hook, 1, next_at=None)
        failed = (delivery(hook, 2), late, shelved)
        await book.note_progress(Progress(webhook=hook, cursor=3, failed=failed))
        await book.note_progress(Progress(webhook=other, cursor=3, failed=(delivery(other, 2, next_at=None),)))
        assert (2, NOON + MINUTE) == await book.under_retry(hook)
        assert (0, None) == await book.under_retry(other)
        assert (delivery(hook, 2),) == await book.due_deliveries(hook, now=NOON + MINUTE, limit=9)
        assert (shelved,) == await book.failures(hook, limit=9, offset=0)
        assert () == await book.failures(hook, limit=9, offset=1)
        again = replace(late, attempts=2, next_at=None)
        await book.note_progress(Progress(webhook=hook, cursor=3, failed=(again,), taken=(2,)))
        assert (shelved, again) == await book.failures(hook, limit=9, offset=0)
        assert [0, 1] == [await book.replay_failures(hook, number=number, now=NOON) for number in (2, 3)]
        assert (replace(again, attempts=0, next_at=NOON),) == await book.due_deliveries(hook, now=NOON, limit=9)
        assert [0, 1, 0] == [await book.discard_failures(hook, number=number) for number in (3, 1, None)]
        assert 1 == await book.discard_failures(other, number=None)
        assert 0 == await book.replay_failures(other, number=None, now=NOON)

    async def test_one_that_is_removed_takes_its_deliveries_along_and_stays_removed(self, store: SqlStore):
        book = store.webhook_book
        hook = (await book.add_webhook(HOOK)).id
        await book.note_progress(Progress(webhook=hook, cursor=1, failed=(delivery(hook, 1),)))
        await book.remove_webhook(hook)
        await book.note_progress(Progress(webhook=hook, cursor=2, failed=(delivery(hook, 2),)))
        assert ((), (0, None)) == (await book.webhooks(), await book.under_retry(hook))
        assert 2 == (await book.add_webhook(HOOK)).id

    async def test_those_of_the_settings_are_brought_in_line(self, store: SqlStore):
        book = store.webhook_book
        await commit_events(store, 2)
        own = await book.add_webhook(HOOK)
        static = [replace(HOOK, url=f"https://example.org/{name}", static=True) for name in "ab"]
        await book.sync_static_webhooks(static)
        assert [own, *(replace(hook, id=id_, cursor=2) for id_, hook in enumerate(static, 2))] == list(
            await book.webhooks()
        )
        await book.note_progress(Progress(webhook=2, cursor=5, active=False, problem="410"))
        await commit_events(store, 2)
        changed = replace(static[1], types=frozenset({"task.created"}))
        await book.sync_static_webhooks([static[0], changed])
        off = replace(static[0], id=2, cursor=5, active=False, problem="410")
        assert (own, off, replace(changed, id=3, cursor=2)) == await book.webhooks()
        await book.sync_static_webhooks([])
        assert (own,) == await book.webhooks()

    async def test_no_event_is_forgotten_that_an_active_one_was_not_offered(self, store: SqlStore):
        book = store.webhook_book
        hook = await book.add_webhook(HOOK)
        await book.add_webhook(replace(HOOK, active=False))
        await commit_events(store, 5)
        await write(store, sent=[1, 2, 3, 4, 5])
        await book.note_progress(Progress(webhook=hook.id, cursor=2))
        assert 2 == await store.forget_events(before=NOON, most=1)
        await book.remove_webhook(hook.id)
        assert 2 == await store.forget_events(before=NOON, most=1)

    async def test_for_one_that_is_far_behind_so_many_are_kept_and_no_more(self, store: SqlStore):
        book = store.webhook_book
        hook = await book.add_webhook(HOOK)
        await commit_events(store, 10)
        await write(store, sent=list(range(1, 11)))
        await book.note_progress(Progress(webhook=hook.id, cursor=2))
        assert 2 == await store.forget_events(before=NOON, most=1, behind=9)
        assert 4 == await store.forget_events(before=NOON, most=1, behind=4)
        assert Kept(first=7, last=10) == await store.kept()
        assert 0 == await store.forget_events(before=NOON, most=5, behind=1)
        assert 3 == await store.forget_events(before=NOON, most=1, behind=0)


class TestInMemory(InMemory, Keeping):
    pass


class TestOnServer(OnServer, Keeping):
    pass
