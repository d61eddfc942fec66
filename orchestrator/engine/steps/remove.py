"""Remove: the job goes from its node, the files go from the disk, and then the task itself."""

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.domain import facts
from orchestrator.domain.errors import FileError
from orchestrator.domain.facts import Fact
from orchestrator.domain.task import Task
from orchestrator.engine.workshop import Workshop

NODE_GRACE = 5.0
"""Seconds for the node to let go of the job; a node that takes longer is cleaned up after the task is gone."""


class Remove:
    """The step of stage ``removing``. ``jobs_gone`` waits until no node has a job of the task."""

    def __init__(self, shop: Workshop, *, jobs_gone: Callable[[int], Awaitable[None]]) -> None:
        self._shop = shop
        self._jobs_gone = jobs_gone

    async def __call__(self, task: Task) -> Fact:
        """Say ``FilesRemoved``."""
        try:
            async with asyncio.timeout(NODE_GRACE):
                await self._jobs_gone(task.id)
        except TimeoutError:
            pass
        try:
            await self._shop.shelves.remove(task)
        except FileError as error:
            return self._shop.later(task, str(error))
        return facts.FilesRemoved()
