"""Housekeeping: drafts that nobody finished expire, and answers that nobody will ask for again are dropped."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from orchestrator.domain.commands import SetPendingAction, TaskKey
from orchestrator.domain.errors import StoreError
from orchestrator.domain.task import PendingAction
from orchestrator.engine.ports import Order
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
            except StoreError as error:
                log.warning("housekeeping.put_off", reason=str(error))
            await asyncio.sleep(INTERVAL)

    async def round(self) -> None:
        """Go round once."""
        now = self.shop.clock.now()
        expired = await self.shop.store.drafts(before=now - timedelta(seconds=self.shop.timing.draft_ttl))
        orders = [Order(SetPendingAction(task=TaskKey(id=id_), pending_action=PendingAction.REMOVE)) for id_ in expired]
        if orders:
            log.info("draft.expired", tasks=list(expired))
            await self.shop.turn.settle(orders)
        await self.shop.store.forget_answers(before=now - timedelta(seconds=self.shop.timing.answers_kept))
