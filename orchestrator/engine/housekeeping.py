"""Housekeeping: drafts that nobody finished expire; answers and events that nobody will ask for again are dropped."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.domain.errors import StorageFailed, StoreError
from orchestrator.domain.facts import DraftExpired, JobKeptEnough, Report
from orchestrator.domain.task import Task
from orchestrator.engine.workshop import Workshop, told_time

log = structlog.get_logger()

INTERVAL = 60.0
"""Seconds between two rounds."""

AT_ONCE = 500
"""Tasks whose jobs are let go of in one transaction."""


@dataclass(slots=True)
class Housekeeping:
    """The slow rounds."""

    shop: Workshop

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            try:
                await self.round()
            except (StoreError, StorageFailed) as error:
                log.warning("housekeeping.put_off", reason=str(error))
            except Exception:
                log.exception("housekeeping.failed")
            await asyncio.sleep(INTERVAL)

    async def _grows(self, task: Task, before: datetime) -> bool:
        """Whether images still come in over HTTP: the task itself is not touched by them."""
        last = await self.shop.shelves.last_arrival(task)
        return last is not None and last > before

    async def round(self) -> None:
        """Go round once."""
        now, timing = self.shop.clock.now(), self.shop.timing
        before = now - timedelta(seconds=timing.draft_ttl)
        await self._expire_drafts(before)
        if timing.remove_collected_after:
            await self._let_jobs_go(now - timedelta(seconds=timing.remove_collected_after))
        await self.shop.store.forget_answers(before=now - timedelta(seconds=timing.answers_kept))
        old = now - timedelta(seconds=timing.events_kept)
        await self.shop.store.forget_events(before=old, most=timing.most_events, behind=timing.most_behind)

    async def _expire_drafts(self, before: datetime) -> None:
        expired = [task for task in await self.shop.store.drafts(before=before) if not await self._grows(task, before)]
        if expired:
            log.info("draft.expired", tasks=[task.id for task in expired])
            fact = DraftExpired(f"the draft was not touched for {told_time(self.shop.timing.draft_ttl)}, so it expired")
            await self.shop.turn.report_all([Report(task.id, task.fence, fact) for task in expired])

    async def _let_jobs_go(self, before: datetime) -> None:
        """Have jobs removed from their nodes whose results have been here for long enough."""
        while tasks := await self.shop.store.collected(before=before, limit=AT_ONCE):
            await self.shop.turn.report_all([Report(task.id, task.fence, JobKeptEnough()) for task in tasks])
