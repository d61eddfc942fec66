"""Adoption: looks through the nodes for jobs of ours that nobody remembers, and takes their tasks back.

Looking changes nothing. Taking goes through the turn; from then on the task is watched like any other.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from orchestrator.domain.adoption import FoundJob, Foundling, foundlings, named_task
from orchestrator.domain.errors import JobNotFound, NodeError
from orchestrator.domain.node import ProcessingNode
from orchestrator.domain.task import Status, Task
from orchestrator.engine.ports import JobCard, NodeClient
from orchestrator.engine.workshop import Workshop

log = structlog.get_logger()

AT_ONCE = 4
"""Questions to one node at a time."""

NODES_AT_ONCE = 8

MOST_JOBS = 5000
"""Unknown jobs that one node is asked about: one that has more is not ours alone."""

LOOKING = 20.0
"""Seconds for the nodes to answer all questions."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A node that could not be looked through, and why."""

    node: ProcessingNode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the nodes have: every job's uuid by node, what could be taken back, and the nodes that were not seen."""

    uuids: dict[int, frozenset[str]]
    found: tuple[Foundling, ...]
    unseen: tuple[Unseen, ...]
    names: dict[int, str]
    """Names of the nodes."""


@dataclass(slots=True)
class Adoption:
    """Looks and takes."""

    shop: Workshop

    async def look(self) -> Sighting:
        """Look through all nodes. Raises ``StoreError``."""
        slots = asyncio.Semaphore(NODES_AT_ONCE)
        nodes = self.shop.board.nodes()
        looks = await asyncio.gather(*(self._look_through(node, slots) for node in nodes))
        jobs: list[FoundJob] = []
        uuids: dict[int, frozenset[str]] = {}
        for node, look in zip(nodes, looks, strict=True):
            if not isinstance(look, Unseen):
                uuids[node.id] = look[0]
                jobs += look[1]
        unseen = tuple(look for look in looks if isinstance(look, Unseen))
        found = foundlings(await self._without_known(jobs))
        return Sighting(uuids=uuids, found=found, unseen=unseen, names={node.id: node.name for node in nodes})

    async def take(self, uuids: Collection[str]) -> tuple[tuple[Foundling, Task], ...]:
        """Take back the tasks that these jobs belong to; what is known by now is left alone. Raises ``StoreError``.

        Of a task's earlier jobs only those that are named, too, are made to vanish.
        """
        seen = await self.look()
        wanted = [
            Foundling(each.job, tuple(job for job in each.older if job.uuid in uuids))
            for each in seen.found
            if each.job.uuid in uuids
        ]
        tasks = await self.shop.turn.claim(wanted)
        taken = tuple((each, task) for each, task in zip(wanted, tasks, strict=True) if task is not None)
        for found, task in taken:
            log.info("task.adopted", task=task.id, job=found.job.uuid, node=found.job.node, was=found.job.task)
        return taken

    # ---------------------------------------------------------------------------------------------------- one node

    async def _look_through(
        self, node: ProcessingNode, slots: asyncio.Semaphore
    ) -> tuple[frozenset[str], list[FoundJob]] | Unseen:
        try:
            async with asyncio.timeout(LOOKING), slots:
                client = self.shop.board.client(node)
                uuids = await client.job_list()
                known = await self.shop.store.known_jobs(uuids)
                unknown = [uuid for uuid in uuids if uuid not in known]
                if len(unknown) > MOST_JOBS:
                    return Unseen(node, f"it has {len(unknown)} jobs that are unknown here, more than {MOST_JOBS}")
                return frozenset(uuids), await self._ask(node, client, unknown)
        except NodeError as error:
            return Unseen(node, str(error))
        except TimeoutError:
            return Unseen(node, f"it did not answer all questions within {LOOKING:g} s")

    async def _ask(self, node: ProcessingNode, client: NodeClient, uuids: Iterable[str]) -> list[FoundJob]:
        queue, found = iter(uuids), list[FoundJob]()

        async def work() -> None:
            for uuid in queue:
                try:
                    job = _ours(await client.job_card(uuid), uuid=uuid, node=node.id)
                except JobNotFound:
                    continue  # It was removed while we looked.
                if job:
                    found.append(job)

        workers = [asyncio.create_task(work()) for _ in range(AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
        return found

    async def _without_known(self, jobs: list[FoundJob]) -> list[FoundJob]:
        """Leave out what came to be known meanwhile: a job of this daemon's is stored before its node has it."""
        known = await self.shop.store.known_jobs([job.uuid for job in jobs])
        return [job for job in jobs if job.uuid not in known]


def _ours(card: JobCard, *, uuid: str, node: int) -> FoundJob | None:
    named = named_task(card.name)
    if named is None:
        return None
    name, task, attempt = named
    return FoundJob(
        uuid=uuid, node=node, task=task, attempt=attempt, name=name, status=card.info.status,
        images_count=_images(card), options=card.options,
    )  # fmt: skip


def _images(card: JobCard) -> int:
    """Give the number of images once the node has put aside the files that are no images; 0 before."""
    info = card.info
    counted = info.progress is not None and (
        info.status != Status.RUNNING or info.progress > 0 or info.processing_time >= 0
    )
    return max(0, info.images_count) if counted else 0
