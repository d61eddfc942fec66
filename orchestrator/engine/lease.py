"""The lease: tasks in work belong to one daemon at a time, for as long as its heart beats."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from orchestrator.domain.errors import StoreError
from orchestrator.domain.task import Stage, Task
from orchestrator.engine.conductor import Conductor
from orchestrator.engine.steps.submit import Submit
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Lease:
    """Beats, and takes over what belongs to nobody."""

    shop: Workshop
    conductor: Conductor
    submit: Submit

    async def begin(self) -> None:
        """Beat once and take over what a former run left. Raises ``StoreError``."""
        await self._beat()
        await self._take_over()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self.shop.timing.lease_ttl / 3)
            try:
                await self._beat()
                await self._take_over()
            except StoreError as error:
                log.warning("lease.not_renewed", reason=str(error))

    async def end(self) -> None:
        """Hand everything back."""
        await self.shop.store.release(self.shop.turn.owner)

    async def _beat(self) -> None:
        until = self.shop.clock.now() + timedelta(seconds=self.shop.timing.lease_ttl)
        await self.shop.store.heartbeat(self.shop.turn.owner, until=until)

    async def _take_over(self) -> None:
        tasks = await self.shop.store.claim(self.shop.turn.owner, now=self.shop.clock.now())
        for task in tasks:
            self._note_upload(task)
        if tasks:
            log.info("lease.taken_over", tasks=len(tasks))
        self.conductor.adopt(tasks)

    def _note_upload(self, task: Task) -> None:
        if task.stage is Stage.UPLOADING and not task.committed:
            self.submit.found_interrupted(task)
