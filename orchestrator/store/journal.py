"""The tables ``events`` (the journal: each event once, kept for a while) and ``outbox`` (numbers not confirmed yet).

Numbers are given out without a gap, in the order of commits, and events go oldest first: so the journal is always one
unbroken run of numbers, and a reader that knows the last one it saw can tell whether it missed any.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, Dialect, bindparam, delete, func, insert, or_, select

from orchestrator.domain.events import OutboxEntry
from orchestrator.engine.ports import Extract, Kept
from orchestrator.store.prepared import INT64_MAX, Prepared, among, storable
from orchestrator.store.schema import counters, events, outbox

_ENTRY: Final = (events.c.number, events.c.id, events.c.key, events.c.routing_key, events.c.body)


class JournalTable:
    """Statements about events, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        later = select(*_ENTRY).where(events.c.number > bindparam("after")).order_by(events.c.number)
        self._after = Prepared(later.limit(bindparam("limit")), dialect)
        waiting = select(*_ENTRY).join(outbox, outbox.c.number == events.c.number)
        waiting = waiting.where(outbox.c.number > bindparam("after")).order_by(outbox.c.number)
        within = select(*_ENTRY).where(events.c.key == bindparam("key"), events.c.number > bindparam("after"))
        within = within.where(events.c.number <= bindparam("last")).order_by(events.c.number)
        self._of = Prepared(within.limit(bindparam("limit")), dialect)
        self._unsent = Prepared(waiting.limit(bindparam("limit")), dialect)
        self._add = Prepared(insert(events), dialect, order=events.c.keys())
        self._wait = Prepared(insert(outbox), dialect, order=outbox.c.keys())
        self._sent = Prepared(delete(outbox).where(among(outbox.c.number, "numbers", dialect)), dialect)
        last = select(counters.c.value).where(counters.c.name == "outbox").scalar_subquery()
        self._kept = Prepared(select(func.min(events.c.number), last), dialect)
        self._first_unsent = Prepared(select(func.min(outbox.c.number)), dialect)
        oldest = select(events.c.number, events.c.created_at).order_by(events.c.number).limit(bindparam("limit"))
        found = oldest.subquery("oldest")
        spent = or_(found.c.created_at < bindparam("before"), found.c.number <= bindparam("crowded"))
        gone = select(found.c.number).where(spent, found.c.number <= bindparam("spare"))
        self._forget = Prepared(delete(events).where(events.c.number.in_(gone)), dialect)

    def after(self, connection: Connection, *, number: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give events numbered above that, in order."""
        return tuple(OutboxEntry(*row) for row in self._after.rows(connection, after=number, limit=limit))

    def extract(self, connection: Connection, *, keys: Collection[str], after: int, limit: int) -> Extract:
        """Give events of these partitions numbered above ``after``, in order; each is read by the index."""
        last = self.kept(connection).last
        found = [
            OutboxEntry(*row)
            for key in keys
            for row in self._of.rows(connection, key=key, after=after, last=last, limit=limit)
        ]
        entries = tuple(sorted(found, key=attrgetter("number"))[:limit])
        # What is gone is looked at last: it may have gone between these statements.
        kept = Kept(first=self.kept(connection).first, last=last)
        return Extract(entries, kept, upto=entries[-1].number if len(entries) == limit else last)

    def unsent(self, connection: Connection, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give events numbered above ``after`` that the bus has not confirmed, in order."""
        return tuple(OutboxEntry(*row) for row in self._unsent.rows(connection, after=after, limit=limit))

    def kept(self, connection: Connection) -> Kept:
        """Give the first number that is kept, and the last one that was given out."""
        first, last = self._kept.rows(connection)[0]
        return Kept(first=first or last + 1, last=last)

    def add(self, connection: Connection, entries: Sequence[OutboxEntry], *, now: datetime) -> None:
        """Insert events, each of which has to leave."""
        rows = [(entry.number, now, entry.id, entry.key, entry.routing_key, entry.body) for entry in entries]
        self._add.many(connection, rows)
        self._wait.many(connection, [(entry.number,) for entry in entries])

    def sent(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Note events that the bus has confirmed."""
        self._sent.run(connection, numbers=storable(numbers))

    def forget(self, connection: Connection, *, before: datetime, most: int, needed: int | None, limit: int) -> int:
        """Drop the oldest events: from before then, or beyond so many; give how many.

        None that has to leave yet, none above ``needed``, and none after such a one.
        """
        unsent = self._first_unsent.rows(connection)[0][0]
        spare = min(INT64_MAX if unsent is None else unsent - 1, INT64_MAX if needed is None else needed)
        crowded = self.kept(connection).last - most
        return self._forget.run(connection, before=before, crowded=crowded, spare=spare, limit=limit)
