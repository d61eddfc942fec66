"""The tables ``inbox`` (answers given, by message id) and ``outbox`` (events that the bus has not confirmed yet)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Dialect, bindparam, delete, insert, select

from orchestrator.engine.changes import Answer, OutboxEntry
from orchestrator.store.prepared import Prepared, among, storable
from orchestrator.store.schema import inbox, outbox


class InboxTable:
    """Statements about stored answers, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        asked = select(inbox.c.message_id, inbox.c.answer).where(among(inbox.c.message_id, "ids", dialect))
        self._find = Prepared(asked, dialect)
        self._keep = Prepared(insert(inbox), dialect, order=inbox.c.keys())
        old = select(inbox.c.message_id).where(inbox.c.created_at < bindparam("before"))
        oldest = old.order_by(inbox.c.created_at).limit(bindparam("limit"))
        self._forget = Prepared(delete(inbox).where(inbox.c.message_id.in_(oldest)), dialect)

    def find(self, connection: Connection, message_ids: Iterable[str]) -> dict[str, bytes]:
        """Give the answers that were given to messages."""
        return {row[0]: row[1] for row in self._find.rows(connection, ids=storable(message_ids))}

    def keep(self, connection: Connection, answers: Mapping[str, Answer], *, now: datetime) -> None:
        """Store answers. A second one for the same message is refused by the database."""
        rows = [(message_id, answer.command, answer.body, now) for message_id, answer in answers.items()]
        self._keep.many(connection, rows)

    def forget(self, connection: Connection, *, before: datetime, limit: int) -> int:
        """Drop the oldest answers from before then, at most so many; give how many."""
        return self._forget.run(connection, before=before, limit=limit)


class OutboxTable:
    """Statements about events on their way out, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        later = select(outbox).where(outbox.c.number > bindparam("after"))
        self._unsent = Prepared(later.order_by(outbox.c.number).limit(bindparam("limit")), dialect)
        self._add = Prepared(insert(outbox), dialect, order=outbox.c.keys())
        self._delete = Prepared(delete(outbox).where(among(outbox.c.number, "numbers", dialect)), dialect)

    def unsent(self, connection: Connection, *, after: int, limit: int) -> tuple[OutboxEntry, ...]:
        """Give entries numbered above ``after``, in order."""
        rows = self._unsent.rows(connection, after=after, limit=limit)
        return tuple(OutboxEntry(*row) for row in rows)

    def add(self, connection: Connection, entries: Sequence[OutboxEntry]) -> None:
        """Insert entries."""
        rows = [(entry.number, entry.id, entry.key, entry.routing_key, entry.body) for entry in entries]
        self._add.many(connection, rows)

    def remove(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Delete entries that the bus has confirmed."""
        self._delete.run(connection, numbers=storable(numbers))
