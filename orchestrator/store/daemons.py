"""The table ``daemons``: who is alive, and until when that is believed."""

from datetime import datetime

from sqlalchemy import Connection, Dialect, bindparam, delete

from orchestrator.store.prepared import Prepared, upsert
from orchestrator.store.schema import daemons


class DaemonTable:
    """Statements about daemons, compiled for one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._keep = Prepared(upsert(daemons, dialect), dialect, order=("owner", "until"))
        self._delete = Prepared(delete(daemons).where(daemons.c.owner == bindparam("key")), dialect)

    def heartbeat(self, connection: Connection, *, owner: str, until: datetime) -> None:
        """Believe the daemon alive until then."""
        self._keep.many(connection, [(owner, until)])

    def forget(self, connection: Connection, *, owner: str) -> None:
        """Forget the daemon."""
        self._delete.run(connection, key=owner)
