"""Runs a worker for each active subscription, on the first of the daemons that share a store."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import structlog

from orchestrator.contract.events import DEFAULT_SOURCE
from orchestrator.domain.errors import StoreError
from orchestrator.domain.webhooks import Webhook
from orchestrator.engine.ports import Clock, DeliveryBook, Journal
from orchestrator.webhooks.worker import AGAIN, Patience, Send, Worker

log = structlog.get_logger()

LOOK: Final = 5.0
"""Seconds between two looks at the subscriptions: another daemon may have changed them."""
LOOK_FOR_EVENTS: Final = 0.5
"""Seconds between two looks for events of other daemons, while there are any."""


class Deliverer:
    """Delivers events to webhooks. ``static``: the subscriptions of the settings; ``source``: whose events they are."""

    def __init__(
        self,
        book: DeliveryBook,
        journal: Journal,
        send: Send,
        *,
        clock: Clock,
        patience: Patience,
        static: Sequence[Webhook] = (),
        source: str = DEFAULT_SOURCE,
    ) -> None:
        self._book = book
        self._static = static
        self._journal = journal
        self._last = 0
        self._first = self._alone = True
        self._changed = asyncio.Event()
        self._workers: dict[int, tuple[Webhook, Worker, asyncio.Task[None]]] = {}
        self._make: Callable[[Webhook], Worker] = lambda webhook: Worker(
            webhook, book=book, journal=journal, send=send, clock=clock, patience=patience, chance=Random(),
            source=source,
        )  # fmt: skip

    def offer(self) -> None:
        """Note that events were committed. There are few workers, and each looks a few times a second at most."""
        for _, worker, _ in self._workers.values():
            worker.news.set()

    def look(self) -> None:
        """Note that subscriptions or the shelf were changed."""
        self._changed.set()

    def stand(self, *, first: bool, alone: bool) -> None:
        """Deliver for all daemons that share the store, or leave it to another."""
        if (first, alone) != (self._first, self._alone):
            self._changed.set()
        self._first, self._alone = first, alone

    async def run(self) -> None:
        """Go on until cancelled."""
        synced = False
        try:
            while True:
                changed = self._changed.is_set() or not self._alone
                self._changed.clear()
                try:
                    if not synced:
                        await self._book.sync_static_webhooks(self._static)
                        synced = True
                    await self._follow(await self._book.webhooks() if self._first else (), again=changed)
                    await self._news()
                except StoreError as error:
                    log.warning("webhook.store_away", reason=str(error))
                    self._changed.set()
                    await asyncio.sleep(AGAIN)
        finally:
            await self._end(list(self._workers))

    async def _news(self) -> None:
        """Wait for changes; other daemons tell of neither changes nor events."""
        try:
            async with asyncio.timeout(LOOK):
                while not self._changed.is_set():
                    try:
                        async with asyncio.timeout(None if self._alone else LOOK_FOR_EVENTS):
                            await self._changed.wait()
                    except TimeoutError:
                        await self._offer_of_others()
        except TimeoutError:
            return

    async def _offer_of_others(self) -> None:
        """Look for events that another daemon has committed: once, however many workers there are."""
        if self._workers and (last := (await self._journal.kept()).last) != self._last:
            self._last = last
            self.offer()

    async def _follow(self, webhooks: Sequence[Webhook], *, again: bool) -> None:
        """Have a worker for each that is active, as it is now. ``again``: the shelf may have changed, too."""
        wanted = {webhook.id: webhook for webhook in webhooks if webhook.active}
        await self._end([id_ for id_, (of, _, task) in self._workers.items() if not _is(of, wanted.get(id_), task)])
        for id_, webhook in wanted.items():
            if id_ not in self._workers:
                worker = self._make(webhook)
                self._workers[id_] = (webhook, worker, asyncio.create_task(worker.run(), name=f"webhook-{id_}"))
            elif again:
                await self._workers[id_][1].look_again()

    async def _end(self, ids: Sequence[int]) -> None:
        tasks = [self._workers.pop(id_)[2] for id_ in ids]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and task.exception():
                log.error("webhook.worker_failed", exc_info=task.exception())


def _is(of: Webhook, now: Webhook | None, task: "asyncio.Task[None]") -> bool:
    """Whether a worker that was begun for one is right for what it is now."""
    told = ("url", "secret", "projects", "tasks", "types")
    return now is not None and not task.done() and all(getattr(of, name) == getattr(now, name) for name in told)
