"""Collect: the results are fetched, verified, extracted and swapped in; only then is a task COMPLETED."""

import asyncio

from orchestrator.domain import facts
from orchestrator.domain.errors import AssetNotReady, FileError, JobNotFound, NodeError, ResultsCorrupt, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.task import Task
from orchestrator.engine.workshop import Workshop

FETCHES = 5
"""Fetches in a row that give no usable archive, after which the results are taken for lost."""

HINDRANCES = 30
"""Failures in a row of any other kind, after which the same is concluded."""


class Collect:
    """The step of stage ``collecting``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._slots = asyncio.Semaphore(shop.timing.parallel_downloads)

    async def __call__(self, task: Task) -> Fact:
        """Fetch and verify, and say ``ResultsCollected``; or what came between."""
        try:
            async with self._slots:
                return await self._collect(task)
        except JobNotFound as error:
            return facts.JobLost(str(error))
        except (AssetNotReady, ResultsCorrupt) as error:
            if task.failures + 1 >= FETCHES:
                return facts.JobLost(f"{error} ({FETCHES} times)")
            return self._shop.later(task, str(error))
        except NodeError as error:
            if task.failures + 1 >= HINDRANCES:
                return facts.JobLost(f"{error} ({HINDRANCES} times)")
            if task.job_node is not None:
                self._shop.probe(task.job_node)
            return self._shop.later(task, str(error))
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))

    async def _collect(self, task: Task) -> Fact:
        client = await self._shop.client_of(task)
        fetch = _Progress()
        async with self._shop.telling(lambda: self._tell(task, fetch)):
            await client.download(task.job_uuid, self._shop.shelves.download_path(task), received=fetch.count)
        collected = await self._shop.shelves.accept(task)
        await self._shop.shelves.discard_staged(task)
        return facts.ResultsCollected(available_assets=collected.available_assets, size=collected.size)

    async def _tell(self, task: Task, fetch: "_Progress") -> None:
        await self._shop.say(task, facts.DownloadProgressed(fetch.share))


class _Progress:
    """How much of an archive is here."""

    def __init__(self) -> None:
        self.share = 0.0

    def count(self, received: int, total: int | None) -> None:
        self.share = received / total if total else 0.0
