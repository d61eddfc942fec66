"""Collect: the results are fetched, verified, extracted and swapped in; only then is a task COMPLETED."""

import asyncio
import contextlib

from orchestrator.domain import facts
from orchestrator.domain.errors import AssetNotReady, FileError, JobNotFound, NodeError, ResultsCorrupt, StoreError
from orchestrator.domain.facts import Fact
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Task
from orchestrator.engine.ports import Collected
from orchestrator.engine.steps.importing import Importing
from orchestrator.engine.workshop import AWAY, Workshop

FETCHES = 5
"""Fetches that give no usable archive, after which the results are taken for lost."""

HINDRANCES = 30
"""Faults of a node that answers, after which the same is concluded."""


class Collect:
    """The step of stage ``collecting``."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._import = Importing(shop)
        self._slots = asyncio.Semaphore(shop.timing.parallel_downloads)
        self._here: dict[int, str] = {}
        """Jobs of which the whole archive is here and could not be stored yet, by task."""
        self._sizes: dict[int, int] = {}
        """Bytes of archives that the disk did not take, by task."""

    async def __call__(self, task: Task) -> Fact:
        """Fetch and verify, and say ``ResultsCollected``; or what came between."""
        if task.import_url:
            async with self._slots:
                return await self._import(task)
        node = await self._shop.node_of(task)  # Whoever waits for a node keeps no other from its results.
        try:
            async with self._slots:
                collected = await self._collect(task, node)
        except JobNotFound as error:
            return facts.JobLost(str(error))
        except (AssetNotReady, ResultsCorrupt) as error:
            return self._again(task, error, "no usable archive", most=FETCHES)
        except NodeError as error:
            self._shop.probe(node.id)
            if error.code in AWAY:
                return self._shop.later(task, str(error))
            return self._again(task, error, error.code, most=HINDRANCES)
        except (FileError, StoreError) as error:
            return self._shop.later(task, str(error))
        self._shop.tally.clear(task.job_uuid)
        return facts.ResultsCollected(available_assets=collected.available_assets, size=collected.size)

    def _again(self, task: Task, error: Exception, trouble: str, *, most: int) -> Fact:
        if self._shop.tally.add(task.job_uuid, trouble) >= most:
            return facts.JobLost(f"{error} ({most} times)")
        return self._shop.later(task, str(error))

    async def _collect(self, task: Task, node: ProcessingNode) -> Collected:
        # An archive that only the disk did not take is not fetched again and again.
        if self._here.pop(task.id, None) != task.job_uuid:
            await self._fetch(task, node)
        try:
            collected = await self._shop.shelves.accept(task)
        except ResultsCorrupt:
            raise
        except FileError:
            self._here[task.id] = task.job_uuid
            raise
        with contextlib.suppress(FileError):  # They go with the task at the latest.
            await self._shop.shelves.discard_staged(task)
        return collected

    async def _fetch(self, task: Task, node: ProcessingNode) -> None:
        """Fetch the archive; one that did not fit, only when there is room: each try costs the node a handle."""
        client = self._shop.board.client(node)
        path = self._shop.shelves.download_path(task, room=self._sizes.get(task.id, 0))
        fetch = _Progress()
        try:
            async with self._shop.telling(lambda: self._tell(task, fetch)):
                await client.download(task.job_uuid, path, received=fetch.count)
        except FileError:
            self._sizes[task.id] = fetch.total
            raise
        self._sizes.pop(task.id, None)

    async def _tell(self, task: Task, fetch: "_Progress") -> None:
        await self._shop.say(task, facts.DownloadProgressed(fetch.share))


class _Progress:
    """How much of an archive is here."""

    def __init__(self) -> None:
        self.share = 0.0
        self.total = 0

    def count(self, received: int, total: int | None) -> None:
        self.total = total or 0
        self.share = received / total if total else 0.0
