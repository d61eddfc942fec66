"""The deliverer over a real store, in virtual time: what it asks of the store, and what it gets to see."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.webhooks import Webhook
from orchestrator.engine.changes import Changes
from orchestrator.webhooks.deliverer import Deliverer
from orchestrator.webhooks.sending import Outcome
from orchestrator.webhooks.worker import Patience
from tests.unit.engine.bundle import VIRTUAL_TIME, store_in_line
from tests.unit.engine.fakes import LoopClock

pytestmark = VIRTUAL_TIME
MANY = 20


class Asked:
    """The store, and how often it was asked for what."""

    def __init__(self, store) -> None:
        self.store = store
        self.count: Counter[str] = Counter()

    def __getattr__(self, name):
        self.count[name] += 1
        return getattr(self.store if hasattr(self.store, name) else self.store.webhook_book, name)


@asynccontextmanager
async def delivering(*, alone, hooks=MANY, answer=Outcome):
    """Deliver to so many endpoints; gives the store, what it was asked, the numbers that came, and the deliverer."""
    clock, came = LoopClock(), []

    async def send(webhook, event, *, now):
        came.append((webhook.id, event.id))
        return answer()

    async with store_in_line() as store:
        for number in range(hooks):
            url = f"https://example.org/{number}"
            await store.webhook_book.add_webhook(Webhook(id=0, url=url, secret="whsec_x", created_at=clock.now()))
        asked = Asked(store)
        patience = Patience(attempts=1, first=5.0)
        deliverer = Deliverer(asked, asked, send, clock=clock, patience=patience)
        deliverer.stand(first=True, alone=alone)
        task = asyncio.create_task(deliverer.run())
        try:
            await asyncio.sleep(30)
            yield store, asked, came, deliverer
        finally:
            task.cancel()
            await asyncio.wait({task})


async def commit(store, number):
    """Commit an event as another daemon does: nobody here is told."""
    async with store.begin() as transaction:
        await transaction.reserve({"outbox": 1})
        entry = OutboxEntry(number, f"id-{number}", "tasks/1", "task.created.none.1.1", b"{}")
        await transaction.write(Changes(owner="other", outbox=[entry]))


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.1)


async def test_webhooks_to_which_nothing_happens_ask_nothing_of_the_store():
    async with delivering(alone=True) as (_, asked, _, _):
        asked.count.clear()
        await asyncio.sleep(300)
        assert {"webhooks": 60} == asked.count


async def test_beside_other_daemons_one_look_serves_all_webhooks():
    async with delivering(alone=False) as (store, asked, came, _):
        asked.count.clear()
        await asyncio.sleep(300)
        assert 600 >= asked.count["kept"] > 500
        assert 0 == asked.count["events"]
        await commit(store, 1)
        await until(lambda: {(hook, "id-1") for hook in range(1, MANY + 1)} == set(came))


async def test_what_another_daemon_takes_from_the_shelf_is_tried():
    answers = [Outcome("It answered 500.")]
    async with delivering(alone=False, hooks=1, answer=lambda: answers[-1]) as (store, _, came, _):
        await commit(store, 1)
        await until(lambda: 1 == len(came))
        answers.append(Outcome())
        await asyncio.sleep(10)
        assert 1 == await store.webhook_book.replay_failures(1, number=None, now=LoopClock().now())
        await until(lambda: 2 == len(came))
