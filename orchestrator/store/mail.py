"""The table ``inbox``: answers given, by message id."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Dialect, bindparam, delete, insert, select

from orchestrator.engine.changes import Answer
from orchestrator.store.prepared import Prepared, among, storable
from orchestrator.store.schema import inbox


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
