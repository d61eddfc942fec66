"""Housekeeping: drafts that nobody finished expire; answers and events that nobody will ask for again are dropped."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.domain.errors import StorageFailed, StoreError
from orchestrator.domain.facts import DraftExpired, Report
from orchestrator.domain.task import Task
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

INTERVAL = 60.0
"""Seconds between two rounds."""


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
        expired = [task for task in await self.shop.store.drafts(before=before) if not await self._grows(task, before)]
        if expired:
            log.info("draft.expired", tasks=[task.id for task in expired])
            fact = DraftExpired(f"the draft was not touched for {timing.draft_ttl / 3600:g} h, so it expired")
            await self.shop.turn.report_all([Report(task.id, task.fence, fact) for task in expired])
        await self.shop.store.forget_answers(before=now - timedelta(seconds=timing.answers_kept))
        old = now - timedelta(seconds=timing.events_kept)
        await self.shop.store.forget_events(before=old, most=timing.most_events, behind=timing.most_behind)
