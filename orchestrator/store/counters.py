"""The table ``counters``: numbers that are given out once and never again, whatever becomes of what they named."""

from collections.abc import Mapping

from sqlalchemy import Connection, Dialect, Update, bindparam, case, literal_column, select, update

from orchestrator.store.prepared import Prepared, among
from orchestrator.store.schema import counters

COUNTERS = ("node", "outbox", "project", "replay", "task", "webhook")
"""Every counter there is, in the order in which they are locked."""


class CounterTable:
    """Hands out numbers, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._take = Prepared(_taking(dialect), dialect)

    def reserve(self, connection: Connection, counts: Mapping[str, int]) -> dict[str, int]:
        """Take so many numbers of each counter; give the first of each. Raises KeyError for one that does not exist.

        Fewer than none gives back the last ones that were taken in the same transaction.
        """
        wanted = {f"count_{name}": counts.get(name, 0) for name in COUNTERS}
        rows = self._take.rows(connection, names=sorted(counts), **wanted)
        last = {row[0]: row[1] for row in rows}
        return {name: last[name] - count + 1 for name, count in counts.items()}


def _taking(dialect: Dialect) -> Update:
    """One statement for all counters; the inner query locks their rows in one order, so that daemons don't deadlock."""
    wanted = select(counters.c.name).where(among(counters.c.name, "names", dialect)).order_by(counters.c.name)
    locked = wanted.with_for_update().cte("locked")
    counts = {name: bindparam(f"count_{name}", type_=counters.c.value.type) for name in COUNTERS}
    count = case(*((counters.c.name == literal_column(f"'{name}'"), counts[name]) for name in COUNTERS))
    taken = update(counters).where(counters.c.name == locked.c.name).values(value=counters.c.value + count)
    return taken.returning(counters.c.name, counters.c.value)
