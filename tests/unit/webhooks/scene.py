"""A subscription, its endpoint on cue, and the worker between them, over a real store."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from random import Random

from orchestrator.domain.events import OutboxEntry
from orchestrator.domain.webhooks import Webhook
from orchestrator.engine.changes import Changes
from orchestrator.webhooks.sending import Outcome
from orchestrator.webhooks.worker import Patience, Worker
from tests.unit.engine.bundle import store_in_line
from tests.unit.engine.fakes import LoopClock

TAKEN = Outcome()
REFUSED = Outcome("It answered 500.")
MISSED = 0
"""Stands for the event that tells of missed ones."""


class Killed(BaseException):
    """The process ends here."""


class Scene:
    """A store, an endpoint, and the worker between them; ``kill_at`` ends the worker at that passing of a point."""

    def __init__(self, store) -> None:
        self.store = store
        self.clock = LoopClock()
        self.answers = lambda number, attempt: TAKEN
        self.taken: list[int] = []
        self.told: list[dict] = []
        self.attempts: Counter[int] = Counter()
        self.passed = 0
        self.kill_at: int | None = None
        self.patience = Patience(attempts=3, first=10.0, ceiling=60.0)
        self.worker: Worker | None = None

    def __getattr__(self, name):
        return getattr(self.store.webhook_book, name)

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.kill_at:
            raise Killed

    async def note_progress(self, progress):
        self.point()
        await self.store.webhook_book.note_progress(progress)
        self.point()

    async def send(self, webhook, event, *, now):
        self.point()
        number = int(event.id.removeprefix("id-")) if event.id.startswith("id-") else MISSED
        if number == MISSED:
            self.told.append(json.loads(event.body))
        self.attempts[number] += 1
        outcome = self.answers(number, self.attempts[number])
        if outcome.taken:
            self.taken.append(number)
        await asyncio.sleep(0.01)
        self.point()
        return outcome

    async def commit(self, count, *, key="task.created.none.1.1"):
        async with self.store.begin() as transaction:
            first = (await transaction.reserve({"outbox": count}))["outbox"]
            numbers = range(first, first + count)
            entries = [OutboxEntry(number, f"id-{number}", "tasks/1", key, b"{}") for number in numbers]
            await transaction.write(Changes(owner="me", outbox=entries))
        if self.worker:
            self.worker.news.set()

    async def subscribe(self, **given):
        new = Webhook(id=0, url="https://example.org/", secret="whsec_x", created_at=self.clock.now(), **given)
        return await self.store.webhook_book.add_webhook(new)

    @asynccontextmanager
    async def working(self):
        """Have a worker for the one subscription, as it is stored."""
        (webhook,) = await self.store.webhook_book.webhooks()
        self.worker = Worker(
            webhook, book=self, journal=self.store, send=self.send, clock=self.clock, patience=self.patience,
            chance=Random(1),
        )  # fmt: skip
        task = asyncio.create_task(self.worker.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def until(self, condition, *, within=7200.0, look=0.5):
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(look)

    async def stored(self):
        return (await self.store.webhook_book.webhooks())[0]


@asynccontextmanager
async def scene():
    async with store_in_line() as store:
        yield Scene(store)
