"""The tasks the node runs beside its requests: all owned, none outlives the node."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Background"]

T = TypeVar("T")

_log = logging.getLogger("orchestrator.nodes.simulated")


class Background:
    """Starts tasks and threads, and ends them all on `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads: set[asyncio.Future[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run it as a task; an error is logged, since nobody awaits the result."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        return task

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work in a thread. A thread cannot be cancelled, so `close` waits for it even if we are."""
        future = asyncio.ensure_future(asyncio.to_thread(work))
        self._threads.add(future)
        future.add_done_callback(self._threads.discard)
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Cancel every task and wait for all of them, threads included."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._threads, return_exceptions=True)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("simulated_node.task_failed %s", task.get_name(), exc_info=error)
