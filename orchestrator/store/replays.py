"""The table ``dead_letter_replays``: who sent which dead letter again, when, and what became of it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam, insert, select, update

from orchestrator.domain.dead_letters import Outcome, Replay
from orchestrator.store.prepared import Prepared, among, moment, storable, storable_text
from orchestrator.store.schema import dead_letter_replays as table


class ReplayTable:
    """Statements about replays, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._add = Prepared(insert(table), dialect, order=table.c.keys())
        values: dict[str, Any] = {"outcome": bindparam("new_outcome"), "detail": bindparam("new_detail")}
        self._end = Prepared(update(table).where(table.c.number == bindparam("key")).values(values), dialect)
        of = select(table).where(among(table.c.letter, "letters", dialect))
        self._of = Prepared(of.order_by(table.c.number), dialect)
        latest = select(table).order_by(table.c.number.desc())
        self._latest = Prepared(latest.limit(bindparam("limit")).offset(bindparam("offset")), dialect)

    def add(self, connection: Connection, replay: Replay, *, number: int) -> None:
        """Insert a replay."""
        texts = [storable_text(text) for text in (replay.by, replay.command, replay.message_id)]
        row = (
            number,
            replay.letter,
            replay.at,
            *texts,
            replay.edited,
            replay.outcome.value,
            storable_text(replay.detail),
        )
        self._add.many(connection, [row])

    def end(self, connection: Connection, *, number: int, outcome: Outcome, detail: str) -> None:
        """Write down what became of a replay."""
        self._end.run(connection, key=number, new_outcome=outcome.value, new_detail=storable_text(detail))

    def of(self, connection: Connection, *, letters: Collection[str]) -> tuple[Replay, ...]:
        """Give the replays of some letters, oldest first."""
        return tuple(map(_replay_of, self._of.rows(connection, letters=storable(letters))))

    def latest(self, connection: Connection, *, limit: int, offset: int) -> tuple[Replay, ...]:
        """Give replays, newest first."""
        return tuple(map(_replay_of, self._latest.rows(connection, limit=limit, offset=offset)))


def _replay_of(row: Any) -> Replay:
    number, letter, at, by, command, message_id, edited, outcome, detail = row
    return Replay(
        number=number, letter=letter, at=moment(at), by=by, command=command, message_id=message_id,
        edited=bool(edited), outcome=Outcome(outcome), detail=detail,
    )  # fmt: skip
