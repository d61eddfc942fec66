"""Work on network shares: in threads of its own, and with a deadline, for a share that is away answers nobody.

The kernel holds whoever asks for as long as the share is away, and nothing can call a thread back from there.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from orchestrator.domain.errors import SourceFailed, SourceHindered
from orchestrator.files.failures import reading
from orchestrator.files.mounts import TABLE, Mounts
from orchestrator.files.reading import check_size
from orchestrator.files.workbench import Stop, Stopped

T = TypeVar("T")

DEADLINE: Final = 30.0
"""Seconds for one look or one piece."""

KNOCK: Final = 15.0
"""Seconds for a share to say that it is there, before it is asked for what may take it long: other commands wait as
long behind one that names files there, for they must not overtake it. Disks and mounts of a share may have to wake up.
"""

REST: Final = 30.0
"""Seconds in which a share that did not answer is not asked again."""

THREADS: Final = 16

PIECE: Final = 1024 * 1024


class Shares:
    """Asks shares. What they are asked by one caller holds up no other, nor the event loop."""

    def __init__(self, *, deadline: float = DEADLINE, knock: float = KNOCK, table: Path = TABLE) -> None:
        self._mounts = Mounts(table)
        self._threads = _Threads(THREADS)
        self._deadline = deadline
        self._knock = knock
        self._away: dict[str, float] = {}

    def first_of(self, paths: Iterable[str]) -> str | None:
        """Give the first share that one of the paths leads to; None: all are on disks of this machine."""
        if not self._mounts.any_share():
            return None
        return next((share for path in paths if (share := self._mounts.share_of(path))), None)

    async def ask(self, share: str, work: Callable[[Stop], T], *, deadline: float | None = None) -> T:
        """Do work on a share that changes nothing. Raises ``SourceHindered`` when the share does not answer."""
        seconds = deadline or self._deadline
        if time.monotonic() - self._away.get(share, float("-inf")) < REST:
            raise SourceHindered(f"The network share {share} does not answer.")
        try:
            async with asyncio.timeout(seconds):
                return await self._threads.ask(work)
        except TimeoutError:
            self._away[share] = time.monotonic()
            raise SourceHindered(f"The network share {share} did not answer within {seconds:g} s.") from None

    async def look_through(self, share: str, work: Callable[[Stop], T], *, deadline: float) -> T:
        """Do work that may take long, once the share has said that it is there. Raises ``SourceHindered``."""
        await self.ask(share, partial(_knock, share), deadline=self._knock)
        return await self.ask(share, work, deadline=deadline)

    async def read(self, share: str, open_file: Callable[[], int], *, name: str, size: int) -> AsyncIterator[bytes]:
        """Yield exactly ``size`` bytes. Raises ``SourceFailed``, ``SourceHindered``."""
        descriptor = await self.ask(share, partial(_opened, open_file))
        try:
            await self.ask(share, lambda _: check_size(descriptor, name=name, size=size))
            left = size
            while left:
                piece = await self.ask(share, partial(_piece, descriptor, min(PIECE, left), name))
                left -= len(piece)
                yield piece
        finally:
            self._threads.leave(partial(os.close, descriptor))


class _Threads:
    """A thread for each piece of work, so many at most. Unlike those of a pool, none that hangs delays a stop."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def ask(self, work: Callable[[Stop], T]) -> T:
        """Do work. A cancelled caller does not wait for it."""
        await self._free.acquire()
        stop, loop = Stop(), asyncio.get_running_loop()
        inner: Future[T] = Future()
        inner.set_running_or_notify_cancel()
        inner.add_done_callback(lambda _: _tell(loop, self._free.release))
        self.leave(partial(_do, work, stop, inner))
        try:
            return await asyncio.wrap_future(inner)
        finally:
            stop.set()

    def leave(self, work: Callable[[], None]) -> None:
        """Have work done that nobody waits for."""
        threading.Thread(target=work, name="files-share", daemon=True).start()


def _do(work: Callable[[Stop], T], stop: Stop, into: "Future[T]") -> None:
    try:
        into.set_result(work(stop))
    except BaseException as error:  # noqa: BLE001 it is the caller's
        into.set_exception(error)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # The loop has closed; nobody waits any more.
        loop.call_soon_threadsafe(what)


def _knock(share: str, _: Stop) -> None:
    with contextlib.suppress(OSError):  # An error is an answer.
        os.statvfs(share)


def _opened(open_file: Callable[[], int], stop: Stop) -> int:
    descriptor = open_file()
    if stop.is_set:  # Nobody waits for it any more.
        os.close(descriptor)
        raise Stopped
    return descriptor


def _piece(descriptor: int, size: int, name: str, _: Stop) -> bytes:
    with reading(name):
        piece = os.read(descriptor, size)
    if not piece:
        raise SourceFailed(f"{name} became shorter while it was sent.")
    return piece
