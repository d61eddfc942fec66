"""Events out: in order, confirmed, from memory while all is well and from the outbox when it was not.

Whoever publishes, publishes all events of the store, in the order of their numbers, beginning no later than at the
first that was not confirmed. So order per key holds even for a moment in which two daemons believe that it is theirs
to publish: what a subscriber sees for the first time, it sees in order.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from orchestrator.bus import words
from orchestrator.bus.backlog import Backlog
from orchestrator.bus.patience import Patience
from orchestrator.bus.port import Bus
from orchestrator.domain.errors import StoreError
from orchestrator.domain.events import OutboxEntry
from orchestrator.engine.ports import Desk, Store

BATCH = 200
WINDOW = 2
"""Batches unconfirmed at a time: more gain nothing."""
PAGE = 1000
BUFFER = 20_000
BEFORE_ALL = -1
LOOK = 0.05
"""Seconds between two looks for events of other daemons, while there are any."""

log = structlog.get_logger()


class _Flight:
    """A batch on its way."""

    __slots__ = ("entries", "numbers")

    def __init__(self, entries: Sequence[OutboxEntry], numbers: asyncio.Future[list[int]]) -> None:
        self.entries = entries
        self.numbers = numbers


class Relay:
    """Moves events from the outbox to the bus.

    Events of one key leave in order. If one is not confirmed, it and all later ones of its key go out again after it,
    so that what a subscriber saw last is the latest; ``id`` and ``sequence`` tell it what is a repeat.
    """

    def __init__(
        self,
        bus: Bus,
        store: Store,
        desk: Desk,
        *,
        batch: int = BATCH,
        page: int = PAGE,
        buffer: int = BUFFER,
        patience: Patience | None = None,
    ) -> None:
        self.published = 0
        self._bus = bus
        self._store = store
        self._desk = desk
        self._batch = batch
        self._page = page
        self._room = buffer
        self._patience = patience or Patience()
        self._buffer: deque[OutboxEntry] = deque()
        self._flights: deque[_Flight] = deque()
        self._wake = asyncio.Event()
        self._backlog = Backlog()
        # Everything up to the cursor is confirmed; of what lies beyond it, what is in _ahead.
        self._cursor = BEFORE_ALL
        self._ahead: set[int] = set()
        self._stuck: set[str] = set()
        self._behind = True
        self._overflowed = False
        self._from_the_start = False
        self._first = self._alone = True
        self._offered = BEFORE_ALL
        self._in_trouble = False

    @property
    def waiting(self) -> int:
        """Events known of that the bus has not confirmed."""
        return self._backlog.waiting

    @property
    def oldest_age(self) -> float:
        """Seconds for which the oldest of them has been waiting; 0 without any."""
        return self._backlog.oldest_age(asyncio.get_running_loop().time())

    @property
    def behind(self) -> bool:
        """Whether events are being read from the outbox: at start, after a lost connection or an overflow."""
        return self._behind

    def offer(self, entries: Sequence[OutboxEntry]) -> None:
        """Take in what was just committed, in the order of commits. Beyond the buffer, only the outbox remembers.

        A gap in the numbers shows that another daemon has committed in between: its events are in the outbox.
        """
        if not entries:
            return
        gap = entries[0].number != self._offered + 1
        self._offered = entries[-1].number
        if not self._first:
            return
        self._backlog.grew(entries, now=asyncio.get_running_loop().time())
        if gap or len(self._buffer) + len(entries) > self._room:
            self._buffer.clear()
            self._behind = self._overflowed = True
        else:
            self._buffer.extend(entries)
        self._wake.set()

    def stand(self, *, first: bool, alone: bool) -> None:
        """Publish for all daemons that share the store, or leave it to another; look for the events of others."""
        if first and not self._first:
            self._from_the_start = True
        if not first:
            self._backlog.forget()
            self._buffer.clear()
        if not first or not alone or not self._alone:
            self._behind = True
        self._first, self._alone = first, alone
        self._wake.set()

    async def drain(self, deadline: float) -> bool:
        """Wait until everything has left, that many seconds at most; says whether it has."""
        try:
            async with asyncio.timeout(deadline):
                await self._backlog.empty()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Work until cancelled. With the bus away it waits."""
        failures = 0
        self._begin_anew()
        while True:
            await self._bus.until(lambda state: state.publishing)
            while not self._first:
                self._wake.clear()
                await self._wake.wait()
            published = self.published
            if self._behind:
                await self._catch_up()
            if not self._behind:
                await self._forward()
            failures = 1 if self.published > published or not failures else failures + 1
            if self._stuck:
                if failures == 1:
                    self._in_trouble = True
                    log.warning(words.EVENTS_BEHIND, waiting=self.waiting, problem=self._bus.state.problem)
                await asyncio.sleep(self._patience.delay(failures))

    def _begin_anew(self) -> None:
        # What an earlier run left in flight may or may not have arrived: the outbox has it.
        self._flights.clear()
        self._stuck.clear()
        self._behind = True

    async def _forward(self) -> None:
        """Publish from memory until something goes wrong."""
        while self._flights or not self._behind:
            self._wake.clear()
            self._land()
            while self._buffer and not self._behind and len(self._flights) < WINDOW:
                size = min(self._batch, len(self._buffer))
                self._send([self._buffer.popleft() for _ in range(size)])
            if self._flights or not self._behind:
                await self._news()

    async def _news(self) -> None:
        """Wait for something to do; other daemons say nothing, so their events are looked for now and then."""
        try:
            async with asyncio.timeout(None if self._alone else LOOK):
                await self._wake.wait()
        except TimeoutError:
            self._behind = True

    async def _catch_up(self) -> None:
        """Publish from the outbox until memory has everything that follows.

        What was committed before a page is read is in that page or an earlier one; what is committed after is offered
        after. So the buffer is emptied before each reading, and once a page is the last, whatever the buffer got since
        follows it, less what the page has already.
        """
        self._stuck.clear()
        page: Sequence[OutboxEntry] = ()
        while self._first:
            if self._from_the_start:
                self._from_the_start, self._cursor = False, BEFORE_ALL
            self._overflowed = False
            self._buffer.clear()
            page = await self._read()
            if not await self._publish_page([entry for entry in page if entry.number not in self._ahead]):
                return
            if page:
                self._cursor = max(self._cursor, page[-1].number)
                self._ahead = {number for number in self._ahead if number > self._cursor}
                self._backlog.reached(self._cursor)
            if len(page) < self._page and not self._overflowed and not self._from_the_start:
                break
        else:
            return
        # All that is not in the buffer has left, whatever of it was deleted before the page was read.
        self._cursor = max((self._cursor, *self._ahead))
        self._ahead.clear()
        self._backlog.reached(self._cursor)
        known = {entry.number for entry in page}
        self._buffer = deque(entry for entry in self._buffer if entry.number not in known)
        self._behind = False
        if self._in_trouble:
            self._in_trouble = False
            log.info(words.EVENTS_CAUGHT_UP, waiting=self.waiting)

    async def _read(self) -> Sequence[OutboxEntry]:
        failures = 0
        while True:
            try:
                page = await self._store.unsent(after=self._cursor, limit=self._page)
            except StoreError as error:
                failures += 1
                if failures == 1:
                    log.warning(words.OUTBOX_UNREADABLE, problem=str(error))
                await asyncio.sleep(self._patience.delay(failures))
                continue
            self._backlog.grew(page, now=asyncio.get_running_loop().time())
            return page

    async def _publish_page(self, entries: Sequence[OutboxEntry]) -> bool:
        """Publish all of them; says whether all are confirmed."""
        at = 0
        while at < len(entries) or self._flights:
            self._wake.clear()
            self._land()
            while at < len(entries) and not self._stuck and len(self._flights) < WINDOW:
                self._send(entries[at : at + self._batch])
                at += self._batch
            if self._flights:
                await self._wake.wait()
            elif self._stuck:
                return False
        return not self._stuck

    def _send(self, entries: Sequence[OutboxEntry]) -> None:
        numbers = asyncio.ensure_future(self._bus.publish(entries))
        numbers.add_done_callback(lambda _: self._wake.set())
        self._flights.append(_Flight(entries, numbers))

    def _land(self) -> None:
        while self._flights and self._flights[0].numbers.done():
            flight = self._flights.popleft()
            self._judge(flight.entries, set(flight.numbers.result()))

    def _judge(self, entries: Sequence[OutboxEntry], confirmed: set[int]) -> None:
        """Move the cursor over what is confirmed; at the first that is not, it stays."""
        if not self._stuck and len(confirmed) == len(entries):
            numbers = [entry.number for entry in entries]
            self._cursor = max(self._cursor, numbers[-1])
        else:
            numbers = []
            for entry in entries:
                if entry.number not in confirmed or entry.key in self._stuck:
                    self._stuck.add(entry.key)
                    continue
                numbers.append(entry.number)
                if not self._stuck:
                    self._cursor = max(self._cursor, entry.number)
                else:
                    self._ahead.add(entry.number)
            self._behind = True
        if numbers:
            self.published += len(numbers)
            self._desk.sent(numbers)
            self._backlog.left(len(numbers), cursor=self._cursor)
