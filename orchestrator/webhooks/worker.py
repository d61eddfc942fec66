"""One subscription's deliveries: new events in order, and those that failed again, until they are taken or given up.

What became of each attempt is written before the next thing is done about it, so a killed daemon may send an event
again, and forgets none. An event that fails becomes a delivery of its own, with its own waits; the others go on. When
too many wait already, nothing new is tried: the journal keeps what follows, up to a limit. Whoever is so far behind
that some of it is gone is told which, by an event.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Protocol

import structlog

from orchestrator.contract.event_filter import EventFilter, place_of
from orchestrator.contract.events import DEFAULT_SOURCE
from orchestrator.contract.missed_events import EVENTS_MISSED, events_missed
from orchestrator.domain.backoff import backoff
from orchestrator.domain.errors import StoreError
from orchestrator.domain.webhooks import Delivery, Progress, Webhook
from orchestrator.engine.ports import Clock, DeliveryBook, Journal, OutboxEntry
from orchestrator.webhooks.sending import Event, Outcome

log = structlog.get_logger()

PAGE: Final = 200
SAVED_EVERY: Final = 20
"""Events taken before that is written down; after a crash so many are sent again at most."""
UNDER_RETRY: Final = 100
"""Deliveries that may wait for another try before nothing new is tried."""
LONGEST_PAUSE: Final = 60.0
"""Seconds without trying anything new after a failure, so that an endpoint that is back is found soon."""
PACE: Final = 0.2
"""Least seconds between two looks at the journal."""
AGAIN: Final = 1.0
"""Seconds after which a store that was away is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """``first`` and ``ceiling``: seconds of the waits between attempts, doubling. ``give_up_after``: seconds."""

    attempts: int = 12
    first: float = 5.0
    ceiling: float = 3600.0
    give_up_after: float = 3 * 86_400.0


class Send(Protocol):
    """Tries once to deliver."""

    async def __call__(self, webhook: Webhook, event: Event, *, now: datetime) -> Outcome:
        """Say what became of it."""
        ...


class Worker:
    """Runs until cancelled, or until the subscription is not active any more (then ``webhook.active`` says so)."""

    def __init__(
        self,
        webhook: Webhook,
        *,
        book: DeliveryBook,
        journal: Journal,
        send: Send,
        clock: Clock,
        patience: Patience,
        chance: Random,
        source: str = DEFAULT_SOURCE,
    ) -> None:
        self.webhook = webhook
        self.news = asyncio.Event()
        """Set when there may be something to do."""
        self._book = book
        self._journal = journal
        self._send = send
        self._clock = clock
        self._patience = patience
        self._chance = chance
        self._source = source
        self._saved = webhook.cursor
        self._filter = EventFilter(projects=webhook.projects, tasks=webhook.tasks, types=webhook.types)
        self._waiting = 0
        self._next_due: datetime | None = None
        # On the event loop's clock: nobody sets that.
        self._paused_until: float | None = None
        self._failures = 0

    async def run(self) -> None:
        """Deliver."""
        await self.look_again()
        while self.webhook.active:
            try:
                self.news.clear()
                busy = await self._try_again()
                busy |= await self._try_new()
            except StoreError as error:
                log.warning("webhook.store_away", webhook=self.webhook.id, reason=str(error))
                self.webhook = replace(self.webhook, cursor=self._saved)
                await asyncio.sleep(AGAIN)
                continue
            if not busy:
                await self._rest()

    async def look_again(self) -> None:
        """See whether somebody took deliveries from the shelf."""
        before = (self._waiting, self._next_due)
        try:
            self._waiting, self._next_due = await self._book.under_retry(self.webhook.id)
        except StoreError:
            self._next_due = self._clock.now()  # The next round tells.
        if before != (self._waiting, self._next_due):
            self.news.set()

    async def _rest(self) -> None:
        """Wait for news, or until something is due."""
        await asyncio.sleep(PACE)
        waits = []
        if self._next_due is not None:
            waits.append((self._next_due - self._clock.now()).total_seconds())
        if self._paused_until is not None:
            waits.append(self._paused_until - _elapsed())
        try:
            async with asyncio.timeout(max(min(waits), 0.0) if waits else None):
                await self.news.wait()
        except TimeoutError:
            return

    # -------------------------------------------------------------------------------------------------- new events

    async def _try_new(self) -> bool:
        """Offer a page of new events; says whether there may be more."""
        if not self._ready():
            return False
        page = await self._page()
        taken = 0
        for entry in page:
            if entry.routing_key == EVENTS_MISSED or self._filter.passes(place_of(entry.routing_key)):
                outcome = await self._send(self.webhook, entry, now=self._clock.now())
                if not outcome.taken:
                    await self._new_one_failed(entry, outcome)
                    return True
                taken += 1
                self._went_well()
            self.webhook = replace(self.webhook, cursor=entry.number)
            if taken >= SAVED_EVERY:
                await self._save()
                taken = 0
        if taken or self.webhook.cursor - self._saved >= PAGE:
            await self._save()
        return len(page) >= PAGE

    async def _page(self) -> tuple[OutboxEntry, ...]:
        """Give what follows in the journal; before it, if some of that is not kept any more, an event that says so."""
        page = await self._journal.events(after=self.webhook.cursor, limit=PAGE)
        if not page or page[0].number == self.webhook.cursor + 1:
            return page
        mine, first, last = self.webhook.id, self.webhook.cursor + 1, page[0].number - 1
        log.warning("webhook.events_missed", webhook=mine, first=first, last=last)
        id_, subject, body = events_missed(mine, first=first, last=last, now=self._clock.now(), source=self._source)
        return (OutboxEntry(last, id_, subject, EVENTS_MISSED, body), *page)

    def _ready(self) -> bool:
        """Whether something new may be tried."""
        if self._paused_until is not None and _elapsed() < self._paused_until:
            return False
        self._paused_until = None
        return self.webhook.active and self._waiting < UNDER_RETRY

    async def _new_one_failed(self, entry: OutboxEntry, outcome: Outcome) -> None:
        if outcome.gone:
            await self._switch_off(outcome.problem)
            return
        delivery = Delivery(
            webhook=self.webhook.id, number=entry.number, id=entry.id, routing_key=entry.routing_key, body=entry.body,
            attempts=0, problem="", failed_at=self._clock.now(), next_at=None,
        )  # fmt: skip
        self._failures += 1
        pause = min(self._wait(self._failures, outcome), timedelta(seconds=max(LONGEST_PAUSE, outcome.wait)))
        self._paused_until = _elapsed() + pause.total_seconds()
        self.webhook = replace(self.webhook, cursor=entry.number)
        await self._failed(delivery, outcome)

    # --------------------------------------------------------------------------------------------------- once more

    async def _try_again(self) -> bool:
        """Try what is due once more; says whether anything was."""
        now = self._clock.now()
        if self._next_due is None or now < self._next_due:
            return False
        due = await self._book.due_deliveries(self.webhook.id, now=now, limit=PAGE)
        for delivery in due:
            outcome = await self._send(self.webhook, delivery, now=self._clock.now())
            if outcome.taken:
                self._went_well()
                await self._save(taken=(delivery.number,))
            elif outcome.gone:
                await self._switch_off(outcome.problem)
                break
            else:
                await self._failed(delivery, outcome)
                if not self.webhook.active:
                    break
        self._waiting, self._next_due = await self._book.under_retry(self.webhook.id)
        return bool(due)

    async def _failed(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write down that it failed: it is tried again, or put on the shelf."""
        now, attempts = self._clock.now(), delivery.attempts + 1
        spent = attempts >= self._patience.attempts
        next_at = None if spent else now + self._wait(attempts, outcome)
        tried = replace(delivery, attempts=attempts, problem=outcome.problem, failed_at=now, next_at=next_at)
        since = self.webhook.failing_since or now
        if not self.webhook.problem:
            log.warning("webhook.failing", webhook=self.webhook.id, reason=outcome.problem)
        self.webhook = replace(self.webhook, problem=outcome.problem, failing_since=since)
        if spent:
            log.warning("webhook.delivery_shelved", webhook=self.webhook.id, number=delivery.number, attempts=attempts)
        if (now - since).total_seconds() >= self._patience.give_up_after:
            await self._switch_off(f"Nothing was taken for too long. {outcome.problem}", failed=(tried,))
        else:
            await self._save(failed=(tried,))
        self._waiting, self._next_due = await self._book.under_retry(self.webhook.id)

    def _wait(self, attempts: int, outcome: Outcome) -> timedelta:
        patience = self._patience
        usual = backoff(attempts, spread=self._chance.random(), first=patience.first, ceiling=patience.ceiling)
        return max(usual, timedelta(seconds=outcome.wait))

    # ---------------------------------------------------------------------------------------------------- standing

    def _went_well(self) -> None:
        self._failures, self._paused_until = 0, None
        if self.webhook.problem:
            log.info("webhook.recovered", webhook=self.webhook.id)
            self.webhook = replace(self.webhook, problem="", failing_since=None)

    async def _switch_off(self, problem: str, *, failed: Sequence[Delivery] = ()) -> None:
        log.warning("webhook.switched_off", webhook=self.webhook.id, reason=problem)
        self.webhook = replace(self.webhook, active=False, problem=problem)
        await self._save(failed=tuple(failed))

    async def _save(self, **changed: Any) -> None:
        webhook = self.webhook
        progress = Progress(
            webhook=webhook.id, cursor=webhook.cursor, active=webhook.active, problem=webhook.problem,
            failing_since=webhook.failing_since, **changed,
        )  # fmt: skip
        await self._book.note_progress(progress)
        self._saved = webhook.cursor


def _elapsed() -> float:
    return asyncio.get_running_loop().time()
