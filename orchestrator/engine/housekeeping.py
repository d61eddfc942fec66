"""Housekeeping: drafts that nobody will finish go; answers and events that nobody will ask for again are dropped."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from orchestrator.domain.errors import StorageFailed, StoreError
from orchestrator.domain.facts import DraftExpired, JobKeptEnough, Report
from orchestrator.domain.task import Task
from orchestrator.engine.lease import Standing
from orchestrator.engine.workshop import Workshop, told_time

log = structlog.get_logger()

INTERVAL = 60.0
"""Seconds between two rounds."""

AT_ONCE = 500
"""Tasks whose jobs are let go of in one transaction."""

WITHIN = timedelta(hours=1)
"""A request that brings all images of a task has committed it long before that; what other daemons do is not known."""

INTERRUPTED = "the request that was to bring everything ended in the middle"


@dataclass(slots=True)
class Housekeeping:
    """The slow rounds."""

    shop: Workshop
    _began_at: datetime | None = field(default=None)
    _alone: bool = field(default=False)

    def stand(self, now: Standing) -> None:
        """Note how this daemon stands among others (told at each beat of the lease)."""
        self._alone = now.alone

    async def run(self) -> None:
        """Go round until cancelled."""
        self._began_at = self.shop.clock.now()
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
        await self._take_away(await self._interrupted(now), INTERRUPTED)
        if timing.remove_collected_after:
            await self._let_jobs_go(now - timedelta(seconds=timing.remove_collected_after))
        await self.shop.store.forget_answers(before=now - timedelta(seconds=timing.answers_kept))
        old = now - timedelta(seconds=timing.events_kept)
        await self.shop.store.forget_events(before=old, most=timing.most_events, behind=timing.most_behind)

    async def _expire_drafts(self, before: datetime) -> None:
        expired = [task for task in await self.shop.store.drafts(before=before) if not await self._grows(task, before)]
        told = told_time(self.shop.timing.draft_ttl)
        await self._take_away(expired, f"the draft was not touched for {told}, so it expired")

    async def _interrupted(self, now: datetime) -> list[Task]:
        """Give drafts that belong to nobody: their daemon died in the middle of the request that was to commit them."""
        before = now - WITHIN
        if self._alone and self._began_at:
            before = max(before, self._began_at)
        return [task for task in await self.shop.store.drafts(before=before) if not task.partial]

    async def _take_away(self, drafts: list[Task], why: str) -> None:
        if drafts:
            log.info("draft.expired", tasks=[task.id for task in drafts], reason=why)
            fact = DraftExpired(why)
            await self.shop.turn.report_all([Report(task.id, task.fence, fact) for task in drafts])

    async def _let_jobs_go(self, before: datetime) -> None:
        """Have jobs removed from their nodes whose results have been here for long enough."""
        while tasks := await self.shop.store.collected(before=before, limit=AT_ONCE):
            await self.shop.turn.report_all([Report(task.id, task.fence, JobKeptEnough()) for task in tasks])
