"""The table ``daemons``: who is alive, and until when that is believed."""

from datetime import datetime

from sqlalchemy import Connection, Dialect, bindparam, delete, select

from orchestrator.store.prepared import Prepared, upsert
from orchestrator.store.schema import daemons


class DaemonTable:
    """Statements about daemons, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._keep = Prepared(upsert(daemons, dialect), dialect, order=("owner", "until"))
        self._expire = Prepared(delete(daemons).where(daemons.c.until <= bindparam("now")), dialect)
        self._living = Prepared(select(daemons.c.owner).order_by(daemons.c.owner), dialect)
        self._delete = Prepared(delete(daemons).where(daemons.c.owner == bindparam("key")), dialect)

    def heartbeat(self, connection: Connection, *, owner: str, until: datetime, now: datetime) -> tuple[str, ...]:
        """Believe the daemon alive until then, and no longer those whose time is over; give all who live, by name."""
        self._expire.run(connection, now=now)
        self._keep.many(connection, [(owner, until)])
        return tuple(row[0] for row in self._living.rows(connection))

    def forget(self, connection: Connection, *, owner: str) -> None:
        """Forget the daemon."""
        self._delete.run(connection, key=owner)
