"""Threads for work that would hold up the event loop; a caller that is cancelled stops its work."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Work came upon its stop sign. Never leaves the room: the caller was cancelled."""


class Stop:
    """A stop sign that work looks at between two pieces."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether the work is to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Stopped`` if the work is to stop."""
        if self._event.is_set():
            raise Stopped


class Workbench:
    """A few threads of its own, so that long work never waits for, nor starves, anyone else's."""

    def __init__(self, *, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, work: Callable[[Stop], T]) -> T:
        """Do the work. A cancelled caller gets its ``CancelledError`` once the thread has stopped and cleaned up."""
        stop = Stop()
        inner = self._pool.submit(work, stop)
        outer = asyncio.wrap_future(inner)
        try:
            await asyncio.wait([outer])
        except asyncio.CancelledError:
            stop.set()
            await _ended(inner, outer)
            raise
        return outer.result()

    async def ask(self, work: Callable[[Stop], T]) -> T:
        """Do work that changes nothing. A cancelled caller does not wait: the thread may hang on a dead share."""
        stop = Stop()
        try:
            return await asyncio.wrap_future(self._pool.submit(work, stop))
        finally:
            stop.set()

    async def close(self) -> None:
        """Take no more work; what waits for a thread is dropped, what runs is left to end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _ended(inner: Future[T], outer: asyncio.Future[T]) -> None:
    """Wait until the thread is done with it, however often the caller is cancelled meanwhile."""
    inner.cancel()
    while not outer.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([outer])
    if not outer.cancelled():
        outer.exception()  # Retrieved, or asyncio would complain: nobody is left whom it would tell anything.
