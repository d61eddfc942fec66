"""Waiting for aiormq, which cancels on its own account and answers a cancellation with errors of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

LEAVING = 1.0
"""Seconds that work which was given up gets to end."""

T = TypeVar("T")


def honour_cancellation() -> None:
    """Go on with a cancellation if somebody asked this task for one.

    aiormq cancels those who wait for a connection that dies, though nobody has asked them to stop; and it may answer
    one who is asked to stop with the connection's error instead. Only the task itself knows.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def bounded(work: Coroutine[Any, Any, T], *, deadline: float, drop: Callable[[], None]) -> T:
    """Wait that many seconds for work that may not heed a cancellation; then drop what it waits for, and leave it.

    Raises ``TimeoutError``, and whatever the work raises. A cancellation of the caller is never swallowed.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_seen)
    late = True
    try:
        _, pending = await asyncio.wait({task}, timeout=deadline)
        late = bool(pending)
    finally:
        if late:
            drop()
            task.cancel()
            await asyncio.wait({task}, timeout=LEAVING)
    if late:
        raise TimeoutError
    return task.result()


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
