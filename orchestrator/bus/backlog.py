"""How much waits to leave, and for how long: what health and metrics ask of the relay."""

import asyncio
from collections import deque
from collections.abc import Sequence

from orchestrator.domain.events import OutboxEntry

MOST_MARKS = 1000


class Backlog:
    """Counts each event once, whether it was offered, read from the outbox, or both: numbers only grow."""

    def __init__(self) -> None:
        self.waiting = 0
        self._counted = -1
        # (last number, when it came): one for each lot, oldest first.
        self._marks: deque[tuple[int, float]] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    def grew(self, entries: Sequence[OutboxEntry], *, now: float) -> None:
        """Count those that are new."""
        if not entries or entries[-1].number <= self._counted:
            return
        self.waiting += sum(entry.number > self._counted for entry in entries)
        self._counted = entries[-1].number
        if len(self._marks) < MOST_MARKS:
            self._marks.append((self._counted, now))
        else:  # a long outage: the youngest lot grows, and looks older than it is
            self._marks[-1] = (self._counted, self._marks[-1][1])
        self._empty.clear()

    def left(self, count: int, *, cursor: int) -> None:
        """Uncount what was confirmed; everything up to the cursor has left."""
        self.waiting = max(0, self.waiting - count)
        self.reached(cursor)

    def reached(self, cursor: int) -> None:
        """Note that everything up to the cursor has left."""
        while self._marks and self._marks[0][0] <= cursor:
            self._marks.popleft()
        if not self._marks:
            self.waiting = 0
            self._empty.set()

    def forget(self) -> None:
        """Count nothing any more: another daemon sees to it."""
        self.waiting = 0
        self._marks.clear()
        self._empty.set()

    def oldest_age(self, now: float) -> float:
        """Seconds for which the oldest lot has waited."""
        return now - self._marks[0][1] if self._marks else 0.0

    async def empty(self) -> None:
        """Wait until nothing waits."""
        await self._empty.wait()
