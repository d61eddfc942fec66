"""Events to readers who look on over HTTP, many of them, at next to no cost to the turn.

The journal is the only buffer. A reader is a place in it and a connection: while its connection takes everything at
once it is *live*, and each round's events are written to it as they are, encoded once for all readers who want the
same. One whose connection does not take a round is put out, and reads the journal at its own pace until it has caught
up (``orchestrator.api.rest.events``). So nothing waits for a slow reader, and nothing is held for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from orchestrator.api.wire import Parcel, Wire
from orchestrator.contract.event_filter import EventFilter, keys_of, place_of
from orchestrator.contract.events import type_in
from orchestrator.domain.errors import StoreError
from orchestrator.engine.ports import Journal, OutboxEntry

log = structlog.get_logger()

PACE: Final = 0.1
"""Least seconds between two rounds: what comes in between goes out together."""
SHARE: Final = 9
"""A round that took a second is followed by so many seconds for everyone else."""
SLICE: Final = 0.001
"""Seconds of writing after which others have a turn within a round."""
LOOK: Final = 0.25
"""Seconds between two looks for events of other daemons, while there are any."""
HEARTBEAT: Final = 15.0
"""Seconds after which every reader is sent a sign of life."""
BUFFER: Final = 10_000
"""Events that may come between two rounds; beyond that the journal is read."""
PAGE: Final = 500
AGAIN: Final = 1.0
"""Seconds after which a journal that could not be read is tried again."""


def frame(entry: OutboxEntry) -> bytes:
    """Write an event as the stream has it. Its JSON is one line."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (entry.number, type_in(entry.routing_key).encode(), entry.body)


class Reader:
    """Somebody who looks on. All that it wants up to ``cursor`` was written to its wire."""

    __slots__ = ("cursor", "ended", "filter", "left", "wire")

    def __init__(self, wanted: EventFilter, wire: Wire, *, cursor: int) -> None:
        self.filter = wanted
        self.wire = wire
        self.cursor = cursor
        self.left = asyncio.Event()
        """It is not live any more."""
        self.ended = False
        """Its stream is to end in order."""


class Live:
    """Writes what was committed to those who are live. ``pace`` and ``heartbeat``: seconds."""

    def __init__(self, journal: Journal, *, pace: float = PACE, heartbeat: float = HEARTBEAT) -> None:
        self._journal = journal
        self._pace = pace
        self._heartbeat = heartbeat
        self._readers: dict[EventFilter, set[Reader]] = {}
        self._following: set[Reader] = set()
        self._filed: dict[tuple[str, int | None], set[EventFilter]] = {}
        self._fresh: list[OutboxEntry] = []
        self._head = 0
        """Every reader who is live has all up to here."""
        self._offered = 0
        self._behind = self._alone = True
        self._wake = asyncio.Event()

    @property
    def followers(self) -> int:
        """How many look on, live or not."""
        return len(self._following)

    def offer(self, entries: Sequence[OutboxEntry]) -> None:
        """Take in what was just committed, in the order of commits. Costs the same for any number of readers."""
        if not entries:
            return
        gap = entries[0].number != self._offered + 1
        self._offered = entries[-1].number
        if not self._readers:
            self._head = self._offered
            return
        if gap or not self._alone or len(self._fresh) + len(entries) > BUFFER:
            self._behind = True
            self._fresh.clear()
        elif not self._behind:
            self._fresh.extend(entries)
        self._wake.set()

    def stand(self, *, alone: bool) -> None:
        """Note whether other daemons commit events, too."""
        if not (alone and self._alone):
            self._behind = True
            self._wake.set()
        self._alone = alone

    # ---------------------------------------------------------------------------------------------------- readers

    @contextmanager
    def following(self, reader: Reader) -> Iterator[None]:
        """Count somebody among those who look on, for the length of the block."""
        self._following.add(reader)
        try:
            yield
        finally:
            self._following.discard(reader)
            self.leave(reader)

    async def end(self, _: object = None) -> None:
        """End every stream in order: no more requests are taken in (a signal of the application)."""
        for reader in self._following:
            reader.ended = True
            reader.left.set()

    def join(self, reader: Reader) -> bool:
        """Let a reader be live; not one who has something to read in the journal first."""
        if not self._readers:
            self._head, self._behind = max(self._head, reader.cursor), True
        if reader.cursor < self._head:
            return False
        reader.left.clear()
        self._readers.setdefault(reader.filter, set()).add(reader)
        for key in reader.filter.keys():  # noqa: SIM118  (a method of ours)
            self._filed.setdefault(key, set()).add(reader.filter)
        self._wake.set()
        return True

    def leave(self, reader: Reader) -> None:
        """Be done with writing to a reader, live or not."""
        alike = self._readers.get(reader.filter, set())
        alike.discard(reader)
        reader.left.set()
        if not alike:
            self._readers.pop(reader.filter, None)
            for key in reader.filter.keys():  # noqa: SIM118  (a method of ours)
                self._filed.get(key, set()).discard(reader.filter)
                if not self._filed.get(key):
                    self._filed.pop(key, None)

    # ----------------------------------------------------------------------------------------------------- rounds

    async def run(self) -> None:
        """Go round until cancelled."""
        loop = asyncio.get_running_loop()
        beat = loop.time() + self._heartbeat
        while True:
            await self._news(beat)
            began = loop.time()
            try:
                await self._round()
                if began >= beat:
                    beat = began + self._heartbeat
                    await self._beat()
            except StoreError as error:
                log.warning("live.journal_unreadable", reason=str(error))
                self._behind = True
                self._wake.set()
                await asyncio.sleep(AGAIN)
                continue
            await asyncio.sleep(max(self._pace, SHARE * (loop.time() - began)))

    async def _news(self, beat: float) -> None:
        loop = asyncio.get_running_loop()
        wait = max(beat - loop.time(), 0.0)
        if self._readers and not self._alone:
            wait = min(wait, LOOK)
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            self._behind = self._behind or not self._alone
        self._wake.clear()

    async def _round(self) -> None:
        while self._behind and self._readers:
            self._behind = False
            self._fresh.clear()
            while page := await self._journal.events(after=self._head, limit=PAGE):
                await self._send(page)
                if len(page) < PAGE:
                    break
        fresh, self._fresh = self._fresh, []
        await self._send([entry for entry in fresh if entry.number > self._head])

    async def _send(self, entries: Sequence[OutboxEntry]) -> None:
        """Write events to those who want them."""
        if not entries:
            return
        before, self._head = self._head, (head := entries[-1].number)
        if entries[0].number != before + 1:
            self._put_out_all(before)  # What came in between is not kept any more: the journal tells them so.
            return
        for wanted, mine in self._sorted(entries).items():
            parcel = Parcel(b"".join(text for _, text in mine))
            async for reader in _in_slices(self._readers.get(wanted, ())):
                late = parcel if reader.cursor < mine[0][0] else _later(mine, than=reader.cursor)
                if reader.wire.take(late):
                    reader.cursor = max(reader.cursor, head)
                else:
                    self._put_out(reader, seen=before)

    async def _beat(self) -> None:
        """Show every reader that the line is alive, and how far it has come although nothing was for it."""
        head = self._head
        parcel = Parcel(_sign(head))
        for alike in tuple(self._readers.values()):
            async for reader in _in_slices(alike):
                seen = max(reader.cursor, head)
                if not reader.wire.take(parcel if seen == head else Parcel(_sign(seen))):
                    self._put_out(reader, seen=head)

    def _put_out(self, reader: Reader, *, seen: int) -> None:
        reader.cursor = max(reader.cursor, seen)
        self.leave(reader)

    def _put_out_all(self, seen: int) -> None:
        for reader in [reader for alike in self._readers.values() for reader in alike]:
            self._put_out(reader, seen=seen)

    def _sorted(self, entries: Sequence[OutboxEntry]) -> dict[EventFilter, list[tuple[int, bytes]]]:
        """Give, for each filter, the events that pass, each encoded once; without those that nobody wants."""
        found: dict[EventFilter, list[tuple[int, bytes]]] = {}
        for entry in entries:
            place = place_of(entry.routing_key)
            numbered: tuple[int, bytes] | None = None
            for key in keys_of(place):
                for wanted in self._filed.get(key, ()):
                    if wanted.passes(place):
                        numbered = numbered or (entry.number, frame(entry))
                        found.setdefault(wanted, []).append(numbered)
        return found


def _later(mine: Sequence[tuple[int, bytes]], *, than: int) -> Parcel:
    return Parcel(b"".join(text for number, text in mine if number > than))


def _sign(head: int) -> bytes:
    """A comment, and the number to resume from: a reader who wants little must not fall out of what is kept."""
    return b":\nid: %d\n\n" % head


async def _in_slices(readers: Iterable[Reader]) -> AsyncIterator[Reader]:
    """Give those who are still live, and let others have a turn now and then."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for reader in tuple(readers):
        if not reader.left.is_set():
            yield reader
        if loop.time() - began > SLICE:
            await asyncio.sleep(0)
            began = loop.time()
