"""Console output kept for each task: no line lost, none twice, whatever is killed when.

Appending is done inline: it is one small write into the page cache, for each running task every few seconds, and costs
a quarter of a thread's turn. Only counting a long file after a restart goes to a thread.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.domain.errors import StorageFailed
from orchestrator.domain.lines import stored_line
from orchestrator.domain.task import Task
from orchestrator.files import segments
from orchestrator.files.deletion import delete_tree
from orchestrator.files.failures import storing
from orchestrator.files.layout import Layout
from orchestrator.files.segments import Moved, Tail
from orchestrator.files.workbench import Stop, Workbench

MAX_OUTPUT = 64 * 1024 * 1024
"""Bytes of console output kept of one attempt."""

REMEMBERED = 16_384
"""Tasks whose output's end is remembered."""

_COUNTED_INLINE = 256 * 1024


@dataclass(slots=True)
class _Remembered:
    fence: int
    """Work under another number may have been another daemon's, which would have written since."""
    tail: Tail


class Console:
    """The console output of every task."""

    def __init__(self, layout: Layout, bench: Workbench, *, max_bytes: int = MAX_OUTPUT) -> None:
        self._layout = layout
        self._bench = bench
        self._max_bytes = max_bytes
        self._limit = REMEMBERED
        self._known: OrderedDict[int, _Remembered] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}

    async def append(self, task: Task, lines: Sequence[str], *, new_run: bool) -> None:
        """Add lines. Raises ``StorageFailed``, with nothing added."""
        if not lines and not new_run:
            return
        folder = self._layout.shelf(task.id).output
        with storing(f"Storing the console output of task {task.id}"):
            for _ in range(2):
                tail = await self._tail(task)
                try:
                    self._append(folder, tail, lines, new_run=new_run)
                except Moved:
                    self.forget(task.id)
                except OSError:
                    self.forget(task.id)
                    raise
                else:
                    return
        raise StorageFailed(f"The console output of task {task.id} is being written by someone else.")

    async def tail(self, task: Task) -> tuple[int, str]:
        """Give the number of lines of the node's present run, kept or not, and the last of them."""
        with storing(f"Reading the console output of task {task.id}"):
            tail = await self._tail(task)
        return tail.lines + tail.dropped, tail.last

    async def begin(self, task: Task) -> None:
        """Forget all output. One rename does it; what was renamed is then deleted at leisure."""
        output = self._layout.shelf(task.id).output
        away = output.with_name("output.old")
        self.forget(task.id)

        def work(stop: Stop) -> None:
            delete_tree(away, stop=stop)
            if output.is_dir():
                output.rename(away)
            delete_tree(away, stop=stop)

        with storing(f"Deleting the console output of task {task.id}"):
            await self._bench.run(work)
        self.forget(task.id)

    async def read(self, task: int, *, line: int, limit: int | None) -> tuple[list[str], int]:
        """Give lines from ``line`` on and how many there are; a negative limit means the last n."""
        folder = self._layout.shelf(task).output
        notice = f"[{{:,}} more lines are not kept: the output is longer than {self._max_bytes:,} bytes]"
        with storing(f"Reading the console output of task {task}"):
            return await self._bench.ask(
                lambda stop: segments.read(folder, line=line, limit=limit, notice=notice, stop=stop)
            )

    def forget(self, task: int) -> None:
        """Remember nothing of a task."""
        self._known.pop(task, None)

    def _append(self, folder: Path, tail: Tail, lines: Sequence[str], *, new_run: bool) -> None:
        begins = tail.segment == 0 or (new_run and bool(tail.lines or tail.dropped))
        if begins:
            segments.begin_next(tail)
        kept = self._fitting(tail, lines)
        if kept or begins:
            segments.append(folder, tail, b"".join(kept))
        tail.lines += len(kept)
        if lines:
            tail.last = stored_line(lines[-1]).decode()
        if len(kept) < len(lines):
            tail.dropped += len(lines) - len(kept)
            segments.note_dropped(folder, tail)

    def _fitting(self, tail: Tail, lines: Sequence[str]) -> list[bytes]:
        """Give the first of the lines, as many as the task may still keep; once one was dropped, none."""
        kept: list[bytes] = []
        room = -1 if tail.dropped else self._max_bytes - tail.before - tail.size
        for raw in lines:
            data = stored_line(raw) + b"\n"
            room -= len(data)
            if room < 0:
                break
            kept.append(data)
        return kept

    async def _tail(self, task: Task) -> Tail:
        known = self._remembered(task)
        if known is not None:
            return known
        folder = self._layout.shelf(task.id).output
        if segments.size_of_last(folder) <= _COUNTED_INLINE:
            return self._remember(task, segments.load(folder))
        lock = self._locks.setdefault(task.id, asyncio.Lock())
        try:
            async with lock:
                known = self._remembered(task)
                return known or self._remember(task, await self._bench.run(lambda _: segments.load(folder)))
        finally:
            self._locks.pop(task.id, None)

    def _remembered(self, task: Task) -> Tail | None:
        known = self._known.get(task.id)
        if known is None or known.fence != task.fence:
            return None
        self._known.move_to_end(task.id)
        return known.tail

    def _remember(self, task: Task, tail: Tail) -> Tail:
        self._known[task.id] = _Remembered(task.fence, tail)
        self._known.move_to_end(task.id)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        return tail
